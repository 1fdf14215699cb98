/** How much earlier a customer met an item than the others of the same history. */
import type { History } from './model.ts'

/**
 * Rank of each entry from the latest: the number of entries that are later, plus half of the other entries of the same
 * moment, so that neither the order of the arrays nor of simultaneous entries matters. `out` has the history's length.
 * All zero where the history has no times.
 */
export function recencyRanks(times: Float64Array | undefined, out: Float32Array): Float32Array {
  const n = out.length
  if (!times) return out.fill(0)
  const order = latestFirst(times)
  let start = 0
  while (start < n) {
    let end = start + 1
    while (end < n && times[order[end]] === times[order[start]]) end++
    const rank = start + (end - start - 1) / 2
    for (let k = start; k < end; k++) out[order[k]] = rank
    start = end
  }
  return out
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

function fading(history: History, voice: (rank: number) => number): History {
  const n = history.items.length
  const ranks = recencyRanks(history.times, new Float32Array(n))
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

/** Entry indices, latest first. Histories mostly come in order of time already; then nothing is sorted. */
function latestFirst(times: Float64Array): Int32Array {
  const n = times.length
  const order = new Int32Array(n)
  let ascending = true
  for (let k = 1; k < n && ascending; k++) ascending = times[k] >= times[k - 1]
  if (ascending) {
    for (let k = 0; k < n; k++) order[k] = n - 1 - k
    return order
  }
  for (let k = 0; k < n; k++) order[k] = k
  return order.sort((a, b) => times[b] - times[a])
}

/** x^-power; the usual powers without `pow`, which costs ten times as much. */
function powerOf(x: number, power: number): number {
  if (power === 1) return 1 / x
  if (power === 0.5) return 1 / Math.sqrt(x)
  return x ** -power
}
