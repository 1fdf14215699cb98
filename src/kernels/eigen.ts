/**
 * Eigenvalues and eigenvectors of a symmetric matrix in double precision: Householder's reduction to tridiagonal form,
 * then implicit QL (Bowdler, Martin, Reinsch, Wilkinson 1968, procedures tred2 and tql2).
 */

export interface Eigen {
  /** Length n, ascending. */
  readonly values: Float64Array
  /** n x n, row-major; column k belongs to value k. Orthonormal. */
  readonly vectors: Float64Array
}

/** QL needs two or three iterations a value; a matrix with NaN would never end. */
const MOST_ITERATIONS = 60

/** @param a n x n, row-major, symmetric. @throws RangeError where it holds no finite numbers */
export function symmetricEigen(a: ArrayLike<number>, n: number): Eigen {
  const v = Float64Array.from(a)
  const d = new Float64Array(n)
  const e = new Float64Array(n)
  tridiagonalise(v, d, e, n)
  accumulate(v, d, n)
  e.copyWithin(0, 1)
  if (n > 0) e[n - 1] = 0
  iterate(v, d, e, n)
  return sorted(d, v, n)
}

/** Leaves the subdiagonal in e[1..], the Householder vectors in the columns of v and their squared lengths / 2 in d. */
function tridiagonalise(v: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  for (let j = 0; j < n; j++) d[j] = v[(n - 1) * n + j]
  for (let i = n - 1; i > 0; i--) {
    let scale = 0
    let h = 0
    for (let k = 0; k < i; k++) scale += Math.abs(d[k])
    if (scale === 0) {
      e[i] = d[i - 1]
      for (let j = 0; j < i; j++) {
        d[j] = v[(i - 1) * n + j]
        v[i * n + j] = 0
        v[j * n + i] = 0
      }
    } else {
      for (let k = 0; k < i; k++) {
        d[k] /= scale
        h += d[k] * d[k]
      }
      const f = d[i - 1]
      const g = f > 0 ? -Math.sqrt(h) : Math.sqrt(h)
      e[i] = scale * g
      h -= f * g
      d[i - 1] = f - g
      reflect(v, d, e, n, i, h)
    }
    d[i] = h
  }
}

/** Applies the similarity transformation of one Householder vector (d[0..i)) to the leading i x i block. */
function reflect(v: Float64Array, d: Float64Array, e: Float64Array, n: number, i: number, h: number): void {
  e.fill(0, 0, i)
  for (let j = 0; j < i; j++) {
    const f = d[j]
    v[j * n + i] = f
    let g = e[j] + v[j * n + j] * f
    for (let k = j + 1; k < i; k++) {
      g += v[k * n + j] * d[k]
      e[k] += v[k * n + j] * f
    }
    e[j] = g
  }
  let f = 0
  for (let j = 0; j < i; j++) {
    e[j] /= h
    f += e[j] * d[j]
  }
  const half = f / (h + h)
  for (let j = 0; j < i; j++) e[j] -= half * d[j]
  for (let j = 0; j < i; j++) {
    for (let k = j; k < i; k++) v[k * n + j] -= d[j] * e[k] + e[j] * d[k]
    d[j] = v[(i - 1) * n + j]
    v[i * n + j] = 0
  }
}

/** Multiplies the Householder transformations together in v and moves the diagonal into d. */
function accumulate(v: Float64Array, d: Float64Array, n: number): void {
  for (let i = 0; i < n - 1; i++) {
    v[(n - 1) * n + i] = v[i * n + i]
    v[i * n + i] = 1
    const h = d[i + 1]
    if (h !== 0) {
      for (let k = 0; k <= i; k++) d[k] = v[k * n + i + 1] / h
      for (let j = 0; j <= i; j++) {
        let g = 0
        for (let k = 0; k <= i; k++) g += v[k * n + i + 1] * v[k * n + j]
        for (let k = 0; k <= i; k++) v[k * n + j] -= g * d[k]
      }
    }
    for (let k = 0; k <= i; k++) v[k * n + i + 1] = 0
  }
  for (let j = 0; j < n; j++) {
    d[j] = v[(n - 1) * n + j]
    v[(n - 1) * n + j] = 0
  }
  if (n > 0) v[n * n - 1] = 1
}

/** Implicit QL on diagonal d and subdiagonal e (e[i] beside d[i] and d[i + 1]), the rotations applied to v. */
function iterate(v: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  let shift = 0
  let largest = 0
  for (let l = 0; l < n; l++) {
    largest = Math.max(largest, Math.abs(d[l]) + Math.abs(e[l]))
    let m = l
    while (m < n - 1 && !(Math.abs(e[m]) <= Number.EPSILON * largest)) m++
    for (let iteration = 0; m > l; iteration++) {
      if (iteration === MOST_ITERATIONS) throw new RangeError('the matrix holds no finite numbers')
      shift += qlStep(v, d, e, n, l, m)
      if (Math.abs(e[l]) <= Number.EPSILON * largest) break
    }
    d[l] += shift
    e[l] = 0
  }
}

/** One step on rows l .. m; returns by how much it shifted the diagonal. */
function qlStep(v: Float64Array, d: Float64Array, e: Float64Array, n: number, l: number, m: number): number {
  const g = d[l]
  let p = (d[l + 1] - g) / (2 * e[l])
  const r = p < 0 ? -Math.hypot(p, 1) : Math.hypot(p, 1)
  d[l] = e[l] / (p + r)
  d[l + 1] = e[l] * (p + r)
  const next = d[l + 1]
  const h = g - d[l]
  for (let i = l + 2; i < n; i++) d[i] -= h
  p = d[m]
  let [c, c2, c3, s, s2] = [1, 1, 1, 0, 0]
  const after = e[l + 1]
  for (let i = m - 1; i >= l; i--) {
    c3 = c2
    c2 = c
    s2 = s
    const ce = c * e[i]
    const cp = c * p
    const length = Math.hypot(p, e[i])
    e[i + 1] = s * length
    s = e[i] / length
    c = p / length
    p = c * d[i] - s * ce
    d[i + 1] = cp + s * (c * ce + s * d[i])
    for (let k = 0; k < n; k++) {
      const at = k * n + i
      const right = v[at + 1]
      v[at + 1] = s * v[at] + c * right
      v[at] = c * v[at] - s * right
    }
  }
  p = (-s * s2 * c3 * after * e[l]) / next
  e[l] = s * p
  d[l] = c * p
  return h
}

function sorted(d: Float64Array, v: Float64Array, n: number): Eigen {
  const order = Array.from(d.keys()).sort((a, b) => d[a] - d[b])
  const vectors = new Float64Array(n * n)
  for (let k = 0; k < n; k++) for (let i = 0; i < n; i++) vectors[i * n + k] = v[i * n + order[k]]
  return { values: Float64Array.from(order, (k) => d[k]), vectors }
}
