/** /v1/items: the catalogue, one item at a time or in bulk (JSON, JSON lines, CSV, TSV, Google Merchant XML). */
import { Type } from 'typebox'
import { type BulkAnswer as Bulk, type Engine, type FeedFormat, Item, ItemPatch, ItemView } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { bulkBodyLimit } from './body.ts'
import { jsonText, malformedJson } from './json.ts'
import type { App } from './typed-app.ts'

const Id = Type.Object({ id: Type.String({ minLength: 1, maxLength: 512 }) })

const BulkAnswer = Type.Object({
  accepted: Type.Integer(),
  refused: Type.Array(Type.Object({ index: Type.Integer(), code: Type.String(), message: Type.String() }), {
    description: 'The items that were not taken, by position; all others are stored.',
  }),
})

const Page = Type.Object(
  {
    after: Type.Optional(Type.String({ maxLength: 200 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: '100 by default.' })),
    provisional: Type.Optional(Type.Boolean({ description: 'Only items that events named and nobody described.' })),
  },
  { additionalProperties: false },
)

const tags = ['items']

export function itemRoutes(app: App, engine: Engine): void {
  const { catalogue } = engine
  const read = { action: 'items.read' } as const
  const write = { action: 'items.write' } as const

  app.get(
    '/v1/items',
    {
      schema: { tags, querystring: Page, response: { 200: Type.Object({ items: Type.Array(ItemView) }) } },
      config: read,
    },
    async (request) => {
      const { after, limit = 100, provisional } = request.query
      return { items: [...(await catalogue.list({ after, limit, provisional }))] }
    },
  )
  app.get('/v1/items/:id', { schema: { tags, params: Id, response: { 200: ItemView } }, config: read }, (request) =>
    found(engine, request.params.id),
  )
  app.put(
    '/v1/items/:id',
    { schema: { tags, params: Id, body: withoutId, response: { 200: ItemView } }, config: write, ...unchecked },
    async (request) => {
      const { id } = request.params
      throwRefusal(await catalogue.upsert([{ ...objectOf(request.body, id), id }], 'replace'))
      return found(engine, id)
    },
  )
  app.patch(
    '/v1/items/:id',
    { schema: { tags, params: Id, body: ItemPatch, response: { 200: ItemView } }, config: write, ...unchecked },
    async (request) => {
      await catalogue.patch(request.params.id, objectOf(request.body, request.params.id) as ItemPatch)
      return found(engine, request.params.id)
    },
  )
  app.delete('/v1/items/:id', { schema: { tags, params: Id }, config: write }, async (request, reply) => {
    await catalogue.remove(request.params.id)
    return reply.code(204).send()
  })
  bulkRoute(app, engine)
}

function bulkRoute(app: App, engine: Engine): void {
  app.post(
    '/v1/items',
    {
      schema: {
        tags,
        description:
          'Adds or changes many items; fields that are not given keep their value. The content type names the form: application/json (one item, a list, or ' +
          '{"items": [...]}), application/x-ndjson, text/csv, text/tab-separated-values, application/xml.',
        body: Type.Union([Item, Type.Array(Item), Type.Object({ items: Type.Array(Item) })]),
        response: { 200: BulkAnswer },
      },
      config: { action: 'items.write', reads: 'raw' },
      bodyLimit: bulkBodyLimit,
      ...unchecked,
    },
    async (request) => {
      const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const format = formatOf(request.headers['content-type'] ?? '')
      if (format !== 'json') return bulk(await engine.catalogue.load(bytes, format))
      return bulk(await engine.catalogue.upsert(itemsOf(bytes), 'merge'))
    },
  )
}

const { id: _id, ...fields } = Item.properties
const withoutId = Type.Object(fields, { additionalProperties: false })

/** The catalogue checks items itself, with sentences that name the item; here the schema documents. */
const unchecked = { validatorCompiler: ({ httpPart }: { httpPart?: string }) => checkerOf(httpPart) }
const checkerOf = (_part: string | undefined) => () => true

function formatOf(contentType: string): FeedFormat | 'json' {
  const type = contentType.split(';', 1)[0].trim().toLowerCase()
  if (type === 'text/csv') return 'csv'
  if (type === 'text/tab-separated-values') return 'tsv'
  if (type === 'application/xml' || type === 'text/xml' || type.endsWith('+xml')) return 'xml'
  if (/ndjson|jsonl|json-lines/.test(type)) return 'jsonl'
  return 'json'
}

function itemsOf(bytes: Buffer): readonly unknown[] {
  const text = jsonText(bytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw malformedJson(text)
  }
  if (Array.isArray(value)) return value
  const items = (value as { items?: unknown } | null)?.items
  return Array.isArray(items) ? items : [value]
}

function objectOf(body: unknown, id: string): Record<string, unknown> {
  if (body !== null && typeof body === 'object' && !Array.isArray(body)) {
    const named = (body as { id?: unknown }).id
    if (named === undefined || named === id) {
      const { id: _same, ...rest } = body as Record<string, unknown>
      return rest
    }
    const message = `The body names the item ${JSON.stringify(named)}, and the address ${JSON.stringify(id)}.`
    throw new HabitueError('invalid_item', message, { field: 'id' })
  }
  throw new HabitueError('invalid_item', 'The body is no object; expected the fields of an item.')
}

async function found(engine: Engine, id: string): Promise<ItemView> {
  const item = await engine.catalogue.get(id)
  if (!item) throw new HabitueError('unknown_item', `The catalogue has no item ${JSON.stringify(id)}.`, { id })
  return item
}

function throwRefusal({ refused }: Bulk): void {
  const [refusal] = refused
  if (refusal) throw new HabitueError('invalid_item', refusal.message)
}

function bulk({ accepted, refused }: Bulk) {
  return { accepted, refused: [...refused] }
}
