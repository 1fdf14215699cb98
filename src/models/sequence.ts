/**
 * What a customer chooses next, from the order of what came before: ridge regressions of several reaches
 * (`sequence-ridge.ts`), a logistic one (`sequence-odds.ts`), places in other histories that look like the present one
 * (`sequence-places.ts`) and sessions like it (`session-neighbours.ts`), each estimating how likely j is:
 *
 *   score(j) = sum over parts p of weight_p temper(estimate_p(j)),  temper(x) = sign(x) |x|^power
 *
 * Weights and power are learned on held-out items of these very data (`sequence-weights.ts`); then everything that counts is
 * fitted again with them. With a power below 1 an item on which the parts agree goes before one that a single part is sure
 * of: on ML-1M's validation items, before there was a logistic regression, power 1 gave HR@10 .323 / NDCG@10 .191, .5 .327 /
 * .193, .35 .328 / .195.
 */
import { packModel, unpackModel } from './bytes.ts'
import { strongest } from './contributions.ts'
import { historyOf } from './matrix.ts'
import type { Contribution, History, Model, ModelKind, Progress, TrainingData } from './model.ts'
import { ModelDeclined } from './model.ts'
import { inOrder, latestFirst } from './order.ts'
import { pace } from './pace.ts'
import { fitPart, kept, openPart, type Part, type PartLimits, type PartName, partNames } from './sequence-parts.ts'
import {
  FEWEST_TRIALS,
  learnWeights,
  type Trial,
  temper,
  trialOf,
  usualWeights,
  type Weights,
} from './sequence-weights.ts'
import { holdOut, holdOutMasked } from './split.ts'
import { tempering } from './tempered.ts'

export type SequenceOptions = {
  /** Multiplies the lambda of every regression. */
  ridge: number
  memoryMb: number
  /** Threads; 0 = one a core. */
  threads: number
  /** Held-out items on which the weights are learned, at most; below 100 the usual ones are taken. */
  trials: number
  /**
   * `all`; or of a blend, which learns its own weights: `usual` parts with the usual weights, or of these the `regressions`,
   * which score in microseconds.
   */
  parts: string
}

const KIND = 'sequence'
const VERSION = 3

type Parts = ReadonlyMap<PartName, Part>

export const sequence: ModelKind<SequenceOptions> = {
  kind: KIND,
  defaults: { ridge: 1, memoryMb: 1024, threads: 0, trials: 1500, parts: 'all' },
  async fit(data, options, progress): Promise<Model> {
    if (!data.times) throw new ModelDeclined('sequence: the interactions have no times')
    await pace(progress, 0, 3, 'order')
    const items = data.matrix.columns
    const { items: entries, starts } = inOrder(data)
    if (entries.length === 0) throw new ModelDeclined('sequence: nobody chose anything yet')
    const weights = await weightsOf(data, options, progress)
    const used = partNames.filter((name) => weights.parts[name] > 0)
    const parts = await fitParts(used, data, options, {
      step: (_, __, note) => progress.step(2, 3, note),
      signal: progress.signal,
    })
    const popularity = new Float32Array(items)
    for (const item of entries) popularity[item] += 1 / (starts.length - 1)
    return makeModel(parts, weights, popularity)
  },
  fromBytes(bytes): Model {
    const { meta, f32, u8 } = unpackModel(bytes, KIND, VERSION)
    const weights = meta.weights as Weights
    const popularity = f32('popularity')
    const used = partNames.filter((name) => weights.parts[name] > 0)
    return makeModel(
      new Map(used.map((name) => [name, openPart(name, u8(name), popularity.length)])),
      weights,
      popularity,
    )
  },
}

async function fitParts(
  names: readonly PartName[],
  data: TrainingData,
  limits: PartLimits,
  progress: Progress,
): Promise<Parts> {
  const parts = new Map<PartName, Part>()
  for (const name of names) {
    const step = (_done: number, _total: number, note: string) =>
      progress.step(parts.size, names.length, `${name}: ${note}`)
    parts.set(name, await fitPart(name, data, limits, { step, signal: progress.signal }))
  }
  return parts
}

async function weightsOf(data: TrainingData, options: SequenceOptions, progress: Progress): Promise<Weights> {
  switch (options.parts) {
    case 'all':
      return weightsFor(data, options, progress)
    case 'usual':
      return usualWeights
    case 'regressions':
      return onlyRegressions
  }
  throw new RangeError(`parts must be all, usual or regressions, got ${options.parts}`)
}

