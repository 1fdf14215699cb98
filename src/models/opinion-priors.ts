/** What a category promises of an item before anybody rated it, and how far unproved ratings may be trusted; both learned. */
import type { Opinions } from './opinion.ts'

/** Weights and weighted stars of each item, of buyers and of others. */
export interface ItemSums {
  readonly bought: Float64Array
  readonly boughtStars: Float64Array
  readonly others: Float64Array
  readonly othersStars: Float64Array
}

export interface CategoryPrior {
  readonly mean: number
  /** As how many full ratings the mean counts. */
  readonly strength: number
}

/** Items by which a category's variance, and its mean, are held to that of all. */
const itemsBehindVariance = 8
const itemsBehindMean = 2
const leastVariance = 0.01
/** However much a few items differ, a first rating counts for no more than a third. */
const leastStrength = 2
/** Before anything is known: qualities that differ by half a star about 3.5 stars. */
const unknown = { mean: 3.5, variance: 0.25 } as const

interface Pooled {
  readonly mean: number
  readonly variance: number
  readonly count: number
}

/**
 * The priors of the categories (last: of items without one), and the posterior of an item under them: a normal mean of a
 * normal prior. `residual` = variance of one full rating, `crowd` = of the shift of those without proof of purchase.
 */
export function categoryPriors(opinions: Opinions, sums: ItemSums, residual: number, crowd: number) {
  const { itemCount, categoryCount, categories } = opinions
  const weight = new Float64Array(itemCount)
  const stars = new Float64Array(itemCount)
  for (let item = 0; item < itemCount; item++) {
    const { bought, others, boughtStars, othersStars } = sums
    // A crowd of weight W with a common shift of variance t tells the quality to s/W + t: as a weight, s / (s/W + t).
    const counted = others[item] > 0 ? residual / (residual / others[item] + crowd) : 0
    weight[item] = bought[item] + counted
    stars[item] = boughtStars[item] + (others[item] > 0 ? (counted / others[item]) * othersStars[item] : 0)
  }
  const rated = Array.from({ length: itemCount }, (_, item) => item).filter((item) => weight[item] > 0)
  const all = pooled(rated, weight, stars, residual, { ...unknown, count: 1 })
  const members = Map.groupBy(rated, (item) => categories[item])
  const of = (category: number): CategoryPrior => {
    const own = members.get(category) ?? []
    const { mean, variance } = own.length === 0 || category < 0 ? all : pooled(own, weight, stars, residual, all)
    return { mean, strength: Math.max(leastStrength, residual / Math.max(leastVariance, variance)) }
  }
  const priors = [...Array.from({ length: categoryCount }, (_, category) => of(category)), of(-1)]
  const posterior = (item: number) => {
    const { mean, strength } = priors[categories[item] < 0 ? categoryCount : categories[item]]
    const total = strength + weight[item]
    return { mean: (strength * mean + stars[item]) / total, variance: residual / total, weight: weight[item] }
  }
  return { priors, posterior }
}

/** Mean and variance of the qualities of `items`, held to `outer` while they are few (DerSimonian & Laird, eq. 8). */
function pooled(
  items: readonly number[],
  weight: Float64Array,
  stars: Float64Array,
  residual: number,
  outer: Pooled,
): Pooled {
  let [sum, sumStars, sumSquares] = [0, 0, 0]
  for (const item of items) {
    const precision = weight[item] / residual
    sum += precision
    sumStars += stars[item] / residual
    sumSquares += precision * precision
  }
  if (sum === 0) return outer
  const centre = sumStars / sum
  let q = 0
  for (const item of items) q += (weight[item] / residual) * (stars[item] / weight[item] - centre) ** 2
  const free = sum - sumSquares / sum
  const own = free > 0 ? Math.max(0, (q - (items.length - 1)) / free) : 0
  const count = items.length
  const variance = (count * own + itemsBehindVariance * outer.variance) / (count + itemsBehindVariance)
  // With the variance known, items count by how well each is known.
  let [precision, total] = [0, 0]
  for (const item of items) {
    const one = 1 / (variance + residual / weight[item])
    precision += one
    total += (one * stars[item]) / weight[item]
  }
  const held = itemsBehindMean / Math.max(leastVariance, variance)
  return { mean: (total + held * outer.mean) / (precision + held), variance, count }
}

/** As if ten items had told that both kinds of raters differ by a fifth of a star. */
const crowdPrior = { items: 10, variance: 0.04 } as const
/** Weight of each kind that an item needs to tell of the difference. */
const leastOfEach = 1.5

/** Variance of the shift between ratings with and without proof of purchase, over items that have both. */
export function crowdVariance({ bought, boughtStars, others, othersStars }: ItemSums, residual: number): number {
  let sum = crowdPrior.items * crowdPrior.variance
  let count = crowdPrior.items
  for (let item = 0; item < bought.length; item++) {
    if (bought[item] < leastOfEach || others[item] < leastOfEach) continue
    const difference = boughtStars[item] / bought[item] - othersStars[item] / others[item]
    sum += difference ** 2 - residual * (1 / bought[item] + 1 / others[item])
    count++
  }
  return Math.max(0.005, sum / count)
}
