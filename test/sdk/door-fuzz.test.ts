/** Whatever is sent to the door: a coded answer, nothing half-applied, and the next request is served. Seeded. */
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { errorTable } from '../../src/errors.ts'
import { freshPostgres, openShop, type Shop } from './shop.ts'

const seed = 20250307
const codes = new Set<string>(Object.keys(errorTable))

const nasty = fc.oneof(
  fc.constantFrom('', ' ', 'null', 'undefined', '-1', '00000000', 'anonymous', '__proto__', 'constructor', 'NaN'),
  fc.constantFrom(
    '\0',
    'a\0b',
    '\ud800',
    'x\udfffy',
    '\u202e',
    '\ufeff',
    '👩‍👩‍👧',
    'é'.normalize('NFD'),
    'x'.repeat(10_000),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom("'; drop table events; --", '{{WRITE_KEY}}', '../../etc/passwd', '<script>alert(1)</script>'),
)
const number = fc.oneof(fc.double(), fc.constantFrom(0, -0, -1, 1e308, 2 ** 53, 2 ** 63, 0.1 + 0.2, 1e-320))
const time = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom(
    '0000-00-00',
    '9999-12-31T23:59:59Z',
    '-271821-04-20T00:00:00Z',
    '2025-02-30',
    'yesterday',
    '',
    '0',
    1e18,
    -1,
  ),
  number,
)
const scalar = fc.oneof(nasty, number, fc.boolean(), fc.constant(null))
const anything = fc.oneof(scalar, fc.jsonValue({ maxDepth: 4 }), fc.array(scalar, { maxLength: 4 }), time)
const product = fc.record(
  { product_id: anything, sku: anything, price: anything, quantity: anything, currency: anything, name: anything },
  { requiredKeys: [] },
)
const names = [
  'Product Viewed',
  'Product Added',
  'Order Completed',
  'Order Refunded',
  'Product Rated',
  'Completed Order',
]

/** Every field may be anything. */
const wild = fc.record(
  {
    type: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('track', 'identify', 'page', 'screen', 'group', 'alias') },
      { weight: 1, arbitrary: anything },
    ),
    event: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: anything }),
    userId: fc.oneof(fc.constantFrom('u1', 'u2'), anything),
    anonymousId: fc.oneof(fc.constantFrom('a1', 'a2'), anything),
    previousId: fc.oneof(fc.constantFrom('a1', 'u2'), anything),
    groupId: anything,
    messageId: fc.oneof(fc.uuid(), anything),
    timestamp: time,
    sentAt: time,
    originalTimestamp: time,
    traits: fc.oneof(fc.dictionary(nasty, anything, { maxKeys: 4 }), anything),
    properties: fc.oneof(
      fc.record(
        {
          products: fc.array(product, { maxLength: 3 }),
          order_id: anything,
          total: anything,
          rating: anything,
          currency: anything,
        },
        { requiredKeys: [] },
      ),
      product,
      anything,
    ),
    context: fc.oneof(
      fc.record({ externalIds: anything, traits: anything, ip: anything, userAgent: anything }, { requiredKeys: [] }),
      anything,
    ),
    integrations: anything,
  },
  { requiredKeys: [] },
)

const good = fc.record({
  type: fc.constantFrom('track', 'identify', 'page', 'screen', 'group', 'alias'),
  event: fc.constantFrom(...names),
  userId: fc.constantFrom('u1', 'u2'),
  anonymousId: fc.constantFrom('a1', 'a2'),
  previousId: fc.constantFrom('a1', 'a3'),
  groupId: fc.constant('g1'),
  properties: fc.record({
    product_id: fc.constantFrom('p1', 'p2'),
    price: fc.nat(100),
    order_id: fc.constantFrom('o1', 'o2'),
  }),
})
/** Mostly a good event with a few fields that may be anything, so that much of it passes and is stored. */
const event = fc
  .tuple(good, wild, fc.array(fc.nat(), { maxLength: 2 }), fc.nat(9))
  .map(([base, odd, picks, all]): Record<string, unknown> => {
    if (all === 0) return odd
    const fields = Object.entries(odd)
    return {
      ...base,
      ...Object.fromEntries(picks.flatMap((pick) => (fields.length > 0 ? [fields[pick % fields.length]] : []))),
    }
  })

interface Sent {
  readonly path: string
  readonly body: Buffer
  readonly type: string
}

