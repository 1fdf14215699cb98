/** /v1/people: the people of the shop. A password that is made here is in one answer and nowhere else. */
import { Type } from 'typebox'
import { type Engine, roles } from '../engine-api.ts'
import { PersonAnswer, personWire } from './session.ts'
import type { App } from './typed-app.ts'

const Wanted = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    email: Type.String({ minLength: 3, maxLength: 254 }),
    role: Type.Enum([...roles]),
    password: Type.Optional(
      Type.String({ maxLength: 1000, description: '12 to 200 characters; absent = one is made.' }),
    ),
  },
  { additionalProperties: false },
)
const Added = Type.Object({
  person: PersonAnswer,
  password: Type.Union([Type.String(), Type.Null()], { description: 'Shown this once; null where one was given.' }),
})
const Params = Type.Object({ id: Type.String({ maxLength: 100 }) })

export function peopleRoutes(app: App, engine: Engine): void {
  const { people } = engine
  const tags = ['people']
  const config = { action: 'people.manage' } as const
  app.get(
    '/v1/people',
    { schema: { tags, response: { 200: Type.Object({ people: Type.Array(PersonAnswer) }) } }, config },
    async () => ({ people: (await people.list()).map(personWire) }),
  )
  app.post(
    '/v1/people',
    { schema: { tags, body: Wanted, response: { 201: Added } }, config },
    async (request, reply) => {
      const { person, password } = await people.add(request.body)
      return reply.code(201).send({ person: personWire(person), password })
    },
  )
  app.post(
    '/v1/people/:id/reset',
    { schema: { tags, params: Params, response: { 200: Type.Object({ password: Type.String() }) } }, config },
    async (request) => ({ password: await people.reset(request.params.id) }),
  )
  app.delete('/v1/people/:id', { schema: { tags, params: Params }, config }, async (request, reply) => {
    await people.remove(request.params.id)
    return reply.code(204).send()
  })
}
