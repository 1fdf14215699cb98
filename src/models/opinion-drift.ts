/**
 * How fast qualities change, learned from the ratings, and what that leaves unknown of an item's quality today. A quality is
 * thought to walk at random: its variance grows by the same amount each day. Over all items the gap between the later and
 * the earlier half of each one's ratings, beyond what chance explains, tells by how much (a moment estimate, as those of the
 * priors); ratings of long ago then tell of today only so much.
 */
import type { Opinions } from './opinion.ts'

/** The ratings of one item in order of time. */
export interface Told {
  /** Of each rating its weight, its stars without the rater's scale, and its day. */
  readonly weights: Float64Array
  readonly stars: Float64Array
  readonly days: Float64Array
  /** Of each its squared weight times its variance, in variances of a full rating. */
  readonly chance: Float64Array
}

const dayMs = 86_400_000
/** Weight that either half of an item's ratings needs to tell of change. */
const leastOfEach = 2
/** Variance a day that is expected before anything is known: a quarter of a star in two years. */
const expected = 0.03 / 365
const itemsBehind = 100
/** As if so many days of its own had told that an item changes as others do; none is thought to change by less than this share of it. */
const ownDays = 365
const steadiest = 0.25

export interface Telling {
  readonly weights: Float64Array
  /** What of each weight is for its age: it makes a rating say less of today, and no less sure. */
  readonly ages: Float64Array
  /** By rater. */
  readonly bias: Float64Array
  /** By item: the share of their weight that ratings without proof of purchase keep together. */
  readonly trusted: Float64Array
}

/** By item: what was told of it, in order of time. */
export function toldOf(opinions: Opinions, { weights, ages, bias, trusted }: Telling): Told[] {
  const { itemCount, items, raters, stars, times, verified } = opinions
  const byItem: number[][] = Array.from({ length: itemCount }, () => [])
  for (let k = 0; k < items.length; k++) if (weights[k] > 0) byItem[items[k]].push(k)
  const kept = (k: number) => (verified[k] ? 1 : trusted[items[k]])
  return byItem.map((own) => {
    own.sort((a, b) => times[a] - times[b])
    return {
      weights: Float64Array.from(own, (k) => kept(k) * weights[k]),
      stars: Float64Array.from(own, (k) => stars[k] - bias[raters[k]]),
      days: Float64Array.from(own, (k) => times[k] / dayMs),
      // A weight is one over the variance, but for its age.
      chance: Float64Array.from(own, (k) => kept(k) ** 2 * weights[k] * ages[k]),
    }
  })
}

/** By item: variance that its quality gains in a day. */
export function driftsOf(all: readonly Told[]): { readonly usual: number; of(item: number): number } {
  const halves = all.map(inHalves)
  let [scatter, free] = [0, 0]
  for (const half of halves) {
    scatter += half?.scatter ?? 0
    free += half?.free ?? 0
  }
  // Of one full rating, held against those of its own half: what changes between the halves is not in it.
  const chance = free > 0 ? scatter / free : 0
  const excesses = halves.map((half) => (half ? half.gap ** 2 - chance * half.chance : 0))
  // By least squares through the origin, each item by how surely its gap tells anything.
  let [excess, exposed] = [0, 0]
  halves.forEach((half, item) => {
    if (half === null) return
    const sureness = 1 / (chance * half.chance + expected * half.walked) ** 2
    excess += sureness * half.walked * excesses[item]
    exposed += sureness * half.walked ** 2
  })
  // As if so many items had told, as surely as can be, of what is expected.
  const quiet = itemsBehind / expected ** 2
  const usual = Math.max(0, (excess + quiet * expected) / (exposed + quiet))
  const of = (item: number) => {
    const half = halves[item]
    if (half === null) return usual
    return Math.max(usual * steadiest, (ownDays * usual + excesses[item]) / (ownDays + half.walked))
  }
  return { usual, of }
}

/** How many days of a quality's walk its ratings miss: the integral, until `now`, of the squared share that was told before. */
export function daysMissed({ weights, days }: Told, now: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let [before, missed] = [0, 0]
  for (let k = 0; k < days.length; k++) {
    before += weights[k] / total
    const until = k + 1 < days.length ? days[k + 1] : Math.max(days[k], now / dayMs)
    missed += before ** 2 * (until - days[k])
  }
  return missed
}

/** What the earlier and the later half of an item's ratings, by weight, tell of change. */
interface Halves {
  /** Stars of the later half less those of the earlier, and what chance alone leaves of its square, in variances of a rating. */
  readonly gap: number
  readonly chance: number
  /** Days of walk between them: the integral of the squared difference of what was told before. */
  readonly walked: number
  /** Weighted squares about the mean of each half, and as how many free ratings they count. */
  readonly scatter: number
  readonly free: number
}

function inHalves({ weights, stars, days, chance }: Told): Halves | null {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (total < 2 * leastOfEach) return null
  const halves = [new Half(), new Half()]
  const [early, late] = halves
  const ofHalf = weights.map((weight, k) => {
    const at = early.weight < total / 2 ? 0 : 1
    halves[at].add(weight, stars[k], chance[k])
    return at
  })
  if (late.weight < leastOfEach) return null
  let [walked, before] = [0, 0]
  for (let k = 0; k + 1 < weights.length; k++) {
    before += ofHalf[k] === 0 ? weights[k] / early.weight : -weights[k] / late.weight
    walked += before ** 2 * (days[k + 1] - days[k])
  }
  const sum = (of: (half: Half) => number) => of(early) + of(late)
  return {
    gap: late.mean - early.mean,
    chance: sum((half) => half.chance / half.weight ** 2),
    walked,
    scatter: sum((half) => half.squares - half.weight * half.mean ** 2),
    free: sum((half) => half.ages - half.chance / half.weight),
  }
}

class Half {
  weight = 0
  stars = 0
  squares = 0
  chance = 0
  /** Sum of weight times variance: one for each rating, less for its age. */
  ages = 0

  get mean(): number {
    return this.stars / this.weight
  }

  add(weight: number, stars: number, chance: number): void {
    this.weight += weight
    this.stars += weight * stars
    this.squares += weight * stars ** 2
    this.chance += chance
    this.ages += chance / weight
  }
}
