// Symmetric n x n matrices as lower tiles: tile (I, J), J <= I, is TILE x TILE, row-major, at index I (I + 1) / 2 + J.
// Half the memory of the full square (ML-1M's 3,706 items: 29 MB, inside a large L3), and each tile is contiguous. The
// side is padded to whole tiles; diagonal tiles are stored in full.
import { barrier, claim, fail } from './control'
import { micro6x8 } from './micro'
import { fill, madd } from './simd'

export const TILE: i32 = 96
const ROW_BYTES: usize = <usize>TILE * 4
const TILE_BYTES: usize = <usize>TILE * ROW_BYTES
const NOT_POSITIVE: i32 = 1

@inline
export function tileAt(a: usize, i: i32, j: i32): usize {
  return a + (<usize>i * (<usize>i + 1) / 2 + <usize>j) * TILE_BYTES
}

/**
 * A = sum over rows u of weight[u] x_u x_u^T + diagonal, in tiles, from the sparse matrix by row (indptr, indices,
 * values) and by column (tptr, tindices, tvalues; rows of a column ascending). `diagonal` has one value a column; the
 * padding of the last tile becomes the identity. scratch: TILE floats x tiles a side, for each thread.
 */
export function gramTiles(
  tid: i32, threads: i32, a: usize, n: i32, indptr: usize, indices: usize, values: usize, tptr: usize, tindices: usize,
  tvalues: usize, weights: usize, diagonal: usize, scratch: usize,
): void {
  const side = (n + TILE - 1) / TILE
  const row = scratch + <usize>tid * <usize>side * ROW_BYTES
  let next = claim(1, side)
  while (next < side) {
    // The last tiles have the longest rows: begin with them, so that no thread is left alone with one at the end.
    const tile = side - 1 - next
    const limit = (tile + 1) * TILE
    for (let r = 0; r < TILE; r++) {
      const i = tile * TILE + r
      fill(row, 0, limit)
      if (i < n) {
        gramRow(row, i, limit, indptr, indices, values, tptr, tindices, tvalues, weights)
        const d = row + (<usize>i << 2)
        store<f32>(d, load<f32>(d) + load<f32>(diagonal + (<usize>i << 2)))
      } else {
        store<f32>(row + (<usize>i << 2), 1)
      }
      for (let j = 0; j <= tile; j++) {
        memory.copy(tileAt(a, tile, j) + <usize>r * ROW_BYTES, row + <usize>j * ROW_BYTES, ROW_BYTES)
      }
    }
    next = claim(1, side)
  }
  barrier(threads)
}

/** Adds to `row` (f32) the columns below `limit` of row i of the Gram product. */
function gramRow(
  row: usize, i: i32, limit: i32, indptr: usize, indices: usize, values: usize, tptr: usize, tindices: usize,
  tvalues: usize, weights: usize,
): void {
  const end = load<i32>(tptr + (<usize>i << 2), 4)
  for (let e = load<i32>(tptr + (<usize>i << 2)); e < end; e++) {
    const at = <usize>e << 2
    const u = <usize>load<i32>(tindices + at) << 2
    const x = load<f32>(tvalues + at) * load<f32>(weights + u)
    let index = indices + (<usize>load<i32>(indptr + u) << 2)
    let value = values + (<usize>load<i32>(indptr + u, 4) << 2)
    const last = indices + (<usize>load<i32>(indptr + u, 4) << 2)
    value -= last - index
    while (index < last) {
      const j = load<i32>(index)
      if (j >= limit) break
      const to = row + (<usize>j << 2)
      store<f32>(to, load<f32>(to) + x * load<f32>(value))
      index += 4
      value += 4
    }
  }
}

/**
 * Replaces the symmetric positive definite matrix in tiles at `a` (`side` tiles a side) by MINUS its inverse, by the
 * symmetric sweep over blocks (Goodnight 1979): with D the inverse of the pivot tile, A_ij -= A_ik D A_kj,
 * A_ik <- A_ik D, A_kk <- -D. As many operations as Cholesky, inverse and product of the factors (n^3), all of them in
 * one even update. Status 1 where a pivot is not positive. Sweeps the pivots from .. to - 1; all of them, in order, in one
 * call or several, make the inverse.
 * panels: 2 x side tiles; scratch: 2 tiles for each thread, after 1 tile shared.
 */
export function invertTiles(
  tid: i32, threads: i32, a: usize, side: i32, from: i32, to: i32, panels: usize, scratch: usize,
): void {
  const right = panels
  const left = panels + <usize>side * TILE_BYTES
  const d = scratch
  const own = scratch + TILE_BYTES * (1 + 2 * <usize>tid)
  for (let k = from; k < to; k++) {
    if (tid == 0) invertPivot(tileAt(a, k, k), d)
    barrier(threads)
    let i = claim(1, side)
    while (i < side) {
      if (i != k) makePanel(a, i, k, d, left + <usize>i * TILE_BYTES, right + <usize>i * TILE_BYTES, own)
      i = claim(1, side)
    }
    barrier(threads)
    i = claim(1, side)
    while (i < side) {
      const row = side - 1 - i
      if (row != k) updateRow(a, row, k, left + <usize>row * TILE_BYTES, right)
      i = claim(1, side)
    }
    barrier(threads)
  }
}

