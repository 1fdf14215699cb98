/** Building, transposing and cutting the users x items matrix that models learn from. */
import type { Csr } from '../kernels/csr.ts'
import type { History, TrainingData } from './model.ts'

/** Interactions as parallel arrays: entry e says that user `users[e]` met item `items[e]`. */
export interface Triples {
  readonly users: Int32Array
  readonly items: Int32Array
  /** Signal strengths; 1 for all where absent. */
  readonly values?: Float32Array
  /** Milliseconds since 1970. */
  readonly times?: Float64Array
}

export interface TimedMatrix {
  readonly matrix: Csr
  readonly times?: Float64Array
}

/**
 * Sorts triples into compressed rows. Where a pair occurs more than once the largest value and the latest time stay.
 * `keep(e)` leaves entries out. Two counting sorts: O(entries + rows + columns).
 */
export function matrixFromTriples(
  triples: Triples,
  rows: number,
  columns: number,
  keep: (entry: number) => boolean = () => true,
): TimedMatrix {
  const byItem = countingOrder(allEntries(triples.items.length, keep), triples.items, columns)
  const order = countingOrder(byItem, triples.users, rows)
  const indptr = new Int32Array(rows + 1)
  const indices = new Int32Array(order.length)
  const values = new Float32Array(order.length)
  const times = triples.times && new Float64Array(order.length)
  let n = 0
  let user = 0
  for (const e of order) {
    while (user < triples.users[e]) indptr[++user] = n
    const value = triples.values ? triples.values[e] : 1
    const time = triples.times ? triples.times[e] : 0
    if (n > indptr[user] && indices[n - 1] === triples.items[e]) {
      values[n - 1] = Math.max(values[n - 1], value)
      if (times) times[n - 1] = Math.max(times[n - 1], time)
      continue
    }
    indices[n] = triples.items[e]
    values[n] = value
    if (times) times[n] = time
    n++
  }
  while (user < rows) indptr[++user] = n
  const matrix = { rows, columns, indptr, indices: indices.slice(0, n), values: values.slice(0, n) }
  return { matrix, times: times?.slice(0, n) }
}

/** The same entries by column: row c of the answer lists the rows in which column c stands, ascending. */
export function transpose(matrix: Csr): Csr {
  const { rows, columns, indptr, indices, values } = matrix
  const out = new Int32Array(columns + 1)
  for (const column of indices) out[column + 1]++
  for (let c = 0; c < columns; c++) out[c + 1] += out[c]
  const next = out.slice()
  const outIndices = new Int32Array(indices.length)
  const outValues = new Float32Array(indices.length)
  for (let r = 0; r < rows; r++) {
    for (let e = indptr[r]; e < indptr[r + 1]; e++) {
      const at = next[indices[e]]++
      outIndices[at] = r
      outValues[at] = values[e]
    }
  }
  return { rows: columns, columns: rows, indptr: out, indices: outIndices, values: outValues }
}

/** The entries for which `keep` is true, rows and columns as before. */
export function filterMatrix(data: TimedMatrix, keep: (entry: number) => boolean): TimedMatrix {
  const { matrix } = data
  const kept: number[] = []
  const indptr = new Int32Array(matrix.rows + 1)
  for (let r = 0; r < matrix.rows; r++) {
    for (let e = matrix.indptr[r]; e < matrix.indptr[r + 1]; e++) if (keep(e)) kept.push(e)
    indptr[r + 1] = kept.length
  }
  return {
    matrix: {
      rows: matrix.rows,
      columns: matrix.columns,
      indptr,
      indices: Int32Array.from(kept, (e) => matrix.indices[e]),
      values: Float32Array.from(kept, (e) => matrix.values[e]),
    },
    times: data.times && Float64Array.from(kept, (e) => data.times![e]),
  }
}

/** Row `row` as the history of a customer; views, not copies. */
export function historyOf(data: Pick<TrainingData, 'matrix' | 'times'>, row: number): History {
  const { matrix, times } = data
  const start = matrix.indptr[row]
  const end = matrix.indptr[row + 1]
  return {
    items: matrix.indices.subarray(start, end),
    weights: matrix.values.subarray(start, end),
    times: times?.subarray(start, end),
  }
}

function allEntries(length: number, keep: (entry: number) => boolean): Int32Array {
  const entries = new Int32Array(length)
  let n = 0
  for (let e = 0; e < length; e++) if (keep(e)) entries[n++] = e
  return entries.subarray(0, n)
}

/** `entries` in ascending order of `keys[entry]`, stable. */
export function countingOrder(entries: Int32Array, keys: Int32Array, buckets: number): Int32Array {
  const next = new Int32Array(buckets + 1)
  for (const e of entries) next[keys[e] + 1]++
  for (let b = 0; b < buckets; b++) next[b + 1] += next[b]
  const order = new Int32Array(entries.length)
  for (const e of entries) order[next[keys[e]]++] = e
  return order
}
