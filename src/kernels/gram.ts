/** Gram products of sparse matrices, plain. The threaded form is `gram` in wasm/gram.ts. */
import type { Csr } from './csr.ts'

/**
 * G = sum over rows u of weight[u] * x_u x_u^T, full and symmetric, row-major, columns x columns.
 * Weights default to 1. Double precision inside.
 */
export function gramReference(matrix: Csr, rowWeights?: Float32Array): Float32Array {
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
  return Float32Array.from(g)
}
