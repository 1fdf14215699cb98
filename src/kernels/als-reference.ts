/**
 * The least squares problem of one row in implicit ALS (Rendle et al. 2021, "Revisiting the Performance of iALS on Item
 * Recommendation Benchmarks", eq. 3), plain. For a row with entries (i, c) the factor w solves
 *
 *   (G + reg I + sum |c| h_i h_i^T) w = sum max(c, 0) h_i
 *
 * where G = alpha0 H^T H covers the unobserved, and a negative c is an observed zero of weight |c|.
 */
import { choleskyReference, choleskySolveReference } from './dense-reference.ts'

export interface RowEntries {
  readonly indices: Int32Array
  readonly values: Float32Array
}

/** The exact solution, length d, by Cholesky in double precision. `gram` is d x d, `h` is items x d. */
export function solveRowReference(
  h: Float32Array,
  gram: Float32Array,
  d: number,
  reg: number,
  entries: RowEntries,
): Float64Array {
  const { a, b } = rowSystem(h, gram, d, reg, entries)
  choleskyReference(a, d)
  choleskySolveReference(a, b, d)
  return b
}

/** The full matrix (d x d, symmetric) and the right hand side of the row's system. */
export function rowSystem(h: Float32Array, gram: Float32Array, d: number, reg: number, entries: RowEntries) {
  const a = Float64Array.from(gram)
  const b = new Float64Array(d)
  for (let i = 0; i < d; i++) a[i * d + i] += reg
  for (let e = 0; e < entries.indices.length; e++) {
    const row = entries.indices[e] * d
    const c = Math.abs(entries.values[e])
    const liked = Math.max(0, entries.values[e])
    for (let i = 0; i < d; i++) {
      b[i] += liked * h[row + i]
      const x = c * h[row + i]
      for (let j = 0; j < d; j++) a[i * d + j] += x * h[row + j]
    }
  }
  return { a, b }
}

/**
 * `steps` steps of conjugate gradient on the row's system from `w` (length d), in place; the matrix is never formed
 * (Takács, Pilászy, Tikk 2011). Stops early where the residual is 0.
 */
export function conjugateGradientReference(
  h: Float32Array,
  gram: Float32Array,
  d: number,
  reg: number,
  entries: RowEntries,
  w: Float32Array,
  steps: number,
): void {
  const apply = (x: Float64Array | Float32Array): Float64Array => {
    const y = new Float64Array(d)
    for (let i = 0; i < d; i++) {
      let s = reg * x[i]
      for (let j = 0; j < d; j++) s += gram[i * d + j] * x[j]
      y[i] = s
    }
    for (let e = 0; e < entries.indices.length; e++) {
      const row = entries.indices[e] * d
      let dot = 0
      for (let j = 0; j < d; j++) dot += h[row + j] * x[j]
      dot *= Math.abs(entries.values[e])
      for (let j = 0; j < d; j++) y[j] += dot * h[row + j]
    }
    return y
  }
  const r = apply(w).map((v) => -v)
  for (let e = 0; e < entries.indices.length; e++) {
    const liked = Math.max(0, entries.values[e])
    for (let j = 0; j < d; j++) r[j] += liked * h[entries.indices[e] * d + j]
  }
  const p = r.slice()
  let rr = dotOf(r, r)
  for (let step = 0; step < steps && rr > 1e-20; step++) {
    const ap = apply(p)
    const alpha = rr / dotOf(p, ap)
    for (let j = 0; j < d; j++) {
      w[j] += alpha * p[j]
      r[j] -= alpha * ap[j]
    }
    const next = dotOf(r, r)
    for (let j = 0; j < d; j++) p[j] = r[j] + (next / rr) * p[j]
    rr = next
  }
}

function dotOf(a: Float64Array, b: Float64Array): number {
  let s = 0
  for (let i = 0; i < a.length; i++) s += a[i] * b[i]
  return s
}
