// The weights of a linear item-item model as rows to add up: all of them in 8 bits, or only the strongest, sparse.
//
// Narrow rows. Adding rows is bound by memory, so a weight takes one byte, in units of the row's 17th largest weight / 127;
// the 16 larger ones are mended by exact residuals in 32 bits ("spikes"). Measured on ML-1M: NDCG@10 .33366 against
// .33365 with 32 bits and .33343 without spikes; half the time of 16 bits. Sixteen columns share eight 16-bit words: the
// low byte of word k is column k, and the whole word, read as a multiple of 256, is column k + 8 (its rounding takes the
// low byte into account), so that nothing is lost to unpacking.
import { barrier, claim } from './control'
import { dot, fourSums, madd } from './simd'
import { TILE, tileRow } from './tiles'

const SPIKES: i32 = 16
// A group of rows is summed in 16 bits: its weights are scaled so that their absolute values sum to this, a little under
// 2^15, whence no sum can leave the range.
const UNIT: f32 = 32600
const GROUP: i32 = 64
// Length of a halved row: rounding lengthens it by at most sqrt(d) / 2.
const LENGTH: f32 = 32700

/**
 * From the symmetric matrix M in tiles: row i, column j of the model is M_ij * factor[j], or diagonal[j] where i = j,
 * stored narrow: q (rows `stride` bytes apart, a multiple of 32 that holds n), unit[i], and for each row SPIKES columns
 * (i32; unused ones name column 0 with residual 0) and residuals (f32). scratch: side * TILE floats a thread.
 */
export function narrowRows(
  tid: i32, threads: i32, m: usize, n: i32, factor: usize, diagonal: usize, q: usize, stride: usize, unit: usize,
  columns: usize, residuals: usize, scratch: usize,
): void {
  const side = (n + TILE - 1) / TILE
  const row = scratch + <usize>tid * <usize>side * <usize>TILE * 4
  let i = claim(1, n)
  while (i < n) {
    modelRow(m, side, n, i, factor, diagonal, row)
    const spikes = <usize>(i * SPIKES) << 2
    const least = largest(row, n, columns + spikes, residuals + spikes)
    const u: f32 = least > 0 ? least / 127 : 1
    store<f32>(unit + (<usize>i << 2), u)
    packNarrow(row, n, q + <usize>i * stride, stride, u)
    for (let s: usize = 0; s < <usize>SPIKES << 2; s += 4) {
      const j = load<i32>(columns + spikes + s)
      const value = load<f32>(row + (<usize>j << 2))
      const kept = load<f32>(residuals + spikes + s) > 0 ? value - u * narrowAt(q + <usize>i * stride, j) : 0
      store<f32>(residuals + spikes + s, kept)
    }
    i = claim(1, n)
  }
  barrier(threads)
}

/** Lists the SPIKES columns of largest size (sizes descending; 0 = none) and returns the size that comes next. */
function largest(row: usize, n: i32, columns: usize, sizes: usize): f32 {
  let next: f32 = 0
  memory.fill(columns, 0, <usize>SPIKES << 2)
  memory.fill(sizes, 0, <usize>SPIKES << 2)
  for (let j = 0; j < n; j++) {
    const size = abs(load<f32>(row + (<usize>j << 2)))
    if (!(size > next)) continue
    let at = <usize>(SPIKES - 1) << 2
    const pushed = load<f32>(sizes + at)
    if (size <= pushed) {
      next = size
      continue
    }
    next = pushed
    while (at > 0 && load<f32>(sizes + at - 4) < size) {
      store<f32>(sizes + at, load<f32>(sizes + at - 4))
      store<i32>(columns + at, load<i32>(columns + at - 4))
      at -= 4
    }
    store<f32>(sizes + at, size)
    store<i32>(columns + at, j)
  }
  return next
}

function packNarrow(row: usize, n: i32, q: usize, stride: usize, unit: f32): void {
  memory.fill(q, 0, stride)
  const bound: f32 = 127
  for (let j = 0; j < n; j += 16) {
    for (let k = 0; k < 8 && j + k < n; k++) {
      const at = row + (<usize>(j + k) << 2)
      const low = nearest(max(-bound, min(bound, load<f32>(at) / unit)))
      const above = j + k + 8 < n ? max(-bound, min(bound, load<f32>(at, 32) / unit)) : 0
      const high = max(-bound, min(bound, nearest((above * 256 - low) / 256)))
      store<i16>(q + <usize>j + <usize>(k << 1), <i16>(high * 256 + low))
    }
  }
}

/** Column j of the narrow row q, in units. */
function narrowAt(q: usize, j: i32): f32 {
  const word = load<i16>(q + <usize>(j & ~15) + <usize>((j & 7) << 1))
  return (j & 8) != 0 ? <f32>word / 256 : <f32>(<i8>word)
}

