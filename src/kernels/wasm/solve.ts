// Solving with one dense symmetric positive definite matrix at a time. A is n x n, f32, row-major, n a multiple of 4;
// only its upper triangle is read.
import { dot, axpy, madd } from './simd'

/**
 * Overwrites the upper triangle of A with U, A = U^T U; what stands below the diagonal is lost. Four pivots at a time,
 * so that each pass over the rest does four times the work of a load and a store. Returns 0, or 1 where a pivot is not
 * positive.
 */
export function cholesky(a: usize, n: i32): i32 {
  const stride = <usize>n << 2
  for (let k: usize = 0; k < stride; k += 16) {
    const top = a + (k >> 2) * stride
    if (!factorFour(top, stride, k)) return 1
    for (let i = k + 16; i < stride; i += 8) {
      subtractFour(top, a + (i >> 2) * stride, stride, i)
    }
  }
  return 0
}

/** The rows k .. k + 3 (first at `top`), from column k on. Columns in bytes. */
function factorFour(top: usize, stride: usize, k: usize): bool {
  for (let r: usize = 0; r < 4; r++) {
    const row = top + r * stride
    for (let p: usize = 0; p < r; p++) {
      const above = top + p * stride
      axpy(-load<f32>(above + k + (r << 2)), above + k, row + k, <i32>((stride - k) >> 2))
    }
    const pivot = load<f32>(row + k + (r << 2))
    if (!(pivot > 0)) return false
    const inverse = f32x4.splat(1 / sqrt(pivot))
    for (let j = k; j < stride; j += 16) v128.store(row + j, f32x4.mul(inverse, v128.load(row + j)))
  }
  return true
}

/** Rows i and i + 1 (`row`; i in bytes, a multiple of 8) -= their part of the four rows at `top`, from i's vector on. */
function subtractFour(top: usize, row: usize, stride: usize, i: usize): void {
  const u1 = top + stride, u2 = u1 + stride, u3 = u2 + stride
  const a0 = f32x4.splat(-load<f32>(top + i)), a1 = f32x4.splat(-load<f32>(u1 + i))
  const a2 = f32x4.splat(-load<f32>(u2 + i)), a3 = f32x4.splat(-load<f32>(u3 + i))
  const b0 = f32x4.splat(-load<f32>(top + i, 4)), b1 = f32x4.splat(-load<f32>(u1 + i, 4))
  const b2 = f32x4.splat(-load<f32>(u2 + i, 4)), b3 = f32x4.splat(-load<f32>(u3 + i, 4))
  const next = row + stride
  for (let j = i & ~15; j < stride; j += 16) {
    const x0 = v128.load(top + j), x1 = v128.load(u1 + j), x2 = v128.load(u2 + j), x3 = v128.load(u3 + j)
    v128.store(row + j, madd(a3, x3, madd(a2, x2, madd(a1, x1, madd(a0, x0, v128.load(row + j))))))
    v128.store(next + j, madd(b3, x3, madd(b2, x2, madd(b1, x1, madd(b0, x0, v128.load(next + j))))))
  }
}

/** Solves U^T U x = b in place of b (f32, n), U as left by `cholesky`. */
export function choleskySolve(u: usize, b: usize, n: i32): void {
  const stride = <usize>n << 2
  for (let k: usize = 0; k < stride; k += 16) {
    for (let r: usize = 0; r < 16; r += 4) {
      const row = u + ((k + r) >> 2) * stride
      const x = load<f32>(b + k + r) / load<f32>(row + k + r)
      store<f32>(b + k + r, x)
      for (let j = r + 4; j < 16; j += 4) store<f32>(b + k + j, load<f32>(b + k + j) - x * load<f32>(row + k + j))
      axpy(-x, row + k + 16, b + k + 16, <i32>((stride - k - 16) >> 2))
    }
  }
  for (let k: usize = stride; k > 0; ) {
    k -= 16
    for (let r: usize = 16; r > 0; ) {
      r -= 4
      const row = u + ((k + r) >> 2) * stride
      let x = load<f32>(b + k + r) - dot(row + k + 16, b + k + 16, <i32>((stride - k - 16) >> 2))
      for (let j = r + 4; j < 16; j += 4) x -= load<f32>(row + k + j) * load<f32>(b + k + j)
      store<f32>(b + k + r, x / load<f32>(row + k + r))
    }
  }
}
