/**
 * Ordered probit: a rating is the interval between two cut points in which a latent liking of variance 1 falls
 * (Albert and Chib 1993). So "4 rather than 5" may mean more than "2 rather than 3", and a prediction is a distribution.
 */
import { type Draws, normalBelow, normalDensity, normalQuantile } from './rating-draws.ts'

/** Where the levels' shares alone put the cut points, for a latent of variance 1. */
export function cutsFromShares(level: Uint8Array, levels: number): Float64Array {
  const counts = new Float64Array(levels)
  for (const l of level) counts[l]++
  let below = 0
  return Float64Array.from({ length: levels - 1 }, (_, l) => {
    below += counts[l]
    return normalQuantile(below / level.length)
  })
}

/**
 * Draws the cut points given each rating's expected latent, the latents themselves summed out: a normal draw around one
 * scoring step, whose information matrix (sum of outer products of the scores) is tridiagonal. With thousands of ratings a
 * level this is the conditional; a draw that would disorder the cuts is dropped.
 */
export function drawCuts(
  cuts: Float64Array,
  expected: (row: number) => number,
  level: Uint8Array,
  draws: Draws,
  noise = 1,
): void {
  const k = cuts.length
  const gradient = new Float64Array(k)
  const diagonal = new Float64Array(k).fill(1e-3)
  const beside = new Float64Array(k)
  for (let r = 0; r < level.length; r++) {
    const f = expected(r)
    const l = level[r]
    const high = l < k ? cuts[l] - f : Infinity
    const low = l > 0 ? cuts[l - 1] - f : -Infinity
    const p = Math.max(probability(low, high), 1e-12)
    const up = l < k ? normalDensity(high) / p : 0
    const down = l > 0 ? normalDensity(low) / p : 0
    if (l < k) {
      gradient[l] += up
      diagonal[l] += up * up
    }
    if (l > 0) {
      gradient[l - 1] -= down
      diagonal[l - 1] += down * down
      if (l < k) beside[l - 1] -= up * down
    }
  }
  const next = tridiagonalDraw(diagonal, beside, gradient, draws, noise)
  for (let l = 0; l < k; l++) next[l] = cuts[l] + Math.max(-0.5, Math.min(0.5, next[l]))
  for (let l = 1; l < k; l++) if (!(next[l] > next[l - 1] + 1e-6)) return
  cuts.set(next)
}

/** A draw from N(H^-1 g, H^-1), H symmetric tridiagonal and positive definite, by its Cholesky factor. */
function tridiagonalDraw(
  diagonal: Float64Array,
  beside: Float64Array,
  g: Float64Array,
  draws: Draws,
  noise: number,
): Float64Array {
  const k = g.length
  const d = new Float64Array(k)
  const s = new Float64Array(k)
  const y = new Float64Array(k)
  for (let i = 0; i < k; i++) {
    d[i] = Math.sqrt(Math.max(1e-12, diagonal[i] - (i > 0 ? s[i - 1] ** 2 : 0)))
    s[i] = i + 1 < k ? beside[i] / d[i] : 0
    y[i] = (g[i] - (i > 0 ? s[i - 1] * y[i - 1] : 0)) / d[i]
  }
  const x = new Float64Array(k)
  for (let i = k - 1; i >= 0; i--) x[i] = (y[i] + noise * draws.normal() - (i + 1 < k ? s[i] * x[i + 1] : 0)) / d[i]
  return x
}

/** P(low < Z <= high), without loss of digits in either tail. */
export function probability(low: number, high: number): number {
  if (low > 0) return below(-low) - below(-high)
  return below(high) - below(low)
}

function below(x: number): number {
  return x === Infinity ? 1 : x === -Infinity ? 0 : normalBelow(x)
}

/** Adds to `out` the probability of each level for a latent of mean `f` and variance `variance` (1 and what is unsure). */
export function addLevelProbabilities(
  cuts: Float64Array,
  f: number,
  variance: number,
  out: Float64Array,
  at = 0,
): void {
  const scale = 1 / Math.sqrt(variance)
  let before = 0
  for (let l = 0; l < cuts.length; l++) {
    const p = normalBelow((cuts[l] - f) * scale)
    out[at + l] += p - before
    before = p
  }
  out[at + cuts.length] += 1 - before
}