function modelRow(m: usize, side: i32, n: i32, i: i32, factor: usize, diagonal: usize, row: usize): void {
  tileRow(m, side, i, row)
  for (let j: usize = 0; j < <usize>n << 2; j += 16) {
    v128.store(row + j, f32x4.mul(v128.load(row + j), v128.load(factor + j)))
  }
  for (let j = n; j < side * TILE; j++) store<f32>(row + (<usize>j << 2), 0)
  store<f32>(row + (<usize>i << 2), load<f32>(diagonal + (<usize>i << 2)))
}

/**
 * The same rows, sparse: entries with |value| >= threshold. First call with `fill` = 0 writes each row's count to
 * rowptr[i + 1]; the host sums them up; the second writes columns (i32) and values (f32).
 */
export function pruneRows(
  tid: i32, threads: i32, m: usize, n: i32, factor: usize, diagonal: usize, threshold: f32, fill: i32, rowptr: usize,
  columns: usize, values: usize, scratch: usize,
): void {
  const side = (n + TILE - 1) / TILE
  const row = scratch + <usize>tid * <usize>side * <usize>TILE * 4
  let i = claim(1, n)
  while (i < n) {
    modelRow(m, side, n, i, factor, diagonal, row)
    let at = fill != 0 ? <usize>load<i32>(rowptr + (<usize>i << 2)) << 2 : 0
    let count = 0
    for (let j = 0; j < n; j++) {
      const value = load<f32>(row + (<usize>j << 2))
      if (!(abs(value) >= threshold) || value == 0) continue
      count++
      if (fill != 0) {
        store<i32>(columns + at, j)
        store<f32>(values + at, value)
        at += 4
      }
    }
    if (fill == 0) store<i32>(rowptr + (<usize>i << 2), count, 4)
    i = claim(1, n)
  }
  barrier(threads)
}

/**
 * out (f32, `stride` columns) = sum over h of weights[h] * row items[h] of the narrow rows. The rounding of a group of
 * rows is below 2^-12 of its weights, on top of the rows' own. acc: 2 stride bytes. items and weights need room for 7
 * more entries; both are overwritten.
 */
export function addNarrowRows(
  q: usize, stride: usize, unit: usize, columns: usize, residuals: usize, items: usize, weights: usize, count: i32,
  acc: usize, out: usize,
): void {
  memory.fill(out, 0, stride << 2)
  addSpikes(columns, residuals, items, weights, count, out)
  const padded = count + 7 & ~7
  for (let h = count; h < padded; h++) {
    store<i32>(items + (<usize>h << 2), 0)
    store<f32>(weights + (<usize>h << 2), 0)
  }
  for (let from = 0; from < padded; from += GROUP) {
    const to = <usize>min(from + GROUP, padded) << 2
    let total: f32 = 0
    for (let h = <usize>from << 2; h < to; h += 4) {
      const w = load<f32>(weights + h) * load<f32>(unit + (<usize>load<i32>(items + h) << 2))
      store<f32>(weights + h, w)
      total += abs(w)
    }
    if (!(total > 0)) continue
    for (let h = <usize>from << 2; h < to; h += 32) {
      addEight(q, stride, items + h, weights + h, UNIT / total, acc, h == <usize>from << 2)
    }
    // A word is 256 units of its column, and q15mulr divides by 2^15.
    flush(acc, stride, total * (128 / UNIT), out)
  }
}

/** The exact rest of each row's strongest weights. */
function addSpikes(columns: usize, residuals: usize, items: usize, weights: usize, count: i32, out: usize): void {
  for (let h: usize = 0; h < <usize>count << 2; h += 4) {
    const weight = load<f32>(weights + h)
    let at = <usize>(load<i32>(items + h) * SPIKES) << 2
    const end = at + (<usize>SPIKES << 2)
    for (; at < end; at += 4) {
      const to = out + (<usize>load<i32>(columns + at) << 2)
      store<f32>(to, load<f32>(to) + weight * load<f32>(residuals + at))
    }
  }
}

@inline
function narrowWeight(w: usize, scale: f32): v128 {
  return i16x8.splat(<i16>nearest(load<f32>(w) * scale))
}

/** (x w + 2^14) >> 15 in each 16-bit lane. */
@inline
function scaled(x: v128, w: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.relaxed_q15mulr_s(x, w)
  return i16x8.q15mulr_sat_s(x, w)
}

@inline
function low(x: v128, w: v128, sum: v128): v128 {
  return i16x8.add(sum, scaled(i16x8.shl(x, 8), w))
}

@inline
function high(x: v128, w: v128, sum: v128): v128 {
  return i16x8.add(sum, scaled(x, w))
}

