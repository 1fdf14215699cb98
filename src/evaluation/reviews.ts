/**
 * Rankings by customers against a truth that is known (reviews-shop.ts): Kendall's tau-b with it, before and after an attack
 * of fakes, for this engine's ranking and for the plain mean, Wilson's bound and the Bayesian average with one prior. Averages
 * over several shops; the paired difference to the best other comes with its standard error.
 */
import type { Progress } from '../models/model.ts'
import { type Opinions, opinionDefaults } from '../models/opinion.ts'
import { fitOpinions } from '../models/opinions.ts'
import { pace } from '../models/pace.ts'
import type { World } from '../world.ts'
import { type Outcome, peakRssMb } from './outcome.ts'
import { type ReviewedShop, reviewedShop } from './reviews-shop.ts'

export interface ReviewsRequest {
  readonly seed: number
  /** How many shops are drawn. */
  readonly shops: number
  readonly halfLifeDays: number
  readonly progress: Progress
  readonly world: World
}

type Ranking = (opinions: Opinions, now: number) => Float64Array

/** As how many ratings the one prior of the plain Bayesian average counts: the choice of many shops. */
const plainPrior = 10

const others: Readonly<Record<string, Ranking>> = {
  mean: ({ itemCount, items, stars }) => ratio(itemCount, items, (k) => stars[k], 0, 0),
  wilson: ({ itemCount, items, stars }) => {
    const counts = new Float64Array(itemCount)
    for (const item of items) counts[item]++
    const liked = ratio(itemCount, items, (k) => (stars[k] >= 4 ? 1 : 0), 0, 0)
    return liked.map((p, item) => wilson(p, counts[item]))
  },
  bayes: ({ itemCount, items, stars }) => {
    const all = stars.reduce((sum, one) => sum + one, 0) / stars.length
    return ratio(itemCount, items, (k) => stars[k], plainPrior, all)
  },
}

interface Measured {
  readonly tau: number
  readonly attacked: number
  /** Mean rise of the pushed and fall of the pulled in percentiles of the ranking. */
  readonly shift: number
  /** Share of pushed items among the ten best of each category, beyond what it was before. */
  readonly promoted: number
}

export async function evaluateReviews(request: ReviewsRequest): Promise<Outcome> {
  const { seed, shops, halfLifeDays, progress, world } = request
  const ours = (opinions: Opinions, now: number) =>
    fitOpinions(opinions, { now, halfLifeDays, z: opinionDefaults.z }).mean
  const rankings: Readonly<Record<string, Ranking>> = { habitue: ours, ...others }
  const measured: Record<string, Measured[]> = {}
  const coverage: number[] = []
  let fitMs = 0
  for (let n = 0; n < shops; n++) {
    await pace(progress, n, shops, 'ranking')
    const shop = reviewedShop(seed * 1000 + n)
    for (const [name, ranking] of Object.entries(rankings)) {
      measured[name] ??= []
      measured[name].push(measure(shop, ranking))
    }
    const begun = world.elapsed()
    coverage.push(covered(shop, halfLifeDays))
    fitMs += world.elapsed() - begun
  }
  return {
    protocol: 'reviews',
    model: 'reviews',
    metrics: { ...metricsOf(measured), 'interval/90': average(coverage) },
    fitSeconds: fitMs / shops / 1000,
    peakRssMb: peakRssMb(),
  }
}

function metricsOf(measured: Readonly<Record<string, Measured[]>>): Record<string, number> {
  const metrics: Record<string, number> = {}
  for (const [name, all] of Object.entries(measured)) {
    const of = (key: keyof Measured) => average(all.map((one) => one[key]))
    const suffix = name === 'habitue' ? '' : `/${name}`
    metrics[`tau${suffix}`] = of('tau')
    metrics[`tau attacked${suffix}`] = of('attacked')
    metrics[`damage${suffix}`] = of('tau') - of('attacked')
    metrics[`shift${suffix}`] = of('shift')
    metrics[`promoted${suffix}`] = of('promoted')
  }
  for (const key of ['tau', 'attacked'] as const) {
    const best = Object.keys(others).reduce((a, b) =>
      average(measured[a].map((one) => one[key])) >= average(measured[b].map((one) => one[key])) ? a : b,
    )
    const gains = measured.habitue.map((one, n) => one[key] - measured[best][n][key])
    metrics[`gain ${key}/${best}`] = average(gains)
    metrics[`gain ${key}/${best} se`] = deviation(gains) / Math.sqrt(gains.length)
  }
  return metrics
}