const contentType = fc.constantFrom(
  'application/json',
  'text/plain',
  'application/x-www-form-urlencoded',
  'text/html; charset=utf-8',
  'nonsense',
)
const paths = fc.constantFrom(
  '/v1/track',
  '/v1/identify',
  '/v1/page',
  '/v1/group',
  '/v1/alias',
  '/v1/b',
  '/v1/t',
  '/v1/import',
  '/beacon/v1/batch',
)
/** JSON of the right shape with wrong contents. */
const events: fc.Arbitrary<Sent> = fc
  .record({
    batch: fc.array(fc.oneof({ weight: 9, arbitrary: event }, { weight: 1, arbitrary: anything }), { maxLength: 6 }),
    sentAt: time,
    packed: fc.boolean(),
    type: contentType,
    historical: fc.boolean(),
  })
  .map(({ batch, sentAt, packed, type, historical }) => {
    const text = Buffer.from(JSON.stringify({ batch, sentAt }))
    return { path: historical ? '/v1/import' : '/v1/batch', type, body: packed ? gzipSync(text) : text }
  })
const singles: fc.Arbitrary<Sent> = fc
  .record({ path: paths, body: fc.oneof(event, anything), type: contentType })
  .map(({ path, body, type }) => ({ path, type, body: Buffer.from(JSON.stringify(body) ?? '') }))
/** Bytes that were good and were damaged, and bytes that never were. */
const damaged: fc.Arbitrary<Sent> = fc
  .record({ sent: events, at: fc.nat(), cut: fc.boolean(), byte: fc.integer({ min: 0, max: 255 }) })
  .map(({ sent, at, cut, byte }) => {
    const body = Buffer.from(sent.body)
    const place = at % (body.length + 1)
    if (cut) return { ...sent, body: body.subarray(0, place) }
    if (place < body.length) body[place] = byte
    return { ...sent, body }
  })
const noise: fc.Arbitrary<Sent> = fc
  .record({ path: paths, body: fc.uint8Array({ maxLength: 200 }), type: contentType, magic: fc.boolean() })
  .map(({ path, body, type, magic }) => ({ path, type, body: Buffer.from(magic ? [0x1f, 0x8b, ...body] : body) }))

const filters = fc.record({ categories: anything, attributes: anything, price: anything }, { requiredKeys: [] })
const decision = fc.record(
  {
    customer: fc.oneof(fc.constant('u1'), anything),
    anonymousId: fc.oneof(fc.constant('a1'), anything),
    placement: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom('home', 'item', 'items', 'cart', 'unavailable', 'recent') },
      { weight: 1, arbitrary: anything },
    ),
    count: fc.oneof(fc.constantFrom(1, 100), anything),
    item: fc.oneof(fc.constant('p1'), nasty),
    items: fc.array(nasty, { maxLength: 3 }),
    cart: fc.array(nasty, { maxLength: 3 }),
    exclude: fc.array(nasty, { maxLength: 3 }),
    after: nasty,
    filters,
    context: fc.dictionary(nasty, anything, { maxKeys: 3 }),
  },
  { requiredKeys: ['placement'] },
)
const item = fc.record(
  {
    id: fc.oneof(fc.constant('p1'), nasty),
    title: anything,
    categories: anything,
    attributes: anything,
    price: anything,
    currency: anything,
    stock: anything,
    availableFrom: time,
    names: anything,
    group: anything,
  },
  { requiredKeys: [] },
)
const rule = fc.record(
  {
    id: nasty,
    kind: fc.constantFrom('pin', 'boost', 'bury', 'require', 'exclude', 'repeat'),
    items: fc.oneof(fc.array(nasty, { maxLength: 2 }), anything),
    filter: filters,
    factor: number,
    position: number,
    policy: anything,
    from: time,
    until: time,
    placements: anything,
  },
  { requiredKeys: ['kind'] },
)
const inPath = nasty.map((text) => encodeURIComponent(text.toWellFormed()) || '%20')
const resource = fc
  .record({
    route: fc.constantFrom(
      'POST /v1/recommendations',
      'POST /v1/recommendations/batch',
      'POST /v1/items',
      'PUT /v1/items/*',
      'PATCH /v1/items/p1',
      'GET /v1/items/*',
      'GET /v1/items?after=*',
      'DELETE /v1/items/*',
      'PUT /v1/rules/*',
      'POST /v1/rules/preview',
      'DELETE /v1/rules/*',
      'GET /v1/customers/*',
      'GET /v1/customers/*/timeline',
      'GET /v1/customers/u1/timeline?before=*',
      'GET /v1/customers/x?kind=*',
      'GET /v1/customers?name=*',
      'GET /v1/customers?identifier=*',
      'GET /v1/customers?order=*',
      'GET /v1/customers/*/decisions',
      'POST /v1/merges/*/undo',
      'POST /v1/keys',
      'POST /v1/keys/*/rotate',
      'GET /v1/projects/*/settings',
      'GET /*',
      'PUT /v1/imports/*',
    ),
    word: inPath,
    body: fc.oneof(
      { weight: 4, arbitrary: decision },
      { weight: 3, arbitrary: item },
      { weight: 3, arbitrary: rule },
      fc.record({ customers: fc.array(nasty, { maxLength: 2 }), placement: fc.constant('home') }),
      fc.record({ rule, request: decision }),
      anything,
    ),
    type: fc.constantFrom(
      'application/json',
      'application/json',
      'application/x-ndjson',
      'text/csv',
      'application/xml',
    ),
  })
  .map(({ route, word, body, type }) => {
    const [method, path] = route.replace('*', word).split(' ')
    return { method, path, type, body: JSON.stringify(body) ?? '' }
  })

