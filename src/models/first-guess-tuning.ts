/**
 * How strongly traits and first selections speak in a first guess: chosen by NDCG@10 on customers who are held out whole,
 * each strength in turn. The same customers say how well the guess does beside popularity, which decides whether it serves.
 */
import { type Beginnings, beyond, holdOutCustomers, meanAndError } from './beginnings.ts'
import {
  type Basis,
  baseOf,
  basisOf,
  hearFirst,
  mostRank,
  type StageSums,
  type Strengths,
  solveStage,
  stageSums,
} from './first-guess-fit.ts'
import { ndcgAt } from './metrics.ts'
import type { Progress } from './model.ts'
import { pace } from './pace.ts'
import { columnsOf } from './trait-columns.ts'

export type TuningOptions = {
  /** First selections of a customer that are never what is to be guessed; 0 = whatever comes next. */
  from: number
  /** Numbers of selections for which a regression of its own is learned, from 0. */
  stages: number
  /** Share of the customers on which the strengths are chosen, at most `tuneMost` of them. */
  tuneShare: number
  tuneMost: number
  /** Scores that judging one choice of strengths may take: on large catalogues fewer customers are held out. */
  tuneScores: number
}

export interface StageTuning extends Strengths {
  /** Means over the held-out customers, of this and of what most customers choose; NaN where there were too few. */
  readonly ndcg: number
  readonly popularity: number
  /** Standard error of the difference between the two. */
  readonly error: number
  readonly customers: number
}

const CUT = 10
/** Numbers of selections at which is tuned; between them the one below holds. */
const TUNED = [0, 1, 3, 5, 10]
/** Fewer held-out customers choose nothing. */
const FEWEST = 20
/** What the ridges shrink needs no cutting off as well: which of several ranks did best on held-out customers was mostly chance. */
const ranks = [0, mostRank] as const
const choices = {
  traitRidge: [10, 30, 100, 300],
  itemRidge: [100, 300, 1000, 3000, 10_000],
  power: [0, 0.5, 1],
  wanted: [0, 0.5, 1],
} as const
const careful: Strengths = { traitRidge: 100, itemRidge: 1000, power: 1, wanted: 0, rank: 10 }

const FEWEST_OF_MANY = 100

/** The customers on whom the strengths are chosen, and all others. */
export function dividedForTuning(
  data: Beginnings,
  { from, tuneShare, tuneMost, tuneScores }: TuningOptions,
  seed: number,
) {
  const affordable = Math.max(FEWEST_OF_MANY, Math.floor(tuneScores / Math.max(1, data.columns)))
  return holdOutCustomers(data, { from, share: tuneShare, most: Math.min(tuneMost, affordable) }, seed)
}

/** One for each stage. @throws the signal's reason when aborted */
export async function tuneStages(
  data: Beginnings,
  options: TuningOptions,
  seed: number,
  progress: Progress,
): Promise<StageTuning[]> {
  const { from, stages } = options
  const { learning, held } = dividedForTuning(data, options, seed)
  const untuned = { ndcg: Number.NaN, popularity: Number.NaN, error: Number.NaN, customers: 0 }
  if (held.starts.length - 1 < FEWEST) return Array.from({ length: stages }, () => ({ ...careful, ...untuned }))
  const basis = await basisOf(learning, from, seed, progress)
  const found: StageTuning[] = []
  let best: StageTuning = { ...careful, ...untuned }
  for (let selections = 0; selections < stages; selections++) {
    await pace(progress, selections, stages, `strengths after ${selections}`)
    if (TUNED.includes(selections)) best = await tuned(basis, selections, held, best, progress)
    found.push(best)
  }
  return found
}

async function tuned(basis: Basis, selections: number, held: Beginnings, start: StageTuning, progress: Progress) {
  const after = Math.max(basis.from, selections)
  const asked = beyond(held, after)
  if (asked.length < FEWEST) return start
  const sums = stageSums(basis, selections)
  const judge = new Judge(basis, sums, held, asked, after)
  const popularity = judge.of(basis.popularity)
  let best: { readonly strengths: Strengths; readonly each: Float64Array; readonly mean: number } | undefined
  const attempt = async (strengths: Strengths) => {
    await pace(progress, selections, selections + 1, `strengths after ${selections}`)
    const judged = judge.byRank(solveStage(basis, sums, strengths))
    judged.forEach((each, r) => {
      const { mean } = meanAndError(each)
      if (!best || mean > best.mean) best = { strengths: { ...strengths, rank: ranks[r] }, each, mean }
    })
  }
  await attempt(start)
  const names = namesAt(selections, basis)
  for (const name of names) {
    const current = (best as unknown as { strengths: Strengths }).strengths
    for (const value of choices[name]) if (value !== current[name]) await attempt({ ...current, [name]: value })
  }
  const { strengths, each, mean } = best as unknown as { strengths: Strengths; each: Float64Array; mean: number }
  const { error } = meanAndError(each.map((value, c) => value - popularity[c]))
  return { ...strengths, ndcg: mean, popularity: meanAndError(popularity).mean, error, customers: each.length }
}

