/** How much earlier a customer met an item than the others of the same history. */
import type { History } from './model.ts'

/**
 * Rank of each entry from the latest: the number of entries that are later, plus half of the other entries of the same
 * moment, so that neither the order of the arrays nor of simultaneous entries matters. Length of `times`.
 */
export function recencyRanks(times: Float64Array): Float32Array {
  const n = times.length
  const ranks = new Float32Array(n)
  let ascending = true
  for (let k = 1; k < n && ascending; k++) ascending = times[k - 1] <= times[k]
  // Histories mostly come in order of time. Others are sorted without a comparator, which is many times quicker, and
  // each entry's moment is looked up.
  const sorted = ascending ? times : times.slice().sort()
  for (let start = 0; start < n; ) {
    let end = start + 1
    while (end < n && sorted[end] === sorted[start]) end++
    ranks.fill((n - end + n - start - 1) / 2, start, end)
    start = end
  }
  return ascending ? ranks : ranks.map((_, k) => ranks[firstAtLeast(sorted, times[k])])
}

function firstAtLeast(sorted: Float64Array, time: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle] < time) low = middle + 1
    else high = middle
  }
  return low
}

/** An entry whose voice falls below this share of the latest one's is left out: it would cost time and change nothing. */
const FAINTEST = 0.02

/**
 * The history with each weight multiplied by (rank + 1)^-power, without the entries that become too faint to matter;
 * the history itself where power is 0 or there are no times.
 */
export function withRecency(history: History, power: number): History {
  if (power === 0 || !history.times || history.items.length < 2) return history
  return fading(history, (rank) => powerOf(rank + 1, power))
}

/** The same with e^(-rank / reach); the history itself where reach is 0 or there are no times. */
export function withReach(history: History, reach: number): History {
  if (reach === 0 || !history.times || history.items.length < 2) return history
  return fading(history, (rank) => Math.exp(-rank / reach))
}

/** How a history fades: by a power of rank, by an exponential of rank, or (both 0) not at all. */
export interface Fade {
  readonly recency: number
  readonly reach: number
}

export const noFade: Fade = { recency: 0, reach: 0 }

/** The history as it sounds under `fade`; itself where nothing fades. */
export function faded(history: History, { recency, reach }: Fade): History {
  return reach > 0 ? withReach(history, reach) : withRecency(history, recency)
}

function fading(history: History, voice: (rank: number) => number): History {
  const n = history.items.length
  const ranks = history.ranks ?? recencyRanks(history.times!)
  const items = new Int32Array(n)
  const weights = new Float32Array(n)
  let kept = 0
  for (let k = 0; k < n; k++) {
    const share = voice(ranks[k])
    if (share < FAINTEST) continue
    items[kept] = history.items[k]
    weights[kept++] = history.weights[k] * share
  }
  return { items: items.subarray(0, kept), weights: weights.subarray(0, kept) }
}

/** x^-power; the usual powers without `pow`, which costs ten times as much. */
function powerOf(x: number, power: number): number {
  if (power === 1) return 1 / x
  if (power === 0.5) return 1 / Math.sqrt(x)
  return x ** -power
}
