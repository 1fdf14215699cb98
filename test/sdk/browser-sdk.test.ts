import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, type PageServer, servePage, visit } from './browser.ts'
import { type BadNetwork, badNetwork, openShop, type Shop } from './shop.ts'

let shop: Shop
let network: BadNetwork
let pages: PageServer
let browser: Browser
beforeAll(async () => {
  pages = await servePage()
  shop = await openShop({ origins: [pages.origin] })
  network = await badNetwork(shop.url)
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await network.close()
  await shop.close()
  await pages.close()
})

const arrive = (options = {}) =>
  visit(browser, pages.origin, { host: network.url, key: shop.keys.publishable, options })
const tea = { product_id: 'tea-1', name: 'Sencha', price: 12.5, currency: 'EUR' }
const names = (events: readonly { type: string; name: string }[]) => events.map(({ type, name }) => name || type)

/** Waits until `count` events of the visitor have arrived. */
async function arrived(id: string, count: number, kind = 'anonymous') {
  for (let round = 0; round < 300; round++) {
    const events = await shop.timeline(id, kind)
    if (events.length >= count) return events
    await new Promise((done) => setTimeout(done, 100))
  }
  return shop.timeline(id, kind)
}

describe('@segment/analytics-next in a page', () => {
  it('page, track, group: they are the anonymous visitor’s; identify and alias are claims', async () => {
    const visitor = await arrive()
    await visitor.call('page', 'shop', 'Home')
    await visitor.call('track', 'Product Viewed', tea)
    await visitor.call('identify', 'page-user', { name: 'Mallory', email: 'victim@example.com' })
    await visitor.call('group', 'club', { plan: 'gold' })
    await visitor.call('alias', 'another-user')
    const events = await arrived(visitor.anonymousId, 5)
    expect(names(events).sort()).toEqual(['Product Viewed', 'alias', 'group', 'identify', 'page'])
    for (const stranger of ['page-user', 'another-user']) {
      expect((await shop.ask('GET', `/v1/customers/${stranger}`)).status).toBe(404)
    }
    expect((await shop.ask('GET', '/v1/customers/victim@example.com?kind=email')).status).toBe(404)
    const { body } = await shop.ask('GET', `/v1/customers/${visitor.anonymousId}?kind=anonymous`)
    expect(body.identifiers).toMatchObject([{ kind: 'anonymous', value: visitor.anonymousId }])
    expect(body.interactions).toMatchObject([{ item: 'tea-1', views: 1 }])
    expect(body.claims.map(({ value }: { value: string }) => value)).toContain('page-user')
    expect([...visitor.asked].sort()).toEqual([pages.origin, network.url].sort())
    await visitor.leave()
  })

  it('with a customer token, identify makes the visitor the customer, and what was seen before comes along', async () => {
    const visitor = await arrive()
    await visitor.call('track', 'Product Viewed', tea)
    await arrived(visitor.anonymousId, 1)
    const context = { customerToken: shop.token('known-1', 'known@example.com') }
    await visitor.call('identify', 'known-1', { email: 'known@example.com' }, { context })
    await visitor.call('track', 'Product Added', { ...tea, quantity: 1 }, { context })
    const events = await arrived('known-1', 3, 'user')
    expect(names(events).sort()).toEqual(['Product Added', 'Product Viewed', 'identify'])
    expect(JSON.stringify(events)).not.toContain(context.customerToken)
    const { body } = await shop.ask('GET', '/v1/customers/known-1')
    expect(body.identifiers.map(({ kind }: { kind: string }) => kind).sort()).toEqual(['anonymous', 'email', 'user'])
    await visitor.leave()
  })

  it.each([
    ['a 500', [500, 500]],
    ['a 429', [429]],
    ['answers that were lost', ['lost answer', 'lost answer', 500]],
    ['a cut connection', ['cut']],
  ] as const)('repeats after %s: nothing is lost, nothing is double', async (_name, faults) => {
    const visitor = await arrive()
    network.next(...faults)
    for (let i = 0; i < 6; i++) await visitor.call('track', `step ${i}`)
    const events = await arrived(visitor.anonymousId, 6)
    expect(names(events).sort()).toEqual(Array.from({ length: 6 }, (_, i) => `step ${i}`))
    await visitor.leave()
  })

  it('in batches, with the token in a header', async () => {
    const headers = { 'X-Habitue-Token': shop.token('batched') }
    const deliveryStrategy = { strategy: 'batching', config: { size: 4, timeout: 500, headers } }
    const visitor = await arrive({ integrations: { 'Segment.io': { deliveryStrategy } } })
    network.next('pass', 500, 'lost answer')
    await visitor.call('identify', 'batched')
    for (let i = 0; i < 11; i++) await visitor.call('track', `step ${i}`)
    const events = await arrived('batched', 12, 'user')
    expect(names(events).sort()).toEqual(['identify', ...Array.from({ length: 11 }, (_, i) => `step ${i}`)].sort())
    await visitor.leave()
  })

  it('from an origin that the key is not bound to stores nothing', async () => {
    const other = await servePage()
    const visitor = await visit(browser, other.origin, { host: network.url, key: shop.keys.publishable })
    await visitor.call('track', 'Product Viewed', tea)
    await visitor.page.waitForTimeout(300)
    expect(await shop.timeline(visitor.anonymousId, 'anonymous')).toEqual([])
    await visitor.leave()
    await other.close()
  })
})

describe('the reference at /docs', () => {
  it('shows the API in a browser, without a request to anywhere else', async () => {
    const page = await browser.newPage()
    const asked = new Set<string>()
    const broken: string[] = []
    page.on('request', (request) => asked.add(new URL(request.url()).origin))
    page.on('pageerror', (error) => broken.push(error.message))
    await page.goto(`${shop.url}/docs/`)
    // Of so many operations the page draws those that can be seen.
    await page.waitForSelector('[data-path="/v1/identify"]')
    expect([...asked].filter((origin) => origin !== 'null')).toEqual([shop.url])
    expect(broken).toEqual([])
    await page.close()
  })
})
