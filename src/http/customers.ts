/**
 * /v1/customers: what is remembered of one, for servers; and for a page that brings the customer's own token. The address
 * names the shop's user id, or with `?kind=` an identifier of another kind.
 */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Engine, Identifier } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { requireCustomer } from './authentication.ts'
import {
  CartAnswer,
  CustomerAnswer,
  cartOf,
  customerOf,
  MergesAnswer,
  mergeOf,
  OrdersAnswer,
  orderOf,
  SummaryAnswer,
  summaryOf,
  TimelineAnswer,
  timelineOf,
} from './customer-wire.ts'
import { statementOf } from './fact-wire.ts'
import type { App } from './typed-app.ts'

const Who = Type.Object({ id: Type.String({ minLength: 1, maxLength: 500 }) })
const Kind = {
  kind: Type.Optional(
    Type.String({ maxLength: 100, description: 'user (default), email, phone, anonymous, or a custom kind.' }),
  ),
}
const ByKind = Type.Object(Kind, { additionalProperties: false })
const Timeline = Type.Object(
  {
    ...Kind,
    before: Type.Optional(Type.String({ maxLength: 500, description: 'The `next` of the page before.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: '50 by default.' })),
  },
  { additionalProperties: false },
)
const Find = Type.Object(
  {
    identifier: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'Of any kind.' })),
    order: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'An order number.' })),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'A name, or its beginning.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: '20 by default.' })),
  },
  { additionalProperties: false },
)

type AboutOne = FastifyRequest<{ Params: Type.Static<typeof Who>; Querystring: { kind?: string } }>
const tags = ['customers']

export function customerRoutes(app: App, engine: Engine): void {
  const { customers } = engine
  const config = { action: 'customers.read' } as const
  const one = { tags, params: Who, querystring: ByKind }

  /** Whom the address names, after the caller showed that he may ask. */
  async function about(request: AboutOne): Promise<Identifier> {
    const who = { kind: request.query.kind ?? 'user', value: request.params.id }
    await requireCustomer(request, engine, 'customers.read', who.kind === 'user' ? who.value : null)
    return who
  }

  app.get('/v1/customers/:id', { schema: { ...one, response: { 200: CustomerAnswer } }, config }, async (request) => {
    const who = await about(request)
    const customer = customerOf(known(await customers.get(who), who))
    const attention = (await engine.facts.attention(who)) ?? []
    return { attention: attention.map(statementOf), ...customer }
  })
  app.get(
    '/v1/customers/:id/timeline',
    { schema: { ...one, querystring: Timeline, response: { 200: TimelineAnswer } }, config },
    async (request) => {
      const who = await about(request)
      const { before, limit = 50 } = request.query
      return timelineOf(known(await customers.timeline(who, { before, limit }), who))
    },
  )
  app.get(
    '/v1/customers/:id/orders',
    { schema: { ...one, response: { 200: OrdersAnswer } }, config },
    async (request) => {
      const who = await about(request)
      return { orders: known(await customers.orders(who), who).map(orderOf) }
    },
  )
  app.get('/v1/customers/:id/cart', { schema: { ...one, response: { 200: CartAnswer } }, config }, async (request) => {
    const who = await about(request)
    return cartOf(known(await customers.cart(who), who))
  })
  findAndMergeRoutes(app, engine)
}

function findAndMergeRoutes(app: App, engine: Engine): void {
  const { customers } = engine
  const config = { action: 'customers.find' } as const
  app.get(
    '/v1/customers',
    { schema: { tags, querystring: Find, response: { 200: SummaryAnswer } }, config },
    async (request) => {
      const { limit = 20, ...by } = request.query
      if (Object.keys(by).length !== 1) {
        throw new HabitueError('invalid_body', 'The query needs one of "identifier", "order" and "name".', {})
      }
      return { customers: (await customers.find({ ...by, limit })).map(summaryOf) }
    },
  )
  app.get(
    '/v1/customers/:id/merges',
    { schema: { tags, params: Who, querystring: ByKind, response: { 200: MergesAnswer } }, config },
    async (request) => {
      const who = { kind: request.query.kind ?? 'user', value: request.params.id }
      return { merges: known(await customers.merges(who), who).map(mergeOf) }
    },
  )
  app.post(
    '/v1/merges/:merge/undo',
    { schema: { tags, params: Type.Object({ merge: Type.Integer({ minimum: 1 }) }) }, config },
    async (request, reply) => {
      await customers.undoMerge(request.params.merge)
      return reply.code(204).send()
    },
  )
}

function known<T>(found: T | null, who: Identifier): T {
  if (found !== null) return found
  throw new HabitueError('not_found', `Nobody is known by the ${who.kind} id ${JSON.stringify(who.value)}.`, { ...who })
}
