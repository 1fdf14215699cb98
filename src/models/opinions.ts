/**
 * What raters say of items -> how good each item is, with an interval. A rating is y = q(item) + b(rater) + e: quality,
 * the rater's own scale, noise. Qualities are drawn from their category, scales from a common normal; the variances are
 * learned from the ratings themselves (empirical Bayes: Efron & Morris 1975; variances by moments as in DerSimonian &
 * Laird 1986), so a category in which all items are alike shrinks its newcomers more than one of hits and failures.
 *
 * A rating counts by its weight: how old it is, whether its words or its moment are those of a crowd
 * (opinion-weights.ts), how far the rater agreed with others before, and how little is known of his scale. Ratings
 * without a proof of purchase share an unknown shift of their own for each item, whose variance is learned where both kinds
 * stand: however many they are, they count at most as so many buyers as that shift allows (`crowdLimit`).
 */

import type { OpinionOptions, Opinions } from './opinion.ts'
import { daysMissed, driftsOf, toldOf } from './opinion-drift.ts'
import { categoryPriors, crowdVariance, type ItemSums } from './opinion-priors.ts'
import { type BaseWeights, baseWeights } from './opinion-weights.ts'

/** How items stand, and the raters' records. Arrays by item unless they say otherwise. */
export interface Standings {
  /** Expected quality in stars, and the interval. */
  readonly mean: Float64Array
  readonly low: Float64Array
  readonly high: Float64Array
  /** As how many full ratings those of the item count. */
  readonly weight: Float64Array
  readonly counts: Int32Array
  readonly verifiedCounts: Int32Array
  /** Ratings that count less than a third of a full one because they came with a crowd or repeat the words of others. */
  readonly suspicious: Int32Array
  /** By rater: by how much he gives more than others, and his noise relative to the usual one. */
  readonly bias: Float64Array
  readonly noise: Float64Array
  /** Standard deviation of one rating about the quality. */
  readonly spread: number
  /** By category, and last without one: the mean, and how many ratings it counts as. */
  readonly priors: readonly { readonly mean: number; readonly strength: number }[]
  /** Variance that a quality gains in a year. */
  readonly drift: number
  /** As how many buyers ratings without proof of purchase count at most; infinite = nothing speaks against them. */
  readonly crowdLimit: number
}

const rounds = 6
/** Ratings of usual noise that stand behind a rater's noise before his own do. */
const noisePrior = 4
const leastNoise = 0.4
const [leastStars, mostStars] = [1, 5]
/** A rating of less than this share of a full one, for what it came with, is called suspicious. */
const suspect = 1 / 3

interface State {
  readonly quality: Float64Array
  readonly bias: Float64Array
  /** Variance of what is not known of the rater's scale. */
  readonly unsure: Float64Array
  readonly noise: Float64Array
  /** Variance of a rating about quality and scale; of scales; of the crowd's shift. */
  residual: number
  /** The first, where scales were known and not learned from the same ratings. */
  chance: number
  scale: number
  crowd: number
}

