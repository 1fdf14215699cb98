/**
 * A customer folded in: given what one draw of the chain says of the items, his own vector (bias and factors) has a normal
 * prior from his family, traits and what he rated, and his ratings are its likelihood. A few Newton steps find the mode, the
 * curvature there is the precision (Laplace); with plain numbers one step is exact.
 */
import { normalDensity } from './rating-draws.ts'
import { probability } from './rating-levels.ts'

/** What is kept of one draw. Vectors have `width` = 1 + rank numbers: the bias, then the factors. */
export interface Draw {
  readonly width: number
  /** Item-major: `items[i * width ..]`. */
  readonly items: Float32Array
  /** What having rated an item says of a customer. */
  readonly rated: Float32Array
  /** Trait-major, all families one after another. */
  readonly traits: Float32Array
  readonly days: Float32Array
  readonly spots: Float32Array
  readonly userMean: Float32Array
  readonly userPrecision: Float32Array
  /** Over the customers of the training: mean and variance of what their rated items gave them. */
  readonly ratedMean: Float32Array
  readonly ratedVariance: Float32Array
  /** Empty where ratings are plain numbers. */
  readonly cuts: Float64Array
  readonly offset: number
  /** Variance of noise and mood together. */
  readonly noise: number
}

/** A rating as it enters: `level` counts with cuts, else `latent`. */
export interface Observed {
  readonly item: number
  readonly bin: number
  readonly spot: number
  readonly level: number
  readonly latent: number
}

export interface Folded {
  readonly mean: Float64Array
  /** Lower Cholesky factor of the precision, row-major. */
  readonly factor: Float64Array
  readonly prior: Float64Array
  /** Of each rating: its row of the design, its weight, and its working response less what the prior expects. */
  readonly rows: Float64Array
  readonly weights: Float64Array
  readonly surprises: Float64Array
}

/** The curvature is measured at the first, the third and the last round; in between it hardly changes. */
const steps = 7
const stepsFromNear = 4
const measured = 2

/** Writes the row of the design for an item in a place into `row[at ..]`; answers what does not depend on the customer. */
export function designRow(
  draw: Draw,
  { item, bin, spot }: Pick<Observed, 'item' | 'bin' | 'spot'>,
  row: Float64Array,
  at = 0,
): number {
  const { width, items, days, spots } = draw
  const i = item * width
  const d = bin * width
  const s = spot * width
  const day = days.length > 0
  const placed = spots.length > 0
  let constant = draw.offset + items[i] + (day ? days[d] : 0) + (placed ? spots[s] : 0)
  row[at] = 1
  for (let f = 1; f < width; f++) {
    const q = items[i + f]
    const a = day ? days[d + f] : 0
    const b = placed ? spots[s + f] : 0
    constant += q * a + q * b + a * b
    row[at + f] = q + a + b
  }
  return constant
}

/** Of so many ratings half of what a customer's choice of items will say is known. */
const halfKnown = 10

interface Prior {
  readonly mean: Float64Array
  readonly precision: Float64Array
}

/**
 * The prior of a customer who rated `items` and has `traits` (families of feature numbers). What he chose to rate says
 * something, but training saw it only of customers with all their ratings: of one who has only begun, the rest is taken as
 * the other customers', with its variance.
 */
function priorOf(draw: Draw, items: readonly number[], traits: readonly (readonly number[])[]): Prior {
  const { width, userMean, userPrecision, ratedMean, ratedVariance } = draw
  const known = items.length / (items.length + halfKnown)
  const mean = Float64Array.from(userMean, (own, f) => own + (1 - known) * ratedMean[f])
  const add = (vectors: Float32Array, list: readonly number[], share: number) => {
    const scale = share / Math.sqrt(Math.max(1, list.length))
    for (const j of list) for (let f = 0; f < width; f++) mean[f] += scale * vectors[j * width + f]
  }
  add(draw.rated, items, known)
  for (const family of traits) add(draw.traits, family, 1)
  const precision = Float64Array.from(userPrecision, (own, f) => 1 / (1 / own + (1 - known) * ratedVariance[f]))
  return { mean, precision }
}

