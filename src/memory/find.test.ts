import { describe, expect, it } from 'vitest'
import type { Handlers } from '../db/database.ts'
import { forEachEngine } from '../db/testing.ts'
import { ingestHandler } from '../events/ingest.ts'
import { exampleNow, sendTo, statedPolicy, track } from '../events/testing.ts'
import { resolve } from '../identity/store.ts'
import { simulatedWorld } from '../world.ts'
import { findByName, findByOrder } from './find.ts'
import { memoryFolds } from './fold.ts'
import { orderReport } from './report.ts'

const handlers: Handlers = {
  'events.ingest': ingestHandler(memoryFolds, { policy: statedPolicy, world: simulatedWorld(5, exampleNow) }),
}

forEachEngine((_engine, open) => {
  describe('finding customers', () => {
    it('by a part of a name in any case, beginnings first, and no wildcards', async () => {
      const db = await open(handlers)
      const named = (userId: string, traits: object) => ({ type: 'identify', userId, traits, messageId: userId })
      await sendTo(db, [
        named('1', { name: 'Zoë Ångström', city: 'Anna' }),
        named('2', { firstName: 'Joanna', lastName: 'Annas' }),
        named('3', { name: 'ANNA 100%' }),
      ])
      const idOf = async (user: string) => (await resolve(db, { kind: 'user', value: user }))!.customer
      expect(await findByName(db, 'anna', 10)).toEqual([await idOf('3'), await idOf('2')])
      expect(await findByName(db, 'ÅNGSTRÖM', 10)).toEqual([await idOf('1')])
      expect(await findByName(db, '0%', 10)).toEqual([await idOf('3')])
      expect(await findByName(db, '%', 1)).toEqual([await idOf('3')])
      expect(await findByName(db, ' ', 10)).toEqual([])
    })

    it('by the number of an order, whoever claims it; orders of nobody are counted apart', async () => {
      const db = await open(handlers)
      const order = { order_id: 7, products: [{ product_id: 'a' }] }
      await sendTo(db, [
        track('Order Completed', { userId: '1' }, order),
        track('Order Completed', { userId: '2' }, order),
      ])
      await sendTo(db, [track('Order Completed', {}, { ...order, order_id: 8 })], { historical: true })
      expect(await findByOrder(db, '7', 10)).toHaveLength(2)
      expect(await findByOrder(db, '7', 1)).toHaveLength(1)
      expect(await findByOrder(db, '8', 10)).toEqual([])
      expect(await orderReport(db)).toEqual({ orders: 2, withoutCustomer: 1, ofUnknownOrders: 0 })
    })
  })
})
