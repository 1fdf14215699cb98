/**
 * `npm run bench:peers`: other projects on the same data, on the same machine, in the same run: `implicit` (ALS, item
 * neighbours), `lenskit` (the same, and EASE) and `kindling-rec`, each beside what Habitue has for it. They run in a Python virtual environment that is made here. Prints
 * a table of figures and ratios, and one object on the last line.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { type Measure, median, rounded } from '../bench.ts'
import { readHistory } from '../histories.ts'
import { writeRatings } from '../rating-file.ts'
import { machine, type Reported, table } from '../report.ts'
import { writeCandidates, writeSplit } from './protocols.ts'
import { peerPython } from './python.ts'

const run = promisify(execFile)
const { values } = parseArgs({
  options: {
    data: { type: 'string', default: join(import.meta.dirname, '../../../shared/data') },
    rounds: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
})
const say = (text: string) => process.stderr.write(`${text}\n`)
const rounds = Number(values.rounds)

interface Result {
  readonly metrics: Readonly<Record<string, number>>
  readonly fitSeconds: number
  /** Of all threads. */
  readonly cpuSeconds: number
  readonly epochSeconds?: readonly number[]
  readonly p50Ms: number
  readonly listsASecond: number
  readonly batchASecond?: number
}

interface Pair {
  readonly name: string
  readonly protocol: 'topn' | 'candidates'
  readonly theirs: { readonly project: string; readonly settings: Readonly<Record<string, unknown>> }
  readonly ours: { readonly kind: string; readonly set: readonly string[] }
  /** How many metrics may differ for speeds to be compared; absent where the models are not the same. */
  readonly equalWithin?: number
  readonly rounds: number
}

/**
 * The objective of implicit with alpha a and regularisation r, divided by a, is ours with alpha0 = 1/a, lambda = r/a and nu = 0,
 * but for alpha0 on observed cells too. Both take 3 steps of conjugate gradients and two threads.
 */
const [alpha, regularization, epochs, steps] = [4, 40, 15, 3]
const alsPair = (protocol: Pair['protocol'], factors: number): Pair => ({
  name: `ALS, ${factors} factors`,
  protocol,
  theirs: {
    project: 'implicit-als',
    settings: { factors, alpha, regularization, epochs, steps, seed: Number(values.seed) },
  },
  ours: {
    kind: 'als',
    set: [
      ...[`factors=${factors}`, 'solver=cg', `steps=${steps}`, `epochs=${epochs}`, 'nu=0', 'threads=2'],
      ...[`lambda=${regularization / alpha}`, `alpha0=${1 / alpha}`],
    ],
  },
  equalWithin: 0.002,
  rounds,
})
const itemPair = (weighting: 'cosine' | 'bm25'): Pair => ({
  name: `item neighbours, ${weighting}`,
  protocol: 'topn',
  theirs: { project: 'implicit-items', settings: { weighting, neighbours: 200 } },
  ours: {
    kind: 'neighbours',
    set: [`weighting=${weighting === 'cosine' ? 'plain' : 'bm25'}`, 'userPower=0', 'neighbours=200'],
  },
  rounds,
})
/** The objective of lenskit's is that of implicit's, solved exactly. */
const lenskitPair = (kind: 'als' | 'items' | 'ease', protocol: Pair['protocol']): Pair => {
  const own = { als: alsPair(protocol, 64), items: itemPair('cosine'), ease: easePair }[kind]
  const config = {
    als: { embedding_size: 64, weight: alpha, regularization, epochs },
    items: { max_nbrs: 200, save_nbrs: 200, feedback: 'implicit' },
    ease: { regularization: 800 },
  }[kind]
  const theirs = { project: 'lenskit', settings: { kind, config, seed: Number(values.seed) } }
  return { name: `lenskit, ${own.name}`, protocol, theirs, ours: own.ours, rounds: 1 }
}
const easePair = { name: 'EASE', ours: { kind: 'ease', set: ['lambda=800'] } }
const kindlingPair = (kind: string, protocol: Pair['protocol'] = 'topn'): Pair => ({
  name: `kindling-rec beside ${kind}`,
  protocol,
  theirs: { project: 'kindling', settings: { everything: protocol === 'candidates' } },
  ours: { kind, set: [] },
  rounds: 1,
})

async function theirs(python: string, pair: Pair, folder: string): Promise<Result> {
  const script = join(import.meta.dirname, 'peers.py')
  const { project, settings } = pair.theirs
  const { stdout } = await run(python, [script, project, pair.protocol, folder, JSON.stringify(settings)])
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Result
}

async function ours(pair: Pair, folder: string): Promise<Result> {
  const { kind, set } = pair.ours
  const flags = ['--kind', kind, '--folder', folder, '--seed', values.seed, ...set.flatMap((one) => ['--set', one])]
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'ours.ts'), ...flags])
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Result
}

