/** From a sparse table to rows of one byte a weight: what the kernel `narrowRows` does for EASE, see kernels/wasm/rows.ts. */
import { type NarrowArrays, narrowStride } from '../kernels/item-rows.ts'
import { SPIKES } from '../kernels/module.ts'

/** Row i has the weights values[e] at targets[e], e from indptr[i] to indptr[i+1]; all others are 0. */
export function narrowTable(table: {
  readonly indptr: Int32Array
  readonly targets: Int32Array
  readonly values: Float32Array
}): NarrowArrays {
  const { indptr, targets, values } = table
  const items = indptr.length - 1
  const stride = narrowStride(items)
  const arrays = {
    q: new Int16Array((items * stride) / 2),
    unit: new Float32Array(items),
    columns: new Int32Array(items * SPIKES),
    residuals: new Float32Array(items * SPIKES),
  }
  const row = new Float32Array(stride)
  for (let i = 0; i < items; i++) {
    row.fill(0)
    for (let e = indptr[i]; e < indptr[i + 1]; e++) row[targets[e]] = values[e]
    const { entries, next } = largest(values, indptr[i], indptr[i + 1])
    const q = arrays.q.subarray((i * stride) / 2, ((i + 1) * stride) / 2)
    // With no more entries than spikes the unit stays 0, and the spikes say all.
    if (next > 0) {
      arrays.unit[i] = next / 127
      packRow(row, arrays.unit[i], q)
    }
    entries.forEach((e, s) => {
      arrays.columns[i * SPIKES + s] = targets[e]
      arrays.residuals[i * SPIKES + s] = values[e] - arrays.unit[i] * packedAt(q, targets[e])
    })
  }
  return arrays
}

/** Sixteen columns share eight words: the low byte of word k is column k, the whole word / 256 is column k + 8. */
function packRow(row: Float32Array, unit: number, q: Int16Array): void {
  for (let j = 0; j < row.length; j += 16) {
    for (let k = 0; k < 8; k++) {
      const low = Math.round(within(row[j + k] / unit))
      const high = Math.round(within((within(row[j + k + 8] / unit) * 256 - low) / 256))
      q[j / 2 + k] = high * 256 + low
    }
  }
}

/** Column j of a packed row, in units. */
function packedAt(q: Int16Array, j: number): number {
  const word = q[(j & ~15) / 2 + (j & 7)]
  return j & 8 ? word / 256 : (word << 24) >> 24
}

function within(value: number): number {
  return Math.max(-127, Math.min(127, value))
}

/** The SPIKES entries of largest size, and the size that comes next (0 = none). */
function largest(values: Float32Array, start: number, end: number): { entries: number[]; next: number } {
  const entries: number[] = []
  let next = 0
  for (let e = start; e < end; e++) {
    const size = Math.abs(values[e])
    if (size <= next) continue
    let at = entries.length
    while (at > 0 && Math.abs(values[entries[at - 1]]) < size) at--
    entries.splice(at, 0, e)
    if (entries.length > SPIKES) next = Math.abs(values[entries.pop()!])
  }
  return { entries, next }
}
