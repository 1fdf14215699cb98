// Implicit ALS: for each row of a sparse matrix, the factor w that solves
//   (G + reg I + sum |c| h_i h_i^T) w = sum max(c, 0) h_i       over the row's entries (i, c)
// (Rendle et al. 2021, eq. 3). H is items x d, f32, row-major, d a multiple of 8; G is d x d, symmetric, full.
import { barrier, claim } from './control'
import { micro4x8 } from './micro'
import { dot, fill, fourSums, madd } from './simd'
import { cholesky, choleskySolve } from './solve'

const CHUNK: i32 = 64

/**
 * G (d x d) = alpha H^T H, H of rows x d. scratch for each thread: d d + 2 CHUNK d floats.
 */
export function gramRows(tid: i32, threads: i32, h: usize, rows: i32, d: i32, alpha: f32, g: usize, scratch: usize): void {
  const square = <usize>(d * d) << 2
  const each = square + (<usize>(2 * CHUNK * d) << 2)
  const own = scratch + <usize>tid * each
  const left = own + square
  const right = left + (<usize>(CHUNK * d) << 2)
  memory.fill(own, 0, square)
  let from = claim(CHUNK, rows)
  while (from < rows) {
    const k = min(CHUNK, rows - from)
    for (let e = 0; e < k; e++) packEntry(h + (<usize>((from + e) * d) << 2), d, e, k, 1, left, right)
    addUpper(left, right, own, d, k)
    from = claim(CHUNK, rows)
  }
  barrier(threads)
  if (tid == 0) {
    for (let i = 0; i < d; i++) {
      for (let j = i; j < d; j++) {
        let sum: f32 = 0
        for (let t = 0; t < threads; t++) sum += load<f32>(scratch + <usize>t * each + (<usize>(i * d + j) << 2))
        store<f32>(g + (<usize>(i * d + j) << 2), alpha * sum)
        store<f32>(g + (<usize>(j * d + i) << 2), alpha * sum)
      }
    }
  }
  barrier(threads)
}

/** Entry e of k: the vector x (b floats) into panels of 8 columns (right) and, times c, of 4 (left), each k x 4 or 8. */
@inline
function packEntry(x: usize, b: i32, e: i32, k: i32, c: f32, left: usize, right: usize): void {
  const weight = f32x4.splat(c)
  const l = left + (<usize>e << 4)
  const r = right + (<usize>e << 5)
  for (let j: usize = 0; j < <usize>b; j += 8) {
    const low = v128.load(x + (j << 2))
    const high = v128.load(x + (j << 2), 16)
    const to = r + (j << 2) * <usize>k
    v128.store(to, low)
    v128.store(to, high, 16)
    const at = l + (j << 2) * <usize>k
    v128.store(at, f32x4.mul(low, weight))
    v128.store(at + (<usize>k << 4), f32x4.mul(high, weight))
  }
}

/** The upper triangle of A (b x b) += left right^T, from k packed entries. */
function addUpper(left: usize, right: usize, a: usize, b: i32, k: i32): void {
  const stride = <usize>b << 2
  for (let j = 0; j < b; j += 8) {
    const panel = right + (<usize>(j * k) << 2)
    for (let i = 0; i < j + 8; i += 4) {
      micro4x8(left + (<usize>(i * k) << 2), panel, a + <usize>i * stride + (<usize>j << 2), stride, k)
    }
  }
}

/**
 * Improves the factors W (rows x d) of all rows of a sparse matrix (indptr, indices, values) against H. reg: one value a
 * row. block = 0: `steps` steps of conjugate gradient from the present W; else Newton steps on blocks of `block` factors
 * (a multiple of 8 that divides d) in turn: iALS++ (Rendle et al. 2021b), and with block = d the exact solution.
 * scratch for each thread (`each` bytes): 3 d floats, or 2 d + longest row + block (block + 1 + 2 CHUNK) floats, in
 * either case rounded up to 16 bytes.
 */
