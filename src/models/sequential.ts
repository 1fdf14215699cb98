/**
 * What may be read at any time: intervals for a mean that hold at every moment at once, however often somebody looks and
 * whenever he stops. Asymptotic confidence sequences (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, Annals of
 * Statistics 52, eq. 5): at n observations with standard deviation s the half-width is
 * s sqrt(2 (n r^2 + 1) / (n^2 r^2) log(sqrt(n r^2 + 1) / alpha)), where r says at which n the interval is tightest.
 */

/** Observations of one arm, summed up. */
export interface Sums {
  readonly n: number
  readonly sum: number
  readonly squares: number
}

export const noSums: Sums = { n: 0, sum: 0, squares: 0 }

export function sumsOf(values: Iterable<number>): Sums {
  let [n, sum, squares] = [0, 0, 0]
  for (const value of values) {
    n++
    sum += value
    squares += value * value
  }
  return { n, sum, squares }
}

export interface Interval {
  readonly estimate: number
  /** Infinite while there is too little to say anything. */
  readonly low: number
  readonly high: number
}

export interface SequenceOptions {
  /** The probability that the truth is ever outside. Default .05. */
  readonly alpha?: number
  /** Observations at which the interval is to be tightest. Default 1,000. */
  readonly tightestAt?: number
}

/** Below this the normal law of the mean is no more than hoped for: nothing is said. */
const fewest = 30

/** Half-width of the sequence in standard deviations of one observation. */
export function sequenceWidth(n: number, { alpha = 0.05, tightestAt = 1000 }: SequenceOptions = {}): number {
  // rho^2 that is tightest at m (their appendix B.2): (-2 log alpha + log(-2 log alpha + 1)) / m.
  const r2 = (-2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha))) / tightestAt
  return Math.sqrt(((2 * (n * r2 + 1)) / (n * n * r2)) * Math.log(Math.sqrt(n * r2 + 1) / alpha))
}

/** The mean of one arm. */
export function meanSequence(sums: Sums, options: SequenceOptions = {}): Interval {
  const estimate = sums.n === 0 ? 0 : sums.sum / sums.n
  if (sums.n < fewest) return { estimate, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
  const half = Math.sqrt(varianceOf(sums)) * sequenceWidth(sums.n, options)
  return { estimate, low: estimate - half, high: estimate + half }
}

/**
 * Mean of `treated` less mean of `control`, where each unit came to one arm by chance: of n units in all, a difference of means
 * has the variance of the mean of n observations of s^2 = n (s_1^2 / n_1 + s_0^2 / n_0).
 */
export function differenceSequence(treated: Sums, control: Sums, options: SequenceOptions = {}): Interval {
  const estimate = (treated.n === 0 ? 0 : treated.sum / treated.n) - (control.n === 0 ? 0 : control.sum / control.n)
  if (treated.n < fewest || control.n < fewest)
    return { estimate, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
  const n = treated.n + control.n
  const spread = Math.sqrt(n * (varianceOf(treated) / treated.n + varianceOf(control) / control.n))
  const half = spread * sequenceWidth(n, options)
  return { estimate, low: estimate - half, high: estimate + half }
}

function varianceOf({ n, sum, squares }: Sums): number {
  return n < 2 ? 0 : Math.max(0, (squares - (sum * sum) / n) / (n - 1))
}
