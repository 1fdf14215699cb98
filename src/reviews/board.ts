/**
 * How all items stand by what customers say of them, as of a moment: every rating that counts, weighed (models/opinions.ts).
 * Read whole and swapped whole; an answer about one item reads its reviews anew.
 */
import { setImmediate } from 'node:timers/promises'
import type { Catalogue } from '../catalog/catalogue.ts'
import type { PopulationPermit } from '../consent/permit.ts'
import type { Reader } from '../db/database.ts'
import { type CustomerRating, ratingsOfAll } from '../memory/ratings-of-all.ts'
import { type UsualVotes, usualVotes, type VotedReview } from '../models/helpfulness.ts'
import { type OpinionOptions, type Opinions, opinionDefaults } from '../models/opinion.ts'
import { opinionSteps, type Standings } from '../models/opinions.ts'
import { type PublishPolicy, standingOf } from './state.ts'
import { allReviews, isWithdrawn, latestOfEach, type StoredReview, voteCounts } from './store.ts'
import { wordGroups } from './words.ts'

/** How one item stands. */
export interface ItemStanding {
  /** Internal id. */
  readonly item: number
  /** Expected stars, and the 90 % interval. */
  readonly mean: number
  readonly low: number
  readonly high: number
  readonly ratings: number
  /** Of these by customers who are known to have bought it. */
  readonly verified: number
  /** Of these ratings that count for little: copies, bursts, crowds without proof of purchase. */
  readonly suspicious: number
  /** As how many full ratings they count. */
  readonly weight: number
  /** How many ratings gave 1, 2, 3, 4, 5 stars (rounded). */
  readonly histogram: readonly number[]
}

export interface Board {
  /** Milliseconds since 1970. */
  readonly asOf: number
  /** Of an internal id; null = nobody has rated it. */
  of(item: number): ItemStanding | null
  /** The best first; equal ones by id. */
  readonly ranked: readonly ItemStanding[]
  /** By how much a customer gives more than others; 0 where nothing is known. */
  biasOf(customer: number): number
  readonly usual: UsualVotes
  /** As how many buyers ratings without proof of purchase count at most for an item; infinite = no limit is needed. */
  readonly crowdLimit: number
}

export interface BoardNeeds {
  readonly reader: Reader
  readonly permit: PopulationPermit | null
  readonly catalogue: Catalogue
  readonly settings: PublishPolicy & { readonly halfLifeDays: number }
  readonly now: number
}

const noVotes = usualVotes([])

export function emptyBoard(asOf: number): Board {
  return { asOf, of: () => null, ranked: [], biasOf: () => 0, usual: noVotes, crowdLimit: Number.POSITIVE_INFINITY }
}

export async function readBoard({ reader, permit, catalogue, settings, now }: BoardNeeds): Promise<Board> {
  if (permit === null) return emptyBoard(now)
  const canonical = (item: number) => catalogue.canonical(item)
  const reviews: StoredReview[] = []
  for await (const piece of allReviews(reader, async () => permit)) reviews.push(...piece)
  const latest = latestOfEach(reviews, canonical)
  const byKey = new Map(latest.map((review) => [`${review.customer} ${canonical(review.item)}`, review]))
  const all = await ratingsOfAll(reader, permit, canonical)
  const ratings = all.filter((rating) => {
    const review = byKey.get(`${rating.customer} ${rating.item}`)
    // Stars given after the review are a word of their own.
    if (review === undefined || rating.time > review.time) return true
    return !isWithdrawn(review) && standingOf(review, review.decision, settings, now).counts
  })
  const bought = new Set(all.filter((one) => one.bought).map(({ customer, item }) => `${customer} ${item}`))
  const votes = await voteCounts(reader)
  const voted = latest.map((review): VotedReview => {
    const { helpful = 0, unhelpful = 0 } = votes.get(review.review) ?? {}
    return {
      stars: review.stars ?? 3,
      verified: bought.has(`${review.customer} ${canonical(review.item)}`),
      length: (review.title?.length ?? 0) + (review.text?.length ?? 0),
      helpful: helpful + review.helpful,
      unhelpful: unhelpful + review.votes - review.helpful,
    }
  })
  return boardOf(ratings, { byKey, catalogue, usual: usualVotes(voted), settings, now })
}