/** What is there to be chosen, in the order in which it is. */
function namesAt(selections: number, { hearing }: Basis): readonly (keyof typeof choices)[] {
  if (selections === 0) return ['traitRidge']
  return hearing.usual ? ['power', 'itemRidge', 'wanted', 'traitRidge'] : ['power', 'itemRidge', 'traitRidge']
}

/** NDCG@10 of held-out customers, one by one: what they chose after the first `after`, their first ones masked. */
class Judge {
  readonly #basis: Basis
  readonly #sums: StageSums
  readonly #held: Beginnings
  readonly #asked: readonly number[]
  readonly #after: number
  /** Of each customer: z. */
  readonly #inputs: readonly Float64Array[]
  readonly #mark: Uint8Array

  constructor(basis: Basis, sums: StageSums, held: Beginnings, asked: readonly number[], after: number) {
    this.#basis = basis
    this.#sums = sums
    this.#held = held
    this.#asked = asked
    this.#after = after
    this.#mark = new Uint8Array(held.columns)
    const { columns } = basis
    this.#inputs = asked.map((c) => {
      const z = new Float64Array(sums.width)
      for (const column of columnsOf(columns, held.traits[c])) z[column] = 1
      hearFirst(basis, held, c, sums.selections, z)
      return z
    })
  }

  /** The same scores for all. */
  of(scores: Float32Array): Float64Array {
    return Float64Array.from(this.#asked, (c) => this.#ndcg(c, scores))
  }

  /** For each of `ranks`: the guess with so many directions. */
  byRank(weights: Float64Array): Float64Array[] {
    const { targets } = this.#basis
    const { mean, width } = this.#sums
    const count = targets.count
    const base = baseOf(this.#sums, weights, count)
    const all = ranks.map(() => new Float64Array(this.#asked.length))
    const scores = new Float32Array(mean.length)
    const position = new Float64Array(count)
    this.#asked.forEach((c, n) => {
      const z = this.#inputs[n]
      position.set(base)
      for (let a = 0; a < width; a++) {
        if (z[a] !== 0) for (let r = 0; r < count; r++) position[r] += z[a] * weights[a * count + r]
      }
      scores.set(mean)
      let done = 0
      ranks.forEach((rank, k) => {
        const to = Math.min(rank, count)
        for (let i = 0; to > done && i < scores.length; i++) {
          let sum = 0
          for (let r = done; r < to; r++) sum += targets.vectors[i * count + r] * position[r]
          scores[i] += sum
        }
        done = to
        all[k][n] = this.#ndcg(c, scores)
      })
    })
    return all
  }

  #ndcg(customer: number, scores: Float32Array): number {
    const { starts, items } = this.#held
    const first = starts[customer]
    const after = first + this.#after
    const mark = this.#mark
    for (let e = after; e < starts[customer + 1]; e++) mark[items[e]] = 1
    for (let e = first; e < first + this.#sums.selections; e++) mark[items[e]] = 2
    const places: number[] = []
    topUnmasked(scores, mark).forEach((item, place) => {
      if (mark[item] === 1) places.push(place + 1)
    })
    for (let e = first; e < starts[customer + 1]; e++) mark[items[e]] = 0
    const targets = starts[customer + 1] - after
    // Only how many there are counts of those that stand below.
    while (places.length < targets && places.length < CUT) places.push(Number.POSITIVE_INFINITY)
    return ndcgAt(CUT, places)
  }
}

/** The best items, those marked 2 left out; equal ones by item. */
function topUnmasked(scores: Float32Array, mark: Uint8Array): number[] {
  const top: number[] = []
  let least = Number.NEGATIVE_INFINITY
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]
    if (!(score > least) || mark[i] === 2) continue
    let at = Math.min(top.length, CUT - 1)
    while (at > 0 && scores[top[at - 1]] < score) {
      top[at] = top[at - 1]
      at--
    }
    top[at] = i
    if (top.length === CUT) least = scores[top[CUT - 1]]
  }
  return top
}
