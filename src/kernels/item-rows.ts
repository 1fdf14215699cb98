/**
 * A linear item-item model at serving time: n rows of n weights in a memory of their own, added up over a history. In two
 * forms: all weights in one byte each (see wasm/rows.ts), or the strongest alone, sparse.
 */
import { floatsAt, intsAt, Layout } from './memory.ts'
import { instantiate, SPIKES } from './module.ts'

export interface ItemRows {
  readonly items: number
  /**
   * Writes sum over h of weights[h] * row items[h] into `out` (length items) and returns how many entries counted: those
   * with an item in 0 .. items - 1, at most `items` of them. Where none counted `out` is left alone.
   */
  add(items: Int32Array, weights: Float32Array, out: Float32Array): number
  /** Weight j of row i. */
  weight(i: number, j: number): number
  /** What the rows are made of, as views: for saving. */
  readonly arrays: NarrowArrays | SparseArrays
}

export type NarrowArrays = {
  /** items x `narrowStride` bytes. */
  readonly q: Int16Array
  /** One a row. */
  readonly unit: Float32Array
  /** SPIKES a row. */
  readonly columns: Int32Array
  readonly residuals: Float32Array
}

export type SparseArrays = {
  /** Length items + 1. */
  readonly rowptr: Int32Array
  /** Ascending within a row. */
  readonly columns: Int32Array
  readonly values: Float32Array
}

/** Bytes of a narrow row. */
export function narrowStride(items: number): number {
  return Math.ceil(items / 32) * 32
}

/** Copies the arrays into a memory of their own. */
export function narrowRows(stored: NarrowArrays): ItemRows {
  const n = stored.unit.length
  const stride = narrowStride(n)
  const layout = new Layout()
  const at = {
    q: layout.place(n * stride),
    unit: layout.words(n),
    columns: layout.words(n * SPIKES),
    residuals: layout.words(n * SPIKES),
    acc: layout.place(2 * stride),
    ...historyPlaces(layout, n, stride),
  }
  const memory = layout.memory()
  const kernels = instantiate(memory)
  const q = new Int16Array(memory.buffer, at.q, (n * stride) / 2)
  const unit = floatsAt(memory, at.unit, n)
  const columns = intsAt(memory, at.columns, n * SPIKES)
  const residuals = floatsAt(memory, at.residuals, n * SPIKES)
  q.set(stored.q)
  unit.set(stored.unit)
  columns.set(stored.columns)
  residuals.set(stored.residuals)
  const take = historyTaker(memory, at, n)
  const scores = floatsAt(memory, at.out, n)
  return {
    items: n,
    arrays: { q, unit, columns, residuals },
    add(items, weights, out): number {
      const count = take(items, weights)
      if (count === 0) return 0
      kernels.addNarrowRows(
        ...([at.q, stride, at.unit, at.columns, at.residuals] as const),
        ...([at.items, at.weights, count, at.acc, at.out] as const),
      )
      out.set(scores)
      return count
    },
    weight(i, j): number {
      const word = q[(i * stride + (j & ~15)) / 2 + (j & 7)]
      let weight = unit[i] * (j & 8 ? word / 256 : (word << 24) >> 24)
      for (let s = i * SPIKES; s < (i + 1) * SPIKES; s++) if (columns[s] === j) weight += residuals[s]
      return weight
    },
  }
}

/** Copies the arrays into a memory of their own. */
export function sparseRows(stored: SparseArrays): ItemRows {
  const n = stored.rowptr.length - 1
  const entries = stored.columns.length
  const layout = new Layout()
  const at = {
    rowptr: layout.words(n + 1),
    columns: layout.words(entries),
    values: layout.words(entries),
    ...historyPlaces(layout, n, n),
  }
  const memory = layout.memory()
  const kernels = instantiate(memory)
  const rowptr = intsAt(memory, at.rowptr, n + 1)
  const columns = intsAt(memory, at.columns, entries)
  const values = floatsAt(memory, at.values, entries)
  rowptr.set(stored.rowptr)
  columns.set(stored.columns)
  values.set(stored.values)
  const take = historyTaker(memory, at, n)
  const scores = floatsAt(memory, at.out, n)
  return {
    items: n,
    arrays: { rowptr, columns, values },
    add(items, weights, out): number {
      const count = take(items, weights)
      if (count === 0) return 0
      kernels.addSparseRows(at.rowptr, at.columns, at.values, at.items, at.weights, count, at.out, n)
      out.set(scores)
      return count
    },
    weight(i, j): number {
      let low = rowptr[i]
      let high = rowptr[i + 1]
      while (low < high) {
        const middle = (low + high) >>> 1
        if (columns[middle] < j) low = middle + 1
        else high = middle
      }
      return low < rowptr[i + 1] && columns[low] === j ? values[low] : 0
    },
  }
}

/** The kernel of narrow rows overwrites up to 7 entries beyond the history. */
function historyPlaces(layout: Layout, n: number, columns: number) {
  return { items: layout.words(n + 8), weights: layout.words(n + 8), out: layout.words(columns) }
}

/** Copies the entries that count to where the kernel reads them; returns how many. */
function historyTaker(memory: WebAssembly.Memory, at: { items: number; weights: number }, n: number) {
  const ownItems = intsAt(memory, at.items, n)
  const ownWeights = floatsAt(memory, at.weights, n)
  return (items: Int32Array, weights: Float32Array): number => {
    let count = 0
    for (let h = 0; h < items.length && count < n; h++) {
      const item = items[h]
      if (!(item >= 0 && item < n)) continue
      ownItems[count] = item
      ownWeights[count++] = weights[h]
    }
    return count
  }
}