/** @param start where the search begins: the mean for nearly the same ratings; default: the prior's mean */
export function fold(
  draw: Draw,
  observed: readonly Observed[],
  traits: readonly (readonly number[])[],
  start?: Float64Array,
): Folded {
  const { width } = draw
  const n = observed.length
  const rated = observed.map(({ item }) => item)
  const { mean: prior, precision: trust } = priorOf(draw, rated, traits)
  const mean = (start ?? prior).slice()
  const rows = new Float64Array(n * width)
  const constants = Float64Array.from(observed, (rating, k) => designRow(draw, rating, rows, k * width))
  const factor = new Float64Array(width * width)
  const weights = new Float64Array(n)
  const scores = new Float64Array(n)
  const rounds = draw.cuts.length === 0 ? 2 : start ? stepsFromNear : steps
  for (let step = 0; step < rounds; step++) {
    for (let k = 0; k < n; k++) {
      const expected = constants[k] + dot(rows, k * width, mean, width)
      scoreOf(draw, observed[k], expected, scores, weights, k)
    }
    if (step === 0 || step === measured || step === rounds - 1) precision(trust, rows, weights, factor)
    // The last round only measures the curvature where the mean has come to rest.
    if (step < rounds - 1) newtonStep(trust, { rows, scores, factor, prior, mean })
  }
  const surprises = Float64Array.from(observed, (_, k) => {
    const moved = dot(rows, k * width, mean, width) - dot(rows, k * width, prior, width)
    return scores[k] / weights[k] + moved
  })
  return { mean, factor, prior, rows, weights, surprises }
}

/** First derivative of the log likelihood in the expected latent, and minus the second. */
function scoreOf(
  { cuts, noise }: Draw,
  { level, latent }: Observed,
  expected: number,
  scores: Float64Array,
  weights: Float64Array,
  k: number,
): void {
  if (cuts.length === 0) {
    weights[k] = 1 / noise
    scores[k] = (latent - expected) / noise
    return
  }
  const sd = Math.sqrt(noise)
  const high = level < cuts.length ? (cuts[level] - expected) / sd : Infinity
  const low = level > 0 ? (cuts[level - 1] - expected) / sd : -Infinity
  const p = Math.max(probability(low, high), 1e-9)
  const up = high === Infinity ? 0 : normalDensity(high)
  const down = low === -Infinity ? 0 : normalDensity(low)
  const score = (down - up) / (p * sd)
  scores[k] = score
  const bend = ((up === 0 ? 0 : high * up) - (down === 0 ? 0 : low * down)) / (p * noise)
  weights[k] = Math.max(1e-3 / noise, score * score + bend)
}

/** Lower Cholesky factor of diag(precision of the prior) + X' W X. */
function precision(trust: Float64Array, rows: Float64Array, weights: Float64Array, factor: Float64Array): void {
  const width = trust.length
  factor.fill(0)
  for (let k = 0; k < weights.length; k++) {
    const at = k * width
    for (let i = 0; i < width; i++) {
      const wx = weights[k] * rows[at + i]
      for (let j = 0; j <= i; j++) factor[i * width + j] += wx * rows[at + j]
    }
  }
  for (let i = 0; i < width; i++) factor[i * width + i] += trust[i]
  for (let j = 0; j < width; j++) {
    for (let i = j; i < width; i++) {
      let sum = factor[i * width + j]
      for (let m = 0; m < j; m++) sum -= factor[i * width + m] * factor[j * width + m]
      factor[i * width + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / factor[j * width + j]
    }
  }
}

function newtonStep(
  trust: Float64Array,
  {
    rows,
    scores,
    factor,
    prior,
    mean,
  }: Pick<Folded, 'rows' | 'factor' | 'prior' | 'mean'> & { readonly scores: Float64Array },
): void {
  const width = trust.length
  const gradient = Float64Array.from(mean, (m, f) => trust[f] * (prior[f] - m))
  for (let k = 0; k < scores.length; k++) {
    for (let f = 0; f < width; f++) gradient[f] += scores[k] * rows[k * width + f]
  }
  forward(factor, gradient)
  backward(factor, gradient)
  for (let f = 0; f < width; f++) mean[f] += gradient[f]
}

/** Solves L y = x in place. */
export function forward(factor: Float64Array, x: Float64Array): void {
  const n = x.length
  for (let i = 0; i < n; i++) {
    let sum = x[i]
    for (let j = 0; j < i; j++) sum -= factor[i * n + j] * x[j]
    x[i] = sum / factor[i * n + i]
  }
}

/** Solves L' y = x in place. */
export function backward(factor: Float64Array, x: Float64Array): void {
  const n = x.length
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[i]
    for (let j = i + 1; j < n; j++) sum -= factor[j * n + i] * x[j]
    x[i] = sum / factor[i * n + i]
  }
}

export function dot(rows: Float64Array, at: number, vector: Float64Array, width: number): number {
  let sum = 0
  for (let f = 0; f < width; f++) sum += rows[at + f] * vector[f]
  return sum
}
