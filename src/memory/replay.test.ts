import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { permit } from '../consent/permit.ts'
import type { Database, Handlers } from '../db/database.ts'
import { forEachEngine } from '../db/testing.ts'
import { ingestHandler } from '../events/ingest.ts'
import { viewNames } from '../events/kinds.ts'
import { exampleNow, sendTo, statedPolicy, track, unanswered } from '../events/testing.ts'
import type { Identifier } from '../identity/identity.ts'
import { mergesOf, undoMerge } from '../identity/merges.ts'
import { resolve } from '../identity/store.ts'
import { seededRandom, simulatedWorld } from '../world.ts'
import { cart, orders, profile } from './customer.ts'
import { anyMessages, dump, inBatches } from './example-memory.ts'
import { memoryFolds } from './fold.ts'
import { history } from './history.ts'
import { memoryHandlers, type RebuildReport } from './rebuild.ts'

const day = 86_400_000
const handlers: Handlers = {
  'events.ingest': ingestHandler(memoryFolds, { policy: statedPolicy, world: simulatedWorld(5, exampleNow) }),
  'identity.undoMerge': (tx, id: number) => undoMerge(tx, id, exampleNow),
  ...memoryHandlers(),
}

const rebuild = (db: Database) => db.write<RebuildReport>('memory.rebuild', {})

/** All views older than `before` go, in pieces of 7 events. */
async function retain(db: Database, before: number): Promise<void> {
  while ((await db.write<number>('memory.retain', { before, limit: 7 })) > 0);
}

async function permitOf(db: Database, identifier: Identifier) {
  const identity = await resolve(db, identifier)
  return identity && permit(unanswered(identity), 'service')
}

/** What can be read of a customer and of the days of items, with the shop's ids instead of those of the rows. */
async function readable(db: Database, people: readonly Identifier[]): Promise<unknown> {
  const items = new Map(
    (await db.k.selectFrom('items').select(['id', 'item']).execute()).map((row) => [row.id, row.item]),
  )
  const days = await db.k.selectFrom('item_days').selectAll().execute()
  const read = await Promise.all(
    people.map(async (person) => {
      const allowed = await permitOf(db, person)
      if (!allowed) return null
      const { self, recipients } = await history(db, allowed)
      const placed = await orders(db, allowed)
      const rows = [...recipients, ['', self] as const].flatMap(([recipient, list]) =>
        list.map(({ item, ...row }) => ({ recipient, ...row, identifier: 0, item: items.get(item) })),
      )
      return {
        rows: rows.map((row) => JSON.stringify(row, Object.keys(row).sort())).sort(),
        orders: placed.map((order) => ({
          ...order,
          lines: order.lines.map((line) => ({ ...line, item: items.get(line.item) })),
        })),
        cart: (await cart(db, allowed, exampleNow)).lines.map((line) => ({ ...line, item: items.get(line.item) })),
        profile: await profile(db, allowed),
      }
    }),
  )
  return { read, days: days.map((row) => JSON.stringify({ ...row, item: items.get(row.item) })).sort() }
}