/** Alternating rounds, so that a busy moment of the machine falls on both. */
async function compared(python: string, pair: Pair, folder: string): Promise<Reported[]> {
  const [peers, own]: [Result[], Result[]] = [[], []]
  for (let round = 0; round < pair.rounds; round++) {
    peers.push(await theirs(python, pair, folder))
    own.push(await ours(pair, folder))
  }
  const measures: Measure[] = []
  const { project } = pair.theirs
  const add = (what: string, unit: string, of: (result: Result) => number, lessIsBetter: boolean) => {
    const [a, b] = [median(own.map(of)), median(peers.map(of))]
    if (!Number.isFinite(a) || !Number.isFinite(b)) return
    const times = rounded(lessIsBetter ? b / a : a / b)
    measures.push({
      what: `${pair.name}: ${what}`,
      value: rounded(a, 4),
      unit,
      detail: { project, peer: rounded(b, 4), times },
    })
    say(`  ${pair.name}, ${pair.protocol}, ${what}: ${rounded(a, 4)} against ${rounded(b, 4)} ${unit}`)
  }
  add('fit', 's', ({ fitSeconds }) => fitSeconds, true)
  add('fit, processor time', 's', ({ cpuSeconds }) => cpuSeconds, true)
  add('an epoch', 's', ({ epochSeconds }) => (epochSeconds?.length ? median(epochSeconds) : Number.NaN), true)
  add('one list of 10, p50', 'ms', ({ p50Ms }) => p50Ms, true)
  add('lists of 10, one after another', 'lists/s', ({ listsASecond }) => listsASecond, false)
  for (const metric of Object.keys(own[0].metrics)) add(metric, pair.protocol, ({ metrics }) => metrics[metric], false)
  const differs = Object.keys(own[0].metrics).map((metric) =>
    Math.abs(median(own.map(({ metrics }) => metrics[metric])) - median(peers.map(({ metrics }) => metrics[metric]))),
  )
  if (pair.equalWithin !== undefined) {
    const goal = { is: 'at most', value: pair.equalWithin } as const
    measures.push({
      what: `${pair.name}: NDCG@10 apart`,
      value: rounded(differs[ndcgOf(own[0])]),
      unit: pair.protocol,
      goal,
    })
  }
  return measures.map((measure) => ({ bench: 'peers', ...measure }))
}

const ndcgOf = ({ metrics }: Result) => Object.keys(metrics).indexOf('ndcg@10')

async function main(): Promise<void> {
  const python = await peerPython(say)
  if (!python) {
    process.stdout.write(`${JSON.stringify({ skipped: 'no Python with the peers, see above' })}\n`)
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'habitue-peers-'))
  const loadBefore = loadavg()
  try {
    const [topn, ncf] = ['topn', 'candidates'].map((name) => join(folder, name))
    mkdirSync(topn)
    mkdirSync(ncf)
    const history = readHistory({ data: values.data, seed: Number(values.seed) })
    say(`peers: ${history.name}`)
    const ratings = writeRatings(join(topn, 'ratings'), history)
    writeSplit(join(topn, 'split'), values.data, ratings, Number(values.seed))
    const measures: Reported[] = []
    const topnPairs = [alsPair('topn', 64), alsPair('topn', 128), itemPair('cosine'), itemPair('bm25')]
    const lenskits = (['als', 'items', 'ease'] as const).map((kind) => lenskitPair(kind, 'topn'))
    for (const pair of [...topnPairs, ...lenskits, kindlingPair('ease'), kindlingPair('blend')]) {
      measures.push(...(await compared(python, pair, topn)))
    }
    if (writeCandidates(ncf, values.data)) {
      const pairs = [alsPair('candidates', 64), lenskitPair('als', 'candidates'), lenskitPair('ease', 'candidates')]
      for (const pair of [...pairs, kindlingPair('ease', 'candidates'), kindlingPair('blend', 'candidates')]) {
        measures.push(...(await compared(python, pair, ncf)))
      }
    } else say('peers: the NCF protocol was skipped: ml-1m-ncf is absent')
    const json = JSON.stringify({ machine: machine(loadBefore), data: history.name, measures })
    process.stdout.write(`${table(measures.map(withPeer))}\n${json}\n`)
    if (values.out) writeFileSync(values.out, `${json}\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** For the table: the peer's figure and the ratio beside ours. */
function withPeer(measure: Reported): Reported {
  const { peer, times, project } = (measure.detail ?? {}) as { peer?: number; times?: number; project?: string }
  if (peer === undefined) return measure
  return { ...measure, unit: `${measure.unit} (${project} ${peer}: ${times} x)` }
}

await main()
