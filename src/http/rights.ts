/** /v1/customers/{id}/export and /erase, and /v1/erasures: what a customer may ask for, done by the shop's server or people. */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { type Engine, fromMinorUnits, type Identifier, type KeptOrderView, type Receipt } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { actorOf } from './audit.ts'
import { exportHtml, exportJson, exportStyleHash } from './export-document.ts'
import { pageHeaders } from './html.ts'
import { languageOf } from './pages/language.ts'
import type { App } from './typed-app.ts'

const Who = Type.Object({ id: Type.String({ minLength: 1, maxLength: 500 }) })
const kind = Type.Optional(
  Type.String({ maxLength: 100, description: 'user (default), email, phone, anonymous, or a custom kind.' }),
)
const format = Type.Optional(
  Type.Enum(['json', 'html'], {
    description: 'As the header Accept says where it is absent; JSON where that says nothing.',
  }),
)
const lang = Type.Optional(
  Type.String({
    maxLength: 35,
    description: 'In which language the HTML speaks (en, de); as the header Accept-Language says where it is absent.',
  }),
)
const Export = Type.Object({ kind, format, lang }, { additionalProperties: false })
const Erase = Type.Object(
  {
    refuse: Type.Optional(
      Type.Boolean({
        description: 'Refuse events of these identifiers from now on; else he is a stranger when he comes back.',
      }),
    ),
  },
  { additionalProperties: false },
)
const Recipient = Type.Object(
  { recipient: Type.String({ minLength: 1, maxLength: 200, description: 'The name, as orders and facts have it.' }) },
  { additionalProperties: false },
)
const ReceiptAnswer = Type.Object(
  {
    id: Type.String(),
    time: Type.String({ description: 'ISO 8601' }),
    erased: Type.Record(Type.String(), Type.Integer(), { description: 'Rows by table.' }),
    rows: Type.Integer(),
    refused: Type.Boolean(),
    again: Type.Boolean({ description: 'Done again because a restored database held him.' }),
    refitBefore: Type.String({ description: 'Until when models are refitted without him. ISO 8601' }),
    hash: Type.String({ description: 'SHA-256 of the receipt; docs/operations.md says over what.' }),
  },
  { description: 'What was erased where. No personal data.' },
)
const Page = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 0, description: 'The `next` of the page before.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: '1000 by default.' })),
  },
  { additionalProperties: false },
)
const NullableNumber = Type.Union([Type.Number(), Type.Null()])
const NullableText = Type.Union([Type.String(), Type.Null()])
const KeptOrders = Type.Object(
  {
    orders: Type.Array(
      Type.Object({
        id: Type.Integer(),
        day: Type.String({ description: 'ISO 8601, a date' }),
        state: Type.String(),
        total: NullableNumber,
        currency: NullableText,
        lines: Type.Array(
          Type.Object({ item: NullableText, quantity: Type.Number(), price: NullableNumber, returned: Type.Number() }),
        ),
      }),
    ),
    next: Type.Union([Type.Integer(), Type.Null()]),
  },
  { description: 'What stays of the orders of customers who were erased: goods and amounts of a day, of nobody.' },
)
type AboutOne = FastifyRequest<{ Params: Type.Static<typeof Who>; Querystring: Type.Static<typeof Export> }>
const tags = ['rights']

