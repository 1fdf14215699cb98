// The k highest of n scores, without sorting the rest.

/**
 * Writes the positions of the at most k highest scores, highest first, equal ones by lower position, to `out` (i32, k)
 * and returns how many there are. Left out: -Infinity, NaN, and positions whose bit is set in `mask` (bit i & 31 of
 * word i >> 5; 0 = no mask). scores: n floats with room up to a multiple of 4.
 */
export function topK(scores: usize, n: i32, mask: usize, k: i32, out: usize): i32 {
  // out is a heap, the worst kept score at its root: among equals the highest position is the worst.
  let size = 0
  let least: f32 = -Infinity
  for (let i = 0; i < n; i += 4) {
    const at = scores + (<usize>i << 2)
    const above = i32x4.bitmask(f32x4.gt(v128.load(at), f32x4.splat(least)))
    if (above == 0) continue
    for (let lane = 0; lane < 4; lane++) {
      const position = i + lane
      if ((above >> lane & 1) == 0 || position >= n) continue
      if (mask != 0 && (load<u32>(mask + (<usize>(position >> 5) << 2)) >> (position & 31) & 1) != 0) continue
      // Positions ascend, so an equal score never displaces one that is kept.
      if (!(load<f32>(scores + (<usize>position << 2)) > least)) continue
      if (size < k) {
        siftUp(scores, out, size++, position)
      } else {
        siftDown(scores, out, size, position)
      }
      if (size == k) least = load<f32>(scores + (<usize>load<i32>(out) << 2))
    }
  }
  for (let end = size - 1; end > 0; end--) {
    const worst = load<i32>(out)
    const last = load<i32>(out + (<usize>end << 2))
    siftDown(scores, out, end, last)
    store<i32>(out + (<usize>end << 2), worst)
  }
  return size
}

@inline
function worse(scores: usize, a: i32, b: i32): bool {
  const x = load<f32>(scores + (<usize>a << 2))
  const y = load<f32>(scores + (<usize>b << 2))
  return x < y || (x == y && a > b)
}

function siftUp(scores: usize, heap: usize, hole: i32, position: i32): void {
  while (hole > 0) {
    const parent = (hole - 1) >> 1
    const other = load<i32>(heap + (<usize>parent << 2))
    if (!worse(scores, position, other)) break
    store<i32>(heap + (<usize>hole << 2), other)
    hole = parent
  }
  store<i32>(heap + (<usize>hole << 2), position)
}

/** Puts `position` in place of the root of a heap of `size`. */
function siftDown(scores: usize, heap: usize, size: i32, position: i32): void {
  let hole = 0
  let child = 1
  while (child < size) {
    let other = load<i32>(heap + (<usize>child << 2))
    if (child + 1 < size) {
      const right = load<i32>(heap + (<usize>child << 2), 4)
      if (worse(scores, right, other)) {
        other = right
        child++
      }
    }
    if (!worse(scores, other, position)) break
    store<i32>(heap + (<usize>hole << 2), other)
    hole = child
    child = 2 * hole + 1
  }
  store<i32>(heap + (<usize>hole << 2), position)
}
