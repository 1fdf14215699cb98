/** Histories in order of time, for models that learn what comes next. */
import { historyOf } from './matrix.ts'
import type { History, TrainingData } from './model.ts'

/** The positive entries of all rows, each row's in order of time, one row after another. */
export interface Ordered {
  /** Length rows + 1: row r's entries are items[starts[r] .. starts[r+1]). */
  readonly starts: Int32Array
  readonly items: Int32Array
  /** Milliseconds since 1970 of each row's last entry; 0 where times are not known. */
  readonly lastTimes: Float64Array
}

/** Sessions one after another, oldest first; `ages` 0 (newest) .. 1. */
export interface Sessions {
  readonly starts: Int32Array
  readonly items: Int32Array
  readonly ages: Float32Array
}

/** With the strength of each entry. Ties of time stand in order of item, so that nothing depends on the order of a row's arrays. */
export function inOrder(data: Pick<TrainingData, 'matrix' | 'times'>): Ordered & { readonly strengths: Float32Array } {
  const { rows, indices } = data.matrix
  const starts = new Int32Array(rows + 1)
  const items = new Int32Array(indices.length)
  const strengths = new Float32Array(indices.length)
  const lastTimes = new Float64Array(rows)
  let n = 0
  for (let row = 0; row < rows; row++) {
    const history = historyOf(data, row)
    const order = latestFirst(history)
    for (let k = order.length - 1; k >= 0; k--) {
      const entry = order[k]
      if (!(history.weights[entry] > 0)) continue
      strengths[n] = history.weights[entry]
      items[n++] = history.items[entry]
      lastTimes[row] = history.times?.[entry] ?? 0
    }
    starts[row + 1] = n
  }
  return { starts, items: items.subarray(0, n), strengths: strengths.subarray(0, n), lastTimes }
}

/** Entry indices of a history, latest first, ties by higher item; the arrays' own order counts where there are no times. */
export function latestFirst(history: History): Int32Array {
  const { items, times, ranks } = history
  const n = items.length
  let ascending = true
  for (let k = 1; times && k < n && ascending; k++) {
    ascending = times[k] > times[k - 1] || (times[k] === times[k - 1] && items[k] > items[k - 1])
  }
  if (!ascending && ranks) return byRank(items, ranks)
  const order = new Int32Array(n)
  for (let k = 0; k < n; k++) order[k] = n - 1 - k
  if (times && !ascending) order.sort((a, b) => times[b] - times[a] || items[b] - items[a])
  return order
}

/** `g` entries of one moment have one rank, which is the middle of their `g` places: nothing has to be compared but them. */
function byRank(items: Int32Array, ranks: Float32Array): Int32Array {
  const n = items.length
  const equal = new Int32Array(2 * n)
  for (let k = 0; k < n; k++) equal[2 * ranks[k]]++
  const order = new Int32Array(n).fill(-1)
  for (let k = 0; k < n; k++) {
    const first = ranks[k] - (equal[2 * ranks[k]] - 1) / 2
    let at = first
    while (order[at] >= 0) at++
    for (; at > first && items[order[at - 1]] < items[k]; at--) order[at] = order[at - 1]
    order[at] = k
  }
  return order
}

/** The places at which each item stands in `entries`: of item i, places[starts[i] .. starts[i+1]), ascending. */
export function placesOf(entries: Int32Array, items: number): { starts: Int32Array; places: Int32Array } {
  const starts = new Int32Array(items + 1)
  for (const item of entries) starts[item + 1]++
  for (let i = 0; i < items; i++) starts[i + 1] += starts[i]
  const next = starts.slice()
  const places = new Int32Array(entries.length)
  for (let e = 0; e < entries.length; e++) places[next[entries[e]]++] = e
  return { starts, places }
}

/** For each entry the row in which it stands. */
export function rowsOf(starts: Int32Array): Int32Array {
  const rows = new Int32Array(starts[starts.length - 1])
  for (let row = 0; row + 1 < starts.length; row++) rows.fill(row, starts[row], starts[row + 1])
  return rows
}
