/** What a journey would do (POST /v1/journeys/simulate), and whether it helps (GET /v1/journeys/{id}/report). */
import { Type } from 'typebox'
import { type Engine, fromMinorUnits } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import type { App } from './typed-app.ts'

const Time = Type.String({ description: 'ISO 8601' })
const Body = Type.Object(
  {
    id: Type.Optional(Type.String({ maxLength: 64, description: 'A journey that is stored.' })),
    source: Type.Optional(Type.String({ maxLength: 200_000, description: 'Or a definition as text.' })),
    definition: Type.Optional(Type.Unknown({ description: 'Or as data.' })),
    from: Time,
    to: Type.Optional(Time),
    customers: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: 'At most so many are looked at; 10,000 by default.',
      }),
    ),
  },
  { additionalProperties: false },
)
const Count = Type.Integer()
const Answer = Type.Object({
  looked: Count,
  customers: Count,
  withheld: Type.Integer({ description: 'Of those looked at, whom consent does not reach.' }),
  entered: Count,
  held: Type.Integer({ description: 'Held out for comparison.' }),
  steps: Type.Array(Type.Object({ step: Type.String(), outcome: Type.String(), reason: Type.String(), count: Count })),
  days: Type.Array(Type.Object({ day: Type.String(), entered: Count, acted: Count })),
  examples: Type.Array(
    Type.Object({
      customer: Type.Union([Type.Object({ kind: Type.String(), id: Type.String() }), Type.Null()]),
      time: Time,
      step: Type.String({ description: "'' = entering" }),
      outcome: Type.String(),
      reason: Type.String(),
    }),
  ),
  warnings: Type.Array(Type.String()),
})
const mostCustomers = 10_000

const Effect = Type.Object({
  customers: Type.Integer({ description: 'Who entered.' }),
  judged: Type.Integer({ description: 'Of them, whose days are over.' }),
  orders: Type.Number({ description: 'For each, on average, after cancellations and returns.' }),
  margin: Type.Number(),
})
const Difference = Type.Object(
  {
    estimate: Type.Number(),
    low: Type.Union([Type.Number(), Type.Null()], { description: 'Null = nothing can be told yet.' }),
    high: Type.Union([Type.Number(), Type.Null()]),
  },
  { description: 'Treated less held out; 95 %, valid whenever and however often it is looked at.' },
)
const Report = Type.Object({
  days: Type.Integer(),
  treated: Effect,
  held: Effect,
  difference: Type.Union([Type.Object({ orders: Difference, margin: Difference }), Type.Null()]),
  withoutCost: Type.Integer({ description: 'Lines whose item has no cost.' }),
  detectable: Type.Array(
    Type.Object({
      months: Type.Integer(),
      holdout: Type.Number(),
      lift: Type.Union([Type.Number(), Type.Null()], {
        description: 'Of the mean of orders; null = nothing would show.',
      }),
    }),
  ),
  sentence: Type.String(),
})

export function simulationRoutes(app: App, { journeys, world }: Engine): void {
  const schema = {
    tags: ['journeys'],
    description: 'Who would have entered, what would have been sent when, and what would have stopped it.',
    body: Body,
    response: { 200: Answer },
  }
  app.post('/v1/journeys/simulate', { schema, config: { action: 'journeys.people' } }, async ({ body }) => {
    const { id, source, definition, customers = mostCustomers } = body
    const span = { from: timeOf('from', body.from), to: body.to === undefined ? world.now() : timeOf('to', body.to) }
    const answer = await journeys.simulate({ id, source, definition, most: customers, ...span })
    const { steps, days, examples, warnings } = answer
    return {
      ...answer,
      steps: [...steps],
      days: [...days],
      warnings: [...warnings],
      examples: examples.map(({ customer, time, ...one }) => ({
        ...one,
        time: new Date(time).toISOString(),
        customer: customer && { kind: customer.kind, id: customer.value },
      })),
    }
  })
}

export function reportRoute(app: App, { journeys, config }: Engine): void {
  const schema = {
    tags: ['journeys'],
    description:
      'Whether it helps: what those who entered ordered against those held out, and what could be told at all.',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) }),
    querystring: Type.Object({
      days: Type.Optional(Type.Integer({ minimum: 1, maximum: 365, description: 'After entering; 30 by default.' })),
    }),
    response: { 200: Report },
  }
  const money = (minor: number) => fromMinorUnits(minor, config.currency)
  app.get('/v1/journeys/:id/report', { schema, config: { action: 'journeys.read' } }, async ({ params, query }) => {
    const { treated, held, difference, detectable, ...rest } = await journeys.report(params.id, query.days ?? 30)
    return {
      ...rest,
      treated: { ...treated, margin: money(treated.margin) },
      held: { ...held, margin: money(held.margin) },
      difference: difference && {
        orders: intervalOf(difference.orders, (value) => value),
        margin: intervalOf(difference.margin, money),
      },
      detectable: [...detectable],
    }
  })
}

function intervalOf(
  { estimate, low, high }: { readonly estimate: number; readonly low: number; readonly high: number },
  shown: (value: number) => number,
) {
  const end = (value: number) => (Number.isFinite(value) ? shown(value) : null)
  return { estimate: shown(estimate), low: end(low), high: end(high) }
}

function timeOf(field: string, text: string): number {
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time))
    throw new HabitueError('invalid_option', `"${field}" is ${JSON.stringify(text)}; expected a time in ISO 8601.`)
  return time
}