function measure({ truth, honest, attacked, target, now }: ReviewedShop, ranking: Ranking): Measured {
  const rated = new Set([...honest.items, ...attacked.items])
  // Only what anybody honest rated can be told of; what fakes alone rated is judged by its shift.
  const known = [...new Set(honest.items)]
  const before = ranking(honest, now)
  const after = ranking(attacked, now)
  const tau = (scores: Float64Array) =>
    kendall(
      known.map((item) => scores[item]),
      known.map((item) => truth[item]),
    )
  const targets = known.filter((item) => target[item] !== 0)
  const [placesBefore, placesAfter] = [percentiles(before, known), percentiles(after, known)]
  const shifts = targets.map(
    (item) => target[item] * ((placesAfter.get(item) as number) - (placesBefore.get(item) as number)),
  )
  return {
    tau: tau(before),
    attacked: tau(after),
    shift: average(shifts),
    promoted: topShare(after, rated, attacked, target) - topShare(before, new Set(known), honest, target),
  }
}

function topShare(scores: Float64Array, rated: ReadonlySet<number>, { categories }: Opinions, target: Int8Array) {
  const byCategory = Map.groupBy(rated, (item) => categories[item])
  const shares = [...byCategory.values()].map((items) => {
    const top = items.toSorted((a, b) => scores[b] - scores[a] || a - b).slice(0, 10)
    return top.filter((item) => target[item] > 0).length / top.length
  })
  return average(shares)
}

function covered({ stars, attacked, target, now }: ReviewedShop, halfLifeDays: number): number {
  const { low, high, counts } = fitOpinions(attacked, { now, halfLifeDays, z: opinionDefaults.z })
  const items = [...counts.keys()].filter((item) => counts[item] > 0 && target[item] === 0)
  return average(items.map((item) => (stars[item] >= low[item] && stars[item] <= high[item] ? 1 : 0)))
}

/** (sum + strength * prior) / (count + strength) of each item; 0 where it has nothing. */
function ratio(
  itemCount: number,
  items: Int32Array,
  of: (rating: number) => number,
  strength: number,
  prior: number,
): Float64Array {
  const sums = new Float64Array(itemCount).fill(strength * prior)
  const counts = new Float64Array(itemCount).fill(strength)
  for (let k = 0; k < items.length; k++) {
    sums[items[k]] += of(k)
    counts[items[k]]++
  }
  return sums.map((sum, item) => (counts[item] > 0 ? sum / counts[item] : 0))
}

/** Lower bound of a 95 % interval of a share (Wilson 1927). */
export function wilson(p: number, n: number, z = 1.96): number {
  if (n === 0) return 0
  return (p + (z * z) / (2 * n) - z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n)
}

/** Kendall's tau-b: pairs in the same order less pairs in the other, over the pairs that are not tied. */
export function kendall(a: readonly number[], b: readonly number[]): number {
  let [same, untiedA, untiedB] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const [da, db] = [Math.sign(a[i] - a[j]), Math.sign(b[i] - b[j])]
      same += da * db
      untiedA += Math.abs(da)
      untiedB += Math.abs(db)
    }
  }
  return same / Math.sqrt(untiedA * untiedB)
}

function percentiles(scores: Float64Array, items: readonly number[]): Map<number, number> {
  const sorted = items.toSorted((a, b) => scores[a] - scores[b] || a - b)
  return new Map(sorted.map((item, place) => [item, (100 * place) / (sorted.length - 1)]))
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

function deviation(values: readonly number[]): number {
  const mean = average(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1))
}
