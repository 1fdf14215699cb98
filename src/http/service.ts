/** What the command line asks of the process that owns the data: doctor, backup, rebuild. */
import { isAbsolute } from 'node:path'
import { Type } from 'typebox'
import type { Engine } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import type { App } from './typed-app.ts'

const Report = Type.Object({}, { additionalProperties: true })
const Backup = Type.Object(
  { file: Type.String({ minLength: 1, maxLength: 4096, description: 'Absolute, on the machine of this process.' }) },
  { additionalProperties: false },
)

const Resume = Type.Object(
  { overdue: Type.Enum(['skip', 'send'], { description: 'What becomes of what is overdue.' }) },
  { additionalProperties: false },
)
const Resumed = Type.Object({
  skipped: Type.Record(Type.String(), Type.Integer(), { description: 'Rows that were passed over, by table.' }),
})

export function serviceRoutes(app: App, engine: Engine): void {
  const config = { action: 'service.manage' } as const
  const tags = ['service']
  app.get('/v1/doctor', { schema: { tags, response: { 200: Report } }, config }, () => engine.doctor())
  app.post('/v1/rebuild', { schema: { tags, response: { 200: Report } }, config }, () => engine.rebuild())
  app.post(
    '/v1/hold',
    { schema: { tags, description: 'Journeys, messages and derived events wait until /v1/resume.' }, config },
    async (_request, reply) => {
      await engine.holding.hold()
      return reply.code(204).send()
    },
  )
  app.post('/v1/resume', { schema: { tags, body: Resume, response: { 200: Resumed } }, config }, async (request) => ({
    skipped: { ...(await engine.holding.resume(request.body.overdue)) },
  }))
  app.post('/v1/backup', { schema: { tags, body: Backup }, config }, async (request, reply) => {
    const { file } = request.body
    // An admin key that leaked must not write files: only this process's own command line has a local key.
    if (!request.caller.local) {
      throw new HabitueError('forbidden', 'A backup is made with `habitue backup` on the machine of the database.')
    }
    if (!isAbsolute(file))
      throw new HabitueError('invalid_body', 'The field "file" must be an absolute path.', { field: 'file' })
    await engine.backup(file)
    return reply.code(204).send()
  })
}
