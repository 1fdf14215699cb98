/** Settings of placements and experiments over HTTP, on both engines: what a shop sets, its customers are shown. */
import { expect, it } from 'vitest'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const now = Date.UTC(2026, 0, 10, 8)
const day = 86_400_000
const categories = ['Coffee', 'Tea', 'Cups']
const items = Array.from({ length: 30 }, (_, n) => ({
  id: `item${n}`,
  title: `Item ${n}`,
  price: 10,
  cost: 4,
  categories: [categories[Math.floor(n / 10)]],
}))

let count = 0
const track = (userId: string, event: string, properties: object, time: number) => ({
  type: 'track',
  event,
  userId,
  messageId: `m${count++}`,
  timestamp: new Date(time).toISOString(),
  properties,
})
const order = (userId: string, time: number, ...products: string[]) =>
  track(
    userId,
    'Order Completed',
    { order_id: `o${count}`, products: products.map((id) => ({ product_id: id, price: 10, quantity: 1 })) },
    time,
  )

async function send(habitue: Running, ...batch: object[]): Promise<void> {
  for (let at = 0; at < batch.length; at += 200) {
    const { status, body } = await habitue.ask('POST', '/v1/batch', { batch: batch.slice(at, at + 200) })
    expect([status, body.refused ?? []]).toEqual([200, []])
  }
}

interface Shown {
  readonly id: string
  readonly reason: { readonly kind: string }
}

async function listFor(
  habitue: Running,
  customer: string,
  count = 10,
): Promise<{ items: Shown[]; personalised: boolean; decisionId: string }> {
  const { status, body } = await habitue.ask('POST', '/v1/recommendations', { customer, placement: 'popular', count })
  expect(status, JSON.stringify(body)).toBe(200)
  return { items: body.placements.popular.items, personalised: body.personalised, decisionId: body.decisionId }
}

/** Customers who bought mostly coffee, some tea, few cups: popular is in that order. */
async function open(run: (overrides?: object, options?: object) => Promise<Running>) {
  const world = simulatedWorld(3, now)
  const habitue = await run({}, { world })
  await habitue.ask('POST', '/v1/items', { items })
  const batch: object[] = []
  for (let n = 0; n < 30; n++)
    for (let c = 0; c < 31 - n; c++) batch.push(track(`c${c}`, 'Product Viewed', { product_id: `item${n}` }, now - day))
  await send(habitue, ...batch)
  // What is popular is counted soon after events; here now.
  await habitue.engine.rebuild()
  return { habitue, world }
}

const ids = (shown: readonly Shown[]) => shown.map(({ id }) => id)

