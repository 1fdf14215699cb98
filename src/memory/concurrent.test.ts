import { describe, expect, it } from 'vitest'
import type { Handlers } from '../db/database.ts'
import { forEachEngine } from '../db/testing.ts'
import { ingestHandler } from '../events/ingest.ts'
import { exampleNow, sendTo, statedPolicy, track } from '../events/testing.ts'
import { seededRandom, simulatedWorld } from '../world.ts'
import { memoryFolds } from './fold.ts'
import { memoryHandlers, type RebuildReport } from './rebuild.ts'

const handlers: Handlers = {
  'events.ingest': ingestHandler(memoryFolds, { policy: statedPolicy, world: simulatedWorld(5, exampleNow) }),
  ...memoryHandlers(),
}

forEachEngine((_engine, open) => {
  describe('many requests at once', () => {
    it('leave the memory of a replay, though they meet in orders, items and a rebuild', async () => {
      const db = await open(handlers)
      const random = seededRandom(9)
      const draw = (n: number) => Math.floor(random() * n)
      // Of one customer a request: nothing but orders' numbers and items makes two of them wait for each other.
      const message = (request: number) => {
        const who = { userId: `u${request}` }
        const product = () => ({ product_id: `p${draw(5)}`, quantity: 1 + draw(3), price: 2 })
        const order = { order_id: `o${draw(8)}`, products: [product(), product()] }
        const name = ['Order Completed', 'Order Updated', 'Order Cancelled', 'Order Refunded'][draw(4)]
        return [
          track(name, random() < 0.2 ? {} : who, order),
          track('Product Viewed', who, product()),
          track('Product Added', who, product()),
        ][draw(3)]
      }
      const requests = Array.from({ length: 40 }, (_, request) =>
        sendTo(
          db,
          Array.from({ length: 8 }, () => message(request)),
          { historical: true },
        ),
      )
      const meanwhile = db.write<RebuildReport>('memory.rebuild', {})
      const answers = await Promise.all(requests)
      expect(answers.every(({ accepted }) => accepted === 8)).toBe(true)
      expect((await meanwhile).changed).toEqual([])
      expect(await db.write<RebuildReport>('memory.rebuild', {})).toMatchObject({ events: 320, changed: [] })
    })
  })
})
