/** /v1/senders and /v1/owners: people of the shop as senders, and which customers are theirs. */
import { Type } from 'typebox'
import { type Engine, SenderProfile, SenderRule } from '../engine-api.ts'
import { aboutCustomer, ByKind, known } from './facts.ts'
import type { App } from './typed-app.ts'

const Person = Type.Object({ person: Type.String({ minLength: 1, maxLength: 100 }) })
const Who = Type.Object({ id: Type.String({ minLength: 1, maxLength: 500 }) })
const Senders = Type.Object({ senders: Type.Array(Type.Object({ person: Type.String(), profile: SenderProfile })) })
const Rules = Type.Object(
  {
    rules: Type.Array(Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }), rule: SenderRule }), {
      maxItems: 500,
    }),
  },
  { additionalProperties: false },
)
const nullable = (description: string) => Type.Union([Type.String(), Type.Null()], { description })
const Owner = Type.Object({
  owner: nullable('To whom he belongs.'),
  speaks: nullable('Who speaks for the owner now: himself, a deputy, or nobody.'),
})
const reading = { action: 'owners.read' } as const
const writing = { action: 'owners.write' } as const

export function ownerRoutes(app: App, engine: Engine): void {
  const { messages } = engine
  const tags = ['messages']
  app.get('/v1/senders', { schema: { tags, response: { 200: Senders } }, config: reading }, async () => ({
    senders: [...(await messages.senders())],
  }))
  app.put(
    '/v1/senders/:person',
    { schema: { tags, params: Person, body: SenderProfile }, config: writing },
    async (request, reply) => {
      await messages.putSender(request.params.person, request.body)
      return reply.code(204).send()
    },
  )
  app.get('/v1/owner-rules', { schema: { tags, response: { 200: Rules } }, config: reading }, async () => ({
    rules: [...(await messages.ownerRules())],
  }))
  app.put('/v1/owner-rules', { schema: { tags, body: Rules }, config: writing }, async (request, reply) => {
    await messages.putOwnerRules(request.body.rules)
    return reply.code(204).send()
  })
  app.get(
    '/v1/customers/:id/owner',
    { schema: { tags, params: Who, querystring: ByKind, response: { 200: Owner } }, config: reading },
    async (request) => {
      const who = await aboutCustomer(request, engine, 'owners.read')
      return known(await messages.owner(who), who)
    },
  )
  app.put(
    '/v1/customers/:id/owner',
    {
      schema: {
        tags,
        params: Who,
        querystring: ByKind,
        body: Type.Object({ person: nullable('Null = as the rules say.') }, { additionalProperties: false }),
      },
      config: { action: 'owners.assign' },
    },
    async (request, reply) => {
      await messages.assign(await aboutCustomer(request, engine, 'owners.assign'), request.body.person)
      return reply.code(204).send()
    },
  )
}
