/** Sparse products, plain and in double precision: the references of wasm/tiles.ts, wasm/rows.ts and wasm/add-rows.ts. Row-major. */
import type { Csr } from './csr.ts'

/**
 * G = sum over rows u of weight[u] * x_u x_u^T, full and symmetric, row-major, columns x columns.
 * Weights default to 1.
 */
export function gramReference(matrix: Csr, rowWeights?: Float32Array): Float64Array {
  const { rows, columns, indptr, indices, values } = matrix
  const g = new Float64Array(columns * columns)
  for (let u = 0; u < rows; u++) {
    const weight = rowWeights ? rowWeights[u] : 1
    for (let a = indptr[u]; a < indptr[u + 1]; a++) {
      const row = indices[a] * columns
      const x = values[a] * weight
      for (let b = indptr[u]; b < indptr[u + 1]; b++) g[row + indices[b]] += x * values[b]
    }
  }
  return g
}

/** sum over h of weights[h] * row items[h] of B (n columns). */
export function addRowsReference(
  b: ArrayLike<number>,
  n: number,
  items: Int32Array,
  weights: Float32Array,
): Float64Array {
  const out = new Float64Array(n)
  items.forEach((item, h) => {
    for (let j = 0; j < n; j++) out[j] += weights[h] * b[item * n + j]
  })
  return out
}
