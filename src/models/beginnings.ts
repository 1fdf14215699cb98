/** Customers with what they told of themselves and what they chose first: cutting them apart, and judging guesses on them. */
import { seededRandom } from '../world.ts'
import { ndcgAt, ranksAmongAll } from './metrics.ts'
import type { History } from './model.ts'
import type { Traits } from './trait-columns.ts'

/** Customers' selections in order of time, one customer after another, and what each told of himself. */
export interface Beginnings {
  /** Length customers + 1: customer c's are items[starts[c] .. starts[c + 1]). */
  readonly starts: Int32Array
  readonly items: Int32Array
  /** How much each selection was wanted, above 0, in any unit (stars); absent = all alike. */
  readonly strengths?: Float32Array
  readonly traits: readonly Traits[]
  /** How many items there are. */
  readonly columns: number
}

const CUT = 10

/** The customers with more than `after` selections. */
export function beyond({ starts }: Pick<Beginnings, 'starts'>, after: number): number[] {
  return Array.from({ length: starts.length - 1 }, (_, c) => c).filter((c) => starts[c + 1] - starts[c] > after)
}

/** How often each item was chosen after the first `after` selections, and how many customers got there. */
export function laterCounts({ starts, items, columns }: Beginnings, after: number) {
  const counts = new Float64Array(columns)
  let customers = 0
  for (let c = 0; c + 1 < starts.length; c++) {
    if (starts[c + 1] - starts[c] <= after) continue
    customers++
    for (let e = starts[c] + after; e < starts[c + 1]; e++) counts[items[e]]++
  }
  return { counts, customers }
}

export interface HoldingOut {
  /** Only who has more selections than this is held out ... */
  readonly from: number
  /** ... of those this share ... */
  readonly share: number
  /** ... and at most so many. */
  readonly most: number
}

/** Customers drawn to be held out whole, and all others. */
export function holdOutCustomers(data: Beginnings, { from, share, most }: HoldingOut, seed: number) {
  const random = seededRandom(seed)
  const keys = new Map(beyond(data, from).map((c) => [c, random()]))
  const sorted = [...keys].sort(([a, x], [b, y]) => x - y || a - b)
  const drawn = new Set(sorted.slice(0, Math.min(most, Math.round(share * sorted.length))).map(([c]) => c))
  return { learning: chosen(data, (c) => !drawn.has(c)), held: chosen(data, (c) => drawn.has(c)) }
}

function chosen(
  { starts, items, strengths, traits, columns }: Beginnings,
  keep: (customer: number) => boolean,
): Beginnings {
  const kept = Array.from({ length: starts.length - 1 }, (_, c) => c).filter((c) => keep(c))
  const newStarts = new Int32Array(kept.length + 1)
  kept.forEach((c, k) => {
    newStarts[k + 1] = newStarts[k] + starts[c + 1] - starts[c]
  })
  const newItems = new Int32Array(newStarts[kept.length])
  const newStrengths = strengths && new Float32Array(newItems.length)
  kept.forEach((c, k) => {
    newItems.set(items.subarray(starts[c], starts[c + 1]), newStarts[k])
    newStrengths?.set(strengths?.subarray(starts[c], starts[c + 1]) ?? [], newStarts[k])
  })
  return { starts: newStarts, items: newItems, strengths: newStrengths, traits: kept.map((c) => traits[c]), columns }
}

/**
 * NDCG@10 of each customer beyond `after`: his first `selections` are shown and masked, all after the first `after` are the
 * targets. `write` scores every item for him.
 */
export function ndcgAfter(
  data: Beginnings,
  { selections, after }: { readonly selections: number; readonly after: number },
  write: (traits: Traits, history: History, out: Float32Array) => void,
): Float64Array {
  const { starts, items, strengths, traits, columns } = data
  const scores = new Float32Array(columns)
  const alike = new Float32Array(selections).fill(1)
  // In order, a second apart: all that is told of time.
  const times = Float64Array.from(alike, (_, k) => 1000 * (k + 1))
  return Float64Array.from(beyond(data, after), (c) => {
    const shown = items.subarray(starts[c], starts[c] + selections)
    const weights = strengths?.subarray(starts[c], starts[c] + selections) ?? alike
    write(traits[c], { items: shown, weights, times }, scores)
    return ndcgAt(CUT, firstRanks(scores, items.subarray(starts[c] + after, starts[c + 1]), shown))
  })
}

/** Ranks of the targets; those that cannot be among the first `CUT` are not counted out but said to stand beyond. */
function firstRanks(scores: Float32Array, targets: Int32Array, masked: Int32Array): Float64Array {
  for (const item of masked) scores[item] = Number.NEGATIVE_INFINITY
  const least = scores.toSorted()[Math.max(0, scores.length - CUT)]
  const ranks = new Float64Array(targets.length).fill(Number.POSITIVE_INFINITY)
  const reaching = targets.filter((item) => scores[item] >= least)
  ranks.set(ranksAmongAll(scores, reaching, masked))
  return ranks
}

/** Mean, and the standard error of the mean. */
export function meanAndError(values: Float64Array): { mean: number; error: number } {
  const n = Math.max(1, values.length)
  const mean = values.reduce((sum, value) => sum + value, 0) / n
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, error: Math.sqrt(squares / Math.max(1, n - 1) / n) }
}
