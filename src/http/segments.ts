/** /v1/segments: groups of customers by a condition; who is in them, as pages and as CSV, and how their sizes went. */
import { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { Engine, Member, SizedSegment } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { csvLine } from './csv.ts'
import { aboutCustomer, ByKind, known } from './facts.ts'
import type { App } from './typed-app.ts'

const Name = Type.String({ minLength: 1, maxLength: 100 })
const Condition = Type.String({ minLength: 1, maxLength: 4000, description: 'CEL (docs/conditions.md).' })
const WireSegment = Type.Object({
  name: Name,
  title: Type.String(),
  description: Type.String(),
  condition: Condition,
  builtIn: Type.Boolean(),
  size: Type.Integer(),
  updated: Type.Union([Type.String({ description: 'ISO 8601' }), Type.Null()]),
})
const SegmentBody = Type.Object(
  {
    title: Type.Optional(Type.String({ maxLength: 200 })),
    description: Type.Optional(Type.String({ maxLength: 2000 })),
    condition: Condition,
  },
  { additionalProperties: false },
)
const Who = Type.Object({ kind: Type.String(), id: Type.String() })
const PreviewAnswer = Type.Object({
  count: Type.Integer({ description: 'An estimate where `exact` is false.' }),
  customers: Type.Integer(),
  looked: Type.Integer({ description: 'Customers that were looked at.' }),
  withheld: Type.Integer({ description: 'Of these, whom consent keeps from being looked at.' }),
  exact: Type.Boolean(),
  examples: Type.Array(Who),
})
const MemberAnswer = Type.Object({
  members: Type.Array(Type.Object({ customer: Who, since: Type.String({ description: 'ISO 8601' }) })),
  next: Type.Union([Type.String(), Type.Null()]),
})
const MemberQuery = Type.Object(
  {
    after: Type.Optional(Type.String({ maxLength: 20, description: 'The `next` of the page before.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: '100 by default.' })),
  },
  { additionalProperties: false },
)
const HistoryAnswer = Type.Object({
  days: Type.Array(
    Type.Object({
      day: Type.String({ description: 'YYYY-MM-DD (UTC)' }),
      size: Type.Integer({ description: 'At the end of the day.' }),
      entered: Type.Integer(),
      left: Type.Integer(),
    }),
  ),
})
const HistoryQuery = Type.Object(
  { from: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601; a year ago by default.' })) },
  { additionalProperties: false },
)
const Params = Type.Object({ name: Name })
const tags = ['segments']
const read = { action: 'segments.read' } as const
const write = { action: 'segments.write' } as const
const members = { action: 'segments.members' } as const
/** Members in one line-by-line answer are read so many at a time. */
const csvPage = 500
const year = 365 * 86_400_000

export function segmentRoutes(app: App, engine: Engine): void {
  const { segments } = engine
  const listed = { 200: Type.Object({ segments: Type.Array(WireSegment) }) }
  app.get('/v1/segments', { schema: { tags, response: listed }, config: read }, async () => ({
    segments: (await segments.list()).map(wire),
  }))
  const one = { tags, params: Params, response: { 200: WireSegment } }
  app.get('/v1/segments/:name', { schema: one, config: read }, async ({ params }) =>
    wire(await segments.get(params.name)),
  )
  app.put('/v1/segments/:name', { schema: { ...one, body: SegmentBody }, config: write }, async ({ params, body }) => {
    const { title = '', description = '', condition } = body
    return wire(await segments.put({ name: params.name, title, description, condition }))
  })
  app.delete('/v1/segments/:name', { schema: { tags, params: Params }, config: write }, async ({ params }, reply) => {
    await segments.remove(params.name)
    return reply.code(204).send()
  })
  const Asked = Type.Object({ condition: Condition }, { additionalProperties: false })
  app.post(
    '/v1/segments/preview',
    {
      schema: {
        tags,
        description: 'How many customers a condition would choose now, with examples. Nothing is stored.',
        body: Asked,
        response: { 200: PreviewAnswer },
      },
      config: members,
    },
    async ({ body }) => {
      const { examples, ...counted } = await segments.preview(body.condition)
      return { ...counted, examples: examples.map(({ who }) => ({ kind: who.kind, id: who.value })) }
    },
  )
  memberRoutes(app, engine)
  customerRoute(app, engine)
  app.get(
    '/v1/segments/:name/history',
    { schema: { tags, params: Params, querystring: HistoryQuery, response: { 200: HistoryAnswer } }, config: read },
    async ({ params, query }) => {
      const days = await segments.history(params.name, fromOf(query.from, engine.world.now()))
      return { days: days.map(({ day, ...rest }) => ({ day: new Date(day).toISOString().slice(0, 10), ...rest })) }
    },
  )
}

function customerRoute(app: App, engine: Engine): void {
  const In = Type.Object({ segment: Type.String(), since: Type.String({ description: 'ISO 8601' }) })
  app.get(
    '/v1/customers/:id/segments',
    {
      schema: {
        tags,
        description: 'In which segments somebody is.',
        params: Type.Object({ id: Type.String({ maxLength: 500 }) }),
        querystring: ByKind,
        response: { 200: Type.Object({ segments: Type.Array(In) }) },
      },
      config: { action: 'customers.read' },
    },
    async (request) => {
      const who = await aboutCustomer(request, engine, 'customers.read')
      const found = known(await engine.segments.of(who), who)
      return { segments: found.map(({ segment, since }) => ({ segment, since: new Date(since).toISOString() })) }
    },
  )
}

function memberRoutes(app: App, { segments }: Engine): void {
  app.get(
    '/v1/segments/:name/members',
    {
      schema: {
        tags,
        description: 'A page; with `Accept: text/csv` all of them, as CSV.',
        params: Params,
        querystring: MemberQuery,
        response: { 200: MemberAnswer },
      },
      config: members,
    },
    async ({ params, query, headers }, reply) => {
      const { after, limit = 100 } = query
      if (/\btext\/csv\b/.test(headers.accept ?? '')) {
        await segments.get(params.name)
        asCsv(reply, params.name)
        return reply.serializer((body) => body as string).send(csvOf(params.name, segments) as never)
      }
      const page = await segments.members(params.name, { after, limit })
      return { ...page, members: page.members.map(wireMember) }
    },
  )
  app.get(
    '/v1/segments/:name/members.csv',
    { schema: { tags, params: Params }, config: members },
    async ({ params }, reply) => {
      await segments.get(params.name)
      asCsv(reply, params.name)
      return reply.send(csvOf(params.name, segments))
    },
  )
}

function asCsv(reply: { type(text: string): unknown; header(name: string, value: string): unknown }, name: string) {
  reply.type('text/csv; charset=utf-8')
  reply.header('content-disposition', `attachment; filename="${name}.csv"`)
}

function csvOf(name: string, segments: Engine['segments']): Readable {
  return Readable.from(csvLines(name, segments))
}

async function* csvLines(name: string, segments: Engine['segments']): AsyncGenerator<string> {
  yield csvLine(['kind', 'id', 'since'])
  for (let after: string | null | undefined; after !== null; ) {
    const page: { members: readonly Member[]; next: string | null } = await segments.members(name, {
      after,
      limit: csvPage,
    })
    yield page.members.map(({ who, since }) => csvLine([who.kind, who.value, new Date(since).toISOString()])).join('')
    after = page.next
  }
}

function wire({ name, title, description, condition, builtIn, size, updated }: SizedSegment) {
  return {
    ...{ name, title, description, condition, builtIn, size },
    updated: updated === null ? null : new Date(updated).toISOString(),
  }
}

function wireMember({ who, since }: Member) {
  return { customer: { kind: who.kind, id: who.value }, since: new Date(since).toISOString() }
}

function fromOf(text: string | undefined, now: number): number {
  if (text === undefined) return now - year
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time))
    throw new HabitueError('invalid_option', `\`from\` is ${JSON.stringify(text)}; expected a time in ISO 8601.`)
  return time
}
