/**
 * A customer's mood: what his ratings of one sitting have in common beyond his taste, drifting from one rating to the next.
 * A stationary first-order autoregression along each customer's ratings in order of time; how much of it lasts depends on
 * the gap (the same second, a minute, an hour, a day, more). Drawn exactly by forward filtering and backward sampling
 * (Carter and Kohn 1994), its variance and correlations along with it.
 */
import type { Draws } from './rating-draws.ts'

/** Upper bounds of the gaps in milliseconds; the last class is unbounded. */
const gapBounds = [0, 60_000, 3_600_000, 86_400_000] as const
export const gapClasses = gapBounds.length + 1

/** Of the variance's inverse gamma, shape 1. */
const PRIOR_SCALE = 0.02
const GRID = 64
const HIGHEST = 0.995

export function gapClass(ms: number): number {
  let g = 0
  while (g < gapBounds.length && ms > gapBounds[g]) g++
  return g
}

export interface Mood {
  /** By rating, in order of customer and time. */
  readonly value: Float64Array
  /** Class of the gap to the rating before; -1 where a customer begins. */
  readonly gap: Int8Array
  /** How much lasts over a gap of each class. */
  readonly keeps: Float64Array
  variance: number
}

export function makeMood(gap: Int8Array): Mood {
  return { value: new Float64Array(gap.length), gap, keeps: new Float64Array(gapClasses).fill(0.5), variance: 0.05 }
}

/** Draws all moods anew; `residual` (which has the old mood taken out) is kept in step. */
export function drawMood(mood: Mood, residual: Float64Array, alpha: number, draws: Draws): void {
  const { value, gap, keeps, variance } = mood
  const n = value.length
  const means = new Float64Array(n)
  const variances = new Float64Array(n)
  let start = 0
  while (start < n) {
    let end = start
    let mean = 0
    let spread = variance
    do {
      if (end > start) {
        const rho = keeps[gap[end]]
        mean *= rho
        spread = rho * rho * spread + variance * (1 - rho * rho)
      }
      const gain = spread / (spread + 1 / alpha)
      mean += gain * (residual[end] + value[end] - mean)
      spread *= 1 - gain
      means[end] = mean
      variances[end] = spread
      end++
    } while (end < n && gap[end] >= 0)
    let after = 0
    for (let r = end - 1; r >= start; r--) {
      let m = means[r]
      let v = variances[r]
      if (r < end - 1) {
        const rho = keeps[gap[r + 1]]
        const ahead = rho * rho * v + variance * (1 - rho * rho)
        const gain = (rho * v) / ahead
        m += gain * (after - rho * m)
        v -= gain * rho * v
      }
      after = m + Math.sqrt(Math.max(0, v)) * draws.normal()
      residual[r] += value[r] - after
      value[r] = after
    }
    start = end
  }
  drawLaw(mood, draws)
  drawScale(mood, residual, alpha, draws)
}

/** The variance with the moods over their deviation held (interweaving): each mood is known little. */
function drawScale(mood: Mood, residual: Float64Array, alpha: number, draws: Draws): void {
  const { value } = mood
  let square = 0
  let product = 0
  for (let r = 0; r < value.length; r++) {
    square += value[r] * value[r]
    product += value[r] * residual[r]
  }
  if (!(square > 0)) return
  const scale = 1 + product / square + draws.normal() / Math.sqrt(alpha * square)
  if (!(scale > 0.05)) return
  // Of an inverse gamma of shape 1 for the variance, as a density of the deviation.
  const logRatio = -3 * Math.log(scale) - (PRIOR_SCALE / mood.variance) * (1 / (scale * scale) - 1)
  if (Math.log(draws.uniform() || 1e-300) >= logRatio) return
  mood.variance *= scale * scale
  for (let r = 0; r < value.length; r++) {
    const step = (scale - 1) * value[r]
    value[r] += step
    residual[r] -= step
  }
}

/** Variance (inverse gamma) and what lasts over each class of gap (on a grid) given the moods. */
function drawLaw(mood: Mood, draws: Draws): void {
  const { value, gap, keeps } = mood
  const count = new Float64Array(gapClasses)
  const before = new Float64Array(gapClasses)
  const cross = new Float64Array(gapClasses)
  const now = new Float64Array(gapClasses)
  let sum = 0
  let starts = 0
  for (let r = 0; r < value.length; r++) {
    const g = gap[r]
    if (g < 0) {
      sum += value[r] ** 2
      starts++
      continue
    }
    count[g]++
    before[g] += value[r - 1] ** 2
    cross[g] += value[r - 1] * value[r]
    now[g] += value[r] ** 2
  }
  const squares = (g: number, rho: number) => (now[g] - 2 * rho * cross[g] + rho * rho * before[g]) / (1 - rho * rho)
  let n = starts
  for (let g = 0; g < gapClasses; g++) {
    sum += squares(g, keeps[g])
    n += count[g]
  }
  mood.variance = (PRIOR_SCALE + sum / 2) / draws.gamma(1 + n / 2)
  const logs = new Float64Array(GRID)
  for (let g = 0; g < gapClasses; g++) {
    for (let i = 0; i < GRID; i++) {
      const rho = (HIGHEST * i) / (GRID - 1)
      logs[i] = -0.5 * count[g] * Math.log(1 - rho * rho) - squares(g, rho) / (2 * mood.variance)
    }
    keeps[g] = (HIGHEST * pick(logs, draws.uniform())) / (GRID - 1)
  }
}

function pick(logs: Float64Array, uniform: number): number {
  const most = Math.max(...logs)
  let total = 0
  for (const log of logs) total += Math.exp(log - most)
  let left = uniform * total
  for (let i = 0; i < logs.length; i++) {
    left -= Math.exp(logs[i] - most)
    if (left <= 0) return i
  }
  return logs.length - 1
}

/**
 * Mean and variance of the mood between two neighbours: `before` and `after` are rows, -1 where there is none, with the
 * gap classes towards them. Writes [mean, variance] into `out`.
 */
export function moodBetween(
  { value, keeps, variance }: Mood,
  before: number,
  gapBefore: number,
  after: number,
  gapAfter: number,
  out: Float64Array,
): void {
  const a = before >= 0 ? keeps[gapBefore] : 0
  const b = after >= 0 ? keeps[gapAfter] : 0
  const r = a * b
  const wa = (a - b * r) / (1 - r * r)
  const wb = (b - a * r) / (1 - r * r)
  out[0] = wa * (before >= 0 ? value[before] : 0) + wb * (after >= 0 ? value[after] : 0)
  out[1] = variance * Math.max(0, 1 - wa * a - wb * b)
}
