/** /metrics for Prometheus, from a registry of this app's own: how long requests take, what came in, what was decided. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Counters, Engine } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { keyOfHeaders } from './authentication.ts'
import { permissionOf } from './permissions.ts'

/** Seconds. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

export function metricsRoutes(app: FastifyInstance, engine: Engine): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'habitue_' })
  const durations = new Histogram({
    name: 'habitue_http_request_duration_seconds',
    help: 'How long requests took, by route and class of status.',
    labelNames: ['route', 'status'] as const,
    buckets,
    registers: [registry],
  })
  engineMetrics(registry, engine)

  /** One series for each route and class of status, found without building labels for each request. */
  const series = new Map<string, Histogram.Internal<'route' | 'status'>[]>()
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    const status = Math.floor(reply.statusCode / 100)
    let byStatus = series.get(route)
    if (!byStatus) {
      byStatus = []
      series.set(route, byStatus)
    }
    byStatus[status] ??= durations.labels({ route, status: `${status}xx` })
    byStatus[status].observe(reply.elapsedTime / 1000)
    done()
  })

  const config = { open: 'numbers without names, for this machine; from elsewhere with a key' }
  app.get('/metrics', { schema: { hide: true }, config }, async (request, reply) => {
    await checkReader(request, engine)
    return reply.type(registry.contentType).send(await registry.metrics())
  })
}

/** A scraper on this machine needs no key. Behind a proxy everybody looks local, so there one is needed. */
async function checkReader(request: FastifyRequest, engine: Engine): Promise<void> {
  const peer = request.socket.remoteAddress ?? ''
  const direct = !request.headers['x-forwarded-for'] && !request.headers.forwarded && !request.headers.via
  if (direct && /^((::ffff:)?127\.|::1$|$)/.test(peer)) return
  const text = keyOfHeaders(request)
  const key = text === null ? null : await engine.keys.verify(text)
  if (!key) throw new HabitueError('unauthorized', 'From another machine, metrics need a server key.')
  if (!permissionOf('metrics.read').kinds.includes(key.kind)) {
    throw new HabitueError('forbidden', `A ${key.kind} key may not read metrics; a server key may.`)
  }
}

/** Totals that the engine keeps, read when they are asked for: counting costs a request nothing. */
function engineMetrics(registry: Registry, engine: Engine): void {
  const totals: readonly [name: string, help: string, value: (counters: Counters) => number][] = [
    ['events_accepted_total', 'Events stored and folded into memory.', ({ accepted }) => accepted],
    [
      'events_adopted_total',
      'Of these, events of visitors that were stored when they logged in.',
      ({ adopted }) => adopted,
    ],
    ['events_duplicate_total', 'Events that had been accepted before.', ({ duplicates }) => duplicates],
    ['events_session_total', "Events that count for a visitor's session only.", ({ session }) => session],
    ['decisions_total', 'Decisions answered.', ({ decisions }) => decisions],
    ['decisions_personalised_total', "Decisions that used a customer's memory.", ({ personalised }) => personalised],
    ['trainings_failed_total', 'Trainings that failed.', ({ trainingsFailed }) => trainingsFailed],
  ]
  for (const [name, help, value] of totals) {
    new Counter({
      name: `habitue_${name}`,
      help,
      registers: [registry],
      collect() {
        this.reset()
        this.inc(value(engine.counters()))
      },
    })
  }
  new Counter({
    name: 'habitue_events_refused_total',
    help: 'Events refused, by code.',
    labelNames: ['code'] as const,
    registers: [registry],
    collect() {
      this.reset()
      for (const [code, count] of Object.entries(engine.counters().refused)) this.inc({ code }, count)
    },
  })
  new Gauge({
    name: 'habitue_model_trained_timestamp_seconds',
    help: 'When the model that answers now was trained; 0 = none.',
    registers: [registry],
    collect() {
      this.set(engine.counters().modelTrained ?? 0)
    },
  })
}
