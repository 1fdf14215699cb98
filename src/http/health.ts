/** /health: alive = the process answers; ready = it can also store events and decide. */
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Engine } from '../engine-api.ts'

const Ready = Type.Object({
  ready: Type.Boolean(),
  version: Type.String(),
  checks: Type.Record(Type.String(), Type.String(), { description: '"ok", or what is wrong.' }),
})

export function healthRoutes(app: FastifyInstance, engine: Engine): void {
  let closing = false
  // Told before connections are ended, so that a balancer sends no more.
  app.addHook('preClose', (done) => {
    closing = true
    done()
  })
  const config = { open: 'says nothing of anybody' }
  const tags = ['service']
  const alive = { 200: Type.Object({ alive: Type.Boolean() }) }
  app.get('/health/live', { schema: { tags, response: alive }, config }, () => ({ alive: true }))
  app.get(
    '/health/ready',
    { schema: { tags, response: { 200: Ready, 503: Ready } }, config },
    async (_request, reply) => {
      const { ready, checks } = await engine.health()
      const able = ready && !closing
      const said = closing ? { ...checks, process: 'closing' } : { ...checks }
      return reply.code(able ? 200 : 503).send({ ready: able, version: engine.version, checks: said })
    },
  )
}
