/** The journeys of examples/journeys, as they stand there: from events over HTTP to mail on a real server, in simulated time. */
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { type SimulatedWorld, simulatedWorld } from '../src/world.ts'
import { type MailServer, startMailServer } from './messages/mail-server.ts'
import { forEachRunning, type Running } from './running.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const folder = join(import.meta.dirname, '../examples/journeys')

const servers: MailServer[] = []
afterAll(async () => {
  for (const server of servers) await server.close()
})

interface Shop {
  readonly habitue: Running
  readonly world: SimulatedWorld
  readonly server: MailServer
  send(...messages: object[]): Promise<void>
  items(...items: object[]): Promise<void>
  pass(ms: number): Promise<void>
  subjects(): (string | undefined)[]
}

let n = 0

forEachRunning((_engine, run) => {
  const open = async (start: string): Promise<Shop> => {
    const world = simulatedWorld(9, Date.parse(start))
    const server = await startMailServer()
    servers.push(server)
    const messages = {
      smtpUrl: server.url,
      from: 'Corner Shop <hello@shop.example>',
      legalName: 'Corner Shop Ltd',
      postalAddress: '1 High Street, Dublin',
      quietHours: '21-8',
      templates: join(folder, 'templates'),
    }
    const page = { frameAncestors: '', url: 'https://shop.example/habitue' }
    const folders = { journeys: { folder }, surveys: { folder: join(folder, 'surveys') } }
    const habitue = await run({ messages, page, timeZone: 'UTC', ...folders }, { world, automatic: false })
    const pass = async (ms: number) => {
      world.advance(ms)
      await habitue.engine.settle()
    }
    const send = async (...given: object[]) => {
      const timestamp = new Date(world.now()).toISOString()
      const batch = given.map((message) => ({ messageId: `m${n++}`, timestamp, ...message }))
      const { status, body } = await habitue.ask('POST', '/v1/batch', { batch })
      expect([status, body.refused ?? []]).toEqual([200, []])
      await habitue.engine.settle()
    }
    return {
      ...{ habitue, world, server, pass, send },
      async items(...items) {
        expect((await habitue.ask('POST', '/v1/items', items)).status).toBe(200)
        await habitue.engine.settle()
      },
      subjects: () => server.received.map(({ mail }) => mail.subject),
    }
  }
  const known = (userId: string, traits: object = {}) => ({
    type: 'identify',
    userId,
    traits: { firstName: 'Ada', email: `${userId}@x.example`, ...traits },
  })
  const track = (userId: string, event: string, properties: object) => ({ type: 'track', userId, event, properties })

  it('sold out at the checkout: a substitute with its reason, then a notice when it is back, stock looked at again', async () => {
    const shop = await open('2026-03-02T10:00:00Z')
    const url = 'https://shop.example/p'
    const laptop = { id: 'x1', title: 'Laptop X1', price: 2600, stock: 0, url, categories: ['laptops'] }
    await shop.items(laptop, { ...laptop, id: 'x2', title: 'Laptop X2', stock: 5 })
    await shop.send(known('ada'), track('ada', 'Checkout Started', { products: [{ product_id: 'x1' }] }))
    await shop.send(known('bob'), track('bob', 'Checkout Started', { products: [{ product_id: 'x1' }] }))
    await shop.send(known('cid'), track('cid', 'Product Viewed', { product_id: 'x1' }))
    expect(shop.subjects()).toEqual([])
    const { warnings } = (await shop.habitue.ask('GET', '/v1/journeys/occasion')).body
    expect(warnings).toEqual([expect.stringContaining('Nobody takes orders')])
    await shop.pass(30 * minute)
    await shop.send(track('bob', 'Order Completed', { order_id: 'b1', products: [{ product_id: 'x2', price: 2600 }] }))
    await shop.pass(hour)
    expect(shop.server.received.map(({ to }) => to)).toEqual(['ada@x.example'])
    const [{ mail }] = shop.server.received
    expect(mail.subject).toBe('Laptop X1 is sold out; here is what comes close')
    expect(mail.text).toContain('Laptop X2')
    expect(mail.text).not.toContain('null')
    // There in the quiet hours, and sold out again before anybody may be written to.
    await shop.pass(Date.parse('2026-03-04T22:30:00Z') - shop.world.now())
    await shop.items({ ...laptop, stock: 3 })
    await shop.pass(hour)
    await shop.items({ ...laptop, stock: 0 })
    await shop.pass(12 * hour)
    expect(shop.server.received).toHaveLength(1)
    // There for good.
    await shop.pass(2 * day)
    await shop.items({ ...laptop, stock: 3 })
    await shop.pass(minute)
    expect(shop.subjects()).toEqual([mail.subject, 'Laptop X1 is back'])
    expect(shop.server.received[1].to).toBe('ada@x.example')
    await shop.pass(30 * day)
    expect(shop.server.received).toHaveLength(2)
  })

  it('a watched price is told once it is reached, also to who refuses everything else, and to nobody else', async () => {
    const shop = await open('2026-03-02T10:00:00Z')
    const grinder = { id: 'g', title: 'Grinder', price: 120, url: 'https://shop.example/g' }
    await shop.items(grinder)
    await shop.send(known('ada'), track('ada', 'Price Watch Set', { product_id: 'g', below: 100 }))
    await shop.send(known('bob'), track('bob', 'Product Added to Wishlist', { product_id: 'g' }))
    await shop.send(track('ada', 'Consent Withdrawn', { purposes: ['personalisation', 'marketing'] }))
    await shop.items({ ...grinder, price: 105 })
    await shop.pass(day)
    expect(shop.subjects()).toEqual([])
    await shop.items({ ...grinder, price: 95 })
    await shop.pass(minute)
    expect(shop.server.received.map(({ to }) => to)).toEqual(['ada@x.example'])
    expect(shop.server.received[0].mail.subject).toMatch(/^Grinder now costs .*95/)
    expect(shop.server.received[0].mail.text).toContain('It was 105 EUR')
    await shop.items({ ...grinder, price: 90 })
    await shop.pass(day)
    expect(shop.server.received).toHaveLength(1)
  })
})
