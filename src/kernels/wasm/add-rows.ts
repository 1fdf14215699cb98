// Adding up the rows that rows.ts makes, weighted as a history is.
import { SPIKES } from './rows'
import { madd } from './simd'

// A group of rows is summed in 16 bits: its weights are scaled so that their absolute values sum to this, a little under
// 2^15, whence no sum can leave the range.
const UNIT: f32 = 32600
const GROUP: i32 = 64

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
