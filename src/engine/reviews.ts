/** What customers say of items, as HTTP and the command line show it; and who decides what shows. */
import type { Catalogue } from '../catalog/catalogue.ts'
import { sameItems } from '../catalog/read.ts'
import type { Config } from '../config.ts'
import type { Ceiling } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { permitsFor } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import type { Predictor } from '../decisions/predictions.ts'
import { ratedText } from '../decisions/reason-words.ts'
import type { ItemReviews, RankedItem, Ranking, ReviewsApi, ReviewView, StandingView } from '../engine-api/reviews.ts'
import { HabitueError } from '../errors.ts'
import type { Identifier } from '../identity/identity.ts'
import type { ItemStanding } from '../reviews/board.ts'
import type { CurrentBoard } from '../reviews/current-board.ts'
import {
  type ListNeeds,
  listReviews,
  type ReviewOrder,
  type ShownReview,
  shownReviews,
  withheldOf,
} from '../reviews/list.ts'
import { allReviews, isWithdrawn, type Moderation } from '../reviews/store.ts'
import type { World } from '../world.ts'

export interface ReviewNeeds {
  readonly db: Database
  readonly catalogue: Catalogue
  readonly config: Config
  readonly policy: Policy
  readonly world: World
  readonly board: CurrentBoard
  readonly foretell: Predictor['foretell']
}

/** How it is known that a reviewer is a buyer: shops of the European Union must say it. */
const verification =
  'A rating counts as verified where an order of the same customer, recorded by this shop, has the item; a claim alone does not.'

const orderings: Readonly<Record<ReviewOrder, string>> = {
  useful:
    'By how useful readers find them: the lower bound of the share of helpful votes, a buyer’s vote counting double; before votes, ' +
    'reviews by buyers and longer ones first. How many stars a review gives does not matter.',
  newest: 'The newest first.',
  critical: 'The fewest stars first, equal ones by how useful readers find them.',
  favourable: 'The most stars first, equal ones by how useful readers find them.',
}
const byRating =
  'By expected stars: the average over ratings, each weighed by its age, by how the rater rates other items and agrees with ' +
  'others, and by proof of purchase; items with few ratings lean to the average of their category. Nobody pays for a place.'
const byTaste =
  'By the stars that you are expected to give, foretold from your ratings and those of customers like you.'

export function reviewsApi(needs: ReviewNeeds): ReviewsApi {
  const { db, catalogue, config, policy, world, board } = needs
  const listNeeds = async (): Promise<ListNeeds> => {
    const { usual } = await board.fresh()
    const now = world.now()
    const permits = permitsFor(db, policy, 'personalisation', now)
    const canonical = (item: number) => catalogue.canonical(item)
    return { reader: db, permits, settings: config.reviews, usual, canonical, now }
  }
  const view = ({ item, ...review }: ShownReview): ReviewView => ({
    ...review,
    item: catalogue.shopId(catalogue.canonical(item)) ?? '',
  })

  return {
    async ofItem(name, { order, stars, after, limit }): Promise<ItemReviews> {
      await catalogue.upToDate(db)
      const id = catalogue.idOf(name)
      if (id === undefined)
        throw new HabitueError('unknown_item', `The catalogue has no item ${JSON.stringify(name)}.`, { item: name })
      const list = await listReviews(await listNeeds(), await sameItems(db, id), order)
      const wanted = list.reviews.filter((one) => stars === undefined || Math.round(one.stars ?? 0) === stars)
      const standing = (await board.fresh()).of(id)
      return {
        item: catalogue.shopId(id) ?? name,
        standing: standing && standingView(standing),
        count: list.reviews.length,
        verified: list.verified,
        verification,
        orderedBy: { code: order, text: orderings[order] },
        withheld: list.withheld,
        reviews: wanted.slice(after, after + limit).map(view),
        next: after + limit < wanted.length ? after + limit : null,
      }
    },
    ranking: (wanted) => ranking(needs, wanted),
    async list(state, limit) {
      const all = await everyReview(await listNeeds())
      const found = all.filter((one) => one.state === state).sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1))
      return found.slice(0, limit).map(view)
    },
    async report() {
      const all = await everyReview(await listNeeds())
      const published = all.filter(({ state }) => state === 'published')
      const critical = published.filter(({ stars }) => stars !== null && stars <= 2).length
      return { published: { all: published.length, critical }, withheld: withheldOf(all) }
    },
    async moderate(review, decision, actor) {
      const moderation: Moderation = { review, ...decision, actor, now: world.now() }
      await db.write('reviews.moderate', moderation)
      board.changed()
    },
  }
}

async function everyReview(needs: ListNeeds): Promise<ShownReview[]> {
  const all: ShownReview[] = []
  for await (const piece of allReviews(needs.reader, needs.permits))
    all.push(
      ...(await shownReviews(
        needs,
        piece.filter((one) => !isWithdrawn(one)),
      )),
    )
  return all
}

/** Of the best by rating so many are ordered by taste: what is far below is not lifted by it. */
const mostForetold = 500

async function ranking(
  { db, catalogue, world, board, foretell }: ReviewNeeds,
  wanted: { category?: string; limit: number; who: Identifier | null; ceiling: Ceiling },
): Promise<Ranking> {
  const { category, limit, who, ceiling } = wanted
  await catalogue.upToDate(db)
  const { ranked, asOf } = await board.fresh()
  const now = world.now()
  const isIn = category === undefined ? () => true : catalogue.compileFilter({ categories: [category] })
  const all = ranked.filter(({ item }) => catalogue.has(item) && isIn(item))
  // A list for everybody: what is rated for an age, and what is sensitive, stands in it for nobody.
  const isOpen = (item: number) => catalogue.leastAge(item) <= 0 && !catalogue.sensitive(item)
  const shown = all.filter(({ item }) => catalogue.sellable(item, now) && isOpen(item))
  const candidates = shown.slice(0, who ? Math.max(limit, mostForetold) : limit)
  const ids = candidates.map(({ item }) => item)
  const yours = who ? await foretell(who, ids, ceiling) : null
  const expectation = ({ item, mean }: ItemStanding) => yours?.get(item)?.expected ?? mean
  const ordered = yours ? candidates.toSorted((a, b) => expectation(b) - expectation(a) || b.mean - a.mean) : candidates
  return {
    category: category ?? null,
    personalised: yours !== null,
    orderedBy: yours ? { code: 'taste', text: byTaste } : { code: 'rating', text: byRating },
    ratings: all.reduce((sum, { ratings }) => sum + ratings, 0),
    verified: all.reduce((sum, { verified }) => sum + verified, 0),
    verification,
    asOf,
    items: ordered.slice(0, limit).map((standing, place): RankedItem => {
      const own = yours?.get(standing.item)
      const view = standingView(standing)
      return {
        ...view,
        id: catalogue.shopId(standing.item) ?? '',
        title: catalogue.title(standing.item),
        place: place + 1,
        yours: own ? { expected: own.expected, spread: own.spread } : null,
        text: own ? `Customers like you rate it ${own.expected.toFixed(1)}` : ratedText(view),
      }
    }),
  }
}

function standingView({ mean, low, high, ratings, verified, suspicious, histogram }: ItemStanding): StandingView {
  const round = (value: number) => Math.round(value * 100) / 100
  return {
    expected: round(mean),
    low: round(low),
    high: round(high),
    ratings,
    verified,
    suspicious,
    histogram: [...histogram],
  }
}
