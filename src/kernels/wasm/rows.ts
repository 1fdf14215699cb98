// The weights of a linear item-item model as rows to add up (add-rows.ts): all of them in 8 bits, or only the strongest, sparse.
//
// Narrow rows. Adding rows is bound by memory, so a weight takes one byte, in units of the row's 17th largest weight / 127;
// the 16 larger ones are mended by exact residuals in 32 bits ("spikes"). Measured on ML-1M: NDCG@10 .33366 against
// .33365 with 32 bits and .33343 without spikes; half the time of 16 bits. Sixteen columns share eight 16-bit words: the
// low byte of word k is column k, and the whole word, read as a multiple of 256, is column k + 8 (its rounding takes the
// low byte into account), so that nothing is lost to unpacking.
import { barrier, claim } from './control'
import { TILE, tileRow } from './tiles'

export const SPIKES: i32 = 16

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