export function alsRows(
  tid: i32, threads: i32, w: usize, h: usize, d: i32, rows: i32, indptr: usize, indices: usize, values: usize, g: usize,
  reg: usize, block: i32, steps: i32, scratch: usize, each: usize,
): void {
  const own = scratch + <usize>tid * each
  let from = claim(8, rows)
  while (from < rows) {
    const to = min(from + 8, rows)
    for (let r = from; r < to; r++) {
      const at = <usize>load<i32>(indptr + (<usize>r << 2)) << 2
      const count = (load<i32>(indptr + (<usize>r << 2), 4) << 2) - <i32>at >> 2
      const row = w + (<usize>(r * d) << 2)
      const lambda = load<f32>(reg + (<usize>r << 2))
      if (block == 0) conjugateGradient(row, h, d, indices + at, values + at, count, g, lambda, steps, own)
      else newtonBlocks(row, h, d, indices + at, values + at, count, g, lambda, block, own)
    }
    from = claim(8, rows)
  }
  barrier(threads)
}

/** y (d) = G x + reg x, times `sign`. */
function multiplyGram(g: usize, x: usize, y: usize, d: i32, reg: f32, sign: f32): void {
  const stride = <usize>d << 2
  const diagonal = f32x4.splat(reg * sign)
  for (let j: usize = 0; j < stride; j += 16) v128.store(y + j, f32x4.mul(diagonal, v128.load(x + j)))
  for (let k: usize = 0; k < stride; k += 16) {
    const g0 = g + (k >> 2) * stride, g1 = g0 + stride, g2 = g1 + stride, g3 = g2 + stride
    const x0 = f32x4.splat(sign * load<f32>(x + k)), x1 = f32x4.splat(sign * load<f32>(x + k, 4))
    const x2 = f32x4.splat(sign * load<f32>(x + k, 8)), x3 = f32x4.splat(sign * load<f32>(x + k, 12))
    for (let j: usize = 0; j < stride; j += 16) {
      const s = madd(x1, v128.load(g1 + j), madd(x0, v128.load(g0 + j), v128.load(y + j)))
      v128.store(y + j, madd(x3, v128.load(g3 + j), madd(x2, v128.load(g2 + j), s)))
    }
  }
}

/** y (d) += sum over entries of (liked max(c, 0) + observed |c| (h x)) h: four entries at a time. */
function addEntries(
  y: usize, x: usize, h: usize, d: i32, indices: usize, values: usize, count: i32, liked: f32, observed: f32,
): void {
  const stride = <usize>d << 2
  const zero = f32x4.splat(0)
  const end = indices + (<usize>(count & ~3) << 2)
  while (indices < end) {
    const h0 = h + <usize>load<i32>(indices) * stride, h1 = h + <usize>load<i32>(indices, 4) * stride
    const h2 = h + <usize>load<i32>(indices, 8) * stride, h3 = h + <usize>load<i32>(indices, 12) * stride
    let s0 = zero, s1 = zero, s2 = zero, s3 = zero
    for (let j: usize = 0; j < stride; j += 16) {
      const v = v128.load(x + j)
      s0 = madd(v128.load(h0 + j), v, s0)
      s1 = madd(v128.load(h1 + j), v, s1)
      s2 = madd(v128.load(h2 + j), v, s2)
      s3 = madd(v128.load(h3 + j), v, s3)
    }
    const c = v128.load(values)
    const weight = f32x4.mul(f32x4.splat(observed), f32x4.abs(c))
    const t = madd(weight, fourSums(s0, s1, s2, s3), f32x4.mul(f32x4.splat(liked), f32x4.max(c, zero)))
    const t0 = v128.shuffle<f32>(t, t, 0, 0, 0, 0), t1 = v128.shuffle<f32>(t, t, 1, 1, 1, 1)
    const t2 = v128.shuffle<f32>(t, t, 2, 2, 2, 2), t3 = v128.shuffle<f32>(t, t, 3, 3, 3, 3)
    for (let j: usize = 0; j < stride; j += 16) {
      const s = madd(t1, v128.load(h1 + j), madd(t0, v128.load(h0 + j), v128.load(y + j)))
      v128.store(y + j, madd(t3, v128.load(h3 + j), madd(t2, v128.load(h2 + j), s)))
    }
    indices += 16
    values += 16
  }
  for (let e = 0; e < (count & 3); e++) {
    const row = h + <usize>load<i32>(indices + (<usize>e << 2)) * stride
    const c = load<f32>(values + (<usize>e << 2))
    const t = f32x4.splat(liked * max<f32>(c, 0) + observed * abs(c) * dot(row, x, d))
    for (let j: usize = 0; j < stride; j += 16) v128.store(y + j, madd(t, v128.load(row + j), v128.load(y + j)))
  }
}

