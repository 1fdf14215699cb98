/** Dense linear algebra, plain and in double precision: the references of wasm/. Row-major. */

/** C = A B^T for A of m x k and B of n x k. */
export function multiplyTransposedReference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  m: number,
  n: number,
  k: number,
): Float64Array {
  const c = new Float64Array(m * n)
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0
      for (let p = 0; p < k; p++) sum += a[i * k + p] * b[j * k + p]
      c[i * n + j] = sum
    }
  }
  return c
}

/** A^T A for A of m x k: k x k, full. */
export function gramRowsReference(a: ArrayLike<number>, m: number, k: number): Float64Array {
  const g = new Float64Array(k * k)
  for (let r = 0; r < m; r++) {
    for (let i = 0; i < k; i++) {
      for (let j = 0; j < k; j++) g[i * k + j] += a[r * k + i] * a[r * k + j]
    }
  }
  return g
}

/**
 * Overwrites the lower triangle of the symmetric positive definite `a` (n x n, only the lower triangle is read) with
 * its Cholesky factor L, A = L L^T.
 * @throws RangeError where `a` is not positive definite.
 */
export function choleskyReference(a: Float64Array, n: number): void {
  for (let j = 0; j < n; j++) {
    let d = a[j * n + j]
    for (let p = 0; p < j; p++) d -= a[j * n + p] * a[j * n + p]
    if (!(d > 0)) throw new RangeError(`matrix is not positive definite: pivot ${j} of ${n} is ${d}`)
    const pivot = Math.sqrt(d)
    a[j * n + j] = pivot
    for (let i = j + 1; i < n; i++) {
      let s = a[i * n + j]
      for (let p = 0; p < j; p++) s -= a[i * n + p] * a[j * n + p]
      a[i * n + j] = s / pivot
    }
  }
}

/** Solves L L^T x = b in place of `b`, L the lower triangle that `choleskyReference` left in `l` (n x n). */
export function choleskySolveReference(l: Float64Array, b: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    let s = b[i]
    for (let p = 0; p < i; p++) s -= l[i * n + p] * b[p]
    b[i] = s / l[i * n + i]
  }
  for (let i = n - 1; i >= 0; i--) {
    let s = b[i]
    for (let p = i + 1; p < n; p++) s -= l[p * n + i] * b[p]
    b[i] = s / l[i * n + i]
  }
}

/**
 * Replaces the symmetric positive definite `a` (n x n, full) by its inverse, by the symmetric sweep: for each pivot k,
 * a_ij -= a_ik a_kj / a_kk, a_ik /= a_kk, a_kk = -1 / a_kk; after all pivots a = -A^-1 (Goodnight 1979).
 * @throws RangeError where `a` is not positive definite.
 */
export function invertSpdReference(a: Float64Array, n: number): void {
  const column = new Float64Array(n)
  for (let k = 0; k < n; k++) {
    const pivot = a[k * n + k]
    if (!(pivot > 0)) throw new RangeError(`matrix is not positive definite: pivot ${k} of ${n} is ${pivot}`)
    const d = 1 / pivot
    for (let i = 0; i < n; i++) column[i] = a[i * n + k]
    for (let i = 0; i < n; i++) {
      if (i === k) continue
      const x = column[i] * d
      const row = i * n
      for (let j = 0; j < n; j++) a[row + j] -= x * column[j]
      a[row + k] = x
    }
    for (let j = 0; j < n; j++) a[k * n + j] = column[j] * d
    a[k * n + k] = -d
  }
  for (let e = 0; e < n * n; e++) a[e] = -a[e]
}