forEachEngine((engine, open) => {
  const runs = (numRuns: number) => ({ seed: 23, numRuns: engine === 'sqlite' ? numRuns : Math.ceil(numRuns / 4) })

  describe('replay', () => {
    it('gives the stored rows, also after views were dropped', async () => {
      const db = await open(handlers)
      let run = 0
      await fc.assert(
        fc.asyncProperty(anyMessages, fc.nat(), fc.integer({ min: -20, max: 0 }), async (make, seed, days) => {
          const { messages } = make(run++)
          for (const batch of inBatches(messages, seededRandom(seed)))
            expect(await sendTo(db, batch)).toMatchObject({ accepted: batch.length, refused: [] })
          expect(await rebuild(db)).toMatchObject({ changed: [] })
          const before = await dump(db)
          // Each pass begins a day after the one before.
          await retain(db, exampleNow + run * day + days * day - 10 * day)
          expect(await dump(db)).toEqual(before)
          expect(await rebuild(db)).toMatchObject({ changed: [] })
          expect(await sendTo(db, messages)).toMatchObject({ accepted: 0 })
        }),
        runs(24),
      )
      const kept = await db.k.selectFrom('interactions_checkpoint').selectAll().execute()
      expect(kept.length).toBeGreaterThan(0)
    })

    it('gives the same to whoever asks, whatever the order and number of arrivals', async () => {
      const [one, other] = [await open(handlers), await open(handlers)]
      let run = 0
      await fc.assert(
        fc.asyncProperty(anyMessages, fc.nat(), async (make, seed) => {
          const { messages, people } = make(run++)
          const random = seededRandom(seed)
          for (const batch of inBatches(messages, random)) await sendTo(one, batch)
          const repeated = [...messages, ...messages.filter(() => random() < 0.3)]
          const order = repeated.map((message) => ({ message, rank: random() })).sort((a, b) => a.rank - b.rank)
          const shuffled = order.map(({ message }) => message)
          for (const batch of inBatches(shuffled, random)) await sendTo(other, batch)
          expect(await readable(other, people)).toEqual(await readable(one, people))
        }),
        runs(30),
      )
    })
  })

  describe('retention', () => {
    it('drops old views and nothing else, and a dropped view is still known', async () => {
      const db = await open(handlers)
      const who = { userId: 'u' }
      const at = (days: number) => ({ ...who, timestamp: new Date(exampleNow - days * day).toISOString() })
      const old = track('Product Viewed', at(500), { product_id: 'a' })
      const events = [
        old,
        track('Product Viewed', at(10), { product_id: 'a' }),
        track('Cart Viewed', at(450), { products: [{ product_id: 'b', quantity: 2 }] }),
        track('Order Completed', at(600), { order_id: 'o', products: [{ product_id: 'a' }] }),
        track('Product Rated', at(700), { product_id: 'a', rating: 4 }),
      ]
      await sendTo(db, events)
      const before = await readable(db, [{ kind: 'user', value: 'u' }])
      await retain(db, exampleNow - 400 * day)
      const left = await db.k.selectFrom('events').select('name').orderBy('seq').execute()
      expect(left.map(({ name }) => name)).toEqual(['Product Viewed', 'Order Completed', 'Product Rated'])
      expect(await sendTo(db, [old])).toMatchObject({ accepted: 0, duplicates: 1 })
      expect(await rebuild(db)).toMatchObject({ events: 3, changed: [] })
      expect(await readable(db, [{ kind: 'user', value: 'u' }])).toEqual(before)
    })

    it('puts into the checkpoint all that a view leaves', async () => {
      const db = await open(handlers)
      const product = { product_id: 'a', quantity: 2, price: 3, rating: 5, order_id: 'o', query: 'x', name: 'Pear' }
      const events = viewNames.map((name) => track(name, { userId: name }, { ...product, products: [product] }))
      await sendTo(db, [...events, { type: 'page', name: 'Home', userId: 'p', properties: product, messageId: 'page' }])
      const before = await dump(db)
      await retain(db, exampleNow + day)
      expect(await db.k.selectFrom('events').selectAll().execute()).toEqual([])
      expect(await rebuild(db)).toMatchObject({ events: 0, changed: [] })
      expect(await dump(db)).toEqual(before)
    })
  })

  describe('merging two customers', () => {
    it('reads both as one, and undoing it reads them apart again', async () => {
      const db = await open(handlers)
      const order = { order_id: 'o', products: [{ product_id: 'a', price: 2 }, { product_id: 'b' }] }
      const [visitor, known] = [{ anonymousId: 'v' }, { userId: 'k' }]
      await sendTo(db, [
        track('Product Viewed', visitor, { product_id: 'a' }),
        track('Order Completed', visitor, order),
        track('Order Completed', known, order),
        track('Product Returned', known, { order_id: 'o', product_id: 'b' }),
        track('Product Added', visitor, { product_id: 'c' }),
      ])
      const people = [
        { kind: 'anonymous', value: 'v' },
        { kind: 'user', value: 'k' },
      ]
      const apart = await readable(db, people)
      await sendTo(db, [{ type: 'identify', ...visitor, ...known, traits: {}, messageId: 'link' }])
      const merged = await permitOf(db, people[1])
      expect((await history(db, merged!)).self).toMatchObject([
        { views: 1, bought: 1, orders: 1, returned: 0 },
        { views: 0, bought: 1, orders: 1, returned: 1 },
        { carts: 1 },
      ])
      expect(await orders(db, merged!)).toHaveLength(1)
      expect(await rebuild(db)).toMatchObject({ changed: [] })
      const [{ id }] = await mergesOf(db, merged!)
      await db.write('identity.undoMerge', id)
      expect(await readable(db, people)).toEqual(apart)
      expect(await rebuild(db)).toMatchObject({ changed: [] })
    })
  })
})