function conjugateGradient(
  w: usize, h: usize, d: i32, indices: usize, values: usize, count: i32, g: usize, reg: f32, steps: i32, scratch: usize,
): void {
  const bytes = <usize>d << 2
  const r = scratch, p = r + bytes, q = p + bytes
  multiplyGram(g, w, r, d, reg, -1)
  addEntries(r, w, h, d, indices, values, count, 1, -1)
  memory.copy(p, r, bytes)
  let rr = dot(r, r, d)
  for (let step = 0; step < steps && rr > 1e-20; step++) {
    multiplyGram(g, p, q, d, reg, 1)
    addEntries(q, p, h, d, indices, values, count, 0, 1)
    const alpha = f32x4.splat(rr / dot(p, q, d))
    for (let j: usize = 0; j < bytes; j += 16) {
      v128.store(w + j, madd(alpha, v128.load(p + j), v128.load(w + j)))
      v128.store(r + j, f32x4.sub(v128.load(r + j), f32x4.mul(alpha, v128.load(q + j))))
    }
    const next = dot(r, r, d)
    const beta = f32x4.splat(next / rr)
    for (let j: usize = 0; j < bytes; j += 16) v128.store(p + j, madd(beta, v128.load(p + j), v128.load(r + j)))
    rr = next
  }
}

/**
 * w (d) = about A^-1 b for A = diag(gram) + reg I + sum |c| h h^T over the entries of one row, by `steps` steps of conjugate
 * gradient from 0, preconditioned by A's diagonal; b = `rhs` (d), or sum max(c, 0) h where rhs is 0. H must have been turned
 * so that its Gram matrix is the diagonal `gram` (d): then a step costs the entries alone. scratch: 4 d floats.
 */
export function foldRow(
  w: usize, h: usize, d: i32, indices: usize, values: usize, count: i32, gram: usize, reg: f32, rhs: usize, steps: i32,
  scratch: usize,
): void {
  const bytes = <usize>d << 2
  const r = scratch, p = r + bytes, q = p + bytes, inverse = q + bytes
  const lambda = f32x4.splat(reg)
  for (let j: usize = 0; j < bytes; j += 16) v128.store(inverse + j, f32x4.add(lambda, v128.load(gram + j)))
  if (rhs == 0) memory.fill(r, 0, bytes)
  else memory.copy(r, rhs, bytes)
  for (let e: usize = 0; e < <usize>count << 2; e += 4) {
    const row = h + <usize>load<i32>(indices + e) * bytes
    const c = load<f32>(values + e)
    const size = f32x4.splat(abs(c))
    const liked = f32x4.splat(rhs == 0 ? max<f32>(c, 0) : 0)
    for (let j: usize = 0; j < bytes; j += 16) {
      const x = v128.load(row + j)
      v128.store(r + j, madd(liked, x, v128.load(r + j)))
      v128.store(inverse + j, madd(f32x4.mul(size, x), x, v128.load(inverse + j)))
    }
  }
  for (let j: usize = 0; j < bytes; j += 16) {
    const m = f32x4.div(f32x4.splat(1), v128.load(inverse + j))
    v128.store(inverse + j, m)
    v128.store(p + j, f32x4.mul(m, v128.load(r + j)))
    v128.store(w + j, f32x4.splat(0))
  }
  let rz = dot(r, p, d)
  for (let step = 0; step < steps && rz > 1e-20; step++) {
    for (let j: usize = 0; j < bytes; j += 16) {
      v128.store(q + j, f32x4.mul(f32x4.add(lambda, v128.load(gram + j)), v128.load(p + j)))
    }
    addEntries(q, p, h, d, indices, values, count, 0, 1)
    const alpha = f32x4.splat(rz / dot(p, q, d))
    for (let j: usize = 0; j < bytes; j += 16) {
      v128.store(w + j, madd(alpha, v128.load(p + j), v128.load(w + j)))
      const rest = f32x4.sub(v128.load(r + j), f32x4.mul(alpha, v128.load(q + j)))
      v128.store(r + j, rest)
      v128.store(q + j, f32x4.mul(v128.load(inverse + j), rest))
    }
    const next = dot(r, q, d)
    const beta = f32x4.splat(next / rz)
    for (let j: usize = 0; j < bytes; j += 16) v128.store(p + j, madd(beta, v128.load(p + j), v128.load(q + j)))
    rz = next
  }
}

