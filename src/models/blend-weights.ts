/**
 * Which members a blend takes and with which weights: greedy forward selection and coordinate ascent on the mean NDCG@10
 * of held-out customers, in the manner of Caruana et al. 2004 ("Ensemble selection from libraries of models"). Scores
 * are compared inside pools: for each customer the items that any member ranks high, and the targets.
 */
import { ndcgAt } from './metrics.ts'

export const metricCut = 10

/** Held-out customers: row r's pool is the entries indptr[r] .. indptr[r+1]. */
export interface Pools {
  readonly indptr: Int32Array
  /** scores[m][e] = member m's score of the item of entry e; never -Infinity (0 where the member knows nothing). */
  readonly scores: readonly Float32Array[]
  /** 1 where the entry's item is a target. */
  readonly target: Uint8Array
  /** Through what the customer came to the entry's item, where it is a target (`TrainingData.led`); absent = nothing is known. */
  readonly led?: Uint8Array
  /** NDCG at which cut; absent = 10. */
  readonly cut?: number
}

export interface LearnedWeights {
  /** Length members; 0 = dropped. */
  readonly weights: Float64Array
  /** Mean NDCG@10 of the blend. */
  readonly metric: number
  /** What each member adds: mean loss of NDCG@10 without it, and the standard error of that mean. */
  readonly gains: readonly { readonly mean: number; readonly error: number }[]
}