export function rightsRoutes(app: App, engine: Engine): void {
  const { rights } = engine
  const exporting = {
    schema: { tags, params: Who, querystring: Export },
    config: { action: 'customers.export' },
  } as const
  const send = (request: AboutOne, reply: FastifyReply) => sendExport(engine, request, reply)
  app.get('/v1/customers/:id/export', exporting, send)
  app.post('/v1/customers/:id/export', { ...exporting, config: { ...exporting.config, reads: 'ignored' } }, send)

  app.post(
    '/v1/customers/:id/erase',
    {
      schema: {
        tags,
        params: Who,
        querystring: Type.Object({ kind }, { additionalProperties: false }),
        body: Type.Optional(Erase),
        response: { 200: ReceiptAnswer },
      },
      config: { action: 'customers.erase' },
    },
    async (request) => {
      const who = { kind: request.query.kind ?? 'user', value: request.params.id }
      const { refuse = false } = request.body ?? {}
      const receipt = await rights.erase(who, { refuse, actor: actorOf(request) })
      if (!receipt) throw nobody(who)
      return wire(receipt)
    },
  )
  app.post(
    '/v1/customers/:id/recipients/erase',
    {
      schema: {
        tags,
        description: 'Forget a person for whom the customer buys, at the request of that person.',
        params: Who,
        querystring: Type.Object({ kind }, { additionalProperties: false }),
        body: Recipient,
        response: { 200: ReceiptAnswer },
      },
      config: { action: 'customers.erase' },
    },
    async (request) => {
      const who = { kind: request.query.kind ?? 'user', value: request.params.id }
      const receipt = await rights.eraseRecipient(who, request.body.recipient, actorOf(request))
      if (!receipt) throw nobody(who)
      return wire(receipt)
    },
  )
  const config = { action: 'erasures.read' } as const
  app.get(
    '/v1/erasures',
    { schema: { tags, response: { 200: Type.Object({ erasures: Type.Array(ReceiptAnswer) }) } }, config },
    async () => ({ erasures: (await rights.receipts(1000)).map(wire) }),
  )
  app.get(
    '/v1/kept-orders',
    { schema: { tags, querystring: Page, response: { 200: KeptOrders } }, config },
    async (request) => {
      const { after = 0, limit = 1000 } = request.query
      const orders = await rights.keptOrders({ after, limit })
      return { orders: orders.map(keptWire), next: orders.length < limit ? null : orders[orders.length - 1].id }
    },
  )
  app.get(
    '/v1/erasures/:id',
    {
      schema: { tags, params: Type.Object({ id: Type.String({ maxLength: 100 }) }), response: { 200: ReceiptAnswer } },
      config,
    },
    async (request) => {
      const receipt = await rights.receipt(request.params.id)
      if (!receipt) throw new HabitueError('not_found', 'There is no erasure of that id.')
      return wire(receipt)
    },
  )
}

/** Written into the audit log before the first byte leaves. */
async function sendExport(engine: Engine, request: AboutOne, reply: FastifyReply) {
  const who = { kind: request.query.kind ?? 'user', value: request.params.id }
  const document = await engine.rights.export(who)
  if (!document) throw nobody(who)
  const isHtml = (request.query.format ?? (request.headers.accept?.includes('text/html') ? 'html' : 'json')) === 'html'
  const time = engine.world.now()
  const detail = { format: isHtml ? 'html' : 'json' }
  await engine.audit.write({ time, actor: actorOf(request), action: 'customers.export', who, detail })
  reply.header('content-disposition', `attachment; filename="export.${isHtml ? 'html' : 'json'}"`)
  const language = languageOf(request.query.lang, request.headers['accept-language'])
  if (isHtml) return pageHeaders(reply, exportStyleHash).send(Readable.from(exportHtml(document, language)))
  reply
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .type('application/json; charset=utf-8')
  return reply.send(Readable.from(exportJson(document)))
}

function keptWire({ day, total, currency, lines, ...rest }: KeptOrderView) {
  const amount = (minor: number | null) => (minor === null ? null : fromMinorUnits(minor, currency))
  const shown = lines.map((line) => ({ ...line, price: amount(line.price) }))
  return { ...rest, day: iso(day).slice(0, 10), total: amount(total), currency, lines: shown }
}

function nobody(who: Identifier): HabitueError {
  return new HabitueError('not_found', `Nobody is known by that ${who.kind} id.`)
}

function wire(receipt: Receipt) {
  const { time, refitBefore, ...rest } = receipt
  return { ...rest, erased: { ...rest.erased }, time: iso(time), refitBefore: iso(refitBefore) }
}

const iso = (time: number) => new Date(time).toISOString()
