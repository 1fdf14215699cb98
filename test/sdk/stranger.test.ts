/** Somebody who took the key out of the page's source, and knows a customer's ids, against that customer. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { freshPostgres, openShop, type Shop } from './shop.ts'

const victim = { userId: 'vic', email: 'vic@example.com', device: 'vic-device', order: 'o-vic' }
const product = (id: string, rest = {}) => ({
  product_id: id,
  name: id,
  price: 10,
  currency: 'EUR',
  quantity: 1,
  ...rest,
})

/** What the victim has, as the shop's own server sees it; it must be the same after each attack. */
async function memoryOf(shop: Shop) {
  const parts = ['', '/orders', '/cart', '/timeline', '/merges']
  const answers = await Promise.all(parts.map((part) => shop.ask('GET', `/v1/customers/${victim.userId}${part}`)))
  expect(answers.map(({ status }) => status)).toEqual(parts.map(() => 200))
  const [customer, ...rest] = answers.map(({ body }) => body)
  // When the customer was last heard of may be told by the device; it says nothing of anybody.
  const identifiers = customer.identifiers.map(({ kind, value }: { kind: string; value: string }) => `${kind}:${value}`)
  return { ...customer, claims: null, identifiers: identifiers.sort(), rest }
}

async function settle(shop: Shop) {
  const { userId, email, device, order } = victim
  const events = [
    { type: 'identify', userId, anonymousId: device, traits: { email, name: 'Vic Tim' } },
    { type: 'track', userId, event: 'Product Viewed', properties: product('secret-viewed') },
    { type: 'track', userId, event: 'Product Added', properties: product('secret-carted', { cart_id: 'c-vic' }) },
    {
      type: 'track',
      userId,
      event: 'Order Completed',
      properties: { order_id: order, total: 10, currency: 'EUR', products: [product('secret-bought')] },
    },
  ]
  const { body } = await shop.ask('POST', '/v1/batch', { body: { batch: events } })
  expect(body).toEqual({ success: true })
}

const engines = ['sqlite', 'postgres'] as const