/** d <- inverse of the tile, packed as right panels; the tile itself <- -inverse. */
function invertPivot(tile: usize, d: usize): void {
  for (let k: usize = 0; k < <usize>TILE; k++) {
    const pivotRow = tile + k * ROW_BYTES
    const pivot = load<f32>(pivotRow + (k << 2))
    if (!(pivot > 0)) {
      fail(NOT_POSITIVE)
      return
    }
    const inverse: f32 = 1 / pivot
    for (let i: usize = 0; i < <usize>TILE; i++) {
      if (i == k) continue
      const row = tile + i * ROW_BYTES
      const x = load<f32>(row + (k << 2)) * inverse
      const minus = f32x4.splat(-x)
      for (let j: usize = 0; j < ROW_BYTES; j += 16) {
        v128.store(row + j, madd(minus, v128.load(pivotRow + j), v128.load(row + j)))
      }
      store<f32>(row + (k << 2), x)
    }
    const scale = f32x4.splat(inverse)
    for (let j: usize = 0; j < ROW_BYTES; j += 16) v128.store(pivotRow + j, f32x4.mul(scale, v128.load(pivotRow + j)))
    store<f32>(pivotRow + (k << 2), -inverse)
  }
  packRight(tile, d, -1)
}

/** right <- A_ik packed; left <- -(A_ik D) packed; A_ik <- A_ik D, wherever the lower half keeps it. */
function makePanel(a: usize, i: i32, k: i32, d: usize, left: usize, right: usize, own: usize): void {
  const below = i > k
  const tile = below ? tileAt(a, i, k) : own + TILE_BYTES
  if (!below) transposeTile(tileAt(a, k, i), tile)
  packRight(tile, right, 1)
  packLeft(tile, own, 1)
  memory.fill(tile, 0, TILE_BYTES)
  multiplyTile(own, d, tile)
  packLeft(tile, left, -1)
  if (!below) transposeTile(tile, tileAt(a, k, i))
}

/** A_ij += left_i right_j for all j <= i but k. */
function updateRow(a: usize, i: i32, k: i32, left: usize, right: usize): void {
  for (let j = 0; j <= i; j++) {
    if (j != k) multiplyTile(left, right + <usize>j * TILE_BYTES, tileAt(a, i, j))
  }
}

/** C += A B for tiles: A packed left, B packed right, C row-major. */
function multiplyTile(left: usize, right: usize, c: usize): void {
  for (let j: usize = 0; j < <usize>TILE / 8; j++) {
    const b = right + j * (<usize>TILE * 32)
    for (let i: usize = 0; i < <usize>TILE / 6; i++) {
      micro6x8(left + i * (<usize>TILE * 24), b, c + i * (6 * ROW_BYTES) + j * 32, ROW_BYTES, TILE)
    }
  }
}

/** Row-major tile S -> panels of 6 rows, each k x 6: the left operand of `multiplyTile`, times `sign`. */
function packLeft(s: usize, out: usize, sign: f32): void {
  for (let i: usize = 0; i < <usize>TILE; i += 6) {
    const row = s + i * ROW_BYTES
    for (let k: usize = 0; k < ROW_BYTES; k += 4) {
      for (let r: usize = 0; r < 6; r++) store<f32>(out + (r << 2), sign * load<f32>(row + r * ROW_BYTES + k))
      out += 24
    }
  }
}

/** Row-major tile S -> panels of 8 rows, each k x 8: S^T as the right operand of `multiplyTile`, times `sign`. */
function packRight(s: usize, out: usize, sign: f32): void {
  for (let i: usize = 0; i < <usize>TILE; i += 8) {
    const row = s + i * ROW_BYTES
    for (let k: usize = 0; k < ROW_BYTES; k += 4) {
      for (let r: usize = 0; r < 8; r++) store<f32>(out + (r << 2), sign * load<f32>(row + r * ROW_BYTES + k))
      out += 32
    }
  }
}

function transposeTile(from: usize, to: usize): void {
  for (let i: usize = 0; i < <usize>TILE; i++) {
    for (let j: usize = 0; j < <usize>TILE; j++) {
      store<f32>(to + i * ROW_BYTES + (j << 2), load<f32>(from + j * ROW_BYTES + (i << 2)))
    }
  }
}

/** The row `i` of the symmetric matrix in tiles, all `side` * TILE columns, into `out`. */
export function tileRow(a: usize, side: i32, i: i32, out: usize): void {
  const tile = i / TILE
  const r = <usize>(i % TILE)
  for (let j = 0; j <= tile; j++) {
    memory.copy(out + <usize>j * ROW_BYTES, tileAt(a, tile, j) + r * ROW_BYTES, ROW_BYTES)
  }
  for (let j = tile + 1; j < side; j++) {
    const from = tileAt(a, j, tile) + (r << 2)
    const to = out + <usize>j * ROW_BYTES
    for (let c: usize = 0; c < <usize>TILE; c++) store<f32>(to + (c << 2), load<f32>(from + c * ROW_BYTES))
  }
}
