import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultConfig } from '../config.ts'
import { forEachEngine } from '../db/testing.ts'
import type { AdmittedEvent } from '../events/event.ts'
import { seededRandom } from '../world.ts'
import { cart, orders, profile } from './customer.ts'
import { exampleEvent } from './example-events.ts'
import { anyEvents, dump, examplePermit, foldHandlers, shuffled } from './example-memory.ts'
import { history } from './history.ts'

const as = (events: readonly AdmittedEvent[], identifier: number) => events.map((event) => ({ ...event, identifier }))

forEachEngine((engine, open) => {
  const runs = { seed: 11, numRuns: engine === 'sqlite' ? 150 : 20 }

  describe('memory', () => {
    it('is the same whatever the order of arrival', async () => {
      const db = await open(foldHandlers)
      await fc.assert(
        fc.asyncProperty(anyEvents, fc.nat(), async (events, seed) => {
          await db.write('test.fold', [events])
          const atOnce = await dump(db)
          await db.write('test.fold', shuffled(events, seededRandom(seed)))
          expect(await dump(db)).toEqual(atOnce)
        }),
        runs,
      )
    })

    it('of a customer with two identifiers is as if he had one', async () => {
      const db = await open(foldHandlers)
      const read = async (identifiers: number[]) => {
        const permit = examplePermit(7, identifiers)
        const [rows, placed, open, whole] = await Promise.all([
          history(db, permit),
          orders(db, permit),
          cart(db, permit, 0),
          profile(db, permit),
        ])
        return { rows: JSON.parse(JSON.stringify([rows.self, [...rows.recipients].sort()])), placed, open, whole }
      }
      const withoutIdentifier = (_: string, value: unknown) =>
        value && typeof value === 'object' && 'identifier' in value ? { ...value, identifier: 0 } : value
      await fc.assert(
        fc.asyncProperty(anyEvents, async (events) => {
          const known = events.filter((event) => event.identifier !== null)
          await db.write('test.fold', [as(known, 1)])
          const one = JSON.stringify(await read([1]), withoutIdentifier)
          await db.write('test.fold', [known])
          expect(JSON.stringify(await read([1, 2, 3]), withoutIdentifier)).toEqual(one)
        }),
        runs,
      )
    })
  })

  describe('a number that many claim', () => {
    it('counts the same whatever the order of arrival', async () => {
      const db = await open(foldHandlers)
      const claim = fc.record({
        name: fc.constantFrom('Order Completed', 'Order Completed', 'Order Refunded', 'Order Cancelled'),
        identifier: fc.integer({ min: 1, max: 9 }),
        time: fc.integer({ min: 1, max: 5 }),
        items: fc.array(fc.record({ item: fc.integer({ min: 1, max: 3 }), quantity: fc.integer({ min: 1, max: 2 }) }), {
          maxLength: 2,
        }),
      })
      const claims = fc.array(claim, { minLength: 5, maxLength: 30 })
      await fc.assert(
        fc.asyncProperty(claims, fc.nat(), async (list, seed) => {
          const events = list.map((one, i) =>
            exampleEvent({ ...one, message: `m${(i * 7) % 31}`, properties: { order_id: 'X' } }),
          )
          await db.write('test.fold', [events])
          const atOnce = await dump(db)
          await db.write('test.fold', shuffled(events, seededRandom(seed)))
          expect(await dump(db)).toEqual(atOnce)
        }),
        runs,
      )
    })
  })

  describe('what another customer says of an order', () => {
    it('changes nobody else', async () => {
      const db = await open(foldHandlers)
      const mine = exampleEvent({
        name: 'Order Completed',
        identifier: 1,
        time: 10,
        items: [1, 2],
        properties: { order_id: 'A1' },
      })
      const before = exampleEvent({
        name: 'Order Completed',
        identifier: 2,
        time: 5,
        items: [3],
        properties: { order_id: 'A1' },
      })
      const cancel = exampleEvent({ name: 'Order Cancelled', identifier: 2, time: 11, properties: { order_id: 'A1' } })
      await db.write('test.fold', [[before], [mine], [cancel]])
      const permit = examplePermit(1, [1])
      expect(await orders(db, permit)).toMatchObject([
        { number: 'A1', state: 'placed', lines: [{ item: 1 }, { item: 2 }] },
      ])
      expect((await history(db, permit)).self.map(({ item, bought }) => [item, bought])).toEqual([
        [1, 1],
        [2, 1],
      ])
    })
  })

  describe('an order that the page and the server both tell of', () => {
    it('counts once, for the customer and for the items', async () => {
      const db = await open(foldHandlers)
      const order = {
        name: 'Order Completed',
        items: [{ item: 1, quantity: 2, price: 300 }],
        properties: { order_id: 'A1' },
      }
      const page = exampleEvent({ ...order, identifier: 1, time: 1000 })
      const server = exampleEvent({ ...order, identifier: 2, time: 2000 })
      await db.write('test.fold', [[page], [server]])
      expect((await history(db, examplePermit(1, [1, 2]))).self).toMatchObject([
        { bought: 2, orders: 1, bought_first: 1000 },
      ])
      const days = await db.k.selectFrom('item_days').selectAll().execute()
      expect(days).toEqual([expect.objectContaining({ item: 1, bought: 2, revenue: 600 })])
    })
  })

  describe('a profile', () => {
    it('tells traits, counts and spending', async () => {
      const db = await open(foldHandlers)
      const events = [
        exampleEvent({ type: 'identify', properties: { name: 'Bo', city: 'Ulm' } }),
        exampleEvent({ name: 'Product Viewed', items: [1] }),
        exampleEvent({
          name: 'Order Completed',
          time: 50,
          items: [
            { item: 1, price: 250, quantity: 2 },
            { item: 2, price: 100, recipient: 'Ann' },
          ],
          properties: { order_id: 'x', currency: 'EUR' },
        }),
        exampleEvent({ name: 'Product Returned', time: 90, items: [1], properties: { order_id: 'x' } }),
      ]
      await db.write('test.fold', [events])
      expect(await profile(db, examplePermit(1, [1]))).toMatchObject({
        traits: { name: 'Bo', city: 'Ulm' },
        counts: { items: 2, views: 1, orders: 1, bought: 3, returned: 1 },
        spent: { EUR: 350 },
        firstOrder: 50,
        recipients: ['Ann'],
      })
    })
  })
})

describe('defaults', () => {
  it('weigh a purchase above a view', () => {
    expect(defaultConfig.signals.buy).toBeGreaterThan(defaultConfig.signals.view)
  })
})
