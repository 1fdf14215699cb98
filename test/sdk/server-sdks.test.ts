import RudderAnalytics from '@rudderstack/rudder-sdk-node'
import { Analytics } from '@segment/analytics-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BadNetwork, badNetwork, openShop, type Shop } from './shop.ts'

let shop: Shop
let network: BadNetwork
beforeAll(async () => {
  shop = await openShop()
  network = await badNetwork(shop.url)
})
afterAll(async () => {
  await network.close()
  await shop.close()
})

const tea = { product_id: 'tea-1', name: 'Sencha', price: 12.5, currency: 'EUR', quantity: 2, category: 'Tea' }
const named = ({ type, name }: { type: string; name: string }) => (name ? `${type} ${name}` : type)

/** Waits until the server has `count` events of somebody. */
async function arrived(id: string, count: number) {
  for (let round = 0; round < 200; round++) {
    const events = await shop.timeline(id)
    if (events.length >= count) return events
    await new Promise((done) => setTimeout(done, 100))
  }
  return shop.timeline(id)
}

describe('@segment/analytics-node', () => {
  const client = (options = {}) =>
    new Analytics({ writeKey: shop.keys.server, host: network.url, flushInterval: 200, ...options })

  it('identify, track, page, screen, group, alias: all are remembered, once', async () => {
    const analytics = client()
    analytics.track({ anonymousId: 'visitor-1', event: 'Product Viewed', properties: tea })
    analytics.identify({ userId: 'seg-1', anonymousId: 'visitor-1', traits: { name: 'Ada', email: 'ada@example.com' } })
    analytics.page({ userId: 'seg-1', category: 'shop', name: 'Home', properties: { url: 'https://shop.example/' } })
    analytics.screen({ userId: 'seg-1', name: 'Basket' })
    analytics.group({ userId: 'seg-1', groupId: 'club', traits: { plan: 'gold' } })
    analytics.track({
      userId: 'seg-1',
      event: 'Order Completed',
      properties: { order_id: 'o-1', total: 25, currency: 'EUR', products: [tea] },
    })
    analytics.alias({ userId: 'seg-1', previousId: 'visitor-old' })
    await analytics.closeAndFlush()

    const events = await arrived('seg-1', 7)
    expect(events.map(named).sort()).toEqual(
      ['track Product Viewed', 'identify', 'page', 'screen', 'group', 'track Order Completed', 'alias'].sort(),
    )
    const { body } = await shop.ask('GET', '/v1/customers/seg-1')
    expect(body.traits).toMatchObject({ name: 'Ada', email: 'ada@example.com' })
    expect(body.identifiers.map(({ kind, value }: { kind: string; value: string }) => `${kind}:${value}`)).toEqual(
      expect.arrayContaining(['user:seg-1', 'anonymous:visitor-1', 'anonymous:visitor-old', 'email:ada@example.com']),
    )
    expect(body.interactions).toMatchObject([{ item: 'tea-1', views: 1, bought: 2, orders: 1 }])
    const { body: orders } = await shop.ask('GET', '/v1/customers/seg-1/orders')
    expect(orders.orders).toMatchObject([
      { number: 'o-1', total: 25, currency: 'EUR', lines: [{ item: 'tea-1', quantity: 2, price: 12.5 }] },
    ])
  })

  it.each([
    ['a 500', [500, 500]],
    ['a 429', [429]],
    ['an answer that was lost', ['lost answer', 'lost answer']],
    ['a cut connection', ['cut']],
  ] as const)('repeats after %s: nothing is lost, nothing is double', async (name, faults) => {
    const analytics = client({ maxRetries: 10 })
    const userId = `retry ${name}`
    network.next(...faults)
    for (let i = 0; i < 20; i++) analytics.track({ userId, event: `step ${i}` })
    await analytics.flush({ timeout: 20_000 })
    const events = await arrived(userId, 20)
    expect(events.map((event) => event.name).sort()).toEqual(Array.from({ length: 20 }, (_, i) => `step ${i}`).sort())
    await analytics.closeAndFlush({ timeout: 1000 })
  })

  it('sends many batches: every event arrives, once', async () => {
    const analytics = client({ flushAt: 50, maxRetries: 10 })
    network.next('pass', 500, 'lost answer', 'pass', 'lost answer')
    for (let i = 0; i < 500; i++) analytics.track({ userId: 'many', event: 'tick', properties: { i } })
    await analytics.closeAndFlush({ timeout: 30_000 })
    const events = await arrived('many', 500)
    expect(new Set(events.map((event) => event.body.properties?.i)).size).toBe(500)
    expect(events).toHaveLength(500)
  })

  it('is told by the server’s answer which key is wrong, and drops nothing silently on our side', async () => {
    const analytics = client({ writeKey: 'nobody' })
    const failed = new Promise((done) => analytics.once('error', done))
    analytics.track({ userId: 'stranger', event: 'x' })
    await analytics.closeAndFlush({ timeout: 5_000 })
    await expect(failed).resolves.toBeTruthy()
    expect(await shop.timeline('stranger')).toEqual([])
  })
})

describe('@rudderstack/rudder-sdk-node', () => {
  const client = (options = {}) =>
    new RudderAnalytics(shop.keys.server, { dataPlaneUrl: network.url, flushInterval: 200, ...options })
  const flushed = (analytics: RudderAnalytics) => analytics.flush().catch(() => {})

  it('identify, track, page, screen, group, alias: all are remembered, once, gzip and mislabelled as they come', async () => {
    const analytics = client()
    const before = Date.now()
    analytics.track({ anonymousId: 'r-visitor', event: 'Product Viewed', properties: tea })
    analytics.identify({ userId: 'rud-1', anonymousId: 'r-visitor', traits: { name: 'Grace' } })
    analytics.page({ userId: 'rud-1', name: 'Home' })
    analytics.screen({ userId: 'rud-1', name: 'Basket' })
    analytics.group({ userId: 'rud-1', groupId: 'club' })
    analytics.track({ userId: 'rud-1', event: 'Product Added', properties: tea })
    analytics.alias({ userId: 'rud-1', previousId: 'r-old' })
    await flushed(analytics)
    const events = await arrived('rud-1', 7)
    expect(events.map(named).sort()).toEqual(
      ['track Product Viewed', 'identify', 'page', 'screen', 'group', 'track Product Added', 'alias'].sort(),
    )
    const added = events.find((event) => event.name === 'Product Added')
    expect(Date.parse(added?.time ?? '')).toBeGreaterThanOrEqual(before - 1_000)
    expect(Date.parse(added?.time ?? '')).toBeLessThanOrEqual(Date.now() + 1_000)
    const { body: cart } = await shop.ask('GET', '/v1/customers/rud-1/cart')
    expect(cart.lines).toMatchObject([{ item: 'tea-1', quantity: 2, price: 12.5 }])
  })

  it.each([
    ['a 500', [500]],
    ['a 429', [429]],
    ['an answer that was lost', ['lost answer']],
  ] as const)('repeats after %s: nothing is lost, nothing is double', async (name, faults) => {
    const analytics = client({ flushAt: 20 })
    const userId = `rudder ${name}`
    network.next(...faults)
    for (let i = 0; i < 20; i++) analytics.track({ userId, event: `step ${i}` })
    await flushed(analytics)
    const events = await arrived(userId, 20)
    expect(events.map((event) => event.name).sort()).toEqual(Array.from({ length: 20 }, (_, i) => `step ${i}`).sort())
  })
})
