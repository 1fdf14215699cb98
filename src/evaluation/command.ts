/** The commands `eval topn`, `candidates`, `growth`, `sequence`, `session`, `context` and `coldstart`: options as given -> files read -> protocol -> outcome printed. */
import { HabitueError } from '../errors.ts'
import { contextKind } from '../models/context.ts'
import { firstGuessDefaults } from '../models/first-guess.ts'
import type { ModelKind, Progress } from '../models/model.ts'
import { opinionDefaults } from '../models/opinion.ts'
import { ratingDefaults } from '../models/rating.ts'
import { modelKind, modelOptions } from '../models/registry.ts'
import { usualDefaults, whenSure } from '../models/usual-options.ts'
import type { World } from '../world.ts'
import type { CalibrationBin } from './calibration.ts'
import { evaluateCandidates } from './candidates.ts'
import { type ColdstartFiles, evaluateColdstart } from './coldstart.ts'
import { type ContextFiles, evaluateContext } from './context.ts'
import { evaluateGrowth, type GrowthPoint } from './growth.ts'
import { Ids, readCandidates, readInteractions, readPrefixes, readSplit } from './interactions.ts'
import { type EvaluationRequest, type Outcome, peakRssMb } from './outcome.ts'
import { evaluatePolicy } from './policy.ts'
import { drawnShop } from './policy-shop.ts'
import { evaluateRating, type RatingFiles } from './rating.ts'
import { evaluateReviews } from './reviews.ts'
import { evaluateSequence, evaluateSession } from './sequence.ts'
import { evaluateTopn } from './topn.ts'
import { evaluateUsual, readChoices } from './usual.ts'

/** What all commands take besides their files. */
export interface EvaluationFlags {
  /** Name of the kind; where absent the blend, or for protocols of order the model made for them. */
  readonly model?: string
  /** `key=value`, each an option of the kind. */
  readonly set?: readonly string[]
  readonly seed?: number
}

export interface EvaluationSurroundings {
  readonly world: World
  readonly progress: Progress
}

/** `eval topn`. @throws HabitueError on unreadable files, unknown models and options */
export async function evalTopn(
  files: { readonly interactions: string; readonly split: string },
  flags: EvaluationFlags,
  around: EvaluationSurroundings,
): Promise<Outcome> {
  const request = requestOf(flags, around)
  const users = new Ids()
  const items = new Ids()
  around.progress.step(0, 1, 'reading')
  const interactions = readInteractions(files.interactions, users, items)
  const split = readSplit(files.split, interactions.users.length)
  return evaluateTopn({ interactions, split, users: users.size, items: items.size }, request)
}

/** `eval growth`; `told` gets all points so far after each step. @throws HabitueError on unreadable files, unknown models and options */
export async function evalGrowth(
  files: { readonly interactions: string; readonly most?: number },
  flags: EvaluationFlags,
  around: EvaluationSurroundings,
  told: (points: readonly GrowthPoint[]) => void,
): Promise<Outcome> {
  const request = requestOf(flags, around)
  const users = new Ids()
  const items = new Ids()
  around.progress.step(0, 1, 'reading')
  const interactions = readInteractions(files.interactions, users, items)
  const input = { interactions, users: users.size, items: items.size, most: files.most ?? Number.POSITIVE_INFINITY }
  const points: GrowthPoint[] = []
  for await (const point of evaluateGrowth(input, request)) {
    points.push(point)
    told(points)
  }
  const metrics: Record<string, number> = {}
  for (const { events, blend, popularity, low, high } of points) {
    metrics[`ndcg@10/${events}`] = blend
    metrics[`popularity/${events}`] = popularity
    metrics[`gain/${events}/low`] = low
    metrics[`gain/${events}/high`] = high
  }
  const fitSeconds = points.reduce((sum, point) => sum + point.fitSeconds, 0)
  return { protocol: 'growth', model: request.kind.kind, metrics, fitSeconds, peakRssMb: peakRssMb() }
}

/** `eval candidates`. @throws HabitueError on unreadable files, unknown models and options */
export async function evalCandidates(
  files: { readonly train: string; readonly test: string; readonly candidates: string },
  flags: EvaluationFlags,
  around: EvaluationSurroundings,
): Promise<Outcome> {
  const request = requestOf(flags, around)
  const users = new Ids()
  const items = new Ids()
  around.progress.step(0, 1, 'reading')
  const train = readInteractions(files.train, users, items)
  const test = readInteractions(files.test, users, items)
  const candidates = readCandidates(files.candidates, users, items)
  return evaluateCandidates({ train, test, candidates, users: users.size, items: items.size }, request)
}

/** `eval sequence`. @throws HabitueError on unreadable files, unknown models and options */
export async function evalSequence(
  files: { readonly sequences: string },
  flags: EvaluationFlags,
  around: EvaluationSurroundings,
): Promise<Outcome> {
  const request = requestOf(flags, around, 'sequence')
  const users = new Ids()
  const items = new Ids()
  around.progress.step(0, 1, 'reading')
  const sequences = readInteractions(files.sequences, users, items)
  return evaluateSequence({ sequences, users: users.size, items: items.size }, request)
}

