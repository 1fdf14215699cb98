/** What customers say of items: reviews of an item, rankings, and who decides what shows. */
import { Type } from 'typebox'
import { type Engine, type ItemReviews, type Ranking, type ReviewView, rejectionReasons } from '../engine-api.ts'
import { actorOf } from './audit.ts'
import { requireCustomer } from './authentication.ts'
import type { App } from './typed-app.ts'

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])

const standing = {
  expected: Type.Number({ description: 'Stars.' }),
  low: Type.Number({ description: 'Of the 90 % interval.' }),
  high: Type.Number(),
  ratings: Type.Integer(),
  verified: Type.Integer({ description: 'Of the ratings, those by customers who are known to have bought the item.' }),
  suspicious: Type.Integer({ description: 'Ratings that count for little: copies, bursts, crowds without purchases.' }),
  histogram: Type.Array(Type.Integer(), { description: 'How many ratings gave 1, 2, 3, 4, 5 stars.' }),
}
const OrderedBy = Type.Object({ code: Type.String(), text: Type.String() })
const Verification = Type.String({ description: 'How it is known that somebody bought.' })
const Count = Type.Object({ all: Type.Integer(), critical: Type.Integer({ description: '1 and 2 stars.' }) })
const Withheld = Type.Object(
  Object.fromEntries([...rejectionReasons, 'pending'].map((why) => [why, Count])) as Record<string, typeof Count>,
  { description: 'How many reviews are not shown, by why.' },
)
const State = Type.Enum(['pending', 'published', 'rejected'])
const Reason = Type.Enum([...rejectionReasons], { description: 'That a review is critical is none.' })

const Review = Type.Object({
  id: Type.String({ description: 'Name it in `Review Voted`.' }),
  item: Type.String(),
  stars: Nullable(Type.Number()),
  title: Nullable(Type.String()),
  text: Nullable(Type.String()),
  author: Nullable(Type.String()),
  time: Type.String({ description: 'ISO 8601' }),
  verified: Type.Boolean(),
  helpful: Type.Number({ description: 'Sum of votes; of who is not known to have bought the item, half a vote.' }),
  unhelpful: Type.Number(),
  usefulness: Type.Number({ description: 'Lower bound of the share who find it helpful.' }),
  state: State,
  reason: Nullable(Reason),
})

const ItemReviewsAnswer = Type.Object({
  item: Type.String(),
  standing: Nullable(Type.Object(standing)),
  count: Type.Integer(),
  verified: Type.Integer({ description: 'Of these by verified buyers.' }),
  verification: Verification,
  orderedBy: OrderedBy,
  withheld: Withheld,
  reviews: Type.Array(Review),
  next: Nullable(Type.Integer({ description: 'Pass as `after` for the next page.' })),
})

const RankingAnswer = Type.Object({
  category: Nullable(Type.String()),
  personalised: Type.Boolean(),
  orderedBy: OrderedBy,
  ratings: Type.Integer(),
  verified: Type.Integer(),
  verification: Verification,
  asOf: Type.String({ description: 'ISO 8601' }),
  items: Type.Array(
    Type.Object({
      ...standing,
      id: Type.String(),
      title: Nullable(Type.String()),
      place: Type.Integer(),
      yours: Nullable(Type.Object({ expected: Type.Number(), spread: Type.Number() })),
      text: Type.String(),
    }),
  ),
})

const ListQuery = Type.Object(
  {
    order: Type.Optional(
      Type.Enum(['useful', 'newest', 'critical', 'favourable'], { description: '`useful` by default.' }),
    ),
    stars: Type.Optional(Type.Integer({ minimum: 1, maximum: 5 })),
    after: Type.Optional(Type.Integer({ minimum: 0 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: '10 by default.' })),
  },
  { additionalProperties: false },
)
const RankingQuery = Type.Object(
  {
    category: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    customer: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'In the order of his taste.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: '20 by default.' })),
  },
  { additionalProperties: false },
)
const StateQuery = Type.Object(
  { state: State, limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: '100 by default.' })) },
  { additionalProperties: false },
)
const Decision = Type.Object(
  {
    state: Type.Enum(['pending', 'published', 'rejected'], { description: '`pending` takes a decision back.' }),
    reason: Type.Optional(Reason),
    note: Type.Optional(Type.String({ maxLength: 1000, description: 'For people of the shop, and his own export.' })),
  },
  { additionalProperties: false },
)

const tags = ['reviews']

export function reviewRoutes(app: App, engine: Engine): void {
  const read = { action: 'reviews.read' } as const
  const check = { action: 'reviews.check' } as const
  const Item = Type.Object({ id: Type.String({ minLength: 1, maxLength: 512 }) })
  app.get(
    '/v1/items/:id/reviews',
    { schema: { tags, params: Item, querystring: ListQuery, response: { 200: ItemReviewsAnswer } }, config: read },
    async (request) => {
      const { order = 'useful', stars, after = 0, limit = 10 } = request.query
      return itemWire(await engine.reviews.ofItem(request.params.id, { order, stars, after, limit }))
    },
  )
  app.get(
    '/v1/rankings',
    { schema: { tags, querystring: RankingQuery, response: { 200: RankingAnswer } }, config: read },
    async (request) => {
      const { category, customer, limit = 20 } = request.query
      if (customer !== undefined) await requireCustomer(request, engine, 'decisions.customer', customer)
      const who = customer === undefined ? null : { kind: 'user', value: customer }
      return rankingWire(await engine.reviews.ranking({ category, limit, who, ceiling: 'known' }))
    },
  )
  app.get(
    '/v1/reviews',
    {
      schema: { tags, querystring: StateQuery, response: { 200: Type.Object({ reviews: Type.Array(Review) }) } },
      config: check,
    },
    async (request) => {
      const { state, limit = 100 } = request.query
      return { reviews: (await engine.reviews.list(state, limit)).map(reviewWire) }
    },
  )
  const Report = Type.Object({ published: Count, withheld: Withheld })
  app.get('/v1/reviews/report', { schema: { tags, response: { 200: Report } }, config: check }, () =>
    engine.reviews.report(),
  )
  app.put(
    '/v1/reviews/:id/state',
    { schema: { tags, params: Item, body: Decision }, config: { action: 'reviews.moderate' } },
    async (request, reply) => {
      const { state, reason = null, note = null } = request.body
      await engine.reviews.moderate(request.params.id, { state, reason, note }, actorOf(request))
      return reply.code(204).send()
    },
  )
}

const reviewWire = (review: ReviewView) => ({ ...review, time: new Date(review.time).toISOString() })

function itemWire({ standing: found, reviews, ...rest }: ItemReviews) {
  const standing = found && { ...found, histogram: [...found.histogram] }
  return { ...rest, standing, reviews: reviews.map(reviewWire) }
}

function rankingWire({ items, asOf, ...rest }: Ranking) {
  const wire = items.map((item) => ({ ...item, histogram: [...item.histogram] }))
  return { ...rest, asOf: new Date(asOf).toISOString(), items: wire }
}
