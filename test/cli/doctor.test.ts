/** What doctor says, on both engines. */
import { expect, it } from 'vitest'
import { latestVersion } from '../../src/db/migrate.ts'
import { simulatedWorld } from '../../src/world.ts'
import { forEachRunning, type Running } from '../running.ts'

const day = 86_400_000

interface Finding {
  level: 'trouble' | 'advice'
  what: string
  mend: string
}

async function doctor(habitue: Running) {
  const { status, body } = await habitue.ask('GET', '/v1/doctor')
  expect(status, JSON.stringify(body)).toBe(200)
  const findings = body.findings as Finding[]
  for (const { what, mend } of findings) expect([what.length > 10, mend.length > 10]).toEqual([true, true])
  expect(body.healthy).toBe(!findings.some(({ level }) => level === 'trouble'))
  const about = (level: string, part: string) => findings.some((one) => one.level === level && one.what.includes(part))
  return { report: body, findings, about }
}

const track = (messageId: string, event: string, properties: object, more: object = {}) => ({
  type: 'track',
  messageId,
  userId: 'c1',
  event,
  properties,
  ...more,
})

forEachRunning((engine, run) => {
  it('tells what is in use and how much is stored; an empty shop is healthy and is told what comes first', async () => {
    const habitue = await run()
    const { report, findings, about } = await doctor(habitue)
    expect(report.versions).toMatchObject({ habitue: expect.any(String), node: process.versions.node })
    expect(report.versions[engine]).toMatch(/^\d+\.\d+/)
    expect(report.database).toMatchObject({ engine, bytes: expect.any(Number) })
    expect(report.database.place).toContain(engine === 'sqlite' ? '.db' : 'PostgreSQL')
    expect(report.migrations).toEqual({ applied: latestVersion, known: latestVersion })
    for (const table of ['events', 'interactions', 'orders', 'items', 'decisions'])
      expect(report.bytesByTable[table]).toBeGreaterThan(0)
    expect(report.models).toEqual({ serving: null, lastTraining: null, training: false })
    expect(report).toMatchObject({ orders: { withoutCustomerShare: null }, decisionsLost: 0 })
    expect(about('advice', 'no key yet')).toBe(true)
    // The tests switch automatic training off, and the flushing of their PostgreSQL.
    const rest = findings.filter(({ what }) => !/Automatic training|no key yet|fsync is off|not journalled/.test(what))
    expect(rest).toEqual([])
  })

  it('counts item ids that the catalogue lacks, orders without a customer, and returns of unknown orders', async () => {
    const habitue = await run()
    const described = Array.from({ length: 20 }, (_, i) => ({ id: `known-${i}`, names: [`sku-${i}`] }))
    expect((await habitue.ask('POST', '/v1/items', described)).body.refused).toEqual([])
    const order = (n: number, more: object = {}) => {
      const products = [{ product_id: `known-${n % 20}` }, { product_id: `strange-${n % 10}`, price: 1, quantity: 1 }]
      return track(`o${n}`, 'Order Completed', { order_id: `o${n}`, currency: 'EUR', products }, more)
    }
    const batch: object[] = Array.from({ length: 30 }, (_, n) => order(n, n % 3 === 0 ? { userId: undefined } : {}))
    batch.push(track('sku', 'Product Viewed', { sku: 'sku-3' }))
    batch.push(track('back', 'Product Returned', { order_id: 'long ago', product_id: 'known-1', quantity: 1 }))
    // Two speak of one order: it is one.
    batch.push({ ...order(1, { userId: 'c2' }), messageId: 'o1 again' })
    expect((await habitue.ask('POST', '/v1/import', { batch })).body).toEqual({ success: true })
    const { report, about } = await doctor(habitue)
    expect(report.events).toMatchObject({ stored: 33, itemIds: 30, itemIdsUnknown: 10, itemIdsUnknownShare: 0.3333 })
    expect(report.orders).toEqual({ orders: 30, withoutCustomer: 10, ofUnknownOrders: 1, withoutCustomerShare: 0.3333 })
    expect(about('advice', '33 % of the item ids in events (10 of 30)')).toBe(true)
    expect(about('advice', '33 % of the orders name no customer')).toBe(true)
    expect(about('advice', 'No model is trained yet')).toBe(true)
    await habitue.ask(
      'POST',
      '/v1/items',
      Array.from({ length: 10 }, (_, i) => ({ id: `strange-${i}` })),
    )
    expect((await doctor(habitue)).report.events).toMatchObject({ itemIds: 30, itemIdsUnknown: 0 })
  })

  it('is in trouble where clocks disagree, no basis is stated, or the last training failed', async () => {
    const none = {
      service: 'none',
      personalisation: 'none',
      marketing: 'none',
      training: 'none',
      research: 'none',
    } as const
    const habitue = await run({ legalBasis: null, consent: { bases: none } })
    expect((await doctor(habitue)).about('trouble', 'No legal basis')).toBe(true)
    // Nor may it train.
    await habitue.engine.training.start()
    const running = async () => (await habitue.engine.training.status()).running
    await expect.poll(running, { timeout: 20_000 }).toBe(false)
    expect((await doctor(habitue)).about('trouble', 'The last training failed: No legal basis')).toBe(true)

    const late = await run()
    const timestamp = new Date(late.engine.world.now() - 20 * 60_000).toISOString()
    const batch = Array.from({ length: 5 }, (_, n) =>
      track(`late-${n}`, 'Product Viewed', { product_id: 'a' }, { timestamp }),
    )
    await late.ask('POST', '/v1/batch', { batch })
    const { report, about } = await doctor(late)
    expect(report.clocks.eventsLateSeconds).toBeGreaterThan(19 * 60)
    expect(about('trouble', '20 minutes or more after their own time')).toBe(true)

    if (engine === 'sqlite') return
    const ahead = await run({}, { world: simulatedWorld(1, late.engine.world.now() + 3_600_000) })
    const clocks = await doctor(ahead)
    expect(clocks.report.clocks.databaseAheadSeconds).toBeLessThan(-3500)
    expect(clocks.about('trouble', "behind this machine's")).toBe(true)
  })

  it('tells the age of the model that serves', async () => {
    const world = simulatedWorld(2)
    const habitue = await run({}, { world })
    const orders = (from: number) =>
      Array.from({ length: 40 }, (_, n) => {
        const properties = {
          order_id: `o${from + n}`,
          currency: 'EUR',
          products: [{ product_id: `i${n % 7}`, price: 1 }],
        }
        return track(`o${from + n}`, 'Order Completed', properties, { userId: `c${n % 9}` })
      })
    await habitue.ask('POST', '/v1/batch', { batch: orders(0) })
    await habitue.train()
    world.advance(2 * day)
    const fresh = await doctor(habitue)
    expect(fresh.report.models).toMatchObject({
      serving: { version: 1, ageHours: 48 },
      lastTraining: { state: 'ready' },
    })
    expect(fresh.about('advice', 'days old')).toBe(false)
    world.advance(7 * day)
    await habitue.ask('POST', '/v1/batch', { batch: orders(100) })
    expect((await doctor(habitue)).about('advice', 'The model is 9 days old')).toBe(true)
  })
})
