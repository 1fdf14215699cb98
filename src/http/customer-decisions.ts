/** /v1/customers/{id}/decisions: what was shown to a customer, why, and what became of it. */
import { Type } from 'typebox'
import type { Engine } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { requireCustomer } from './authentication.ts'
import type { App } from './typed-app.ts'

const Time = Type.String({ description: 'ISO 8601' })
const Decisions = Type.Object({
  decisions: Type.Array(
    Type.Object({
      decisionId: Type.String(),
      time: Time,
      placement: Type.String(),
      model: Type.String({ description: 'Version of the model that decided.' }),
      items: Type.Array(Type.Object({ item: Type.String(), score: Type.Number(), reason: Type.String() })),
      outcomes: Type.Array(Type.Object({ item: Type.String(), kind: Type.String(), time: Time })),
    }),
  ),
})
const Params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 500 }) })
const Query = Type.Object(
  {
    kind: Type.Optional(Type.String({ maxLength: 100, description: 'user (default), anonymous, ...' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: '20 by default.' })),
  },
  { additionalProperties: false },
)

export function customerDecisionRoutes(app: App, engine: Engine): void {
  const schema = { tags: ['customers'], params: Params, querystring: Query, response: { 200: Decisions } }
  app.get('/v1/customers/:id/decisions', { schema, config: { action: 'customers.read' } }, async (request) => {
    const { kind = 'user', limit = 20 } = request.query
    const value = request.params.id
    await requireCustomer(request, engine, 'customers.read', kind === 'user' ? value : null)
    const found = await engine.customers.decisions({ kind, value }, limit)
    if (!found) throw new HabitueError('not_found', `Nobody is known by the ${kind} id ${JSON.stringify(value)}.`)
    const iso = (time: number) => new Date(time).toISOString()
    return {
      decisions: found.map(({ items, outcomes, time, ...rest }) => ({
        ...rest,
        time: iso(time),
        items: [...items],
        outcomes: outcomes.map((outcome) => ({ ...outcome, time: iso(outcome.time) })),
      })),
    }
  })
}
