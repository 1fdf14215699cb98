// The weights of a linear item-item model as rows to add up: narrow to 16 bits where all are kept (a third of the time
// is memory), sparse where only the strongest are.
import { barrier, claim } from './control'
import { fourSums, madd } from './simd'
import { TILE, tileRow } from './tiles'

// A group of rows is summed in 16 bits: its weights are scaled so that their absolute values sum to this, a little under
// 2^15, whence no sum can leave the range.
const UNIT: f32 = 32700

/**
 * From the symmetric matrix M in tiles: row i, column j of the model is M_ij * factor[j], or diagonal[j] where i = j,
 * stored as 16-bit q (rows `stride` bytes apart, a multiple of 32) times scale[i]. scratch: side * TILE floats a thread.
 */
export function quantiseRows(
  tid: i32, threads: i32, m: usize, n: i32, factor: usize, diagonal: usize, q: usize, stride: usize, scale: usize,
  scratch: usize,
): void {
  const side = (n + TILE - 1) / TILE
  const row = scratch + <usize>tid * <usize>side * <usize>TILE * 4
  let i = claim(1, n)
  while (i < n) {
    modelRow(m, side, n, i, factor, diagonal, row)
    let most: f32 = 0
    for (let j: usize = 0; j < <usize>n << 2; j += 4) most = max(most, abs(load<f32>(row + j)))
    store<f32>(scale + (<usize>i << 2), most / 32767)
    const unit = f32x4.splat(most > 0 ? 32767 / most : 0)
    const out = q + <usize>i * stride
    for (let j: usize = 0; j < stride; j += 16) {
      const low = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(row + j * 2), unit)))
      const high = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(row + j * 2, 16), unit)))
      v128.store(out + j, i16x8.narrow_i32x4_s(low, high))
    }
    i = claim(1, n)
  }
  barrier(threads)
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
 * rowptr[i + 1]; the host sums them up; the second writes columns (u16 or u32 would halve little: i32) and values.
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
 * out (f32, columns padded to 16) = sum over h of weights[h] * scale[items[h]] * q[items[h]]. Eight rows at a time are
 * multiplied and added in 16 bits, then added to `out`; the rounding of a group is below 2^-13 of its largest row.
 * items and weights must have room for 7 more entries, which are overwritten.
 */
export function addNarrowRows(
  q: usize, stride: usize, scale: usize, items: usize, weights: usize, count: i32, out: usize,
): void {
  memory.fill(out, 0, stride * 2)
  for (let h = count; h < (count + 7 & ~7); h++) {
    store<i32>(items + (<usize>h << 2), 0)
    store<f32>(weights + (<usize>h << 2), 0)
  }
  for (let h: usize = 0; h < <usize>count << 2; h += 32) {
    let total: f32 = 0
    for (let r: usize = 0; r < 32; r += 4) {
      const w = load<f32>(weights + h + r) * load<f32>(scale + (<usize>load<i32>(items + h + r) << 2))
      store<f32>(weights + h + r, w)
      total += abs(w)
    }
    if (total > 0) addEight(q, stride, items + h, weights + h, total, out)
  }
}

@inline
function narrowWeight(w: usize, unit: f32): v128 {
  return i16x8.splat(<i16>nearest(load<f32>(w) * unit))
}

@inline
function scaled(p: usize, w: v128): v128 {
  return i16x8.q15mulr_sat_s(v128.load(p), w)
}

function addEight(q: usize, stride: usize, items: usize, weights: usize, total: f32, out: usize): void {
  const unit = UNIT / total
  const w0 = narrowWeight(weights, unit), w1 = narrowWeight(weights + 4, unit)
  const w2 = narrowWeight(weights + 8, unit), w3 = narrowWeight(weights + 12, unit)
  const w4 = narrowWeight(weights + 16, unit), w5 = narrowWeight(weights + 20, unit)
  const w6 = narrowWeight(weights + 24, unit), w7 = narrowWeight(weights + 28, unit)
  let p0 = q + <usize>load<i32>(items) * stride, p1 = q + <usize>load<i32>(items, 4) * stride
  let p2 = q + <usize>load<i32>(items, 8) * stride, p3 = q + <usize>load<i32>(items, 12) * stride
  let p4 = q + <usize>load<i32>(items, 16) * stride, p5 = q + <usize>load<i32>(items, 20) * stride
  let p6 = q + <usize>load<i32>(items, 24) * stride, p7 = q + <usize>load<i32>(items, 28) * stride
  const back = f32x4.splat(total * (32768 / UNIT))
  const end = out + stride * 2
  while (out < end) {
    const a = i16x8.add(i16x8.add(scaled(p0, w0), scaled(p1, w1)), i16x8.add(scaled(p2, w2), scaled(p3, w3)))
    const b = i16x8.add(i16x8.add(scaled(p4, w4), scaled(p5, w5)), i16x8.add(scaled(p6, w6), scaled(p7, w7)))
    const s = i16x8.add(a, b)
    v128.store(out, madd(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(s)), back, v128.load(out)))
    v128.store(out, madd(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(s)), back, v128.load(out, 16)), 16)
    p0 += 16; p1 += 16; p2 += 16; p3 += 16; p4 += 16; p5 += 16; p6 += 16; p7 += 16
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
