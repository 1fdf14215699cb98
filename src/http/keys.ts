/** /v1/keys: create, list, rotate, revoke. The text of a key is in one answer and nowhere else. */
import { Type } from 'typebox'
import { type Engine, type IssuedKey, type KeyInfo, keyKinds } from '../engine-api.ts'
import type { App } from './typed-app.ts'

const Time = Type.String({ description: 'ISO 8601' })
const NullableTime = Type.Union([Time, Type.Null()])
const info = {
  id: Type.String(),
  kind: Type.Enum([...keyKinds]),
  name: Type.String(),
  origins: Type.Union([Type.Array(Type.String()), Type.Null()]),
  created: Time,
  lastUsed: NullableTime,
  revoked: NullableTime,
  previousUntil: Type.Union([Time, Type.Null()], {
    description: 'Until when the text before the last rotation works.',
  }),
}
const Key = Type.Object(info)
const Issued = Type.Object({ key: Type.String({ description: 'Shown this once.' }), ...info })
const Wanted = Type.Object(
  {
    kind: Type.Enum([...keyKinds]),
    name: Type.String({ minLength: 1, maxLength: 100 }),
    origins: Type.Optional(
      Type.Array(Type.String({ maxLength: 300 }), {
        maxItems: 100,
        description: 'Publishable keys only, and needed there.',
      }),
    ),
  },
  { additionalProperties: false },
)
const Grace = Type.Object(
  {
    graceHours: Type.Optional(
      Type.Number({ minimum: 0, maximum: 24 * 365, description: 'How long the old text still works; 24 by default.' }),
    ),
  },
  { additionalProperties: false },
)
const Params = Type.Object({ id: Type.String({ maxLength: 100 }) })
const hour = 60 * 60 * 1000
const tags = ['keys']

export function keyRoutes(app: App, engine: Engine): void {
  const { keys } = engine
  const config = { action: 'keys.manage' } as const
  app.get(
    '/v1/keys',
    { schema: { tags, response: { 200: Type.Object({ keys: Type.Array(Key) }) } }, config },
    async () => ({
      keys: (await keys.list()).map(wireInfo),
    }),
  )
  app.post(
    '/v1/keys',
    { schema: { tags, body: Wanted, response: { 201: Issued } }, config },
    async (request, reply) => {
      const { kind, name, origins = null } = request.body
      return reply.code(201).send(wireIssued(await keys.create({ kind, name, origins })))
    },
  )
  app.post(
    '/v1/keys/:id/rotate',
    { schema: { tags, params: Params, querystring: Grace, response: { 200: Issued } }, config },
    async (request) => wireIssued(await keys.rotate(request.params.id, (request.query.graceHours ?? 24) * hour)),
  )
  app.delete('/v1/keys/:id', { schema: { tags, params: Params }, config }, async (request, reply) => {
    await keys.revoke(request.params.id)
    return reply.code(204).send()
  })
}

function wireInfo({ created, lastUsed, revoked, previousUntil, origins, ...rest }: KeyInfo) {
  return {
    ...rest,
    origins: origins && [...origins],
    created: new Date(created).toISOString(),
    lastUsed: isoOrNull(lastUsed),
    revoked: isoOrNull(revoked),
    previousUntil: isoOrNull(previousUntil),
  }
}

function wireIssued({ key, info }: IssuedKey) {
  return { key, ...wireInfo(info) }
}

function isoOrNull(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString()
}
