/** How long it takes to learn from a history of the size of ML-1M, and how much memory: each kind, the blend, the first guess, stars, and EASE beside numpy. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { modelKinds } from '../src/models/registry.ts'
import { type Bench, type BenchOptions, type Measure, median, rounded } from './bench.ts'
import { readHistory } from './histories.ts'
import { pythonWith } from './peers/python.ts'
import { writeRatings } from './rating-file.ts'

const run = promisify(execFile)
/** Of the issue: against numpy with OpenBLAS; seconds of an epoch at 64 factors. */
const goals = { easeToNumpy: 1.5, alsEpoch: 0.6 } as const
const lambda = 800

export const training: Bench = {
  name: 'train',
  about: 'seconds and memory to fit each model and the blend; EASE beside numpy',
  async run(options) {
    const folder = mkdtempSync(join(tmpdir(), 'habitue-bench-'))
    try {
      const file = join(folder, 'ratings')
      const history = readHistory(options)
      writeRatings(file, history)
      const measures: Measure[] = []
      const settings: Record<string, string[]> = {
        ease: [`lambda=${lambda}`],
        als: ['factors=64', 'solver=cg', 'steps=3'],
      }
      for (const { kind } of modelKinds) {
        const rounds = kind === 'blend' ? 1 : options.rounds
        const fits: Fit[] = []
        for (let i = 0; i < rounds; i++) fits.push(await fitApart(file, kind, settings[kind] ?? [], options.seed))
        options.say(`train: ${kind} ${fits.map(({ seconds }) => seconds.toFixed(2)).join(' ')} s`)
        measures.push(...figures(kind, fits, history.name))
      }
      measures.push(...(await beyondRanking(options)))
      const ease = measures.find(({ what }) => what === 'ease, fit')
      return [...measures, ...(await besideNumpy(file, options, ease?.value ?? Number.NaN))]
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

export interface Fit {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly stepSeconds: readonly number[]
  readonly beforeMb: number | null
  readonly peakMb: number | null
  readonly bytes: number
  readonly report: unknown
}

export async function fitApart(file: string, kind: string, set: readonly string[], seed: number): Promise<Fit> {
  const process_ = join(import.meta.dirname, 'train-process.ts')
  const flags = ['--kind', kind, '--ratings', file, '--seed', `${seed}`, ...set.flatMap((one) => ['--set', one])]
  const { stdout } = await run(process.execPath, [process_, ...flags], { maxBuffer: 1 << 26 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Fit
}

function figures(kind: string, fits: readonly Fit[], data: string): Measure[] {
  const [first] = fits
  const peaks = fits.map(({ peakMb }) => peakMb ?? Number.NaN)
  const detail = {
    data,
    rounds: fits.map(({ seconds }) => rounded(seconds)),
    cpuSeconds: rounded(median(fits.map(({ cpuSeconds }) => cpuSeconds))),
    modelMb: rounded(first.bytes / 2 ** 20),
    residentBeforeMb: first.beforeMb,
    ...(first.report ? { report: first.report } : {}),
  }
  const measures: Measure[] = [
    { what: `${kind}, fit`, value: rounded(median(fits.map(({ seconds }) => seconds))), unit: 's', detail },
    { what: `${kind}, peak resident`, value: Math.max(...peaks), unit: 'MB' },
  ]
  if (kind === 'als') {
    const epoch = median(fits.flatMap(({ stepSeconds }) => stepSeconds.slice(1)))
    const goal = { is: 'at most', value: goals.alsEpoch } as const
    measures.push({ what: 'als, an epoch at 64 factors', value: rounded(epoch), unit: 's', goal })
  }
  return measures
}

/** What is no kind of `modelKinds`, as its evaluation fits it: the first guess with its tuning, and stars. */
async function beyondRanking({ data, seed, say }: BenchOptions): Promise<Measure[]> {
  const folder = join(data, 'ml-1m')
  if (!existsSync(folder)) {
    say('train: the first guess and stars were skipped: there is no MovieLens 1M')
    return []
  }
  const files = { interactions: 'interactions.csv', users: 'users.csv' }
  const protocols = [
    { protocol: 'coldstart', what: 'first guess', files: { ...files, cold: 'coldstart-users.csv' } },
    { protocol: 'rating', what: 'stars', files: { ...files, items: 'items.csv', split: 'split-rating.csv' } },
  ]
  const measures: Measure[] = []
  for (const { protocol, what, files: named } of protocols) {
    const flags = Object.entries(named).flatMap(([option, file]) => [`--${option}`, join(folder, file)])
    const command = [join(import.meta.dirname, '../src/cli/main.ts'), 'eval', protocol, ...flags]
    const { stdout } = await run(process.execPath, [...command, '--seed', `${seed}`, '--json'])
    const { fitSeconds, peakRssMb } = JSON.parse(stdout) as { fitSeconds: number; peakRssMb: number }
    say(`train: ${what} ${fitSeconds.toFixed(2)} s`)
    measures.push(
      { what: `${what}, fit`, value: rounded(fitSeconds), unit: 's', detail: { data: 'MovieLens 1M' } },
      { what: `${what}, peak resident`, value: peakRssMb, unit: 'MB' },
    )
  }
  return measures
}

async function besideNumpy(file: string, { rounds, say }: BenchOptions, ours: number): Promise<Measure[]> {
  const python = await pythonWith('numpy')
  if (!python) {
    say('train: EASE beside numpy was skipped: there is no python3 with numpy')
    return []
  }
  const script = join(import.meta.dirname, 'peers/ease_numpy.py')
  const { stdout } = await run(python, [script, file, `${lambda}`, `${rounds}`])
  interface Said {
    readonly seconds: Readonly<Record<'float32' | 'float64', readonly number[]>>
    readonly numpy: string
    readonly blas: string
  }
  const { seconds, ...versions } = JSON.parse(stdout) as Said
  const theirs = { float32: median(seconds.float32), float64: median(seconds.float64) }
  return [
    { what: 'numpy, EASE in float64 as published', value: rounded(theirs.float64), unit: 's', detail: versions },
    { what: 'numpy, EASE in float32', value: rounded(theirs.float32), unit: 's', detail: { rounds: seconds.float32 } },
    {
      what: 'ease, times the seconds of numpy in float32',
      value: rounded(ours / theirs.float32),
      unit: 'x',
      goal: { is: 'at most', value: goals.easeToNumpy },
      detail: { timesFloat64: rounded(ours / theirs.float64) },
    },
  ]
}
