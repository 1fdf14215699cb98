/** /demo: a page that uses an analytics SDK and a publishable key; its source is what a shop copies. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Demo } from '../engine-api.ts'

/** Serves the demo's folder; reads its files at each request, so that a change shows without a restart. */
export function demoRoutes(app: FastifyInstance, demo: Demo): void {
  const config = { open: 'a page for everybody; the key in it is publishable' }
  const schema = { hide: true }
  const fill = (request: FastifyRequest, file: string) =>
    readFileSync(join(demo.folder, file), 'utf8')
      .replaceAll('{{WRITE_KEY}}', demo.writeKey)
      .replaceAll('{{HOST}}', request.host)

  app.get('/demo', { schema, config }, (request, reply) =>
    reply.type('text/html; charset=utf-8').send(fill(request, 'demo.html')),
  )
  app.get('/demo/demo.js', { schema, config }, (request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(fill(request, 'demo.js')),
  )
  app.get('/demo/analytics.js', { schema, config }, (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(readFileSync(analyticsBundle())),
  )
}

/** The browser build of analytics.js, as its package ships it. */
function analyticsBundle(): string {
  const entry = createRequire(import.meta.url).resolve('@segment/analytics-next')
  const root = entry.slice(0, entry.lastIndexOf('analytics-next') + 'analytics-next'.length)
  return join(root, 'dist', 'umd', 'standalone.js')
}