describe.each(engines)('a stranger with the page’s key, on %s', (engine) => {
  let shop: Shop
  let before: Awaited<ReturnType<typeof memoryOf>>
  beforeAll(async () => {
    const config = engine === 'postgres' ? { databaseUrl: await freshPostgres(inject('postgresUrl')) } : {}
    shop = await openShop({ config })
    await settle(shop)
    before = await memoryOf(shop)
  })
  afterAll(() => shop.close())

  /** Sends as the page does: with the publishable key, and with the stranger's own token where he has one. */
  const send = async (path: string, body: object, token?: string) => {
    const headers: Record<string, string> = token ? { 'x-habitue-token': token } : {}
    return shop.ask('POST', path, { body, key: shop.keys.publishable, headers })
  }
  const unharmed = async () => expect(await memoryOf(shop)).toEqual(before)

  const { userId, email, device, order } = victim
  const attacks: Record<string, readonly [path: string, body: object]> = {
    'views in the customer’s name': ['/v1/track', { userId, event: 'Product Viewed', properties: product('poison') }],
    'a refusal in the customer’s name': [
      '/v1/track',
      { userId, event: 'Product Refused', properties: product('secret-bought') },
    ],
    'a purchase in the customer’s name': [
      '/v1/track',
      { userId, event: 'Order Completed', properties: { order_id: 'o-new', products: [product('poison')] } },
    ],
    'new traits': ['/v1/identify', { userId, traits: { name: 'Owned', email: 'owned@example.com' } }],
    'an identify of his own device as the customer': [
      '/v1/identify',
      { userId, anonymousId: 'evil-device', traits: {} },
    ],
    'the customer’s e-mail for his own device': ['/v1/identify', { anonymousId: 'evil-device', traits: { email } }],
    'the customer’s e-mail as an external id': [
      '/v1/track',
      {
        anonymousId: 'evil-device',
        event: 'Product Viewed',
        properties: product('poison'),
        context: { externalIds: [{ id: email, type: 'email', collection: 'users', encoding: 'none' }] },
      },
    ],
    'an alias of the customer to himself': ['/v1/alias', { userId: 'evil', previousId: userId }],
    'an alias of himself to the customer': ['/v1/alias', { userId, previousId: 'evil-device' }],
    'an alias of the customer’s device to himself': ['/v1/alias', { userId: 'evil', previousId: device }],
    'consent in the customer’s name': [
      '/v1/track',
      { userId, event: 'Consent Given', properties: { purpose: 'marketing' } },
    ],
    'a cancellation of the customer’s order': [
      '/v1/track',
      { anonymousId: 'evil-device', event: 'Order Cancelled', properties: { order_id: order } },
    ],
    'a cancellation of it in the customer’s name': [
      '/v1/track',
      { userId, event: 'Order Cancelled', properties: { order_id: order } },
    ],
    'a refund of the customer’s order': [
      '/v1/track',
      {
        anonymousId: 'evil-device',
        event: 'Order Refunded',
        properties: { order_id: order, products: [product('secret-bought')] },
      },
    ],
    'another order under the customer’s number': [
      '/v1/track',
      {
        anonymousId: 'evil-device',
        event: 'Order Completed',
        properties: { order_id: order, products: [product('poison')] },
      },
    ],
    'an update of the customer’s order': [
      '/v1/track',
      {
        anonymousId: 'evil-device',
        event: 'Order Updated',
        properties: { order_id: order, products: [product('poison')] },
      },
    ],
    'the customer’s cart': [
      '/v1/track',
      {
        anonymousId: 'evil-device',
        event: 'Product Removed',
        properties: product('secret-carted', { cart_id: 'c-vic' }),
      },
    ],
    'a group': ['/v1/group', { userId, groupId: 'spies', traits: {} }],
  }

  it.each(Object.entries(attacks))('cannot poison, merge or consent: %s', async (_name, [path, body]) => {
    expect((await send(path, body)).status).toBe(200)
    expect((await send('/v1/batch', { batch: [{ type: path.slice(4), ...body }] })).status).toBe(200)
    // Once more as a customer who is logged in, and really is somebody else.
    expect((await send(path, body, shop.token('evil', 'evil@example.com'))).status).toBe(200)
    await unharmed()
  })

  it('has claims for it, and nothing else', async () => {
    const { status } = await shop.ask('GET', '/v1/customers/evil-device?kind=anonymous')
    expect(status).toBe(200)
    const { body } = await shop.ask('GET', '/v1/customers/evil-device?kind=anonymous')
    const kinds = body.identifiers.map(({ kind, value }: { kind: string; value: string }) => `${kind}:${value}`)
    expect(kinds).not.toContain(`user:${userId}`)
    expect(kinds).not.toContain(`email:${email}`)
  })

  const readings: readonly [method: string, path: string, body?: object][] = [
    ['GET', `/v1/customers/${userId}`],
    ['GET', `/v1/customers/${userId}/timeline`],
    ['GET', `/v1/customers/${userId}/orders`],
    ['GET', `/v1/customers/${userId}/cart`],
    ['GET', `/v1/customers/${userId}/merges`],
    ['GET', `/v1/customers/${email}?kind=email`],
    ['GET', `/v1/customers/${device}?kind=anonymous`],
    ['GET', `/v1/customers?identifier=${email}`],
    ['GET', `/v1/customers?order=${order}`],
    ['GET', '/v1/customers?name=Vic'],
    ['POST', '/v1/recommendations', { customer: userId, placement: 'recent' }],
    ['POST', '/v1/recommendations/batch', { customers: [userId], placement: 'recent' }],
    ['GET', '/v1/tail'],
    ['GET', '/v1/items'],
    ['GET', '/v1/keys'],
  ]
  it.each(readings)('cannot read: %s %s', async (method, path, body) => {
    for (const token of [null, shop.token('evil'), shop.token('evil', email)]) {
      const headers: Record<string, string> = token ? { 'x-habitue-token': token } : {}
      const answer = await shop.ask(method, path, { body, key: shop.keys.publishable, headers })
      expect([401, 403]).toContain(answer.status)
      expect(JSON.stringify(answer.body)).not.toContain('secret')
    }
  })

  it('who knows the customer’s device sees nothing that the customer did', async () => {
    const placements = ['home', 'recent', 'cart', 'popular'].map((name) => ({ name, count: 20 }))
    const asked = { body: { anonymousId: device, placements }, key: shop.keys.publishable }
    const { status, body } = await shop.ask('POST', '/v1/recommendations', asked)
    expect(status).toBe(200)
    expect(body.personalised).toBe(false)
    expect(body.placements.recent.items).toEqual([])
    const whys = Object.values(body.placements).flatMap((place) =>
      (place as { items: { reason: { because?: unknown } }[] }).items.map(({ reason }) => reason.because),
    )
    expect(whys.filter(Boolean)).toEqual([])
  })

  it('the customer himself, with his token, can read all of it', async () => {
    const headers = { 'x-habitue-token': shop.token(userId) }
    const own = (path: string) => shop.ask('GET', path, { key: shop.keys.publishable, headers })
    expect((await own(`/v1/customers/${userId}/orders`)).body.orders).toHaveLength(1)
    const asked = { body: { customer: userId, placement: 'recent' }, key: shop.keys.publishable, headers }
    const { body } = await shop.ask('POST', '/v1/recommendations', asked)
    expect(body.placements.recent.items.map(({ id }: { id: string }) => id)).toContain('secret-viewed')
  })

  it('a claim becomes the customer’s own when a server confirms it', async () => {
    const visitor = 'honest-device'
    const page = { key: shop.keys.publishable }
    const view = { anonymousId: visitor, event: 'Product Viewed', properties: product('kettle') }
    await shop.ask('POST', '/v1/track', { ...page, body: view })
    await shop.ask('POST', '/v1/identify', { ...page, body: { anonymousId: visitor, userId: 'honest' } })
    expect((await shop.ask('GET', '/v1/customers/honest')).status).toBe(404)
    await shop.ask('POST', '/v1/identify', { body: { anonymousId: visitor, userId: 'honest' } })
    const { body } = await shop.ask('GET', '/v1/customers/honest')
    expect(body.interactions.map(({ item }: { item: string }) => item)).toContain('kettle')
  })
})
