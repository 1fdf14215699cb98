/**
 * How much each part of `sequence` counts, learned on held-out items: coordinate ascent on NDCG@10 over the candidates that
 * any part puts in front, since an item that no part does cannot come into the first ten. What does not help is left out.
 */
import type { History } from './model.ts'
import { type PartName, partNames } from './sequence-parts.ts'

/** score(j) = sum over parts of weight_part temper(estimate_part(j)), temper(p) = sign(p) |p|^power. */
export interface Weights {
  readonly parts: Readonly<Record<PartName, number>>
  /** Above 0 to 1: the lower, the more an item on which the parts agree is preferred to one that a single part is sure of. */
  readonly power: number
}

/** Where nothing can be learned: what was best on ML-1M's validation items. */
export const usualWeights: Weights = {
  parts: { reach8: 1, reach1: 1, reach30: 0.7, odds: 1, places: 1, sessions: 0 },
  power: 0.35,
}

/** One held-out item: what each part says of the candidates; candidate 0 is the item itself. */
export interface Trial {
  readonly estimates: Readonly<Record<PartName, Float32Array>>
  /** In another form where a part knew nothing: all zeros. */
  readonly candidates: number
}

/** Items that each part puts in front are candidates. */
const FRONT = 60

/**
 * The trial of `target` after `recent` (latest first); null where the target stands in the history itself, which can never
 * be shown. `estimate(name, out)` fills `out` or answers false.
 */
export function trialOf(
  recent: History,
  target: number,
  items: number,
  estimate: (name: PartName, out: Float32Array) => boolean,
): Trial | null {
  if (recent.items.includes(target)) return null
  const all = partNames.map((name) => {
    const out = new Float32Array(items)
    if (!estimate(name, out)) out.fill(0)
    for (const item of recent.items) out[item] = Number.NEGATIVE_INFINITY
    return out
  })
  const front = new Set<number>([target])
  for (const scores of all) for (const item of firstOf(scores, FRONT)) front.add(item)
  const candidates = Array.from(front)
  const estimates = Object.fromEntries(
    partNames.map((name, p) => [name, Float32Array.from(candidates, (item) => all[p][item])]),
  ) as Record<PartName, Float32Array>
  return { estimates, candidates: candidates.length }
}

/** The `most` items of highest score above 0. */
function firstOf(scores: Float32Array, most: number): number[] {
  const best: number[] = []
  let least = 0
  for (let i = 0; i < scores.length; i++) {
    if (!(scores[i] > least)) continue
    let at = best.length
    while (at > 0 && scores[best[at - 1]] < scores[i]) at--
    best.splice(at, 0, i)
    if (best.length > most) best.pop()
    if (best.length === most) least = scores[best[most - 1]]
  }
  return best
}

const steps = [0, 0.5, 0.7, 1.4, 2] as const
const powers = [0.2, 0.35, 0.5, 0.75, 1] as const
/** Rounds of ascent; one that changes nothing ends it. */
const ROUNDS = 4
/** A change must gain this much NDCG, and per part kept this much: below it is noise, and a part costs time and memory. */
const LEAST_GAIN = 0.0005
/** Fewer trials teach nothing. */
export const FEWEST_TRIALS = 100

export function learnWeights(trials: readonly Trial[]): Weights {
  if (trials.length < FEWEST_TRIALS) return usualWeights
  let best: Weights = { ...usualWeights, parts: { ...usualWeights.parts, sessions: 0.5 } }
  let reached = quality(trials, best)
  const offer = (weights: Weights, least: number): boolean => {
    const offered = quality(trials, weights)
    if (offered < reached + least) return false
    best = weights
    reached = offered
    return true
  }
  for (let round = 0; round < ROUNDS; round++) {
    let moved = false
    for (const power of powers) if (power !== best.power) moved = offer({ ...best, power }, LEAST_GAIN) || moved
    for (const name of partNames) {
      for (const step of steps) {
        const now = best.parts[name]
        // Leaving a part out is tried first and needs no gain; one that was left out comes back by a gain.
        if (step === 0 && now === 0) continue
        const weight = now === 0 ? step : now * step
        const parts = { ...best.parts, [name]: weight }
        moved = offer({ ...best, parts }, step === 0 ? -LEAST_GAIN / 2 : LEAST_GAIN) || moved
      }
    }
    if (!moved) break
  }
  return best
}

/** Mean NDCG@10 of the held-out items. */
export function quality(trials: readonly Trial[], { parts, power }: Weights): number {
  const active = partNames.filter((name) => parts[name] > 0)
  let sum = 0
  for (const { estimates, candidates } of trials) {
    let target = 0
    let rank = 1
    for (let c = 0; c < candidates && rank <= 10; c++) {
      let score = 0
      for (const name of active) score += parts[name] * temper(estimates[name][c], power)
      if (c === 0) target = score
      else if (score > target) rank++
      else if (score === target) rank += 0.5
    }
    if (rank <= 10) sum += 1 / Math.log2(1 + rank)
  }
  return sum / trials.length
}

/** sign(p) |p|^power */
export function temper(estimate: number, power: number): number {
  return estimate < 0 ? -((-estimate) ** power) : estimate ** power
}
