/** /v1/customers/{id}/memory: everything that is known of a customer as one readable document, now or at an earlier time. */
import { Type } from 'typebox'
import { type Engine, memoryParts } from '../engine-api.ts'
import { statementOf, timeOf, WireStatement } from './fact-wire.ts'
import { aboutCustomer, ByKind, known } from './facts.ts'
import type { App } from './typed-app.ts'

const Who = Type.Object({ id: Type.String({ minLength: 1, maxLength: 500 }) })
const At = Type.Object(
  {
    ...ByKind.properties,
    at: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601: what was known then.' })),
  },
  { additionalProperties: false },
)
const Statements = Type.Array(WireStatement)
const MemoryAnswer = Type.Object({
  at: Type.Union([Type.String(), Type.Null()], { description: 'Null = now.' }),
  name: Type.Union([Type.String(), Type.Null()]),
  identifiers: Type.Array(Type.Object({ kind: Type.String(), value: Type.String(), firstSeen: Type.String() })),
  attention: Type.Array(WireStatement, { description: 'Open complaints: seen first.' }),
  memory: Type.Object({
    ...Object.fromEntries(memoryParts.map((part) => [part, Statements])),
    consent: Type.Array(
      Type.Object({
        text: Type.String(),
        from: Type.String(),
        purpose: Type.String(),
        allowed: Type.Boolean(),
        answered: Type.Optional(Type.String({ description: 'ISO 8601' })),
      }),
    ),
  }),
})

export function memoryRoutes(app: App, engine: Engine): void {
  const schema = { tags: ['memory'], params: Who, querystring: At, response: { 200: MemoryAnswer } }
  app.get('/v1/customers/:id/memory', { schema, config: { action: 'customers.read' } }, async (request) => {
    const who = await aboutCustomer(request, engine, 'customers.read')
    const at = request.query.at === undefined ? undefined : timeOf('at', request.query.at)
    const { name, identifiers, attention, parts, consent } = known(await engine.facts.memory(who, at), who)
    const shown = (list: typeof attention) => list.map(statementOf)
    return {
      at: at === undefined ? null : new Date(at).toISOString(),
      name,
      identifiers: identifiers.map(({ kind, value, firstSeen }) => {
        return { kind, value, firstSeen: new Date(firstSeen).toISOString() }
      }),
      attention: shown(attention),
      memory: {
        ...Object.fromEntries(memoryParts.map((part) => [part, shown(parts[part])])),
        consent: consent.map(({ answered, ...one }) => ({
          ...one,
          ...(answered === null ? {} : { answered: new Date(answered).toISOString() }),
        })),
      },
    }
  })
}