/** acc (16-bit) += eight rows; the first eight of a group find whatever the last group left. */
function addEight(q: usize, stride: usize, items: usize, weights: usize, scale: f32, acc: usize, first: bool): void {
  const w0 = narrowWeight(weights, scale), w1 = narrowWeight(weights + 4, scale)
  const w2 = narrowWeight(weights + 8, scale), w3 = narrowWeight(weights + 12, scale)
  const w4 = narrowWeight(weights + 16, scale), w5 = narrowWeight(weights + 20, scale)
  const w6 = narrowWeight(weights + 24, scale), w7 = narrowWeight(weights + 28, scale)
  let p0 = q + <usize>load<i32>(items) * stride, p1 = q + <usize>load<i32>(items, 4) * stride
  let p2 = q + <usize>load<i32>(items, 8) * stride, p3 = q + <usize>load<i32>(items, 12) * stride
  let p4 = q + <usize>load<i32>(items, 16) * stride, p5 = q + <usize>load<i32>(items, 20) * stride
  let p6 = q + <usize>load<i32>(items, 24) * stride, p7 = q + <usize>load<i32>(items, 28) * stride
  const keep = i16x8.splat(first ? 0 : -1)
  const end = p0 + stride
  while (p0 < end) {
    let l = v128.and(keep, v128.load(acc)), h = v128.and(keep, v128.load(acc, 16))
    let x = v128.load(p0)
    l = low(x, w0, l)
    h = high(x, w0, h)
    x = v128.load(p1)
    l = low(x, w1, l)
    h = high(x, w1, h)
    x = v128.load(p2)
    l = low(x, w2, l)
    h = high(x, w2, h)
    x = v128.load(p3)
    l = low(x, w3, l)
    h = high(x, w3, h)
    x = v128.load(p4)
    l = low(x, w4, l)
    h = high(x, w4, h)
    x = v128.load(p5)
    l = low(x, w5, l)
    h = high(x, w5, h)
    x = v128.load(p6)
    l = low(x, w6, l)
    h = high(x, w6, h)
    x = v128.load(p7)
    l = low(x, w7, l)
    h = high(x, w7, h)
    v128.store(acc, l)
    v128.store(acc, h, 16)
    l = v128.and(keep, v128.load(acc, 32))
    h = v128.and(keep, v128.load(acc, 48))
    x = v128.load(p0, 16)
    l = low(x, w0, l)
    h = high(x, w0, h)
    x = v128.load(p1, 16)
    l = low(x, w1, l)
    h = high(x, w1, h)
    x = v128.load(p2, 16)
    l = low(x, w2, l)
    h = high(x, w2, h)
    x = v128.load(p3, 16)
    l = low(x, w3, l)
    h = high(x, w3, h)
    x = v128.load(p4, 16)
    l = low(x, w4, l)
    h = high(x, w4, h)
    x = v128.load(p5, 16)
    l = low(x, w5, l)
    h = high(x, w5, h)
    x = v128.load(p6, 16)
    l = low(x, w6, l)
    h = high(x, w6, h)
    x = v128.load(p7, 16)
    l = low(x, w7, l)
    h = high(x, w7, h)
    v128.store(acc, l, 32)
    v128.store(acc, h, 48)
    acc += 64
    p0 += 32
    p1 += 32
    p2 += 32
    p3 += 32
    p4 += 32
    p5 += 32
    p6 += 32
    p7 += 32
  }
}

/** out (f32) += acc (16-bit) * scale. */
function flush(acc: usize, stride: usize, scale: f32, out: usize): void {
  const back = f32x4.splat(scale)
  const end = acc + (stride << 1)
  while (acc < end) {
    const s = v128.load(acc)
    v128.store(out, madd(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(s)), back, v128.load(out)))
    v128.store(out, madd(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(s)), back, v128.load(out, 16)), 16)
    acc += 16
    out += 32
  }
}

/** out (f32, n) = sum over h of weights[h] * row items[h] of a sparse matrix (rowptr, columns i32, values f32). */
export function addSparseRows(
  rowptr: usize, columns: usize, values: usize, items: usize, weights: usize, count: i32, out: usize, n: i32,
): void {
  memory.fill(out, 0, <usize>n << 2)
  for (let h: usize = 0; h < <usize>count << 2; h += 4) {
    const at = rowptr + (<usize>load<i32>(items + h) << 2)
    const weight = load<f32>(weights + h)
    let e = <usize>load<i32>(at) << 2
    const end = <usize>load<i32>(at, 4) << 2
    for (; e < end; e += 4) {
      const to = out + (<usize>load<i32>(columns + e) << 2)
      store<f32>(to, load<f32>(to) + weight * load<f32>(values + e))
    }
  }
}

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
