/** POST /v1/usual: what a customer usually takes in this context, or that it is better to ask. */
import { Type } from 'typebox'
import { type Engine, fromMinorUnits, whenSure } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { CeilingName, CustomerId, forSomebody, VisitorId } from './for-whom.ts'
import type { App } from './typed-app.ts'

const Said = Type.Union([Type.Number(), Type.String({ minLength: 1, maxLength: 60 })])
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

const UsualRequest = Type.Object(
  {
    customer: Type.Optional(CustomerId),
    anonymousId: Type.Optional(VisitorId),
    ceiling: Type.Optional(CeilingName),
    slot: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'A category; default: that from which he takes most.' }),
    ),
    context: Type.Optional(
      Type.Record(Type.String({ pattern: '^\\w{1,30}$' }), Said, {
        description: 'What is now: temperature, timezone, place, device, occasion, ...',
      }),
    ),
    time: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601; default: now.' })),
    sure: Type.Optional(
      Type.Number({
        minimum: 0.3,
        maximum: 0.99,
        description: `Below this probability it asks; default ${whenSure.probability}.`,
      }),
    ),
  },
  { additionalProperties: false },
)

const card = {
  id: Type.String(),
  title: Nullable(Type.String()),
  price: Nullable(Type.Number()),
  currency: Nullable(Type.String()),
  image: Nullable(Type.String()),
  url: Nullable(Type.String()),
}
const Offered = Type.Object({ ...card, probability: Type.Number() })

const UsualAnswer = Type.Object({
  slot: Nullable(Type.String()),
  personalised: Type.Boolean(),
  ask: Type.Boolean({ description: 'Not sure enough, or the usual is not to be had: ask, with the options.' }),
  usual: Nullable(Offered),
  runnerUp: Nullable(Offered),
  options: Type.Array(Offered),
  condition: Nullable(
    Type.Object({
      name: Type.String(),
      below: Type.Optional(Type.Number()),
      is: Type.Optional(Type.String()),
      holds: Nullable(Type.Boolean()),
      holding: Type.String({ description: 'The usual where the condition holds.' }),
      otherwise: Type.String(),
      probability: Type.Number(),
    }),
  ),
  unavailable: Nullable(Type.Object(card)),
  reason: Nullable(Type.String()),
  provenance: Nullable(Type.Enum(['told', 'observed'], { description: 'He told it, or it was seen; null = it asks.' })),
  choices: Type.Integer({ description: "How many of the customer's choices this rests on." }),
  context: Type.Record(Type.String(), Said),
})

export function usualRoutes(app: App, engine: Engine): void {
  app.post(
    '/v1/usual',
    {
      schema: { tags: ['recommendations'], body: UsualRequest, response: { 200: UsualAnswer } },
      config: { action: 'decisions.anonymous' },
    },
    async (request) => {
      const { slot, context, time, sure, ceiling: dial = 'known' } = request.body
      const { who, ceiling } = await forSomebody(request, engine, request.body)
      const answer = await engine.usual(
        {
          who,
          dial,
          slot: slot ?? null,
          context: context ?? {},
          time: time === undefined ? null : timeOf(time),
          sure: sure ?? whenSure.probability,
        },
        ceiling,
      )
      const priced = <T extends { price: number | null; currency: string | null }>(item: T): T => ({
        ...item,
        price: item.price === null ? null : fromMinorUnits(item.price, item.currency),
      })
      const offered = <T extends { price: number | null; currency: string | null; probability: number }>(item: T): T =>
        priced({ ...item, probability: Math.round(item.probability * 1000) / 1000 })
      return {
        ...answer,
        usual: answer.usual && offered(answer.usual),
        runnerUp: answer.runnerUp && offered(answer.runnerUp),
        options: answer.options.map(offered),
        unavailable: answer.unavailable && priced(answer.unavailable),
        context: { ...answer.context },
      }
    },
  )
}

function timeOf(text: string): number {
  const time = Date.parse(text)
  if (!Number.isNaN(time)) return time
  throw new HabitueError('invalid_body', `time: expected ISO 8601, got ${JSON.stringify(text)}`)
}