interface Parts {
  readonly byKey: ReadonlyMap<string, StoredReview>
  readonly catalogue: Catalogue
  readonly usual: UsualVotes
  readonly settings: { readonly halfLifeDays: number }
  readonly now: number
}

async function boardOf(
  ratings: readonly CustomerRating[],
  { byKey, catalogue, usual, settings, now }: Parts,
): Promise<Board> {
  if (ratings.length === 0) return { ...emptyBoard(now), usual }
  const items = numbered(ratings.map(({ item }) => item))
  const raters = numbered(ratings.map(({ customer }) => customer))
  const { categories, count } = categoriesOf(items.values, catalogue)
  const opinions: Opinions = {
    itemCount: items.values.length,
    raterCount: raters.values.length,
    categoryCount: count,
    categories,
    items: items.at,
    raters: raters.at,
    stars: Float32Array.from(ratings, ({ stars }) => Math.min(5, Math.max(1, stars))),
    times: Float64Array.from(ratings, ({ time }) => time),
    verified: Uint8Array.from(ratings, ({ bought }) => (bought ? 1 : 0)),
    words: wordGroups(ratings.map(({ customer, item }) => byKey.get(`${customer} ${item}`)?.print ?? '')),
  }
  const fit = await fitted(opinions, { now, halfLifeDays: settings.halfLifeDays, z: opinionDefaults.z })
  const standings = listed(opinions, fit, items.values)
  const byItem = new Map(standings.map((standing) => [standing.item, standing]))
  return {
    asOf: now,
    of: (item) => byItem.get(item) ?? null,
    ranked: standings.toSorted((a, b) => b.mean - a.mean || a.item - b.item),
    biasOf: (customer) => fit.bias[raters.indexOf.get(customer) ?? -1] ?? 0,
    usual,
    crowdLimit: fit.crowdLimit,
  }
}

/** Decisions go on meanwhile. */
async function fitted(opinions: Opinions, options: OpinionOptions): Promise<Standings> {
  const steps = opinionSteps(opinions, options)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    await setImmediate()
  }
}

function listed({ items, stars }: Opinions, fit: Standings, ids: readonly number[]): ItemStanding[] {
  const histograms = ids.map(() => [0, 0, 0, 0, 0])
  for (let k = 0; k < items.length; k++) histograms[items[k]][Math.round(stars[k]) - 1]++
  return ids.map((item, n) => ({
    item,
    mean: fit.mean[n],
    low: fit.low[n],
    high: fit.high[n],
    ratings: fit.counts[n],
    verified: fit.verifiedCounts[n],
    suspicious: fit.suspicious[n],
    weight: fit.weight[n],
    histogram: histograms[n],
  }))
}

function numbered(ids: readonly number[]) {
  const values = [...new Set(ids)].sort((a, b) => a - b)
  const indexOf = new Map(values.map((value, n) => [value, n]))
  return { values, indexOf, at: Int32Array.from(ids, (id) => indexOf.get(id) as number) }
}

/** Rated items that a category needs to have a promise of its own. */
const fewest = 5

/** Of each item the category with the fewest rated items that still has enough: the closest company it has. */
function categoriesOf(items: readonly number[], catalogue: Catalogue): { categories: Int32Array; count: number } {
  const sizes = new Map<number, number>()
  for (const item of items)
    for (const category of catalogue.categoryIds(item)) sizes.set(category, (sizes.get(category) ?? 0) + 1)
  const large = [...sizes].filter(([, size]) => size >= fewest).sort(([a], [b]) => a - b)
  const numbers = new Map(large.map(([category], n) => [category, n]))
  const closest = (item: number) =>
    catalogue
      .categoryIds(item)
      .filter((category) => numbers.has(category))
      .sort((a, b) => (sizes.get(a) as number) - (sizes.get(b) as number) || a - b)[0]
  return {
    categories: Int32Array.from(items, (item) => numbers.get(closest(item)) ?? -1),
    count: large.length,
  }
}
