/** /v1/messages: send one, look at what was sent, and settle what is in doubt. */
import { Type } from 'typebox'
import type { Engine, MessageView } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { ByKind, tellerOf } from './facts.ts'
import type { App } from './typed-app.ts'

const text = (description?: string) => Type.Union([Type.String(), Type.Null()], description ? { description } : {})
const states = ['planned', 'sending', 'sent', 'in_doubt', 'failed', 'suppressed'] as const
const name = Type.String({ minLength: 1, maxLength: 200 })

const SendBody = Type.Object(
  {
    customer: Type.String({ minLength: 1, maxLength: 500 }),
    kind: Type.Optional(Type.String({ maxLength: 100, description: 'Of `customer`: user (default), email, ...' })),
    key: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 300,
        description: 'The same key never sends twice; give one, and a request may be repeated.',
      }),
    ),
    channel: Type.Optional(Type.Enum(['email', 'on-site', 'webhook'], { description: 'email by default' })),
    purpose: Type.Enum(['marketing', 'service'], { description: 'Marketing asks consent, caps and quiet hours.' }),
    template: name,
    data: Type.Optional(Type.Record(Type.String({ maxLength: 100 }), Type.Unknown())),
    from: Type.Optional(Type.String({ maxLength: 100, description: '`owner`, or the id of a person of the shop.' })),
    priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 9 })),
  },
  { additionalProperties: false },
)
export const WireMessage = Type.Object({
  id: Type.Integer(),
  key: Type.String(),
  customer: Type.Union([Type.Object({ kind: Type.String(), value: Type.String() }), Type.Null()]),
  address: text(),
  channel: Type.String(),
  purpose: Type.String(),
  template: Type.String(),
  version: Type.Union([Type.Integer(), Type.Null()]),
  sender: text('A person of the shop; null = the shop.'),
  journey: text(),
  subject: text(),
  state: Type.Enum([...states]),
  reason: text(),
  response: text('What the other side said.'),
  attempts: Type.Integer(),
  created: Type.String({ description: 'ISO 8601' }),
  due: text('ISO 8601'),
  sent: text('ISO 8601'),
  settled: text('Who ended the doubt.'),
  replied: text('ISO 8601'),
})
const Sent = Type.Object({
  outcome: Type.Object({ kind: Type.String(), reason: Type.Optional(Type.String()), at: Type.Optional(Type.String()) }),
  message: Type.Union([WireMessage, Type.Null()]),
})
const Query = Type.Object(
  {
    state: Type.Optional(Type.Enum([...states])),
    channel: Type.Optional(Type.String({ maxLength: 50 })),
    journey: Type.Optional(Type.String({ maxLength: 200 })),
    customer: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    ...ByKind.properties,
    before: Type.Optional(Type.Integer({ minimum: 1, description: 'The `next` of the page before.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: '100 by default.' })),
  },
  { additionalProperties: false },
)
const Params = Type.Object({ id: Type.Integer({ minimum: 1 }) })
const SettleBody = Type.Object(
  {
    as: Type.Enum(['sent', 'failed', 'again'], {
      description:
        '`sent`: it arrived. `failed`: it did not, and is let go. `again`: it did not, and is sent once more.',
    }),
    reason: Type.Optional(Type.String({ maxLength: 500 })),
  },
  { additionalProperties: false },
)

export function messageRoutes(app: App, engine: Engine): void {
  const { messages } = engine
  const tags = ['messages']
  const read = { action: 'messages.read' } as const
  const settling = { action: 'messages.settle' } as const
  app.post(
    '/v1/messages',
    { schema: { tags, body: SendBody, response: { 200: Sent } }, config: { action: 'messages.send' } },
    async (request) => {
      const { customer, kind = 'user', channel = 'email', ...rest } = request.body
      const { outcome, message } = await messages.send({ kind, value: customer }, { channel, ...rest })
      const at = outcome.kind === 'later' ? iso(outcome.at) : undefined
      const reason = outcome.kind === 'done' ? undefined : outcome.reason
      return { outcome: { kind: outcome.kind, reason, at: at ?? undefined }, message: message && wire(message) }
    },
  )
  app.get(
    '/v1/messages',
    {
      schema: {
        tags,
        querystring: Query,
        response: {
          200: Type.Object({ messages: Type.Array(WireMessage), next: Type.Union([Type.Integer(), Type.Null()]) }),
        },
      },
      config: read,
    },
    async (request) => {
      const { customer, kind = 'user', limit = 100, ...query } = request.query
      const who = customer === undefined ? undefined : { kind, value: customer }
      const found = await messages.list({ ...query, who, limit })
      return { messages: found.map(wire), next: found.length < limit ? null : found[found.length - 1].id }
    },
  )
  app.get(
    '/v1/messages/:id',
    { schema: { tags, params: Params, response: { 200: WireMessage } }, config: read },
    async (request) => {
      const found = await messages.get(request.params.id)
      if (!found) throw new HabitueError('not_found', `There is no message ${request.params.id}.`)
      return wire(found)
    },
  )
  app.post(
    '/v1/messages/:id/settle',
    { schema: { tags, params: Params, body: SettleBody, response: { 200: WireMessage } }, config: settling },
    async (request) => {
      const { as, reason = null } = request.body
      return wire(await messages.settle(request.params.id, as, tellerOf(request).source, reason))
    },
  )
  app.post(
    '/v1/messages/:id/replay',
    { schema: { tags, params: Params, response: { 200: WireMessage } }, config: settling },
    async (request) => wire(await messages.replay(request.params.id, tellerOf(request).source)),
  )
}

/** Asks by mail whether it was he who agreed. */
export function optInRoutes(app: App, engine: Engine): void {
  app.post(
    '/v1/customers/:id/opt-in',
    {
      schema: { tags: ['messages'], params: Type.Object({ id: name }), querystring: ByKind },
      config: { action: 'messages.send', reads: 'ignored' },
    },
    async (request, reply) => {
      await engine.mailDoors.askOptIn({ kind: request.query.kind ?? 'user', value: request.params.id })
      return reply.code(202).send()
    },
  )
}

const iso = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString())

export function wire(message: MessageView) {
  const { created, due, sent, replied } = message
  const customer = message.customer && { ...message.customer }
  return {
    ...message,
    customer,
    created: new Date(created).toISOString(),
    due: iso(due),
    sent: iso(sent),
    replied: iso(replied),
  }
}
