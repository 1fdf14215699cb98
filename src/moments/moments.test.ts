import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadCatalogue } from '../catalog/catalogue.ts'
import { parseItem } from '../catalog/item.ts'
import { upsertHandler } from '../catalog/store.ts'
import { defaultConfig } from '../config.ts'
import { forEachEngine, type Open } from '../db/testing.ts'
import { ingestHandler } from '../events/ingest.ts'
import { exampleNow, sendTo, statedPolicy, track } from '../events/testing.ts'
import { exampleEvent } from '../memory/example-events.ts'
import { memoryFolds } from '../memory/fold.ts'
import { simulatedWorld } from '../world.ts'
import { dueMoments } from './due.ts'
import { momentsFold } from './fold.ts'
import { type Derived, momentsHandlers } from './handlers.ts'
import { itemWatch } from './item-watch.ts'
import { type Wait, waitsOf, writeWaits } from './waits.ts'
import { momentsWorks } from './work.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const config = { ...defaultConfig, timeZone: 'UTC' }

async function shop(open: Open) {
  const world = simulatedWorld(3, exampleNow)
  const ingest = ingestHandler([...memoryFolds, momentsFold(config)], { policy: statedPolicy, world })
  const catalogued = upsertHandler({ world, currency: 'EUR', watch: itemWatch(config) })
  /** Runs before the next settling is written. */
  let meanwhile: (() => Promise<void>) | null = null
  const db = await open({
    ...{ 'events.ingest': ingest, 'catalog.upsert': catalogued },
    ...momentsHandlers(ingest),
    'test.waits': (tx, waits: Wait[]) => writeWaits(tx, waits),
  })
  const catalogue = await loadCatalogue(db, 'all')
  db.onChange((changes) => {
    for (const key of changes.get('items') ?? []) catalogue.markChanged(key)
  })
  const told: Derived[] = []
  const slow = {
    ...db,
    engine: db.engine,
    k: db.k,
    connection: db.connection,
    catchUp: () => db.catchUp(),
    async write<R>(name: string, payload: unknown) {
      const first = meanwhile
      meanwhile = null
      await first?.()
      return db.write<R>(name, payload)
    },
  } as typeof db
  const works = () => momentsWorks({ db: slow, catalogue, config, policy: statedPolicy, note: (one) => told.push(one) })
  const settle = async (now: number) => {
    for (const work of works())
      for (;;) {
        const { next } = await work.settle(now)
        if (next === null || next > now) break
      }
  }
  const send = (event: string, userId: string, properties: object, at: number) =>
    sendTo(db, [{ ...track(event, { userId }, properties), timestamp: new Date(at).toISOString() }], { received: at })
  const items = (now: number, ...given: object[]) => db.write('catalog.upsert', { items: given.map(parseItem), now })
  const derived = async (name: string) => {
    const rows = await db.k
      .selectFrom('events')
      .select(['body', 'source'])
      .where('name', '=', name)
      .orderBy('seq')
      .execute()
    return rows.filter(({ source }) => source === 'habitue').map(({ body }) => JSON.parse(body).properties)
  }
  return {
    ...{ db, works, settle, send, items, derived, told },
    during: (act: () => Promise<unknown>) => {
      meanwhile = async () => void (await act())
    },
  }
}