/** The log is written behind. */
async function logged(habitue: Running, customer: string, atLeast: number) {
  for (;;) {
    const found = (await habitue.engine.customers.decisions({ kind: 'user', value: customer }, 100)) ?? []
    if (found.length >= atLeast) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

forEachRunning((_engine, run) => {
  it('diversity, exploration and rotation are settings of a placement, and go when they are taken away', async () => {
    const { habitue, world } = await open(run)
    const before = ids((await listFor(habitue, 'c1', 6)).items)
    expect(before).toEqual(['item0', 'item1', 'item2', 'item3', 'item4', 'item5'])
    const tune = (settings: object) => habitue.ask('PUT', '/v1/placements/popular/settings', settings)
    expect((await tune({ diversity: 0.6 })).status).toBe(204)
    const diverse = (await listFor(habitue, 'c1', 6)).items
    const shelves = new Set(diverse.map(({ id }) => Math.floor(Number(id.slice(4)) / 10)))
    expect(shelves.size).toBe(3)
    expect(diverse[0].id).toBe('item0')
    expect((await tune({ diversity: 2 })).status).toBe(400)
    expect((await habitue.ask('GET', '/v1/placements')).body.placements).toMatchObject([
      { placement: 'popular', settings: { diversity: 0.6, exploration: 0 } },
    ])

    expect((await tune({ exploration: 0.5 })).status).toBe(204)
    let trials = 0
    for (let n = 0; n < 10; n++) {
      const { items: shown } = await listFor(habitue, 'c2', 6)
      expect(shown[0].id).toBe('item0')
      expect(new Set(ids(shown)).size).toBe(6)
      for (const one of shown) if (one.reason.kind === 'trial') trials++
    }
    expect(trials).toBeGreaterThan(10)
    expect(trials).toBeLessThan(40)
    await logged(habitue, 'c2', 10)

    expect((await tune({ rotation: 0.5 })).status).toBe(204)
    const first = ids((await listFor(habitue, 'c3', 3)).items)
    await logged(habitue, 'c3', 1)
    world.advance(2 * 3_600_000)
    const second = ids((await listFor(habitue, 'c3', 3)).items)
    await logged(habitue, 'c3', 2)
    world.advance(2 * 3_600_000)
    const third = ids((await listFor(habitue, 'c3', 3)).items)
    expect(new Set([...first, ...second, ...third]).size).toBeGreaterThan(4)
    // Somebody else has ignored nothing.
    expect(ids((await listFor(habitue, 'c4', 3)).items)).toEqual(first)

    expect((await habitue.ask('DELETE', '/v1/placements/popular/settings')).status).toBe(204)
    expect(ids((await listFor(habitue, 'c3', 6)).items)).toEqual(before)
    const { body: looked } = await habitue.ask('GET', '/v1/placements/popular/looked-at')
    expect(looked.looked[0]).toBe(1)
    expect(looked.decisions).toBeGreaterThan(10)
  })

  it('a calibrated list has the proportions of the customer’s own taste', async () => {
    const { habitue } = await open(run)
    const views = [0, 1, 2, 3, 4, 5, 10, 11].map((n) =>
      track('zoe', 'Product Viewed', { product_id: `item${n}` }, now - day),
    )
    await send(habitue, ...views)
    await habitue.train()
    const home = async () => {
      const { body } = await habitue.ask('POST', '/v1/recommendations', {
        customer: 'zoe',
        placement: 'home',
        count: 8,
      })
      return body
    }
    while ((await home()).model.version === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    const teas = async () =>
      ids((await home()).placements.home.items).filter((id) => Math.floor(Number(id.slice(4)) / 10) === 1)
    await habitue.ask('PUT', '/v1/placements/home/settings', { calibration: 0.99 })
    expect((await home()).personalised).toBe(true)
    expect(await teas()).toHaveLength(2)
    await habitue.ask('PUT', '/v1/placements/home/settings', { personal: false })
    expect(await home()).toMatchObject({ personalised: false })
  })

  it('the log has the probability with which each place came to what it shows', async () => {
    const { habitue } = await open(run)
    await habitue.ask('PUT', '/v1/placements/popular/settings', { exploration: 0.3 })
    await listFor(habitue, 'c5', 5)
    await logged(habitue, 'c5', 1)
    const { body } = await habitue.ask('GET', '/v1/customers/c5/export')
    const rows = JSON.stringify(body).match(/\[\d+,[\d.]+,"(popular|trial)",[\d.]+\]/g) ?? []
    expect(rows).toHaveLength(5)
    const propensities = rows.map((row) => Number(row.split(',')[3].slice(0, -1)))
    expect(propensities[0]).toBe(1)
    for (const one of propensities.slice(1)) expect(one === 0.7 || (one > 0 && one <= 0.3)).toBe(true)
  })

  it('an experiment splits customers for good, keeps a holdout unpersonal, and is judged by what was kept', async () => {
    const { habitue, world } = await open(run)
    const experiment = {
      placement: 'popular',
      arms: {
        plain: { share: 0.5, settings: { personal: false } },
        mixed: { share: 0.5, settings: { diversity: 0.6 } },
      },
      days: 2,
    }
    const put = (id: string, doc: object) => habitue.ask('PUT', `/v1/experiments/${id}`, doc)
    expect((await put('lists', { ...experiment, arms: { one: {} } })).status).toBe(400)
    expect((await put('lists', experiment)).body).toMatchObject({ id: 'lists', days: 2, stopped: null })
    expect((await put('other', experiment)).status).toBe(409)
    const customers = Array.from({ length: 90 }, (_, n) => `x${n}`)
    await send(habitue, ...customers.map((one) => track(one, 'Product Viewed', { product_id: 'item3' }, now - day)))
    await habitue.engine.rebuild()
    const armOf = new Map<string, string>()
    for (const customer of customers) {
      const shelves = new Set(
        ids((await listFor(habitue, customer, 6)).items).map((id) => Math.floor(Number(id.slice(4)) / 10)),
      )
      armOf.set(customer, shelves.size === 3 ? 'mixed' : 'plain')
    }
    const again = ids((await listFor(habitue, 'x7', 6)).items).map((id) => Math.floor(Number(id.slice(4)) / 10))
    expect(new Set(again).size === 3 ? 'mixed' : 'plain').toBe(armOf.get('x7'))
    const of = (arm: string) => customers.filter((one) => armOf.get(one) === arm)
    expect(Math.min(of('plain').length, of('mixed').length)).toBeGreaterThan(30)
    await logged(habitue, 'x89', 1)
    // Everybody of `mixed` buys twice, of `plain` once; of one half of the first order of each, one thing comes back.
    const batch: object[] = []
    for (const [n, customer] of customers.entries()) {
      const number = `order-${customer}`
      const lines = ['item1', 'item2'].map((id) => ({ product_id: id, price: 10, quantity: 1 }))
      batch.push(track(customer, 'Order Completed', { order_id: number, products: lines }, now + 3_600_000))
      if (armOf.get(customer) === 'mixed') batch.push(order(customer, now + 2 * 3_600_000, 'item4'))
      if (n % 2 === 0)
        batch.push(
          track(
            customer,
            'Product Returned',
            { order_id: number, product_id: 'item1', quantity: 1 },
            now + 3 * 3_600_000,
          ),
        )
      // After his days nothing counts.
      batch.push(order(customer, now + 2.5 * day, 'item9'))
    }
    const report = async () => (await habitue.ask('GET', '/v1/experiments/lists/report')).body
    expect((await report()).arms.map(({ judged }: { judged: number }) => judged)).toEqual([0, 0])
    world.advance(3 * day)
    await send(habitue, ...batch)
    const { arms, verdict } = await report()
    expect(arms.map(({ name, judged }: { name: string; judged: number }) => [name, judged])).toEqual([
      ['plain', of('plain').length],
      ['mixed', of('mixed').length],
    ])
    const kept = (arm: string) =>
      of(arm).reduce((sum, one) => sum + (customers.indexOf(one) % 2 === 0 ? 1 : 2), 0) / of(arm).length
    expect(arms[0].orders).toBe(1)
    expect(arms[0].margin).toBeCloseTo(6 * kept('plain'), 1)
    expect(arms[1].margin).toBeCloseTo(6 * (kept('mixed') + 1), 1)
    expect(arms[1].difference.orders.estimate).toBeCloseTo(1, 3)
    expect(arms[1].difference.margin.low).toBeGreaterThan(0)
    expect(verdict).toContain('margin more')
    expect((await habitue.ask('POST', '/v1/experiments/lists/stop')).status).toBe(204)
    expect(ids((await listFor(habitue, of('mixed')[0], 6)).items)).toHaveLength(6)
    expect((await habitue.ask('GET', '/v1/experiments')).body.experiments[0].stopped).not.toBeNull()
    // Who is erased is in no experiment any more.
    await habitue.ask('POST', '/v1/customers/x1/erase', {})
    const left = (await report()).arms.reduce((sum: number, { customers: n }: { customers: number }) => sum + n, 0)
    expect(left).toBe(89)
  })
})
