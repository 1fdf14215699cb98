/** The scale on which a shop's customers rate: a few levels (stars) or plain numbers; and what counts as liking. */
import { normalBelow } from './rating-draws.ts'

export interface Scale {
  /** The levels, ascending; null where there are too many: then ratings are plain numbers. */
  readonly levels: readonly number[] | null
  readonly lowest: number
  readonly highest: number
  /** Of plain numbers: the latent is (rating - mean) / deviation. */
  readonly mean: number
  readonly deviation: number
  /** The least rating that counts as liking. */
  readonly liked: number
  /** Numbers kept for each question: probabilities of levels, or the first two moments. */
  readonly width: number
}

const mostLevels = 20

/** Null where there are not two different ratings. */
export function scaleOf(values: Float64Array): Scale | null {
  const distinct = new Set<number>()
  let sum = 0
  let squares = 0
  for (const value of values) {
    if (distinct.size <= mostLevels) distinct.add(value)
    sum += value
    squares += value * value
  }
  if (distinct.size < 2) return null
  const mean = sum / values.length
  const deviation = Math.sqrt(Math.max(1e-12, squares / values.length - mean * mean))
  const levels = distinct.size <= mostLevels ? [...distinct].sort((a, b) => a - b) : null
  const [lowest, highest] = levels ? [levels[0], levels[levels.length - 1]] : bounds(values)
  const width = levels ? levels.length : 2
  return { levels, lowest, highest, mean, deviation, liked: likedFrom(levels, lowest, highest), width }
}

/** Three quarters of the way up: 4 of 5 stars. */
function likedFrom(levels: readonly number[] | null, lowest: number, highest: number): number {
  const at = lowest + 0.75 * (highest - lowest) - 1e-9
  return levels?.find((level) => level >= at) ?? at
}

function bounds(values: Float64Array): [number, number] {
  let lowest = Infinity
  let highest = -Infinity
  for (const value of values) {
    if (value < lowest) lowest = value
    if (value > highest) highest = value
  }
  return [lowest, highest]
}

/** Of each question. */
export interface Distributions {
  /** Expected rating, in its own unit. */
  readonly expected: Float64Array
  /** Standard deviation of the rating about it. */
  readonly spread: Float64Array
  /** Probability of a rating of at least `scale.liked`. */
  readonly liked: Float64Array
}

/** `sums`: for each question `scale.width` numbers, summed over `count` draws. */
export function readDistribution(scale: Scale, sums: Float64Array, count: number): Distributions {
  const n = sums.length / scale.width
  const out = { expected: new Float64Array(n), spread: new Float64Array(n), liked: new Float64Array(n) }
  for (let q = 0; q < n; q++) {
    if (scale.levels) readLevels(scale, scale.levels, sums, q, out)
    else readMoments(scale, sums, count, q, out)
  }
  return out
}

function readLevels(
  { width, liked }: Scale,
  levels: readonly number[],
  sums: Float64Array,
  q: number,
  out: Distributions,
) {
  let total = 0
  let mean = 0
  let square = 0
  let above = 0
  for (let l = 0; l < width; l++) {
    const p = sums[q * width + l]
    total += p
    mean += p * levels[l]
    square += p * levels[l] ** 2
    if (levels[l] >= liked) above += p
  }
  out.expected[q] = mean / total
  out.spread[q] = Math.sqrt(Math.max(0, square / total - (mean / total) ** 2))
  out.liked[q] = above / total
}

function readMoments(scale: Scale, sums: Float64Array, count: number, q: number, out: Distributions) {
  const latent = sums[q * 2] / count
  const deviation = Math.sqrt(Math.max(0, sums[q * 2 + 1] / count - latent * latent))
  const { mean, lowest, highest, liked } = scale
  const expected = mean + scale.deviation * latent
  out.expected[q] = Math.min(highest, Math.max(lowest, expected))
  out.spread[q] = scale.deviation * deviation
  out.liked[q] = normalBelow((expected - liked) / Math.max(1e-9, out.spread[q]))
}
