/** What the engine notices by itself, in simulated time, over HTTP, on both engines. */
import { expect, it, vi } from 'vitest'
import { PostgresConnection } from '../src/db/postgres.ts'
import { type SimulatedWorld, simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

type Message = Readonly<Record<string, unknown>>

/** What one test sees of a shop that others use too: its customers and items are its own. */
interface Shop {
  readonly habitue: Running
  /** Before the names of its customers and items. */
  readonly own: string
  readonly world: SimulatedWorld
  /** Sends messages, now where they name no time. */
  batch(messages: readonly Message[], path?: string): Promise<void>
  track(user: string, event: string, properties?: object, more?: object): Promise<void>
  items(...items: object[]): Promise<void>
  /** Lets time pass, and the engine do what is due. */
  pass(ms: number): Promise<void>
  /** What Habitue derived of this customer, the oldest first. */
  derived(user: string): Promise<{ name: string; time: string; properties: Record<string, unknown> }[]>
}

const names = [
  ...['Cart Abandoned', 'Product Unavailable', 'Back In Stock', 'Price Dropped', 'Occasion Due', 'Customer Lapsed'],
]
let tests = 0

function shopOf(habitue: Running, world: SimulatedWorld): Shop {
  const own = `t${tests++}-`
  const theirs = (value: unknown) =>
    JSON.parse(
      JSON.stringify(value, (key, one) =>
        typeof one === 'string' && ['id', 'product_id', 'userId', 'anonymousId', 'previousId'].includes(key)
          ? own + one
          : one,
      ),
    )
  let n = 0
  const batch: Shop['batch'] = async (messages, path = '/v1/batch') => {
    const timestamp = new Date(world.now()).toISOString()
    const stamped = messages.map((message) => ({ messageId: `${own}${n++}`, timestamp, ...message }))
    const reply = await habitue.ask('POST', path, theirs({ batch: stamped }))
    expect([reply.status, reply.body.refused ?? []]).toEqual([200, []])
  }
  return {
    habitue,
    own,
    world,
    batch,
    track: (userId, event, properties = {}, more = {}) =>
      batch([{ type: 'track', userId, event, properties, ...more }]),
    async items(...items) {
      expect((await habitue.ask('POST', '/v1/items', theirs(items))).status).toBe(200)
    },
    async pass(ms) {
      world.advance(ms)
      await habitue.engine.settle()
    },
    async derived(user) {
      const reply = await habitue.ask('GET', `/v1/customers/${own}${user}/timeline?limit=200`)
      if (reply.status === 404) return []
      type Shown = { name: string; time: string; body: { properties: Record<string, unknown> } }
      const events: Shown[] = JSON.parse(JSON.stringify(reply.body.events).replaceAll(own, ''))
      return events
        .filter(({ name }) => names.includes(name))
        .reverse()
        .map(({ name, time, body }) => ({ name, time, properties: body.properties }))
    },
  }
}

const settings = {
  timeZone: 'Europe/Berlin',
  moments: { cartMinutes: 60 },
} as const

forEachRunning((engine, run) => {
  const start = Date.parse('2026-03-02T11:00:00Z')
  const begin = async (overrides: object = {}): Promise<[Running, SimulatedWorld]> => {
    const world = simulatedWorld(5, start)
    return [await run({ ...settings, ...overrides }, { world, automatic: false }), world]
  }
  let shared: ReturnType<typeof begin> | undefined
  const open = async () => {
    shared ??= begin()
    return shopOf(...(await shared))
  }
  const openOwn = async (overrides?: object) => shopOf(...(await begin(overrides)))
  const laptop = { id: 'laptop', title: 'Laptop', price: 2600, stock: 3, categories: ['computers'] }
  const mouse = { id: 'mouse', title: 'Mouse', price: 19.9, categories: ['computers'] }

  it('a cart that is left is abandoned once, with its lines and what it is worth', async () => {
    const shop = await open()
    await shop.items(laptop, mouse)
    await shop.track('ada', 'Product Added', { product_id: 'laptop' })
    await shop.track('ada', 'Product Added', { product_id: 'mouse', quantity: 2 })
    await shop.pass(59 * minute)
    expect(await shop.derived('ada')).toEqual([])
    await shop.pass(2 * minute)
    const [left, ...more] = await shop.derived('ada')
    expect(more).toEqual([])
    expect(left.name).toBe('Cart Abandoned')
    expect(left.properties).toMatchObject({ value: 2639.8, currency: 'EUR', quantity: 3 })
    expect(left.properties.products).toMatchObject([
      { product_id: 'laptop', name: 'Laptop', price: 2600, quantity: 1 },
      { product_id: 'mouse', quantity: 2 },
    ])
    await shop.pass(3 * day)
    expect(await shop.derived('ada')).toHaveLength(1)
    // He comes back to it, and leaves it again.
    await shop.track('ada', 'Product Removed', { product_id: 'mouse', quantity: 2 })
    await shop.pass(2 * hour)
    const twice = (await shop.derived('ada')).map(({ properties }) => properties)
    expect(twice.map(({ value }) => value)).toEqual([2639.8, 2600])
    expect(twice[0].cart_id).toBe(twice[1].cart_id)
  })

  it('carts that are left at the same minute are each their customer’s, and read together', async () => {
    const shop = await open()
    await shop.items(laptop, mouse)
    const users = Array.from({ length: 20 }, (_, i) => `u${i}`)
    const added = users.map((userId, i) => ({
      ...{ type: 'track', userId, event: 'Product Added' },
      properties: { product_id: i % 2 === 0 ? 'mouse' : 'laptop', quantity: i + 1 },
    }))
    await shop.batch(added)
    const read = vi.spyOn(PostgresConnection.prototype, 'all')
    await shop.pass(61 * minute)
    const ofCarts = read.mock.calls.filter(([text]) => /from carts\b/.test(text)).length
    read.mockRestore()
    // Each piece of moments reads them once; on SQLite there is no way to a server.
    expect(ofCarts).toBe(engine === 'postgres' ? 1 : 0)
    for (const [i, user] of users.entries()) {
      const [{ name, properties }] = await shop.derived(user)
      expect([name, properties.quantity, (properties.products as { product_id: string }[])[0].product_id]).toEqual([
        'Cart Abandoned',
        i + 1,
        i % 2 === 0 ? 'mouse' : 'laptop',
      ])
    }
  })

  it('a cart that was ordered, emptied, brought along, or told of too late is not abandoned', async () => {
    const shop = await open()
    await shop.items(laptop, mouse)
    await shop.track('orders', 'Product Added', { product_id: 'mouse' })
    await shop.pass(10 * minute)
    await shop.track('orders', 'Order Completed', { order_id: '1', products: [{ product_id: 'mouse' }] })
    await shop.track('empties', 'Product Added', { product_id: 'mouse' })
    await shop.track('empties', 'Product Removed', { product_id: 'mouse' })
    const late = new Date(shop.world.now() - 2 * day).toISOString()
    await shop.track('late', 'Product Added', { product_id: 'mouse' }, { timestamp: late })
    await shop.pass(1 * day)
    for (const user of ['orders', 'empties', 'late']) expect(await shop.derived(user)).toEqual([])
  })

  it('the cart is the customer’s, whichever name he put things into it by', async () => {
    const shop = await open()
    await shop.items(laptop, mouse)
    await shop.track('eve', 'Product Added', { product_id: 'laptop' }, { anonymousId: 'tab-1' })
    await shop.batch([
      {
        type: 'track',
        anonymousId: 'tab-1',
        event: 'Product Added',
        properties: { product_id: 'mouse' },
        messageId: 'x1',
      },
    ])
    await shop.pass(3 * hour)
    const left = await shop.derived('eve')
    expect(left.map(({ name }) => name)).toEqual(['Cart Abandoned'])
    expect(left[0].properties.quantity).toBe(2)
  })

  it('who wanted what was sold out is told once it is there again, and once a day that it was missing', async () => {
    const shop = await open()
    await shop.items({ ...laptop, stock: 0 }, mouse)
    await shop.track('ada', 'Product Viewed', { product_id: 'laptop' })
    await shop.track('ada', 'Checkout Started', { products: [{ product_id: 'laptop' }, { product_id: 'mouse' }] })
    await shop.pass(minute)
    const stages = async () => (await shop.derived('ada')).map(({ properties }) => properties.stage)
    expect((await stages()).sort()).toEqual(['checkout', 'shop'])
    await shop.track('ada', 'Product Viewed', { product_id: 'laptop' })
    await shop.pass(minute)
    expect(await stages()).toHaveLength(2)
    await shop.pass(day)
    await shop.track('ada', 'Product Viewed', { product_id: 'laptop' })
    await shop.pass(minute)
    expect(await stages()).toHaveLength(3)
    await shop.track('bob', 'Back In Stock Requested', { product_id: 'laptop' })
    await shop.track('cid', 'Product Viewed', { product_id: 'mouse' })
    await shop.items({ ...laptop, stock: 4 })
    await shop.pass(minute)
    expect((await shop.derived('ada')).at(-1)).toMatchObject({
      name: 'Back In Stock',
      properties: { product_id: 'laptop', price: 2600, reason: 'unavailable' },
    })
    expect(await shop.derived('bob')).toMatchObject([{ name: 'Back In Stock', properties: { reason: 'asked' } }])
    expect(await shop.derived('cid')).toEqual([])
    // Bob asked once, and is told once.
    await shop.pass(2 * day)
    await shop.items({ ...laptop, stock: 0 })
    await shop.items({ ...laptop, stock: 1 })
    await shop.pass(minute)
    expect(await shop.derived('bob')).toHaveLength(1)
  })

  it('a page that asks what to offer instead of it has told that it was missing', async () => {
    const shop = await open()
    await shop.items({ ...laptop, stock: 0 }, { ...mouse, stock: 4 })
    await shop.track('ada', 'Product Viewed', { product_id: 'mouse' })
    const ask = (customer: string, item: string) =>
      shop.habitue.ask('POST', '/v1/recommendations', {
        customer: `${shop.own}${customer}`,
        item: `${shop.own}${item}`,
        placement: 'unavailable',
      })
    for (const item of ['laptop', 'laptop', 'mouse']) expect((await ask('ada', item)).status).toBe(200)
    expect((await ask('stranger', 'laptop')).status).toBe(200)
    // It is remembered after the answer.
    for (let tries = 0; tries < 200 && (await shop.derived('ada')).length === 0; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10))
    await shop.pass(minute)
    expect(await shop.derived('ada')).toMatchObject([
      { name: 'Product Unavailable', properties: { product_id: 'laptop' } },
    ])
    expect((await shop.habitue.ask('GET', `/v1/customers/${shop.own}stranger`)).status).toBe(404)
  })

  it('an item that is sold out again, or was bought meanwhile, is not told of', async () => {
    const shop = await open()
    await shop.items({ ...laptop, stock: 0 })
    await shop.track('ada', 'Back In Stock Requested', { product_id: 'laptop' })
    await shop.items({ ...laptop, stock: 1 })
    await shop.items({ ...laptop, stock: 0 })
    await shop.pass(minute)
    expect(await shop.derived('ada')).toEqual([])
    shop.world.advance(minute)
    await shop.track('ada', 'Order Completed', { order_id: '7', products: [{ product_id: 'laptop' }] })
    await shop.items({ ...laptop, stock: 1 })
    await shop.pass(minute)
    expect(await shop.derived('ada')).toEqual([])
  })

  it('a price has dropped where it is a tenth below the lowest of the thirty days before', async () => {
    const shop = await open()
    await shop.items({ ...mouse, price: 20 })
    await shop.track('ada', 'Product Added to Wishlist', { product_id: 'mouse' })
    await shop.pass(day)
    await shop.items({ ...mouse, price: 19 })
    await shop.pass(day)
    expect(await shop.derived('ada')).toEqual([])
    // Raised and lowered again: the lowest of the month was 19.
    await shop.items({ ...mouse, price: 25 })
    await shop.pass(day)
    await shop.items({ ...mouse, price: 18.5 })
    await shop.pass(day)
    expect(await shop.derived('ada')).toEqual([])
    await shop.items({ ...mouse, price: 16 })
    await shop.pass(minute)
    expect(await shop.derived('ada')).toMatchObject([
      {
        name: 'Price Dropped',
        properties: { product_id: 'mouse', price: 16, old_price: 18.5, lowest_price: 18.5, reason: 'wished' },
      },
    ])
    await shop.pass(40 * day)
    await shop.items({ ...mouse, price: 30 })
    await shop.pass(40 * day)
    await shop.items({ ...mouse, price: 25 })
    await shop.pass(minute)
    expect((await shop.derived('ada')).at(-1)?.properties).toMatchObject({ price: 25, lowest_price: 30 })
  })

  it('who named a price is told when it is reached, once, however small the step; who took it back is not', async () => {
    const shop = await open()
    await shop.items({ ...mouse, price: 20 })
    await shop.track('ada', 'Price Watch Set', { product_id: 'mouse', below: 19.5 })
    await shop.track('bob', 'Price Watch Set', { product_id: 'mouse', below: '19' })
    await shop.track('cid', 'Price Watch Set', { product_id: 'mouse', below: 19.8 })
    await shop.track('cid', 'Price Watch Removed', { product_id: 'mouse' })
    await shop.items({ ...mouse, price: 19.4 })
    await shop.pass(minute)
    expect(await shop.derived('ada')).toMatchObject([{ properties: { reason: 'watch', price: 19.4, old_price: 20 } }])
    expect(await shop.derived('bob')).toEqual([])
    await shop.items({ ...mouse, price: 18.9 })
    await shop.pass(minute)
    expect(await shop.derived('ada')).toHaveLength(1)
    expect(await shop.derived('bob')).toHaveLength(1)
    expect(await shop.derived('cid')).toEqual([])
    // A price that is there already is told at once; in another currency it is another price.
    await shop.track('dora', 'Price Watch Set', { product_id: 'mouse', below: 25 })
    await shop.track('eve', 'Price Watch Set', { product_id: 'mouse', below: 25, currency: 'USD' })
    await shop.pass(minute)
    const [told, ...more] = await shop.derived('dora')
    expect([told.properties, more]).toMatchObject([{ reason: 'watch', price: 18.9 }, []])
    expect(told.properties).not.toHaveProperty('old_price')
    expect(await shop.derived('eve')).toEqual([])
  })

  it('many who wait are told in pieces, each once, though one waits under two names', async () => {
    const shop = await open()
    await shop.items({ ...mouse, stock: 0 })
    const wish = (n: number) => ({
      type: 'track',
      userId: `w${n}`,
      event: 'Product Added to Wishlist',
      properties: { product_id: 'mouse' },
      messageId: `wish-${n}`,
    })
    const asked = {
      type: 'track',
      anonymousId: 'a5',
      event: 'Back In Stock Requested',
      properties: { product_id: 'mouse' },
    }
    await shop.batch(Array.from({ length: 800 }, (_, n) => wish(n)))
    await shop.batch([
      { ...asked, messageId: 'ask-5' },
      { type: 'alias', previousId: 'a5', userId: 'w5', messageId: 'alias-5' },
    ])
    await shop.items({ ...mouse, stock: 9 })
    await shop.pass(minute)
    const told = await Promise.all([0, 5, 299, 300, 799].map((n) => shop.derived(`w${n}`)))
    expect(told.map((events) => events.length)).toEqual([1, 1, 1, 1, 1])
    expect(told[1][0].properties).toMatchObject({ reason: 'asked', reasons: ['asked', 'wished'] })
  })

  it('an occasion comes near two weeks before, at nine where the customer is, every year', async () => {
    const shop = await openOwn()
    await shop.track('ada', 'Occasion Added', { occasion: 'birthday', date: '1950-06-30', recipient: 'Mother' })
    const zoned = { type: 'identify', userId: 'ada', traits: { timezone: 'America/New_York' } }
    await shop.batch([{ ...zoned, messageId: 'tz' }])
    await shop.pass(minute)
    await shop.pass(Date.parse('2026-06-16T12:59:00Z') - shop.world.now())
    expect(await shop.derived('ada')).toEqual([])
    await shop.pass(2 * minute)
    const [due] = await shop.derived('ada')
    expect(due).toMatchObject({
      name: 'Occasion Due',
      properties: { occasion: 'birthday', recipient: 'Mother', date: '2026-06-30', days: 14, provenance: 'told' },
    })
    await shop.pass(365 * day)
    expect((await shop.derived('ada')).map(({ properties }) => properties.date)).toEqual(['2026-06-30', '2027-06-30'])
    await shop.track('ada', 'Occasion Removed', { occasion: 'birthday', recipient: 'Mother' })
    await shop.pass(400 * day)
    expect(await shop.derived('ada')).toHaveLength(2)
  })

  it('who stays away for twice his own interval has lapsed, at that minute and once, until he orders again', async () => {
    const shop = await openOwn()
    const order = (user: string, id: string, more = {}) =>
      shop.track(user, 'Order Completed', { order_id: id, products: [{ product_id: 'mouse' }] }, more)
    for (const id of ['1', '2', '3']) {
      await order('ada', `a${id}`)
      await shop.pass(10 * day)
    }
    // Three orders of long ago, told of only now.
    for (const id of ['1', '2', '3'])
      await order('late', `l${id}`, { timestamp: new Date(Date.UTC(2025, 0, Number(id))).toISOString() })
    await shop.pass(10 * day - 2 * minute)
    expect(await shop.derived('ada')).toEqual([])
    await shop.pass(4 * minute)
    const [lapsed, ...more] = await shop.derived('ada')
    expect(lapsed).toMatchObject({ name: 'Customer Lapsed', properties: { orders: 3, days: 20, interval: 10 } })
    expect(more).toEqual([])
    await shop.pass(100 * day)
    expect(await shop.derived('ada')).toHaveLength(1)
    await order('ada', 'a4')
    for (let n = 0; n < 5; n++) await shop.pass(10 * day + minute)
    expect((await shop.derived('ada')).map(({ properties }) => properties.orders)).toEqual([3, 4])
    expect(await shop.derived('late')).toEqual([])
  })

  it("Mother's Day of next year is another date, and the order that was for it is no occasion to order", async () => {
    const shop = await openOwn()
    await shop.items(mouse)
    const address = { country: 'Germany' }
    await shop.batch([{ type: 'identify', userId: 'ada', traits: { address }, messageId: 'country' }])
    await shop.track('ada', 'Order Completed', {
      ...{ order_id: '1', occasion: "Mother's Day", occasion_date: '2026-05-10' },
      products: [{ product_id: 'mouse', recipient: 'Mother' }],
    })
    await shop.pass(100 * day)
    expect(await shop.derived('ada')).toEqual([])
    await shop.pass(Date.parse('2027-04-25T07:01:00Z') - shop.world.now())
    expect(await shop.derived('ada')).toMatchObject([
      {
        properties: {
          ...{ date: '2027-05-09', days: 14, recipient: 'Mother', provenance: 'observed', feast: 'mothers-day' },
          ...{ last_given: '2026-03-02', last_order: '1', products: [{ product_id: 'mouse', quantity: 1 }] },
        },
      },
    ])
  })

  it('who told it within the lead is not told what he has just said, nor is who was imported', async () => {
    const shop = await openOwn()
    await shop.track('ada', 'Occasion Added', { occasion: 'name day', date: '03-09' })
    const imported = {
      type: 'identify',
      userId: 'bob',
      traits: { birthday: '1980-03-08' },
      timestamp: '2020-01-01T00:00:00Z',
    }
    await shop.batch([{ ...imported, messageId: 'i1' }], '/v1/import')
    // What was said before the lead began, and came in after that, is told; what came in too late is not.
    const near = { occasion: 'name day', date: '03-16' }
    await shop.track('cleo', 'Occasion Added', near, { timestamp: '2026-03-01T20:00:00Z' })
    await shop.track('dora', 'Occasion Added', near, { timestamp: '2026-02-28T20:00:00Z' })
    await shop.pass(minute)
    await shop.pass(20 * day)
    expect([await shop.derived('ada'), await shop.derived('bob'), await shop.derived('dora')]).toEqual([[], [], []])
    expect((await shop.derived('cleo')).map(({ properties }) => properties.date)).toEqual(['2026-03-16'])
    await shop.pass(340 * day)
    expect((await shop.derived('ada')).map(({ properties }) => properties.date)).toEqual(['2027-03-09'])
    expect((await shop.derived('bob')).map(({ properties }) => properties.date)).toEqual(['2027-03-08'])
  })

  it('nothing is derived of who refuses it or is a minor, except what he asked for; erasure takes it all', async () => {
    const shop = await openOwn({ legalBasis: null, consent: { policy: 'eu-existing-customers' } })
    await shop.items({ ...mouse, stock: 0 })
    const agree = (user: string) => shop.track(user, 'Consent Given', { purposes: ['personalisation'] })
    for (const user of ['ada', 'kid', 'gone']) {
      await agree(user)
      await shop.track(user, 'Product Added', { product_id: 'mouse' })
      await shop.track(user, 'Product Added to Wishlist', { product_id: 'mouse' })
      await shop.track(user, 'Occasion Added', { occasion: 'birthday', date: '04-01' })
    }
    await shop.track('ada', 'Back In Stock Requested', { product_id: 'mouse' })
    await shop.track('ada', 'Consent Withdrawn', { purposes: ['personalisation'] })
    await shop.track('kid', 'Audience Told', { age: 9 })
    expect((await shop.habitue.ask('POST', `/v1/customers/${shop.own}gone/erase`, {})).status).toBeLessThan(300)
    await shop.pass(2 * hour)
    await shop.items({ ...mouse, stock: 5 })
    await shop.pass(60 * day)
    expect(await shop.derived('ada')).toMatchObject([{ name: 'Back In Stock', properties: { reasons: ['asked'] } }])
    expect(await shop.derived('kid')).toEqual([])
    expect(await shop.derived('gone')).toEqual([])
  })

  it('a rebuild derives nothing, and nothing twice', async () => {
    const shop = await open()
    await shop.items(mouse)
    await shop.track('ada', 'Product Added', { product_id: 'mouse' })
    await shop.pass(2 * hour)
    const report = await shop.habitue.engine.rebuild()
    expect(report.changed).toEqual([])
    await shop.pass(2 * hour)
    expect(await shop.derived('ada')).toHaveLength(1)
  })
})