/** For each block in turn: w += A_bb^-1 (rhs - A w)_b, the predictions h w of the row's entries kept up to date. */
function newtonBlocks(
  w: usize, h: usize, d: i32, indices: usize, values: usize, count: i32, g: usize, reg: f32, block: i32, scratch: usize,
): void {
  const stride = <usize>d << 2
  const size = <usize>block << 2
  const a = scratch
  const delta = a + <usize>block * size
  const left = delta + size
  const right = left + (<usize>(CHUNK * block) << 2)
  const predicted = right + (<usize>(CHUNK * block) << 2)
  for (let e: usize = 0; e < <usize>count << 2; e += 4) {
    store<f32>(predicted + e, dot(h + <usize>load<i32>(indices + e) * stride, w, d))
  }
  for (let o: usize = 0; o < stride; o += size) {
    for (let i: usize = 0; i < <usize>block; i++) {
      const row = g + ((o >> 2) + i) * stride
      memory.copy(a + i * size, row + o, size)
      const diagonal = a + i * size + (i << 2)
      store<f32>(diagonal, load<f32>(diagonal) + reg)
      store<f32>(delta + (i << 2), -dot(row, w, d) - reg * load<f32>(w + o + (i << 2)))
    }
    addBlock(h + o, stride, block, indices, values, count, predicted, a, delta, left, right)
    if (cholesky(a, block) != 0) continue
    choleskySolve(a, delta, block)
    for (let j: usize = 0; j < size; j += 16) v128.store(w + o + j, f32x4.add(v128.load(w + o + j), v128.load(delta + j)))
    if (o + size == stride) break
    for (let e: usize = 0; e < <usize>count << 2; e += 4) {
      const row = h + <usize>load<i32>(indices + e) * stride + o
      store<f32>(predicted + e, load<f32>(predicted + e) + dot(row, delta, block))
    }
  }
}

/** a += sum |c| h_b h_b^T (upper), delta += sum (max(c, 0) - |c| predicted) h_b; h points at the block's first column. */
function addBlock(
  h: usize, stride: usize, block: i32, indices: usize, values: usize, count: i32, predicted: usize, a: usize,
  delta: usize, left: usize, right: usize,
): void {
  const size = <usize>block << 2
  for (let from = 0; from < count; from += CHUNK) {
    const k = min(CHUNK, count - from)
    for (let e = 0; e < k; e++) {
      const at = <usize>(from + e) << 2
      const row = h + <usize>load<i32>(indices + at) * stride
      const c = load<f32>(values + at)
      packEntry(row, block, e, k, abs(c), left, right)
      const t = f32x4.splat(max<f32>(c, 0) - abs(c) * load<f32>(predicted + at))
      for (let j: usize = 0; j < size; j += 16) v128.store(delta + j, madd(t, v128.load(row + j), v128.load(delta + j)))
    }
    addUpper(left, right, a, block, k)
  }
}