const counted = (shop: Shop) => {
  const { accepted, duplicates, refused } = shop.engine.counters()
  return accepted + duplicates + Object.values(refused).reduce((sum, count) => sum + count, 0)
}

describe.each(['sqlite', 'postgres'] as const)('the door, on %s', (engine) => {
  let shop: Shop
  beforeAll(async () => {
    const config = engine === 'postgres' ? { databaseUrl: await freshPostgres(inject('postgresUrl')) } : {}
    shop = await openShop({ config })
  })
  afterAll(() => shop.close())

  async function check({ path, body, type }: Sent): Promise<void> {
    const before = counted(shop)
    const authorization = `Basic ${Buffer.from(`${shop.keys.server}:`).toString('base64')}`
    const headers = { authorization, 'content-type': type }
    const answer = await fetch(shop.url + path, { method: 'POST', headers, body: new Uint8Array(body) })
    const said = JSON.parse(await answer.text())
    if (answer.status === 200) {
      expect(said.success).toBe(true)
      for (const refusal of said.refused ?? []) expect(codes).toContain(refusal.code)
      return
    }
    expect([400, 413], JSON.stringify(said)).toContain(answer.status)
    expect(codes).toContain(said.error.code)
    // A request that was refused as a whole left nothing behind.
    expect(counted(shop)).toBe(before)
  }

  it.each([
    ['events with anything in them', events, 150],
    ['single events on every path', singles, 150],
    ['damaged bytes', damaged, 150],
    ['noise', noise, 100],
  ] as const)('answers %s', async (_name, arbitrary, numRuns) => {
    await fc.assert(fc.asyncProperty(arbitrary as fc.Arbitrary<Sent>, check), { seed, numRuns })
  })

  it('of every other resource answers anything', async () => {
    await fc.assert(
      fc.asyncProperty(resource, async ({ method, path, body, type }) => {
        const headers = { 'content-type': type }
        const sent = method === 'GET' || method === 'DELETE' ? undefined : body
        const answer = await shop.ask(method, path, { body: sent, key: shop.keys.admin, headers })
        expect(
          answer.status,
          `${method} ${path.slice(0, 200)} ${body.slice(0, 1000)}: ${JSON.stringify(answer.body)}`,
        ).toBeLessThan(500)
        if (answer.status >= 400) expect(codes).toContain(answer.body.error.code)
      }),
      { seed, numRuns: 400 },
    )
  })

  it('afterwards takes a good event, and shows all that it kept', async () => {
    const body = { userId: 'good', event: 'Product Viewed', properties: { product_id: 'p', price: 1 } }
    expect(shop.engine.counters().accepted).toBeGreaterThan(100)
    expect((await shop.ask('POST', '/v1/track', { body })).body).toEqual({ success: true })
    expect(await shop.timeline('good')).toHaveLength(1)
    for (const user of ['u1', 'u2']) {
      for (const part of ['', '/timeline?limit=1000', '/orders', '/cart', '/merges']) {
        expect((await shop.ask('GET', `/v1/customers/${user}${part}`)).status, part).toBe(200)
      }
    }
    const asked = { customer: 'u1', placements: ['home', 'popular', 'recent', 'cart'] }
    expect((await shop.ask('POST', '/v1/recommendations', { body: asked })).status).toBe(200)
    expect((await shop.ask('GET', '/v1/items?limit=1000')).status).toBe(200)
  })
})
