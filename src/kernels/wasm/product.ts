// The product of dense matrices, in several threads.
import { barrier, claim } from './control'
import { micro6x8 } from './micro'

const ROWS: i32 = 288
const DEPTH: i32 = 256

/**
 * C (m x n) = A B^T for A of m x k and B of n x k, all row-major f32, n a multiple of 8; A, B and C need room up to a
 * multiple of 6 rows (A, C) and of 8 rows (B). What C holds in rows m and above is lost.
 * scratch for each thread: (ROWS + 8) * DEPTH floats.
 */
export function multiplyTransposed(
  tid: i32, threads: i32, a: usize, b: usize, c: usize, m: i32, n: i32, k: i32, scratch: usize,
): void {
  const left = scratch + <usize>tid * (<usize>((ROWS + 8) * DEPTH) << 2)
  const right = left + (<usize>(ROWS * DEPTH) << 2)
  const ldc = <usize>n << 2
  let from = claim(ROWS, m)
  while (from < m) {
    const rows = min(ROWS, (m - from + 5) / 6 * 6)
    memory.fill(c + <usize>from * ldc, 0, <usize>rows * ldc)
    for (let p = 0; p < k; p += DEPTH) {
      const depth = min(DEPTH, k - p)
      for (let i = 0; i < rows; i += 6) pack(a, from + i, 6, m, k, p, depth, left + (<usize>(i * depth) << 2))
      for (let j = 0; j < n; j += 8) {
        pack(b, j, 8, n, k, p, depth, right)
        for (let i = 0; i < rows; i += 6) {
          const to = c + <usize>(from + i) * ldc + (<usize>j << 2)
          micro6x8(left + (<usize>(i * depth) << 2), right, to, ldc, depth)
        }
      }
    }
    from = claim(ROWS, m)
  }
  barrier(threads)
}

/** Columns p .. p + depth of `count` rows from `row` on, column by column; rows from `rows` on are taken as 0. */
function pack(x: usize, row: i32, count: i32, rows: i32, k: i32, p: i32, depth: i32, out: usize): void {
  for (let r = 0; r < count; r++) {
    let to = out + (<usize>r << 2)
    const step = <usize>count << 2
    const from = x + (<usize>((row + r) * k + p) << 2)
    for (let e: usize = 0; e < <usize>depth << 2; e += 4) {
      store<f32>(to, row + r < rows ? load<f32>(from + e) : 0)
      to += step
    }
  }
}