forEachEngine((_engine, open) => {
  describe('what is due', () => {
    it('is not told where something happened while it was looked at', async () => {
      const { send, settle, during, derived, items } = await shop(open)
      await items(exampleNow, { id: 'tea', title: 'Tea', price: 4 })
      await send('Product Added', 'ada', { product_id: 'tea' }, exampleNow)
      const later = exampleNow + 2 * hour
      during(() => send('Order Completed', 'ada', { order_id: '1', products: [{ product_id: 'tea' }] }, later))
      await settle(later)
      expect(await derived('Cart Abandoned')).toEqual([])
      await send('Product Added', 'bob', { product_id: 'tea' }, exampleNow)
      during(() => send('Product Added', 'bob', { product_id: 'tea', quantity: 2 }, later))
      await settle(later)
      expect(await derived('Cart Abandoned')).toEqual([])
      await settle(later + 2 * hour)
      expect((await derived('Cart Abandoned')).map(({ quantity }) => quantity)).toEqual([3])
    })

    it('is told once, however many look at it at once', async () => {
      const { db, send, works, derived, items } = await shop(open)
      await items(exampleNow, { id: 'tea', title: 'Tea', price: 4, stock: 0 })
      for (let n = 0; n < 20; n++) {
        await send('Product Added', `c${n}`, { product_id: 'tea' }, exampleNow)
        await send('Back In Stock Requested', `c${n}`, { product_id: 'tea' }, exampleNow)
      }
      await items(exampleNow + 1, { id: 'tea', stock: 7 })
      const later = exampleNow + 2 * hour
      for (let round = 0; round < 3; round++)
        await Promise.all([1, 2, 3].flatMap(() => works().map((work) => work.settle(later))))
      expect(await derived('Cart Abandoned')).toHaveLength(20)
      expect(await derived('Back In Stock')).toHaveLength(20)
      expect(await dueMoments(db, Number.MAX_SAFE_INTEGER, 10)).toEqual([])
    })

    it('that cannot be said in an event holds nothing up', async () => {
      const { send, settle, derived, items } = await shop(open)
      const title = 'Model 4111 1111 1111 1111'
      await items(exampleNow, { id: 'bad', title, price: 4, stock: 0 }, { id: 'tea', title: 'Tea', price: 4, stock: 0 })
      for (const item of ['bad', 'tea']) await send('Back In Stock Requested', 'ada', { product_id: item }, exampleNow)
      await items(exampleNow + 1, { id: 'bad', stock: 1 })
      await items(exampleNow + 2, { id: 'tea', stock: 1 })
      await settle(exampleNow + minute)
      expect((await derived('Back In Stock')).map(({ product_id }) => product_id)).toEqual(['tea'])
    })

    it('of an item under another name that it had before the catalogue knew it', async () => {
      const { send, settle, derived, items } = await shop(open)
      await send('Product Added to Wishlist', 'ada', { sku: 'T-1' }, exampleNow)
      await items(exampleNow + 1, { id: 'tea', title: 'Tea', names: ['T-1'], price: 10, stock: 0 })
      await send('Product Viewed', 'bob', { sku: 'T-1' }, exampleNow + 2)
      await settle(exampleNow + 3)
      expect((await derived('Product Unavailable')).map(({ product_id }) => product_id)).toEqual(['tea'])
      await items(exampleNow + 4, { id: 'tea', stock: 2 })
      await settle(exampleNow + 5)
      expect((await derived('Back In Stock')).map(({ reason }) => reason).sort()).toEqual(['unavailable', 'wished'])
    })
  })

  describe('who waits', () => {
    it('is the same in whatever order events come in, and is let go of in the end', async () => {
      const { db } = await shop(open)
      const names = [
        'Product Added to Wishlist',
        'Product Removed from Wishlist',
        'Price Watch Set',
        'Price Watch Removed',
      ]
      const anEvent = fc.record({
        name: fc.constantFrom(...names),
        items: fc.constantFrom([1], [2], [1, 2]),
        time: fc.integer({ min: 1, max: 6 }).map((n) => n * day),
        message: fc.stringMatching(/^[a-f]{3}$/),
        below: fc.constantFrom(5, 7),
      })
      let identifier = 0
      const rowsAfter = async (events: readonly ReturnType<typeof exampleEvent>[]) => {
        identifier++
        for (const event of events) {
          const waits = waitsOf([{ ...event, identifier } as typeof event], 'EUR')
          await db.write('test.waits', waits)
        }
        const rows = await db.k.selectFrom('item_waits').selectAll().where('identifier', '=', identifier).execute()
        return rows.map(({ identifier: _, ...row }) => JSON.stringify(row)).sort()
      }
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(anEvent, { maxLength: 8, selector: ({ message }) => message }),
          fc.nat(),
          async (drawn, by) => {
            const events = drawn.map(({ below, ...event }) => exampleEvent({ ...event, properties: { below } }))
            const turned = [
              ...events.slice(by % (events.length || 1)),
              ...events.slice(0, by % (events.length || 1)),
            ].reverse()
            expect(await rowsAfter(turned)).toEqual(await rowsAfter(events))
          },
        ),
        { seed: 8, numRuns: 30 },
      )
      const count = async () =>
        Number(
          (
            await db.k
              .selectFrom('item_waits')
              .select((row) => row.fn.countAll().as('n'))
              .executeTakeFirstOrThrow()
          ).n,
        )
      expect(await count()).toBeGreaterThan(0)
      while ((await db.write<number>('moments.retainWaits', { before: 7 * day, limit: 5 })) === 5) {}
      expect(await count()).toBe(0)
    })
  })
})
