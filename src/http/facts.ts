/** /v1/customers/{id}/facts: what a customer told, what was seen; to tell, correct and delete it. And /taste: "not for me". */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Engine, Identifier, Teller } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { requireCustomer } from './authentication.ts'
import { FactBody, FactPatch, FactsAnswer, factOf, givenOf, WireFact } from './fact-wire.ts'
import type { Action } from './permissions.ts'
import type { App } from './typed-app.ts'

const id = Type.String({ minLength: 1, maxLength: 500 })
const Who = Type.Object({ id })
const WhoFact = Type.Object({ id, fact: Type.String({ minLength: 1, maxLength: 100 }) })
const WhoItem = Type.Object({ id, item: Type.String({ minLength: 1, maxLength: 512 }) })
export const ByKind = Type.Object(
  { kind: Type.Optional(Type.String({ maxLength: 100, description: 'user (default), email, phone, anonymous, ...' })) },
  { additionalProperties: false },
)
const tags = ['memory']
const write = { action: 'facts.write' } as const

type AboutOne = FastifyRequest<{ Params: { id: string }; Querystring: { kind?: string } }>

/** Whom the address names, after the caller showed that he may. */
export async function aboutCustomer(request: AboutOne, engine: Engine, action: Action): Promise<Identifier> {
  const who = { kind: request.query.kind ?? 'user', value: request.params.id }
  await requireCustomer(request, engine, action, who.kind === 'user' ? who.value : null)
  return who
}

/** A page speaks for the customer whose token it brings; a server says in `channel` for whom. */
export function tellerOf({ caller }: FastifyRequest): Teller {
  return { source: caller.id, channel: caller.kind === 'publishable' ? 'page' : 'api' }
}

/** @throws HabitueError not_found */
export function known<T>(found: T | null, who: Identifier): T {
  if (found !== null) return found
  throw new HabitueError('not_found', `Nobody is known by the ${who.kind} id ${JSON.stringify(who.value)}.`, { ...who })
}

export function factRoutes(app: App, engine: Engine): void {
  const { facts } = engine
  const one = { tags, params: Who, querystring: ByKind }
  const read = { action: 'customers.read' } as const
  app.get(
    '/v1/customers/:id/facts',
    { schema: { ...one, response: { 200: FactsAnswer } }, config: read },
    async (request) => {
      const who = await aboutCustomer(request, engine, 'customers.read')
      return { facts: known(await facts.list(who), who).map(factOf) }
    },
  )
  app.post(
    '/v1/customers/:id/facts',
    { schema: { ...one, body: FactBody, response: { 201: WireFact } }, config: write },
    async (request, reply) => {
      const who = await aboutCustomer(request, engine, 'facts.write')
      const told = await facts.tell(who, ownWords(request, request.body), tellerOf(request))
      return reply.code(201).send(factOf(told))
    },
  )
  const aboutFact = { tags, params: WhoFact, querystring: ByKind }
  app.patch(
    '/v1/customers/:id/facts/:fact',
    { schema: { ...aboutFact, body: FactPatch, response: { 200: WireFact } }, config: write },
    async (request) => {
      const who = await aboutCustomer(request, engine, 'facts.write')
      const corrected = await facts.correct(
        who,
        request.params.fact,
        ownWords(request, request.body),
        tellerOf(request),
      )
      return factOf(corrected)
    },
  )
  app.delete('/v1/customers/:id/facts/:fact', { schema: aboutFact, config: write }, async (request, reply) => {
    const who = await aboutCustomer(request, engine, 'facts.write')
    await facts.remove(who, request.params.fact, tellerOf(request))
    return reply.code(204).send()
  })
  tasteRoutes(app, engine)
}

function tasteRoutes(app: App, engine: Engine): void {
  const { facts } = engine
  const description = 'DELETE takes a bought or viewed item out of the taste of the customer; PUT puts it back.'
  const schema = { tags, description, params: WhoItem, querystring: ByKind }
  for (const method of ['DELETE', 'PUT'] as const) {
    app.route({
      method,
      url: '/v1/customers/:id/taste/:item',
      schema,
      config: write,
      handler: async (request, reply) => {
        const asked = request as FastifyRequest<{ Params: Type.Static<typeof WhoItem>; Querystring: { kind?: string } }>
        const who = await aboutCustomer(asked, engine, 'facts.write')
        await facts.forget(who, asked.params.item, method === 'DELETE', tellerOf(request))
        return reply.code(204).send()
      },
    })
  }
}

/** A page tells what its customer says; what was observed or inferred, and through which channel, a server says. */
function ownWords(request: FastifyRequest, body: FactBody | FactPatch) {
  const given = givenOf(body)
  if (request.caller.kind !== 'publishable') return given
  return { ...given, provenance: 'told', confidence: 1, channel: 'page', evidence: undefined, by: undefined }
}
