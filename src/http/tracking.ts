/**
 * The tracking API that customers' SDKs already speak: Segment's endpoints with their one-letter forms, and RudderStack's
 * dialect. An event that is refused is reported in a 200, the others of its batch are kept.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Engine, EventRefusal, EventType, Sender, TrackingBody } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { type Authentication, keyOfHeaders, requireAction } from './authentication.ts'
import { bulkBodyLimit, trackingBodyLimit } from './body.ts'
import { malformedJson } from './json.ts'
import { sendersOf, type Warning } from './senders.ts'

const forms: Readonly<Record<string, EventType>> = {
  identify: 'identify',
  track: 'track',
  page: 'page',
  screen: 'screen',
  group: 'group',
  alias: 'alias',
  i: 'identify',
  t: 'track',
  p: 'page',
  s: 'screen',
  g: 'group',
  a: 'alias',
}

const TrackingAnswer = Type.Object({
  success: Type.Boolean(),
  remembered: Type.Optional(
    Type.Literal('session', {
      description: 'Nothing of these events was stored: they shape the session of a visitor who is not known.',
    }),
  ),
  session: Type.Optional(
    Type.Array(Type.Integer(), { description: 'Which events these are, where others of the batch were stored.' }),
  ),
  refused: Type.Optional(
    Type.Array(Type.Object({ index: Type.Integer(), code: Type.String(), message: Type.String() }), {
      description: 'The events that were not taken, by position in the batch; all others are stored.',
    }),
  ),
  warnings: Type.Optional(Type.Array(Type.Object({ code: Type.String(), message: Type.String() }))),
})

const TrackingEvent = Type.Object(
  {
    messageId: Type.Optional(Type.String({ description: 'Idempotency key, below 100 characters.' })),
    userId: Type.Optional(Type.String()),
    anonymousId: Type.Optional(Type.String()),
    timestamp: Type.Optional(Type.String()),
    event: Type.Optional(Type.String({ description: 'track: the name' })),
    properties: Type.Optional(Type.Object({}, { additionalProperties: true })),
    traits: Type.Optional(Type.Object({}, { additionalProperties: true })),
    context: Type.Optional(Type.Object({}, { additionalProperties: true })),
    writeKey: Type.Optional(Type.String()),
  },
  { additionalProperties: true },
)

const TrackingBatch = Type.Object(
  { batch: Type.Array(TrackingEvent), sentAt: Type.Optional(Type.String()), writeKey: Type.Optional(Type.String()) },
  { additionalProperties: true },
)

/** Documented with the schema, checked by `events/`, which refuses single events and not requests. */
const unchecked = { validatorCompiler: () => () => true }

type Loose = Record<string, unknown>
const accepted = Object.freeze({ success: true })

export function trackingRoutes(app: FastifyInstance, engine: Engine, authentication: Authentication): void {
  async function take(request: FastifyRequest, batchOf: (body: Loose) => TrackingBody, historical: boolean) {
    const body = objectBody(request.body)
    const key = await authentication.ofTracking(request, body)
    requireAction(key, historical ? 'events.import' : 'events.track')
    const tracking = batchOf(body)
    const { groups, warnings } = await sendersOf(request, engine, key, body, tracking.batch, historical)
    const taken: Taken = { refused: [], session: [] }
    for (const { sender, indices } of groups) {
      const part = await ingestPart(engine, tracking, sender, indices)
      taken.refused.push(...part.refused)
      taken.session.push(...part.session)
    }
    return answer(taken, warnings, tracking.batch.length)
  }

  const open = 'the key may stand in the body'
  for (const [form, type] of Object.entries(forms)) {
    const hide = form.length === 1
    const schema = { tags: ['tracking'], hide, body: TrackingEvent, response: { 200: TrackingAnswer } }
    const config = { open, reads: 'events' as const }
    app.post(`/v1/${form}`, { schema, config, bodyLimit: trackingBodyLimit, ...unchecked }, (request) =>
      take(request, (body) => single(body, type), false),
    )
  }
  for (const path of ['/v1/batch', '/v1/b', '/beacon/v1/batch']) {
    const schema = {
      tags: ['tracking'],
      hide: path === '/v1/b',
      body: TrackingBatch,
      response: { 200: TrackingAnswer },
    }
    const config = { open, reads: 'events' as const }
    app.post(path, { schema, config, bodyLimit: trackingBodyLimit, ...unchecked }, (request) =>
      take(request, batchOf, false),
    )
  }
  app.post(
    '/v1/import',
    {
      schema: { tags: ['tracking'], body: TrackingBatch, response: { 200: TrackingAnswer } },
      config: { open, reads: 'events' },
      bodyLimit: bulkBodyLimit,
      onRequest: refuseLargeStranger,
      ...unchecked,
    },
    (request) => take(request, batchOf, true),
  )
  app.post(
    '/v1/m',
    { schema: { hide: true }, config: { open: 'numbers about the SDK, thrown away', reads: 'ignored' } },
    () => accepted,
  )
}

/** Positions in the batch. */
interface Taken {
  readonly refused: EventRefusal[]
  readonly session: number[]
}

async function ingestPart(
  engine: Engine,
  tracking: TrackingBody,
  sender: Sender,
  indices: readonly number[] | null,
): Promise<{ readonly refused: readonly EventRefusal[]; readonly session: readonly number[] }> {
  if (indices === null) {
    const { refused, session = [] } = await engine.ingest(tracking, sender)
    return { refused, session }
  }
  const batch = indices.map((index) => tracking.batch[index])
  const { refused, session = [] } = await engine.ingest({ ...tracking, batch }, sender)
  return {
    refused: refused.map((refusal) => ({ ...refusal, index: indices[refusal.index] })),
    session: session.map((index) => indices[index]),
  }
}

function answer({ refused, session }: Taken, warnings: readonly Warning[], sent: number) {
  if (refused.length === 0 && warnings.length === 0 && session.length === 0) return accepted
  refused.sort((a, b) => a.index - b.index)
  const isAll = session.length + refused.length === sent
  return {
    success: true,
    ...(session.length > 0 ? { remembered: 'session' } : {}),
    ...(session.length > 0 && !isAll ? { session: session.sort((a, b) => a - b) } : {}),
    ...(refused.length > 0 ? { refused } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
  }
}

function objectBody(body: unknown): Loose {
  if (body === undefined) throw malformedJson('')
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    const got = Array.isArray(body) ? 'a list' : JSON.stringify(body).slice(0, 40)
    throw new HabitueError('invalid_body', `The body is ${got}; expected an object.`, { expected: 'object' })
  }
  return body as Loose
}

/** A single event as a batch of one; the path says its type. */
function single(body: Loose, type: EventType): TrackingBody {
  const { writeKey: _key, customerToken: _token, ...event } = body
  return { batch: [{ ...event, type }], sentAt: body.sentAt }
}

function batchOf(body: Loose): TrackingBody {
  if (!Array.isArray(body.batch)) {
    throw new HabitueError('invalid_body', 'The body lacks "batch", a list of events.', { field: 'batch' })
  }
  return body as unknown as TrackingBody
}

/** A stranger may not make the server hold a body of import size: a large one must show its key before it is read. */
function refuseLargeStranger(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  const length = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY)
  const known = keyOfHeaders(request) !== null || length <= trackingBodyLimit
  const message = `An import above ${trackingBodyLimit} bytes must send its key in the header or the query.`
  done(known ? undefined : new HabitueError('unauthorized', message))
}
