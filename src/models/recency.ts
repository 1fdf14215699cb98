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

/** The history with each weight multiplied by (rank + 1)^-power; itself where power is 0 or there are no times. */
export function withRecency(history: History, power: number): History {
  if (power === 0 || !history.times || history.items.length < 2) return history
  const weights = recencyRanks(history.times, new Float32Array(history.items.length))
  for (let k = 0; k < weights.length; k++) weights[k] = history.weights[k] * powerOf(weights[k] + 1, power)
  return { items: history.items, weights, times: history.times }
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
