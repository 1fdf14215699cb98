/** The normal distribution and draws from what a Gibbs sampler needs, all from one seeded source. */
import { seededRandom } from '../world.ts'

const SQRT_HALF = Math.SQRT1_2
const DENSITY = 1 / Math.sqrt(2 * Math.PI)

/** Density of the standard normal at `x`. */
export function normalDensity(x: number): number {
  return DENSITY * Math.exp(-0.5 * x * x)
}

/** P(Z <= x), relative error below 2e-7 in the lower tail too (Chebyshev fit of erfc; Press et al., erfcc). */
export function normalBelow(x: number): number {
  const z = Math.abs(x) * SQRT_HALF
  const t = 2 / (2 + z)
  const fit =
    -1.26551223 +
    t *
      (1.00002368 +
        t *
          (0.37409196 +
            t *
              (0.09678418 +
                t *
                  (-0.18628806 +
                    t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))))
  const tail = 0.5 * t * Math.exp(-z * z + fit)
  return x < 0 ? tail : 1 - tail
}

/** The x with P(Z <= x) = p, 0 < p < 1, relative error below 1.2e-9 (Acklam's rational fit). */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -lowerQuantile(1 - p)
  return lowerQuantile(p)
}

function lowerQuantile(p: number): number {
  if (p >= 0.02425) {
    const q = p - 0.5
    const r = q * q
    return (
      ((((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
        30.66479806614716) *
        r +
        2.506628277459239) *
        q) /
      (((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
        13.28068155288572) *
        r +
        1)
    )
  }
  const q = Math.sqrt(-2 * Math.log(Math.max(p, 1e-300)))
  return (
    (((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q +
      4.374664141464968) *
      q +
      2.938163982698783) /
    ((((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1)
  )
}

export class Draws {
  readonly uniform: () => number
  #spare = Number.NaN

  constructor(seed: number) {
    this.uniform = seededRandom(seed)
  }

  /** Standard normal (Marsaglia's polar method). */
  normal(): number {
    const spare = this.#spare
    if (!Number.isNaN(spare)) {
      this.#spare = Number.NaN
      return spare
    }
    let a: number
    let b: number
    let s: number
    do {
      a = 2 * this.uniform() - 1
      b = 2 * this.uniform() - 1
      s = a * a + b * b
    } while (s >= 1 || s === 0)
    const scale = Math.sqrt((-2 * Math.log(s)) / s)
    this.#spare = b * scale
    return a * scale
  }

  /** Gamma with the given shape (>= 1) and rate 1 (Marsaglia and Tsang 2000). */
  gamma(shape: number): number {
    const d = shape - 1 / 3
    const c = 1 / Math.sqrt(9 * d)
    while (true) {
      const x = this.normal()
      const v = (1 + c * x) ** 3
      if (v <= 0) continue
      if (Math.log(this.uniform() || 1e-300) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
    }
  }

  /** Normal of mean 0 and variance 1, kept between `low` and `high` (low < high, either may be infinite). */
  between(low: number, high: number): number {
    // Both bounds are looked at from the side where the tail keeps its precision.
    if (low > 0) return -this.between(-high, -low)
    const from = low === -Infinity ? 0 : normalBelow(low)
    const to = high === Infinity ? 1 : normalBelow(high)
    const p = from + this.uniform() * (to - from)
    const x = normalQuantile(p > 0 ? (p < 1 ? p : 1 - 1e-16) : 1e-300)
    return x < low ? low : x > high ? high : x
  }
}