/** What is known of a quality: its mean over held-out customers, and the 95 % interval of that mean. */
export interface Measured {
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** Weights tried, against the strongest member's 1, after each member is scaled to equal mean top scores. */
const LADDER = [0.02, 0.04, 0.07, 0.12, 0.2, 0.3, 0.45, 0.65, 1, 1.5, 2.2, 3.3, 5]
/** A weaker member must add more than this many standard errors of what it adds, ... */
const NOISE = 2
/** ... one that is by itself as good as the strongest but for noise, this many: equals blended are seldom worse than one. */
const NOISE_OF_EQUALS = 0.5
/** Standard errors within which two weights are as good as each other. */
const PLATEAU = 0.5
/** What is tried around a weight that is in use. */
const NUDGES = [0.4, 0.65, 0.85, 1, 1.2, 1.5, 2.5]
const MAX_SWEEPS = 4

/** NDCG of each row when its pool is ranked by `combined` (one score an entry), plus `weight` times `more` where given. */
export function ndcgByRow(pools: Pools, combined: Float32Array, more?: Float32Array, weight = 0): Float64Array {
  const { indptr, target, cut = metricCut } = pools
  const rows = indptr.length - 1
  const out = new Float64Array(rows)
  let mixed = new Float32Array(1024)
  for (let r = 0; r < rows; r++) {
    const start = indptr[r]
    const n = indptr[r + 1] - start
    if (mixed.length < n) mixed = new Float32Array(2 * n)
    if (more) for (let e = 0; e < n; e++) mixed[e] = combined[start + e] + weight * more[start + e]
    else mixed.set(combined.subarray(start, start + n))
    const ranks: number[] = []
    for (let t = 0; t < n; t++) if (target[start + t] === 1) ranks.push(rankWithin(mixed, n, mixed[t], cut))
    out[r] = ndcgAt(cut, ranks)
  }
  return out
}

/** Rank of `score` among the first n scores; Infinity as soon as it is past the cut. */
function rankWithin(scores: Float32Array, n: number, score: number, cut: number): number {
  let higher = 0
  let equal = 0
  for (let e = 0; e < n; e++) {
    if (scores[e] > score) {
      if (++higher === cut) return Number.POSITIVE_INFINITY
    } else if (scores[e] === score) equal++
  }
  return 1 + higher + (equal - 1) / 2
}

/**
 * Learns the weights, the strongest member first. Members of one group are variants of one another: at most one of a
 * group is taken.
 */
export function learnWeights(pools: Pools, groups: readonly string[]): LearnedWeights {
  const search: Search = { pools, groups, scales: pools.scores.map((scores) => meanTop(pools, scores)) }
  const weights = new Float64Array(groups.length)
  const alone = pools.scores.map((scores) => ndcgByRow(pools, scores))
  const strongest = alone.map(mean).reduce((best, ndcg, m, all) => (ndcg > all[best] ? m : best), 0)
  const needed = alone.map((ndcg) => (beyond(NOISE, difference(alone[strongest], ndcg)) ? NOISE : NOISE_OF_EQUALS))
  weights[strongest] = 1 / search.scales[strongest]
  let best = alone[strongest]
  const names = [...new Set(groups)]
  while (true) {
    let chosen: Found | undefined
    for (const group of names) {
      if (groups.some((g, m) => g === group && weights[m] > 0)) continue
      const found = bestOfGroup(search, weights, group, LADDER, best)
      if (!found || !beyond(needed[found.member], difference(found.ndcg, best))) continue
      if (!chosen || mean(found.ndcg) > mean(chosen.ndcg)) chosen = found
    }
    if (!chosen) break
    weights[chosen.member] = chosen.weight
    best = sweep(search, weights, groups[strongest], chosen.ndcg)
  }
  prune(pools, weights, needed)
  const ndcg = ndcgByRow(pools, combine(pools, weights))
  return { weights, metric: mean(ndcg), gains: gainsOf(pools, weights, ndcg) }
}

interface Search {
  readonly pools: Pools
  readonly groups: readonly string[]
  /** Mean top score of each member. */
  readonly scales: readonly number[]
}

interface Found {
  readonly member: number
  readonly weight: number
  /** NDCG@10 by row with the member at this weight. */
  readonly ndcg: Float64Array
}

/**
 * Tunes each group that takes part, its variant and its weight, until nothing improves; returns the rows' NDCG. The weight
 * of the group `lead` stays: only proportions matter.
 */
function sweep(search: Search, weights: Float64Array, lead: string, start: Float64Array): Float64Array {
  let best = start
  for (let round = 0; round < MAX_SWEEPS; round++) {
    const before = mean(best)
    for (let m = 0; m < weights.length; m++) {
      if (weights[m] === 0) continue
      const now = weights[m] * search.scales[m]
      const steps = search.groups[m] === lead ? [now] : NUDGES.map((nudge) => nudge * now)
      const found = bestOfGroup(search, weights, search.groups[m], steps, best)
      if (!found) continue
      weights[m] = 0
      weights[found.member] = found.weight
      best = found.ndcg
    }
    if (mean(best) <= before) break
  }
  return best
}

/** The variant of `group` and its weight, one of `steps` on the common scale, that beats `best` most; the others stay. */
function bestOfGroup(
  { pools, groups, scales }: Search,
  weights: Float64Array,
  group: string,
  steps: readonly number[],
  best: Float64Array,
): Found | undefined {
  const others = combine(
    pools,
    weights.map((weight, m) => (groups[m] === group ? 0 : weight)),
  )
  const tried: Found[] = []
  for (let m = 0; m < groups.length; m++) {
    if (groups[m] !== group) continue
    for (const step of steps) {
      const weight = step / scales[m]
      tried.push({ member: m, weight, ndcg: ndcgByRow(pools, others, pools.scores[m], weight) })
    }
  }
  return middle(tried, best)
}

/**
 * Of what beats `best` and is as good as the best but for noise, the first variant, in the middle of its weights: what a
 * sample prefers by a hair tells nothing, and the middle of a plateau is further from its edges than its highest bump.
 */
function middle(tried: readonly Found[], best: Float64Array): Found | undefined {
  const better = tried.filter(({ ndcg }) => mean(ndcg) > mean(best))
  const top = better.toSorted((a, b) => mean(b.ndcg) - mean(a.ndcg))[0]
  if (!top) return undefined
  const plateau = better.filter(({ ndcg }) => {
    const loss = difference(top.ndcg, ndcg)
    return loss.mean <= PLATEAU * loss.error
  })
  const first = plateau.reduce((least, { member }) => Math.min(least, member), top.member)
  const weights = plateau.filter(({ member }) => member === first).sort((a, b) => a.weight - b.weight)
  return weights[weights.length >> 1]
}

/** Drops, weakest first, members whose part does not rise above noise. */
function prune(pools: Pools, weights: Float64Array, needed: readonly number[]): void {
  while (weights.filter((weight) => weight > 0).length > 1) {
    const gains = gainsOf(pools, weights, ndcgByRow(pools, combine(pools, weights)))
    let weakest = -1
    for (let m = 0; m < weights.length; m++) {
      if (weights[m] === 0 || beyond(needed[m], gains[m])) continue
      if (weakest < 0 || gains[m].mean < gains[weakest].mean) weakest = m
    }
    if (weakest < 0) return
    weights[weakest] = 0
  }
}

function gainsOf(pools: Pools, weights: Float64Array, ndcg: Float64Array) {
  return Array.from(weights, (weight, m) =>
    weight === 0 ? { mean: 0, error: 0 } : difference(ndcg, ndcgByRow(pools, combine(pools, weights, m))),
  )
}

/** The blended score of every entry; `without` leaves a member out. */
export function combine(pools: Pools, weights: Float64Array, without = -1): Float32Array {
  const out = new Float32Array(pools.target.length)
  for (let m = 0; m < weights.length; m++) {
    if (m === without || weights[m] === 0) continue
    const scores = pools.scores[m]
    for (let e = 0; e < out.length; e++) out[e] += weights[m] * scores[e]
  }
  return out
}

/** Mean over rows of the largest absolute score: brings members to one scale. */
function meanTop(pools: Pools, scores: Float32Array): number {
  const rows = pools.indptr.length - 1
  let sum = 0
  for (let r = 0; r < rows; r++) {
    let top = 0
    for (let e = pools.indptr[r]; e < pools.indptr[r + 1]; e++) top = Math.max(top, Math.abs(scores[e]))
    sum += top
  }
  return sum > 0 ? sum / rows : 1
}

export function mean(values: Float64Array): number {
  let sum = 0
  for (const value of values) sum += value
  return values.length > 0 ? sum / values.length : 0
}

/** Mean of a - b (of a alone, where there is no b) over rows and its standard error. */
export function difference(
  a: Float64Array,
  b: Float64Array = new Float64Array(a.length),
): { mean: number; error: number } {
  const n = a.length
  let sum = 0
  let squares = 0
  for (let r = 0; r < n; r++) {
    sum += a[r] - b[r]
    squares += (a[r] - b[r]) ** 2
  }
  const average = sum / Math.max(1, n)
  return { mean: average, error: Math.sqrt(Math.max(0, squares / Math.max(1, n) - average ** 2) / Math.max(1, n - 1)) }
}

function beyond(errors: number, gain: { mean: number; error: number }): boolean {
  return gain.mean > errors * gain.error && gain.mean > 0
}

/** The 95 % interval of a mean. */
export function measured({ mean: value, error }: { mean: number; error: number }): Measured {
  return { mean: value, low: value - 1.96 * error, high: value + 1.96 * error }
}