export function fitOpinions(opinions: Opinions, options: OpinionOptions): Standings {
  const steps = opinionSteps(opinions, options)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** The same in steps, of some hundredths of a second each for a million ratings: between them others may be served. */
export function* opinionSteps(opinions: Opinions, options: OpinionOptions): Generator<void, Standings> {
  const { itemCount, raterCount, stars, verified } = opinions
  const base = baseWeights(opinions, options)
  yield
  const n = stars.length
  const hasBuyers = verified.some((one) => one === 1)
  const state: State = {
    quality: new Float64Array(itemCount),
    bias: new Float64Array(raterCount),
    unsure: new Float64Array(raterCount),
    noise: new Float64Array(raterCount).fill(1),
    residual: 1,
    chance: 1,
    scale: 0.1,
    crowd: hasBuyers ? 0.1 : 0,
  }
  state.unsure.fill(state.scale)
  const weights = new Float64Array(n)
  let priors: Standings['priors'] = []
  let sums: ItemSums = sumsOf(opinions, weights, state)
  for (let round = 0; round < rounds; round++) {
    weigh(opinions, base.weights, state, weights)
    sums = sumsOf(opinions, weights, state)
    yield
    if (round > 0 && hasBuyers) state.crowd = crowdVariance(sums, state.residual)
    const found = categoryPriors(opinions, sums, state.residual, state.crowd)
    priors = found.priors
    for (let item = 0; item < itemCount; item++) state.quality[item] = found.posterior(item).mean
    learnRaters(opinions, { weights, base: base.suspicion }, sums, priors, state)
    yield
  }
  weigh(opinions, base.weights, state, weights)
  sums = sumsOf(opinions, weights, state)
  const { posterior, priors: last } = categoryPriors(opinions, sums, state.residual, state.crowd)
  yield
  const { today, drift } = asOfToday(opinions, { weights, base, sums, state, options }, { posterior, priors: last })
  return {
    ...listed(opinions, today, options.z, base.suspicion),
    ...records(state, last, hasBuyers),
    drift: drift * 365,
  }
}

interface Fitted {
  readonly weights: Float64Array
  readonly base: BaseWeights
  readonly sums: ItemSums
  readonly state: State
  readonly options: OpinionOptions
}

/**
 * The posterior with the variance that it has today: that of the weighted mean as its weights are, not as they would be best,
 * and what qualities change in the time that the ratings leave out.
 */
function asOfToday(
  opinions: Opinions,
  { weights, base, sums, state, options }: Fitted,
  { posterior, priors }: { readonly posterior: Posterior; readonly priors: Standings['priors'] },
): { readonly today: Posterior; readonly drift: number } {
  const { bias, crowd } = state
  const ages = base.weights.map((weight, k) => (base.suspicion[k] > 0 ? weight / base.suspicion[k] : 0))
  const counted = sums.others.map((_, item) => posterior(item).weight - sums.bought[item])
  const trusted = counted.map((weight, item) => (sums.others[item] > 0 ? weight / sums.others[item] : 0))
  const told = toldOf(opinions, { weights, ages, bias, trusted })
  const drifts = driftsOf(told)
  const today: Posterior = (item) => {
    const { mean, weight } = posterior(item)
    const strength = strengthOf(opinions, priors, item)
    const chance = told[item].chance.reduce((sum, one) => sum + one, 0)
    const then = (state.chance * (strength + chance) + crowd * counted[item] ** 2) / (strength + weight) ** 2
    const variance = then + drifts.of(item) * daysMissed(told[item], options.now)
    return { mean, weight, variance }
  }
  return { today, drift: drifts.usual }
}

function strengthOf({ categories }: Opinions, priors: Standings['priors'], item: number): number {
  return priors[categories[item] < 0 ? priors.length - 1 : categories[item]].strength
}

function records(state: State, priors: Standings['priors'], hasBuyers: boolean) {
  const crowdLimit = hasBuyers && state.crowd > 0 ? state.residual / state.crowd : Number.POSITIVE_INFINITY
  return { bias: state.bias, noise: state.noise, spread: Math.sqrt(state.residual), priors, crowdLimit }
}

/** A rating counts by its base weight, over the rater's noise and what is not known of his scale. */
function weigh({ raters }: Opinions, base: Float64Array, state: State, weights: Float64Array): void {
  const { noise, unsure, residual } = state
  for (let k = 0; k < raters.length; k++) {
    const rater = raters[k]
    weights[k] = base[k] / (noise[rater] + unsure[rater] / residual)
  }
}

function sumsOf(
  { itemCount, items, raters, stars, verified }: Opinions,
  weights: Float64Array,
  state: State,
): ItemSums {
  const make = () => new Float64Array(itemCount)
  const sums = { bought: make(), boughtStars: make(), others: make(), othersStars: make() }
  for (let k = 0; k < items.length; k++) {
    const item = items[k]
    const said = weights[k] * (stars[k] - state.bias[raters[k]])
    if (verified[k]) {
      sums.bought[item] += weights[k]
      sums.boughtStars[item] += said
    } else {
      sums.others[item] += weights[k]
      sums.othersStars[item] += said
    }
  }
  return sums
}

/**
 * Scales and noises of raters, each rating held against the item's quality without it; then the variances of all. A rater
 * of one rating keeps the usual noise nearly, and nearly no scale.
 */
function learnRaters(
  opinions: Opinions,
  { weights, base }: { readonly weights: Float64Array; readonly base: Float64Array },
  sums: ItemSums,
  priors: Standings['priors'],
  state: State,
): void {
  const { items, raters, stars, raterCount, categories } = opinions
  const { bias, noise, unsure } = state
  const gap = new Float64Array(raterCount)
  const precision = new Float64Array(raterCount)
  const differences = new Float64Array(items.length)
  const certainty = new Float64Array(items.length)
  for (let k = 0; k < items.length; k++) {
    const item = items[k]
    const { mean, strength } = priors[categories[item] < 0 ? priors.length - 1 : categories[item]]
    const all = sums.bought[item] + sums.others[item]
    const rest = Math.max(0, all - weights[k]) + strength
    const own = weights[k] * (stars[k] - bias[raters[k]])
    const without = (sums.boughtStars[item] + sums.othersStars[item] - own + strength * mean) / rest
    differences[k] = stars[k] - without
    // The quality without him is itself only known so well.
    certainty[k] = 1 / (1 + 1 / rest)
    gap[raters[k]] += certainty[k] * differences[k]
    precision[raters[k]] += certainty[k]
  }
  const shrink = state.residual / state.scale
  const squares = new Float64Array(raterCount)
  const counts = new Int32Array(raterCount)
  let [left, apart, trusted] = [0, 0, 0]
  for (let r = 0; r < raterCount; r++) {
    bias[r] = gap[r] / (precision[r] + shrink)
    unsure[r] = state.residual / (precision[r] + shrink)
  }
  for (let k = 0; k < items.length; k++) {
    const hung = certainty[k] / (precision[raters[k]] + shrink)
    const rest = certainty[k] * (differences[k] - bias[raters[k]]) ** 2
    squares[raters[k]] += rest
    counts[raters[k]]++
    // Fakes would make everybody look noisy.
    left += base[k] * rest
    // A scale that was learned from the rating itself lies too near to it, by as much as it hung on it.
    apart += (base[k] * rest) / (1 - hung)
    trusted += base[k]
  }
  state.residual = Math.max(0.05, trusted > 0 ? left / trusted : 1)
  state.chance = trusted > 0 ? Math.max(state.residual, apart / trusted) : 1
  let spread = 0
  let several = 0
  for (let r = 0; r < raterCount; r++) {
    noise[r] = Math.max(leastNoise, (noisePrior + squares[r] / state.residual) / (noisePrior + counts[r]))
    if (counts[r] < 2) continue
    // E[(mean difference)^2] = variance of scales + residual / precision.
    spread += (gap[r] / precision[r]) ** 2 - state.residual / precision[r]
    several++
  }
  // As if 20 raters had told of scales that differ by a third of a star.
  state.scale = Math.max(0.01, (spread + 20 * 0.1) / (several + 20))
}

type Posterior = (item: number) => { readonly mean: number; readonly variance: number; readonly weight: number }

function listed(
  { itemCount, items, verified }: Opinions,
  posterior: Posterior,
  z: number,
  suspicion: Float64Array,
): Omit<Standings, keyof ReturnType<typeof records> | 'drift'> {
  const [mean, low, high, weight] = Array.from({ length: 4 }, () => new Float64Array(itemCount))
  const [counts, verifiedCounts, suspicious] = Array.from({ length: 3 }, () => new Int32Array(itemCount))
  for (let item = 0; item < itemCount; item++) {
    const found = posterior(item)
    const half = z * Math.sqrt(found.variance)
    mean[item] = within(found.mean)
    low[item] = within(found.mean - half)
    high[item] = within(found.mean + half)
    weight[item] = found.weight
  }
  for (let k = 0; k < items.length; k++) {
    counts[items[k]]++
    verifiedCounts[items[k]] += verified[k]
    if (suspicion[k] < suspect) suspicious[items[k]]++
  }
  return { mean, low, high, weight, counts, verifiedCounts, suspicious }
}

const within = (value: number) => Math.min(mostStars, Math.max(leastStars, value))
