import { describe, expect, it } from 'vitest'
import { defaultConfig } from '../config.ts'
import type { Handlers, Reader } from '../db/database.ts'
import { openReader } from '../db/open.ts'
import { forEachEngine } from '../db/testing.ts'
import { ingestHandler } from '../events/ingest.ts'
import { exampleNow, sendTo, statedPolicy, track } from '../events/testing.ts'
import { simulatedWorld } from '../world.ts'
import { everybody } from './example-memory.ts'
import { memoryFolds } from './fold.ts'
import { type TrainingGroup, trainingRows } from './training-rows.ts'

const handlers: Handlers = {
  'events.ingest': ingestHandler(memoryFolds, { policy: statedPolicy, world: simulatedWorld(5, exampleNow) }),
}
const { signals } = defaultConfig

async function all(reader: Reader): Promise<TrainingGroup[]> {
  const groups: TrainingGroup[] = []
  for await (const group of trainingRows(reader, everybody, signals)) groups.push(group)
  return groups
}

forEachEngine((_engine, open) => {
  describe('what models learn from', () => {
    it('has each customer once, over all identifiers, and recipients apart', async () => {
      const db = await open(handlers)
      const order = { order_id: 'o', products: [{ product_id: 'a' }, { product_id: 'g', recipient: 'Ann' }] }
      await sendTo(db, [
        track('Product Viewed', { anonymousId: 'v' }, { product_id: 'a' }),
        track('Product Viewed', { userId: 'other' }, { product_id: 'b' }),
        track('Order Completed', { anonymousId: 'v' }, order),
        track('Order Completed', { userId: 'k' }, order),
        { type: 'identify', anonymousId: 'v', userId: 'k', messageId: 'link' },
      ])
      // As in a worker thread: a reader of its own.
      const reader = await openReader(db.config)
      const groups = await all(reader)
      await reader.close()
      const itemOf = new Map(
        (await db.k.selectFrom('items').select(['id', 'item']).execute()).map((row) => [row.id, row.item]),
      )
      const plain = groups.map(({ recipient, items, weights, orders }) => ({
        recipient,
        items: items.map((item) => itemOf.get(item)),
        weights,
        orders,
      }))
      expect(plain).toHaveLength(3)
      expect(plain).toContainEqual({ recipient: '', items: ['a'], weights: [signals.view + signals.buy], orders: [1] })
      expect(plain).toContainEqual({ recipient: 'Ann', items: ['g'], weights: [signals.buy], orders: [1] })
      expect(plain).toContainEqual({ recipient: '', items: ['b'], weights: [signals.view], orders: [0] })
    })

    it('is whole where customers fill more than one reading', async () => {
      const db = await open(handlers)
      const people = Array.from({ length: 1300 }, (_, i) => i)
      // Every third has a second identifier, so that customers lie across the ends of chunks.
      const events = people.flatMap((i) => [
        track('Product Viewed', i % 3 === 0 ? { userId: `u${i}`, anonymousId: `a${i}` } : { userId: `u${i}` }, {
          product_id: 'a',
        }),
        ...(i % 3 === 0 ? [track('Product Viewed', { anonymousId: `a${i}` }, { product_id: 'b' })] : []),
      ])
      await sendTo(db, events, { historical: true })
      const groups = await all(db)
      expect(groups).toHaveLength(people.length)
      expect(new Set(groups.map(({ customer }) => customer)).size).toBe(people.length)
      expect(groups.filter(({ items }) => items.length === 2)).toHaveLength(434)
    })
  })
})
