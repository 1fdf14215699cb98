/** /v1/rules: the shop's own rules as data; and what one would change, before it holds. */
import { Type } from 'typebox'
import { type Engine, placementNames, type Rule, ruleKinds } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { fromFilter, toFilter, WireFilter } from './item-filter.ts'
import {
  fromDecisionAnswer,
  RecommendationAnswer,
  RecommendationRequest,
  toDecisionRequest,
} from './recommendation-wire.ts'
import type { App } from './typed-app.ts'

const fields = {
  kind: Type.Enum([...ruleKinds]),
  placements: Type.Optional(Type.Array(Type.Enum([...placementNames]), { description: 'Absent = everywhere.' })),
  segments: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
      maxItems: 100,
      description: 'For whom; absent = everybody.',
    }),
  ),
  items: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 10_000 })),
  filter: Type.Optional(WireFilter),
  factor: Type.Optional(Type.Number({ description: 'boost (above 1) and bury (below 1)' })),
  position: Type.Optional(Type.Integer({ description: 'pin: the place in the list, from 1' })),
  policy: Type.Optional(Type.Enum(['learned', 'never', 'always'], { description: 'repeat' })),
  from: Type.Optional(Type.String({ description: 'ISO 8601, inclusive' })),
  until: Type.Optional(Type.String({ description: 'ISO 8601, exclusive' })),
  note: Type.Optional(Type.String({ maxLength: 1000 })),
}
const Id = Type.String({ minLength: 1, maxLength: 100 })
const RuleBody = Type.Object(fields, { additionalProperties: false })
const WireRule = Type.Object({ id: Id, ...fields }, { additionalProperties: false })
type WireRule = Type.Static<typeof WireRule>

const Params = Type.Object({ id: Id })
const Preview = Type.Object({ rule: WireRule, request: RecommendationRequest }, { additionalProperties: false })
const tags = ['rules']

export function ruleRoutes(app: App, engine: Engine): void {
  const { rules } = engine
  const { currency } = engine.config
  const read = { action: 'rules.read' } as const
  const write = { action: 'rules.write' } as const

  const listed = { 200: Type.Object({ rules: Type.Array(WireRule) }) }
  app.get('/v1/rules', { schema: { tags, response: listed }, config: read }, async () => ({
    rules: (await rules.list()).map((rule) => fromRule(rule, currency)),
  }))
  app.get(
    '/v1/rules/:id',
    { schema: { tags, params: Params, response: { 200: WireRule } }, config: read },
    async (request) => {
      const rule = await rules.get(request.params.id)
      if (!rule) throw new HabitueError('not_found', `There is no rule ${JSON.stringify(request.params.id)}.`)
      return fromRule(rule, currency)
    },
  )
  app.put(
    '/v1/rules/:id',
    { schema: { tags, params: Params, body: RuleBody, response: { 200: WireRule } }, config: write },
    async (request) =>
      fromRule(await rules.save(toRule({ id: request.params.id, ...request.body }, currency)), currency),
  )
  app.delete('/v1/rules/:id', { schema: { tags, params: Params }, config: write }, async (request, reply) => {
    await rules.remove(request.params.id)
    return reply.code(204).send()
  })
  app.post(
    '/v1/rules/preview',
    {
      schema: {
        tags,
        description: 'The same decision without and with a rule; nothing is stored or logged.',
        body: Preview,
        response: { 200: Type.Object({ before: RecommendationAnswer, after: RecommendationAnswer }) },
      },
      config: read,
    },
    async (request) => {
      const { customer, anonymousId, ...wire } = request.body.request
      const value = customer ?? anonymousId
      const who = value === undefined ? null : { kind: customer === undefined ? 'anonymous' : 'user', value }
      const { before, after } = await rules.preview(
        toRule(request.body.rule, currency),
        toDecisionRequest(wire, who, currency),
      )
      return { before: fromDecisionAnswer(before), after: fromDecisionAnswer(after) }
    },
  )
}

function toRule({ filter, from, until, ...rest }: WireRule, currency: string): Record<string, unknown> {
  return {
    ...rest,
    ...(filter === undefined ? {} : { filter: toFilter(filter, currency) }),
    ...(from === undefined ? {} : { from: timeOf('from', from) }),
    ...(until === undefined ? {} : { until: timeOf('until', until) }),
  }
}

function timeOf(field: string, text: string): number {
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) {
    const message = `A rule's "${field}" is ${JSON.stringify(text)}; expected a time in ISO 8601 such as 2025-03-01T00:00:00Z.`
    throw new HabitueError('invalid_rule', message, { field })
  }
  return time
}

function fromRule({ filter, from, until, ...rest }: Rule, currency: string): WireRule {
  return {
    ...(rest as WireRule),
    ...(filter === undefined ? {} : { filter: fromFilter(filter, currency) }),
    ...(from === undefined ? {} : { from: new Date(from).toISOString() }),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
  }
}
