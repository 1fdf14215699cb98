/** Who read or changed what goes into the audit log: by the action of the route, after the answer. And /v1/audit itself. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { AuditRow, Engine } from '../engine-api.ts'
import { csvLine } from './csv.ts'
import { isAudited } from './permissions.ts'
import type { App } from './typed-app.ts'

const Query = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 0, description: 'The `next` of the page before.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: '1000 by default.' })),
    customer: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    kind: Type.Optional(Type.String({ maxLength: 100, description: 'Of `customer`: user (default), email, ...' })),
    actor: Type.Optional(Type.String({ maxLength: 200, description: '`key:<id>`, `person:<id>`, `command`.' })),
    action: Type.Optional(Type.String({ maxLength: 100 })),
    format: Type.Optional(Type.Enum(['json', 'csv'])),
  },
  { additionalProperties: false },
)
const Entry = Type.Object({
  id: Type.Integer(),
  time: Type.String({ description: 'ISO 8601' }),
  actor: Type.String(),
  actorName: Type.Optional(Type.String({ description: 'Of a person of the shop.' })),
  action: Type.String(),
  subject: Type.Union([Type.String(), Type.Null()], {
    description: 'Random name of the customer in this log; nothing links it to him once he is erased.',
  }),
  detail: Type.Object({}, { additionalProperties: true }),
  hash: Type.String(),
})
const Page = Type.Object({ entries: Type.Array(Entry), next: Type.Union([Type.Integer(), Type.Null()]) })
const Proof = Type.Object({
  rows: Type.Integer(),
  broken: Type.Union([Type.Integer(), Type.Null()], { description: 'The first row that was tampered with.' }),
  last: Type.String({ description: 'Hash of the last row: keep it elsewhere, and it proves all before it.' }),
})
const columns = ['id', 'time', 'actor', 'actorName', 'action', 'subject', 'detail', 'hash'] as const

export function auditRoutes(app: App, engine: Engine): void {
  const tags = ['audit']
  const config = { action: 'audit.read' } as const
  app.get(
    '/v1/audit',
    { schema: { tags, querystring: Query, response: { 200: Page } }, config },
    async (request, reply) => {
      const { after, limit = 1000, customer, kind = 'user', actor, action, format } = request.query
      const who = customer === undefined ? undefined : { kind, value: customer }
      const rows = await engine.audit.read({ after, limit, who, actor, action })
      const names = await engine.people.names()
      const entries = rows.map((row) => wire(row, names))
      const next = rows.length < limit ? null : rows[rows.length - 1].id
      if (format !== 'csv') return { entries, next }
      const lines = entries.map((entry) => csvLine(columns.map((name) => entry[name])))
      if (next !== null) reply.header('x-next', String(next))
      reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="audit.csv"')
      return reply.serializer((text) => String(text)).send([csvLine(columns), ...lines].join('') as never)
    },
  )
  app.get('/v1/audit/proof', { schema: { tags, response: { 200: Proof } }, config }, () => engine.audit.verify())
}

function wire({ detail, time, ...row }: AuditRow, names: ReadonlyMap<string, string>) {
  const actorName = row.actor.startsWith('person:') ? names.get(row.actor.slice('person:'.length)) : undefined
  return {
    ...row,
    actorName,
    time: new Date(time).toISOString(),
    detail: JSON.parse(detail) as Record<string, unknown>,
  }
}

/** How the audit log names who asks. */
export function actorOf({ caller }: FastifyRequest): string {
  if (caller.session) return `person:${caller.session.person.id}`
  if (caller.local) return 'command'
  return `key:${caller.id}`
}

/** Notes every answered request whose action is one that the log keeps. Install before any route. */
export function installAudit(app: App, engine: Engine): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { url = '', config } = request.routeOptions
    const { action } = config
    if (action !== undefined && request.caller && isAudited(action) && reply.statusCode < 400) {
      const who = customerOf(request, url)
      const detail = { method: request.method, route: url }
      const actor = request.caller.kind === 'publishable' ? 'customer' : actorOf(request)
      engine.audit.note({ time: engine.world.now(), actor, action, who, detail })
    }
    done()
  })
}

/** The customer whom an address of the form /v1/customers/{id}... names. */
function customerOf(request: FastifyRequest, route: string): { kind: string; value: string } | null {
  if (!route.startsWith('/v1/customers/:id')) return null
  const { id } = request.params as { id: string }
  const { kind = 'user' } = request.query as { kind?: string }
  return { kind, value: id }
}
