/** What SDKs fetch before they send anything: where to send, and that there is nothing else to load. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Engine, VerifiedKey } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { keyOfHeaders } from './authentication.ts'

const Anything = Type.Object({}, { additionalProperties: true })

export function settingsRoutes(app: FastifyInstance, engine: Engine): void {
  async function keyNamed(text: string | null): Promise<{ key: VerifiedKey; text: string }> {
    const key = text === null ? null : await engine.keys.verify(text)
    if (!key || text === null) throw new HabitueError('not_found', 'There is no such write key.')
    return { key, text }
  }

  const config = { open: 'names nothing but the key that the caller sent' }
  app.get<{ Params: { writeKey: string } }>(
    '/v1/projects/:writeKey/settings',
    { schema: { tags: ['tracking'], response: { 200: Anything } }, config },
    async (request, reply) => {
      const { text } = await keyNamed(request.params.writeKey)
      // Private: the answer repeats the host that the caller named, which no shared cache should give to others.
      reply.header('cache-control', 'private, max-age=300')
      return segmentSettings(request, text)
    },
  )
  for (const path of ['/sourceConfig', '/sourceConfig/']) {
    const schema = { tags: ['tracking'], hide: path.endsWith('/'), response: { 200: Anything } }
    app.get(path, { schema, config }, async (request) => {
      const { key, text } = await keyNamed(keyOfHeaders(request))
      return rudderSettings(key, text)
    })
  }
}

/** analytics.js takes `apiHost` (with the version, without the scheme) from here, unless the page states its own. */
function segmentSettings(request: FastifyRequest, writeKey: string) {
  const place = { apiHost: `${request.host}/v1`, protocol: request.protocol }
  return {
    integrations: { 'Segment.io': { apiKey: writeKey, ...place } },
    plan: { track: {}, identify: {}, group: {} },
  }
}

function rudderSettings(key: VerifiedKey, writeKey: string) {
  const noStatistics = { errors: { enabled: false }, metrics: { enabled: false } }
  const source = { id: key.id, name: key.name, writeKey, enabled: true, workspaceId: 'habitue', destinations: [] }
  return { source: { ...source, config: { statsCollection: noStatistics }, dataplanes: {} } }
}