/** `eval session`. @throws HabitueError on unreadable files, unknown models and options */
export async function evalSession(
  files: { readonly train: string; readonly test: string },
  flags: EvaluationFlags,
  around: EvaluationSurroundings,
): Promise<Outcome> {
  const request = requestOf(flags, around, 'session-neighbours')
  const sessions = new Ids()
  const items = new Ids()
  around.progress.step(0, 1, 'reading')
  const train = readInteractions(files.train, sessions, items, 'session')
  const test = readPrefixes(files.test, items)
  return evaluateSession({ train, ...test, sessions: sessions.size, items: items.size }, request)
}

/** `eval context`. @throws HabitueError on unreadable files and options */
export async function evalContext(
  files: ContextFiles,
  flags: EvaluationFlags,
  around: EvaluationSurroundings,
): Promise<Outcome> {
  around.progress.step(0, 1, 'reading')
  return evaluateContext(files, { options: optionsOf(contextKind, flags), seed: flags.seed ?? 1, ...around })
}

/** `eval reviews`: over simulated shops, for only there the truth is known. */
export async function evalReviews(
  { seed, shops }: { readonly seed: number; readonly shops: number },
  around: EvaluationSurroundings,
): Promise<Outcome> {
  return evaluateReviews({ seed, shops, halfLifeDays: opinionDefaults.halfLifeDays, ...around })
}

/** `eval policy`: in a simulated shop, for only there the truth is known. */
export async function evalPolicy(
  { seed, lists, repeats }: { readonly seed: number; readonly lists: number; readonly repeats: number },
  around: EvaluationSurroundings,
): Promise<Outcome> {
  return evaluatePolicy(drawnShop(seed), { seed, lists, repeats, ...around })
}

/** `eval usual`. @throws HabitueError on unreadable files and options */
export async function evalUsual(
  files: { readonly choices: string },
  flags: EvaluationFlags,
  around: EvaluationSurroundings,
): Promise<{ outcome: Outcome; bins: CalibrationBin[] }> {
  const { hazard, halfLifeDays, conditional, tasteAlpha, habitual } = usualDefaults
  const defaults = { sure: whenSure.probability, hazard, halfLifeDays, conditional, tasteAlpha, habitual }
  const { sure, ...options } = optionsOf({ kind: 'usual', defaults }, flags)
  around.progress.step(0, 1, 'reading')
  return evaluateUsual(readChoices(files.choices), { sure, options, ...around })
}

/** `eval rating`. @throws HabitueError on unreadable files, options, and files that do not go together */
export async function evalRating(
  files: RatingFiles,
  flags: EvaluationFlags,
  around: EvaluationSurroundings,
): Promise<Outcome> {
  const set = optionsOf({ kind: 'rating', defaults: { ...ratingDefaults } }, flags)
  around.progress.step(0, 1, 'reading')
  return evaluateRating(files, { set: { ...set }, seed: flags.seed ?? 1, ...around })
}

/** `eval coldstart`. @throws HabitueError on unreadable files and options */
export async function evalColdstart(
  files: ColdstartFiles,
  flags: EvaluationFlags,
  around: EvaluationSurroundings,
): Promise<Outcome> {
  around.progress.step(0, 1, 'reading')
  // What is asked here is what is chosen after the tenth selection, so that is what is learned.
  const kind = { kind: 'first-guess', defaults: { ...firstGuessDefaults, from: 10 } }
  return evaluateColdstart(files, { options: optionsOf(kind, flags), seed: flags.seed ?? 1, ...around })
}

/** The outcome for people: one line a figure. */
export function outcomeTable(outcome: Outcome): string {
  const rows: [string, string][] = [
    ['protocol', outcome.protocol],
    ['model', outcome.model],
    ...Object.entries(outcome.metrics).map(([name, value]): [string, string] => [name, value.toFixed(4)]),
    ['fit', `${outcome.fitSeconds.toFixed(2)} s`],
    ...Object.entries(outcome.scoreMs ?? {}).map(([name, ms]): [string, string] => [
      `score ${name}`,
      `${ms.toFixed(2)} ms`,
    ]),
    ['peak memory', `${outcome.peakRssMb} MB`],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

function requestOf(flags: EvaluationFlags, around: EvaluationSurroundings, usual = 'blend'): EvaluationRequest {
  const kind = kindNamed(flags.model ?? usual)
  optionsOf(kind, flags)
  return { kind, set: settingsOf(flags), seed: flags.seed ?? 1, ...around }
}

function optionsOf<O extends object>(kind: { kind: string; defaults: O }, flags: EvaluationFlags): O {
  try {
    return modelOptions(kind, settingsOf(flags))
  } catch (cause) {
    throw new HabitueError('invalid_option', (cause as Error).message, {}, { cause })
  }
}

function settingsOf({ set }: EvaluationFlags): Record<string, string> {
  return Object.fromEntries((set ?? []).map(keyAndValue))
}

function kindNamed(name: string): ModelKind {
  try {
    return modelKind(name)
  } catch (cause) {
    throw new HabitueError('unknown_model', (cause as Error).message, { model: name }, { cause })
  }
}

function keyAndValue(pair: string): [string, string] {
  const at = pair.indexOf('=')
  if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)]
  throw new HabitueError('invalid_option', `--set expects key=value, got ${JSON.stringify(pair)}`)
}
