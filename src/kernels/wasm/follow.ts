// What follows what: multinomial logistic regression from a decayed history to the next item, by stochastic gradient.
import { barrier, stopped } from './control'
import { madd } from './simd'

/** Exponents are cut off here, so that sums of exponentials stay finite. */
const MOST: f32 = 60
const LEAST: f32 = -80

/** e^x within 3e-5 of the value. */
@inline
function exponential(x: v128): v128 {
  const t = f32x4.mul(f32x4.max(f32x4.min(x, f32x4.splat(MOST)), f32x4.splat(LEAST)), f32x4.splat(1.44269504))
  const whole = f32x4.floor(t)
  const f = f32x4.sub(t, whole)
  let p = madd(f, f32x4.splat(0.0018944), f32x4.splat(0.0089485))
  p = madd(f, p, f32x4.splat(0.0558656))
  p = madd(f, p, f32x4.splat(0.2401397))
  p = madd(f, p, f32x4.splat(0.6931530))
  p = madd(f, p, f32x4.splat(1))
  return f32x4.mul(p, i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127)), 23))
}

/**
 * One pass over the histories order[from .. to): history h is items[starts[h] .. starts[h + 1]), no item twice. With d_r the
 * decay of reach r and B_r its weights (n x n, row = what was chosen, column = what follows), the item at place t is expected with
 *
 *   p_t(j) ~ exp(bias_j + sum over reaches r, earlier places a of d_r^(t - 1 - a) B_r[items[a]][j]),  0 for items met before t.
 *
 * Both sums over places are recurrences, forward for p and backward for the gradient of log p_t(items[t]), which each cost a
 * row of B an entry, whatever the reach; the gradient stops at pieces of `piece` entries. Steps by AdaGrad: `squares` like B
 * and `biasSquares` hold sums of squared gradients, above 0 from the start.
 * n a multiple of 4; padding is items with a bias of -1e9. Each thread has columns of its own.
 * state: (2 reaches + 2) n floats; expected: piece * n floats; sums: threads * piece floats.
 */
export function follow(
  tid: i32, threads: i32, items: usize, starts: usize, order: usize, from: i32, to: i32, n: i32, decays: usize, reaches: i32,
  weights: usize, squares: usize, bias: usize, biasSquares: usize, rate: f32, piece: i32, state: usize, expected: usize, sums: usize,
): void {
  const left = <usize>(n / 4 * tid / threads) << 4
  const right = <usize>(n / 4 * (tid + 1) / threads) << 4
  const row = <usize>n << 2
  const table = row * <usize>n
  const back = state + <usize>reaches * row
  const met = back + <usize>reaches * row
  const slope = met + row
  for (let h = from; h < to; h++) {
    const history = <usize>load<i32>(order + (<usize>h << 2)) << 2
    const first = load<i32>(starts + history), end = load<i32>(starts + history, 4)
    for (let r: usize = 0; r < <usize>reaches; r++) memory.fill(state + r * row + left, 0, right - left)
    memory.fill(met + left, 0, right - left)
    for (let begin = first; begin < end; begin += piece) {
      const stop = min(begin + piece, end)
      if (!stopped()) {
        for (let t = begin; t < stop; t++) {
          if (t > first) {
            const item = <usize>load<i32>(items + (<usize>t << 2) - 4) << 2
            const source = weights + <usize>(item >> 2) * row
            for (let r: usize = 0; r < <usize>reaches; r++) fade(state + r * row, source + r * table, load<f32>(decays + (r << 2)), left, right)
            if (item >= left && item < right) store<f32>(met + item, -1e9)
          }
          const sum = expect(bias, met, state, reaches, row, expected + <usize>(t - begin) * row, left, right)
          store<f32>(sums + (<usize>(tid * piece + t - begin) << 2), sum)
        }
      }
      barrier(threads)
      if (!stopped()) {
        memory.fill(slope + left, 0, right - left)
        for (let r: usize = 0; r < <usize>reaches; r++) memory.fill(back + r * row + left, 0, right - left)
        for (let t = stop - 1; t >= begin; t--) {
          let sum: f32 = 0
          for (let other = 0; other < threads; other++) sum += load<f32>(sums + (<usize>(other * piece + t - begin) << 2))
          const target = <usize>load<i32>(items + (<usize>t << 2)) << 2
          const at = expected + <usize>(t - begin) * row
          if (target >= left && target < right) store<f32>(at + target, load<f32>(at + target) - sum)
          miss(at, -1 / sum, slope, left, right)
          if (t == first) continue
          const source = <usize>load<i32>(items + (<usize>t << 2) - 4) * row
          for (let r: usize = 0; r < <usize>reaches; r++) {
            const to = source + r * table
            learn(at, back + r * row, load<f32>(decays + (r << 2)), weights + to, squares + to, rate, left, right)
          }
        }
        for (let j = left; j < right; j += 16) step(v128.load(slope + j), bias + j, biasSquares + j, rate)
      }
      barrier(threads)
    }
  }
}

/** state = decay state + source */
@inline
function fade(state: usize, source: usize, decay: f32, left: usize, right: usize): void {
  const d = f32x4.splat(decay)
  for (let j = left; j < right; j += 16) v128.store(state + j, madd(d, v128.load(state + j), v128.load(source + j)))
}

/** out = e^(bias + met + states); returns the sum. */
@inline
function expect(bias: usize, met: usize, state: usize, reaches: i32, row: usize, out: usize, left: usize, right: usize): f32 {
  let sum = f32x4.splat(0)
  for (let j = left; j < right; j += 16) {
    let x = v128.load(bias + j)
    for (let r: usize = 0; r < <usize>reaches; r++) x = f32x4.add(x, v128.load(state + r * row + j))
    const free = f32x4.eq(v128.load(met + j), f32x4.splat(0))
    const e = v128.and(exponential(x), free)
    v128.store(out + j, e)
    sum = f32x4.add(sum, e)
  }
  return f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3)
}

/** at *= factor: what is missing to the target; slope += at */
@inline
function miss(at: usize, factor: f32, slope: usize, left: usize, right: usize): void {
  const f = f32x4.splat(factor)
  for (let j = left; j < right; j += 16) {
    const g = f32x4.mul(f, v128.load(at + j))
    v128.store(at + j, g)
    v128.store(slope + j, f32x4.add(g, v128.load(slope + j)))
  }
}

/** back = decay back + at, the gradient of one row of weights, which takes a step. */
@inline
function learn(at: usize, back: usize, decay: f32, weights: usize, squares: usize, rate: f32, left: usize, right: usize): void {
  const d = f32x4.splat(decay)
  for (let j = left; j < right; j += 16) {
    const g = madd(d, v128.load(back + j), v128.load(at + j))
    v128.store(back + j, g)
    step(g, weights + j, squares + j, rate)
  }
}

@inline
function step(gradient: v128, weights: usize, squares: usize, rate: f32): void {
  const s = madd(gradient, gradient, v128.load(squares))
  v128.store(squares, s)
  v128.store(weights, madd(f32x4.div(gradient, f32x4.sqrt(s)), f32x4.splat(rate), v128.load(weights)))
}
