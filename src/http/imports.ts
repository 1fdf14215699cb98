/** /v1/imports: how far each file has been imported, so that an import that was cut off goes on where it was. */
import { Type } from 'typebox'
import type { Engine } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import type { App } from './typed-app.ts'

const fields = {
  kind: Type.Enum(['interactions', 'items', 'users', 'orders', 'events', 'consents', 'reviews']),
  name: Type.String({ maxLength: 1000, description: "The file's name." }),
  line: Type.Integer({ minimum: 0, description: 'Everything up to this line was taken.' }),
  bytes: Type.Integer({ minimum: 0 }),
  refused: Type.Integer({ minimum: 0, description: 'Lines refused so far.' }),
  done: Type.Boolean(),
}
const Progress = Type.Object({ id: Type.String(), ...fields })
const Body = Type.Object(fields, { additionalProperties: false })
const Params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) })
const tags = ['imports']

export function importRoutes(app: App, engine: Engine): void {
  const config = { action: 'events.import' } as const
  const list = Type.Object({ imports: Type.Array(Progress) })
  app.get('/v1/imports', { schema: { tags, response: { 200: list } }, config }, async () => ({
    imports: [...(await engine.imports.list())],
  }))
  app.get(
    '/v1/imports/:id',
    { schema: { tags, params: Params, response: { 200: Progress } }, config },
    async (request) => {
      const found = await engine.imports.get(request.params.id)
      if (!found) throw new HabitueError('not_found', `No import is called ${JSON.stringify(request.params.id)}.`)
      return found
    },
  )
  app.put('/v1/imports/:id', { schema: { tags, params: Params, body: Body }, config }, async (request, reply) => {
    await engine.imports.record({ id: request.params.id, ...request.body })
    return reply.code(204).send()
  })
}
