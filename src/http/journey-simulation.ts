/** What a journey would do (POST /v1/journeys/simulate). */
import { Type } from 'typebox'
import type { Engine } from '../engine-api.ts'
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

export function simulationRoutes(app: App, { journeys, world }: Engine): void {
  const schema = {
    tags: ['journeys'],
    description: 'Who would have entered, what would have been sent when, and what would have stopped it.',
    body: Body,
    response: { 200: Answer },
  }
  app.post('/v1/journeys/simulate', { schema, config: { action: 'journeys.people' } }, async ({ body }, reply) => {
    const { id, source, definition, customers = mostCustomers } = body
    const span = { from: timeOf('from', body.from), to: body.to === undefined ? world.now() : timeOf('to', body.to) }
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort(new HabitueError('conflict', 'Whoever asked for the simulation is gone.')))
    const answer = await journeys.simulate({ id, source, definition, most: customers, ...span }, gone.signal)
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

function timeOf(field: string, text: string): number {
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time))
    throw new HabitueError('invalid_option', `"${field}" is ${JSON.stringify(text)}; expected a time in ISO 8601.`)
  return time
}