/** Learned on parts that were fitted without what they are asked. */
async function weightsFor(data: TrainingData, options: SequenceOptions, progress: Progress): Promise<Weights> {
  const { train, targets } = data.tuneOn
    ? holdOutMasked(data, data.tuneOn)
    : holdOut(data, { share: 0, most: 1, fewest: 3 })
  if (Math.min(options.trials, targets.size) < FEWEST_TRIALS) return usualWeights
  const parts = await fitParts(partNames, train, options, {
    step: (_, __, note) => progress.step(0, 3, note),
    signal: progress.signal,
  })
  const items = data.matrix.columns
  const every = Math.max(1, targets.size / options.trials)
  const asked = Array.from(targets).filter((_, k) => Math.floor((k + 1) / every) > Math.floor(k / every))
  const trials: Trial[] = []
  for (const [done, [row, held]] of asked.entries()) {
    if (done % 50 === 0) await pace(progress, 1 + done / asked.length, 3, 'weights')
    const recent = latestPart(historyOf(train, row), items)
    const trial = trialOf(recent, held[0], items, (name, out) => parts.get(name)?.score(recent, out) ?? false)
    if (trial) trials.push(trial)
  }
  return learnWeights(trials)
}

function makeModel(parts: Parts, weights: Weights, popularity: Float32Array): Model {
  const items = popularity.length
  const { power } = weights
  const { scores: scratch, addTo } = tempering(items, power)
  const known = Array.from(parts, ([name, part]) => ({ weight: weights.parts[name], scoreOf: part.scoreOf }))
  // What an item has before any part speaks: of equals the one that more people choose goes first.
  const least = popularity.map((share) => (share === 0 ? Number.NEGATIVE_INFINITY : 1e-6 * share))
  const recentOf = kept((history: History) => latestPart(history, items))
  return {
    kind: KIND,
    items,
    ...(known.every(({ scoreOf }) => scoreOf) ? { scoreOf } : {}),
    score(history, out): void {
      const recent = recentOf(history)
      out.set(least)
      for (const [name, part] of parts) {
        if (part.score(recent, scratch)) addTo(out, weights.parts[name], 1)
      }
    },
    explain(history, item, count): Contribution[] {
      if (!(item >= 0 && item < items)) return []
      const recent = recentOf(history)
      const shares = new Map<number, number>()
      for (const [name, part] of parts) {
        const estimate = part.scoreOf?.(recent, item) ?? (part.score(recent, scratch) ? scratch[item] : 0)
        if (estimate === 0) continue
        // temper(score) / score: by it a part's contributions become shares of its tempered score.
        const slope = weights.parts[name] * Math.abs(estimate) ** (power - 1)
        part.explain(recent, item, (source, share) => {
          shares.set(source, (shares.get(source) ?? 0) + slope * share)
        })
      }
      const found = strongest(count)
      for (const [source, weight] of shares) found.offer(source, weight)
      return found.list()
    },
    toBytes(): Uint8Array {
      const stored = Object.fromEntries(Array.from(parts, ([name, part]) => [name, part.toBytes()]))
      return packModel(KIND, VERSION, { weights }, { popularity, ...stored })
    },
  }

  function scoreOf(history: History, item: number): number {
    if (popularity[item] === 0) return Number.NEGATIVE_INFINITY
    const recent = recentOf(history)
    let sum = 1e-6 * popularity[item]
    for (const part of known) sum += part.weight * temper(part.scoreOf?.(recent, item) ?? 0, power)
    return sum
  }
}

const onlyRegressions: Weights = { ...usualWeights, parts: { ...usualWeights.parts, odds: 0, places: 0, sessions: 0 } }

/** The history's known entries, latest first. */
function latestPart(history: History, items: number): History {
  const order = latestFirst(history)
  const own = { items: new Int32Array(order.length), weights: new Float32Array(order.length) }
  let n = 0
  for (const k of order) {
    if (!(history.items[k] >= 0 && history.items[k] < items)) continue
    own.items[n] = history.items[k]
    own.weights[n++] = history.weights[k]
  }
  return { items: own.items.subarray(0, n), weights: own.weights.subarray(0, n) }
}
