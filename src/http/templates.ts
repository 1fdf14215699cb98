/** /v1/templates: the texts of messages, their versions, and what one would say. */
import { Type } from 'typebox'
import { type Engine, type StoredTemplate, Template } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import type { App } from './typed-app.ts'

const Name = Type.Object({ name: Type.String({ minLength: 1, maxLength: 90 }) })
const Stored = Type.Object({
  name: Type.String(),
  version: Type.Integer(),
  created: Type.String({ description: 'ISO 8601' }),
  template: Template,
})
const PreviewBody = Type.Object(
  {
    name: Type.Optional(Type.String({ maxLength: 90, description: 'A stored template.' })),
    template: Type.Optional(Type.Unknown({ description: 'Or one that is not stored.' })),
    customer: Type.Optional(
      Type.String({ minLength: 1, maxLength: 500, description: 'For whom; absent = for somebody unknown.' }),
    ),
    kind: Type.Optional(Type.String({ maxLength: 100, description: 'Of `customer`: user (default), email, ...' })),
    language: Type.Optional(Type.String({ pattern: '^[a-z]{2}$' })),
    data: Type.Optional(Type.Record(Type.String({ maxLength: 100 }), Type.Unknown())),
  },
  { additionalProperties: false },
)
const Preview = Type.Object({
  subject: Type.String(),
  html: Type.String(),
  text: Type.String(),
  onSite: Type.Union([
    Type.Object({ title: Type.String(), body: Type.String(), image: Type.String(), alt: Type.String() }),
    Type.Null(),
  ]),
  url: Type.String(),
})
const writing = { action: 'templates.write' } as const
const reading = { action: 'templates.read' } as const

export function templateRoutes(app: App, engine: Engine): void {
  const { messages } = engine
  const tags = ['messages']
  app.get(
    '/v1/templates',
    { schema: { tags, response: { 200: Type.Object({ templates: Type.Array(Stored) }) } }, config: reading },
    async () => ({ templates: (await messages.templates()).map(wire) }),
  )
  app.get(
    '/v1/templates/:name',
    {
      schema: {
        tags,
        params: Name,
        response: { 200: Type.Object({ versions: Type.Array(Stored, { description: 'The newest first.' }) }) },
      },
      config: reading,
    },
    async (request) => {
      const versions = await messages.versions(request.params.name)
      if (versions.length === 0)
        throw new HabitueError('not_found', `There is no template ${JSON.stringify(request.params.name)}.`)
      return { versions: versions.map(wire) }
    },
  )
  app.put(
    '/v1/templates/:name',
    { schema: { tags, params: Name, body: Type.Unknown(), response: { 200: Stored } }, config: writing },
    async (request) => wire(await messages.putTemplate(request.params.name, request.body)),
  )
  app.delete('/v1/templates/:name', { schema: { tags, params: Name }, config: writing }, async (request, reply) => {
    await messages.removeTemplate(request.params.name)
    return reply.code(204).send()
  })
  app.post(
    '/v1/templates/preview',
    { schema: { tags, body: PreviewBody, response: { 200: Preview } }, config: reading },
    async (request) => {
      const { customer, kind = 'user', ...rest } = request.body
      return messages.preview({ ...rest, who: customer === undefined ? undefined : { kind, value: customer } })
    },
  )
}

function wire({ name, version, template, created }: StoredTemplate) {
  return { name, version, template, created: new Date(created).toISOString() }
}
