/**
 * GET /v1/tail: events as they arrive in this process, one JSON line each, or as server-sent events for who asks for
 * `text/event-stream`. A reader that is too slow loses lines, and is told how many: it must not hold memory or events up.
 */
import { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { Engine, TailLine } from '../engine-api.ts'
import type { App } from './typed-app.ts'

/** Lines that wait for a slow reader. */
const longestQueue = 1000
/** How often an idle stream says that it lives, in milliseconds. */
const heartbeat = 15_000

const Query = Type.Object(
  {
    refused: Type.Optional(Type.Boolean({ description: 'Only events that were refused.' })),
    source: Type.Optional(Type.String({ maxLength: 100, description: 'Only events sent with the key of this id.' })),
  },
  { additionalProperties: false },
)

export function tailRoutes(app: App, engine: Engine): void {
  const streams = new Set<Readable>()
  // Before the server waits for its connections to end: a tail never ends by itself.
  app.addHook('preClose', (done) => {
    for (const stream of streams) stream.push(null)
    done()
  })

  app.get(
    '/v1/tail',
    {
      schema: { tags: ['events'], querystring: Query, produces: ['application/x-ndjson', 'text/event-stream'] },
      config: { action: 'events.tail' },
    },
    (request, reply) => {
      const { refused, source } = request.query
      const events = request.headers.accept?.includes('text/event-stream') ?? false
      const stream = tailStream(
        engine,
        events,
        (line) => (refused !== true || line.result === 'refused') && (source === undefined || line.source === source),
      )
      streams.add(stream)
      stream.once('close', () => streams.delete(stream))
      reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no')
      return reply.type(events ? 'text/event-stream' : 'application/x-ndjson').send(stream)
    },
  )
}

function tailStream(engine: Engine, events: boolean, wanted: (line: TailLine) => boolean): Readable {
  const frame = (value: object) => (events ? `data: ${JSON.stringify(value)}\n\n` : `${JSON.stringify(value)}\n`)
  let missed = 0
  const stream = new Readable({ highWaterMark: longestQueue, objectMode: true, read() {} })
  const stop = engine.tail((line) => {
    if (!wanted(line)) return
    if (stream.readableLength >= longestQueue) {
      missed++
      return
    }
    if (missed > 0) stream.push(frame({ missed }))
    missed = 0
    stream.push(frame({ ...line, time: new Date(line.time).toISOString() }))
  })
  const beat = setInterval(() => stream.push(events ? ': alive\n\n' : '\n'), heartbeat)
  beat.unref()
  stream.once('close', () => {
    clearInterval(beat)
    stop()
  })
  // The headers go out at once, so that the reader knows that it is connected.
  stream.push(events ? ': connected\n\n' : '\n')
  return stream
}
