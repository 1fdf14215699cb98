// Products of dense rows with a vector, in 32 and 16 bits, and sums of vectors: what scoring by factors and a blend need.
import { dot, fourSums, madd } from './simd'

// Length of a halved row: rounding lengthens it by at most sqrt(d) / 2.
const LENGTH: f32 = 32700

/**
 * The rows of H (rows x d, f32, d a multiple of 8) in 16 bits: q_r = round(h_r / unit[r]) with the length of q_r below
 * 2^15, so that by Cauchy and Schwarz no product with another such vector leaves 32 bits.
 */
export function halveRows(h: usize, rows: i32, d: i32, q: usize, unit: usize): void {
  const stride = <usize>d << 2
  for (let r: usize = 0; r < <usize>rows; r++) {
    const row = h + r * stride
    const length = sqrt(dot(row, row, d))
    store<f32>(unit + (r << 2), length / LENGTH)
    const scale = f32x4.splat(length > 0 ? LENGTH / length : 0)
    const out = q + r * (stride >> 1)
    for (let j: usize = 0; j < stride; j += 32) {
      const low = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(row + j), scale)))
      const high = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(row + j, 16), scale)))
      v128.store(out + (j >> 1), i16x8.narrow_i32x4_s(low, high))
    }
  }
}

/** out (f32, rows padded to 4) = H x, H as left by `halveRows` with its units, x (16 bits) and its one unit likewise. */
export function halvedMatrixVector(q: usize, rows: i32, d: i32, unit: usize, x: usize, xUnit: f32, out: usize): void {
  const stride = <usize>d << 1
  const end = x + stride
  const back = f32x4.splat(xUnit)
  for (let r = 0; r < rows; r += 4) {
    let q0 = q + <usize>r * stride
    let q1 = q0 + stride
    let q2 = q1 + stride
    let q3 = q2 + stride
    let s0 = i32x4.splat(0), s1 = s0, s2 = s0, s3 = s0
    for (let k = x; k < end; k += 16) {
      const v = v128.load(k)
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v128.load(q0), v))
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v128.load(q1), v))
      s2 = i32x4.add(s2, i32x4.dot_i16x8_s(v128.load(q2), v))
      s3 = i32x4.add(s3, i32x4.dot_i16x8_s(v128.load(q3), v))
      q0 += 16
      q1 += 16
      q2 += 16
      q3 += 16
    }
    const sums = fourSums(
      f32x4.convert_i32x4_s(s0), f32x4.convert_i32x4_s(s1), f32x4.convert_i32x4_s(s2), f32x4.convert_i32x4_s(s3),
    )
    const at = <usize>r << 2
    v128.store(out + at, f32x4.mul(f32x4.mul(sums, v128.load(unit + at)), back))
  }
}

/**
 * out (f32, n) = sum over m of weights[m] * scores_m, scores being `count` vectors `stride` bytes apart. -Infinity says nothing
 * is known: it adds nothing, and stays where it is all that is said. All vectors padded to 4.
 */
export function mixScores(scores: usize, stride: usize, weights: usize, count: i32, n: i32, out: usize): void {
  const unknown = f32x4.splat(-Infinity)
  for (let i: usize = 0; i < <usize>n << 2; i += 16) {
    let sum = f32x4.splat(0)
    let known = i32x4.splat(0)
    for (let m: usize = 0; m < <usize>count; m++) {
      const x = v128.load(scores + m * stride + i)
      const says = f32x4.ne(x, unknown)
      sum = f32x4.add(sum, f32x4.mul(f32x4.splat(load<f32>(weights + (m << 2))), v128.and(x, says)))
      known = v128.or(known, says)
    }
    v128.store(out + i, v128.bitselect(sum, unknown, known))
  }
}

/** out (f32, count) = the products of rows indices[e] of H (f32, d a multiple of 4) with x. */
export function rowProducts(h: usize, d: i32, indices: usize, count: i32, x: usize, out: usize): void {
  for (let e: usize = 0; e < <usize>count << 2; e += 4) {
    store<f32>(out + e, dot(h + (<usize>(load<i32>(indices + e) * d) << 2), x, d))
  }
}

/** out (f32, rows padded to 4) = H x for H of rows x d, d a multiple of 4. */
export function matrixVector(h: usize, rows: i32, d: i32, x: usize, out: usize): void {
  const stride = <usize>d << 2
  const end = x + stride
  for (let r = 0; r < rows; r += 4) {
    let h0 = h + <usize>r * stride
    let h1 = h0 + stride
    let h2 = h1 + stride
    let h3 = h2 + stride
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0
    for (let k = x; k < end; k += 16) {
      const v = v128.load(k)
      s0 = madd(v128.load(h0), v, s0)
      s1 = madd(v128.load(h1), v, s1)
      s2 = madd(v128.load(h2), v, s2)
      s3 = madd(v128.load(h3), v, s3)
      h0 += 16
      h1 += 16
      h2 += 16
      h3 += 16
    }
    v128.store(out + (<usize>r << 2), fourSums(s0, s1, s2, s3))
  }
}
