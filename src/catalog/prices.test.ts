import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forEachEngine } from '../db/testing.ts'
import { simulatedWorld } from '../world.ts'
import { type Item, parseItem } from './item.ts'
import { type ItemChange, lowestPrices, retainPrices } from './prices.ts'
import { removeHandler, upsertHandler } from './store.ts'

const day = 86_400_000
const start = Date.UTC(2026, 0, 1)

describe('what items cost when', () => {
  forEachEngine((_engine, open) => {
    const shop = async () => {
      const seen: ItemChange[] = []
      const settings = {
        world: simulatedWorld(1, start),
        currency: 'EUR',
        watch: async (_tx: unknown, changes: readonly ItemChange[]) => void seen.push(...changes),
      }
      const db = await open({
        upsert: upsertHandler(settings),
        remove: removeHandler(settings),
        retain: retainPrices,
        lowest: (tx, { item, now, currency }: { item: number; now: number; currency: string }) =>
          lowestPrices(tx, [{ item, currency }], now - 30 * day, now).then((found) => found.get(item) ?? null),
      })
      const put = (item: object, now: number) => db.write('upsert', { items: [parseItem(item) as Item], now })
      const idOf = async (name: string) =>
        (await db.k.selectFrom('items').select('id').where('item', '=', name).executeTakeFirstOrThrow()).id
      return { db, put, idOf, seen }
    }

    it('the lowest of thirty days is that of each moment of them, with and without what retention dropped', async () => {
      const { db, put, idOf } = await shop()
      let n = 0
      const aStep = fc.record({ wait: fc.integer({ min: 1, max: 25 }), price: fc.integer({ min: 1, max: 30 }) })
      const steps = fc.array(aStep, { minLength: 1, maxLength: 12 })
      await fc.assert(
        fc.asyncProperty(steps, fc.integer({ min: 0, max: 40 }), async (changes, later) => {
          const name = `item-${n++}`
          let time = start
          const known: { time: number; price: number }[] = []
          for (const { wait, price } of changes) {
            time += wait * day
            await put({ id: name, title: name, price }, time)
            known.push({ time, price: price * 100 })
          }
          const now = time + later * day + 1
          const priceAt = (at: number) => known.findLast((one) => one.time <= at)?.price
          const moments = [
            now - 30 * day,
            ...known.map((one) => one.time).filter((at) => at > now - 30 * day && at < now),
          ]
          const expected = Math.min(...moments.flatMap((at) => priceAt(at) ?? []))
          const item = await idOf(name)
          const lowest = () => db.write('lowest', { item, now, currency: 'EUR' })
          expect(await lowest()).toBe(expected)
          await db.write('retain', { before: now - 30 * day, limit: 1000 })
          expect(await lowest()).toBe(expected)
        }),
        { seed: 3, numRuns: 40 },
      )
    })

    it('knows each change once, in its own currency, and nothing of what an event said or the shop deleted', async () => {
      const { db, put, idOf, seen } = await shop()
      await put({ id: 'a', title: 'A', price: 10 }, start)
      await put({ id: 'a', title: 'Another title', price: 10 }, start + day)
      await put({ id: 'a', price: 5, currency: 'USD' }, start + 2 * day)
      await put({ id: 'a', stock: 3 }, start + 3 * day)
      const rows = async () =>
        db.k.selectFrom('item_prices').select(['time', 'price', 'currency']).orderBy('time').execute()
      expect(await rows()).toEqual([
        { time: start, price: 1000, currency: 'EUR' },
        { time: start + 2 * day, price: 500, currency: 'USD' },
      ])
      const item = await idOf('a')
      const now = start + 4 * day
      expect(await db.write('lowest', { item, now, currency: 'EUR' })).toBe(1000)
      expect(await db.write('lowest', { item, now, currency: 'JPY' })).toBeNull()
      expect(seen.map(({ before, after }) => [before?.price ?? null, after.price])).toEqual([
        ...[
          [null, 1000],
          [1000, 1000],
          [1000, 500],
          [500, 500],
        ],
      ])
      await db.write('remove', { ids: ['a'], mode: 'delete' })
      expect(await rows()).toEqual([])
    })
  })
})
