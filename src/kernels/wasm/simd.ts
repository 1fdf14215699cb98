// Vector pieces shared by the kernels. f32, row-major; every length in elements is a multiple of 4 unless said.

/** a * b + c; one rounding in the relaxed build, two in the other. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(f32x4.mul(a, b), c)
}

@inline
export function horizontalSum(v: v128): f32 {
  const w = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1))
  return f32x4.extract_lane(w, 0) + f32x4.extract_lane(w, 1)
}

/** The sums of four vectors, as one vector. */
@inline
export function fourSums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 1, 4, 5), v128.shuffle<f32>(a, b, 2, 3, 6, 7))
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 1, 4, 5), v128.shuffle<f32>(c, d, 2, 3, 6, 7))
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 2, 4, 6), v128.shuffle<f32>(ab, cd, 1, 3, 5, 7))
}

export function dot(a: usize, b: usize, n: i32): f32 {
  let s0 = f32x4.splat(0)
  let s1 = s0
  const end = a + (<usize>n << 2)
  while (a + 32 <= end) {
    s0 = madd(v128.load(a), v128.load(b), s0)
    s1 = madd(v128.load(a, 16), v128.load(b, 16), s1)
    a += 32
    b += 32
  }
  if (a < end) s0 = madd(v128.load(a), v128.load(b), s0)
  return horizontalSum(f32x4.add(s0, s1))
}

/** y += alpha x */
export function axpy(alpha: f32, x: usize, y: usize, n: i32): void {
  const a = f32x4.splat(alpha)
  const end = x + (<usize>n << 2)
  while (x < end) {
    v128.store(y, madd(a, v128.load(x), v128.load(y)))
    x += 16
    y += 16
  }
}

export function fill(x: usize, value: f32, n: i32): void {
  const v = f32x4.splat(value)
  const end = x + (<usize>n << 2)
  while (x < end) {
    v128.store(x, v)
    x += 16
  }
}
