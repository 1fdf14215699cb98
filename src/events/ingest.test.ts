import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Permit } from '../consent/permit.ts'
import { permit } from '../consent/permit.ts'
import { forEachEngine } from '../db/testing.ts'
import { resolve } from '../identity/store.ts'
import type { AdmittedEvent, Fold } from './event.ts'
import { replay, timeline } from './store.ts'
import { exampleNow, noPolicy, openIngest, statedPolicy, track, unanswered } from './testing.ts'

const plain = (event: AdmittedEvent) => {
  const { messageId, type, name, time, userId, anonymousId, identifiers, previousId, products } = event
  const { source, received, identifier, customer, items, properties, context, historical, decisionId } = event
  const head = { messageId, type, name, time, userId, anonymousId, identifiers, previousId, products }
  return { ...head, source, received, identifier, customer, items, properties, context, historical, decisionId }
}

forEachEngine((engine, open) => {
  const permitOf = async (db: Awaited<ReturnType<typeof openIngest>>['db'], user: string): Promise<Permit> => {
    const identity = await resolve(db, { kind: 'user', value: user })
    return permit(unanswered(identity!), 'service') as Permit
  }

  describe('taking events', () => {
    it('stores an event once, folds it once, and knows it again in any batch', async () => {
      const { send, folded } = await openIngest(open)
      const view = track('Product Viewed', { userId: '42' }, { product_id: 'a', price: 3 })
      expect(await send([view, view])).toMatchObject({ accepted: 1, duplicates: 1, duplicateAt: [1] })
      expect(await send([track('Cart Viewed', { userId: '42' }), view])).toMatchObject({ accepted: 1, duplicates: 1 })
      expect(folded.map(({ name }) => name)).toEqual(['Product Viewed', 'Cart Viewed'])
    })

    it('keeps the first of two different events with one message id', async () => {
      const { send, folded, db } = await openIngest(open)
      await send([{ type: 'track', event: 'First', messageId: 'm', userId: 'a' }])
      await send([{ type: 'track', event: 'Second', messageId: 'm', userId: 'b' }])
      expect(folded.map(({ name }) => name)).toEqual(['First'])
      expect(await resolve(db, { kind: 'user', value: 'b' })).toBeNull()
    })

    it('takes the same message id from another source', async () => {
      const { send } = await openIngest(open)
      const view = track('Product Viewed', { userId: '42' }, { product_id: 'a' })
      await send([view], { source: 'one' })
      expect(await send([view], { source: 'two' })).toMatchObject({ accepted: 1, duplicates: 0 })
    })

    it('gives an unknown product an item, and the same product the same item', async () => {
      const { send, folded } = await openIngest(open)
      await send([track('Product Viewed', { userId: '1' }, { product_id: 'p', name: 'Pear' })])
      await send([
        track(
          'Order Completed',
          { userId: '1' },
          { products: [{ product_id: 'q' }, { product_id: 'p', quantity: 2 }] },
        ),
      ])
      const [view, order] = folded
      expect(order.items).toHaveLength(2)
      expect(order.items[1]).toBe(view.items[0])
      expect(order.products[1].quantity).toBe(2)
    })

    it('keeps nothing where no basis is stated', async () => {
      const { send, db, folded } = await openIngest(open, noPolicy)
      const { accepted, refused } = await send([track('Product Viewed', { userId: '42' }, { product_id: 'a' })])
      expect(accepted).toBe(0)
      expect(refused).toMatchObject([{ index: 0, code: 'consent_refused' }])
      expect(folded).toEqual([])
      for (const table of ['events', 'seen', 'customers', 'identifiers', 'items'] as const)
        expect(await db.k.selectFrom(table).selectAll().execute()).toEqual([])
    })

    it('takes an order of nobody from an import only', async () => {
      const { send, folded } = await openIngest(open)
      const order = { type: 'track', event: 'Order Completed', properties: { products: [{ product_id: 'x' }] } }
      expect((await send([order])).refused).toMatchObject([{ code: 'invalid_identifier' }])
      expect(await send([order], { historical: true })).toMatchObject({ accepted: 1 })
      expect(folded[0]).toMatchObject({ identifier: null, customer: null, historical: true })
    })

    it('numbers refusals of the door and of the writer by their place in the batch', async () => {
      const { send } = await openIngest(open)
      const batch = [
        { type: 'nonsense' },
        track('Product Viewed', { anonymousId: 'v' }),
        track('Product Viewed', { userId: 'u' }),
        { type: 'track', userId: 'u' },
      ]
      const { refused, accepted } = await send(batch, { trust: 'claimed' })
      expect(accepted).toBe(1)
      expect(refused.map(({ index, code }) => [index, code])).toEqual([
        [0, 'invalid_event'],
        [2, 'customer_token_required'],
        [3, 'invalid_event'],
      ])
    })

    it('raises the version of whom it touched, and says so', async () => {
      const { send, db } = await openIngest(open)
      await send([track('Product Viewed', { userId: 'a' }), track('Product Viewed', { userId: 'b' })])
      const { customer } = (await resolve(db, { kind: 'user', value: 'a' }))!
      const told: (number | string)[] = []
      db.onChange((changes) => told.push(...(changes.get('customers') ?? [])))
      await send([track('Product Viewed', { userId: 'a' })])
      expect(told).toContain(customer)
      const rows = await db.k.selectFrom('customers').select('version').orderBy('id').execute()
      expect(rows.map(({ version }) => version)).toEqual([2, 1])
    })

    it('stores nothing of a batch whose fold fails, and takes it when it is sent again', async () => {
      let fails = true
      const fragile: Fold = {
        name: 'fragile',
        async apply() {
          if (fails) throw new Error('a fold failed')
        },
      }
      const { send, db } = await openIngest(open, statedPolicy, [fragile])
      const batch = [track('Product Viewed', { userId: 'u', anonymousId: 'v' }, { product_id: 'a' })]
      await expect(send(batch)).rejects.toThrow('a fold failed')
      for (const table of ['events', 'seen', 'customers', 'identifiers', 'items'] as const)
        expect(await db.k.selectFrom(table).selectAll().execute()).toEqual([])
      fails = false
      expect(await send(batch)).toMatchObject({ accepted: 1, duplicates: 0 })
    })
  })

  describe('reading events again', () => {
    const batch = () => [
      track('Product Viewed', { userId: 'u', anonymousId: 'v' }, { product_id: 'a', price: '3.50' }),
      { type: 'identify', messageId: 'i', userId: 'u', traits: { email: 'U@Shop.example', name: 'Una' } },
      { type: 'alias', messageId: 'al', userId: 'u', previousId: 'w' },
      { type: 'page', messageId: 'p', anonymousId: 'v', name: 'Home', context: { userAgent: 'Mozilla (iPhone)' } },
      track(
        'Order Completed',
        { userId: 'u' },
        { currency: 'USD', products: [{ product_id: 'b', price: 2, gift: true }] },
      ),
    ]

    it('replays in stored order what the folds were given', async () => {
      const { send, db, folded } = await openIngest(open)
      await send(batch())
      await send([track('Product Viewed', { userId: 'x', anonymousId: 'y' }, { product_id: 'a', price: 1 })], {
        trust: 'claimed',
      })
      const token = { trust: 'claimed', subject: { user: 'z', email: 'z@shop.example' } } as const
      await send([{ type: 'identify', userId: 'z', traits: { email: 'other@shop.example' } }], token)
      const all: AdmittedEvent[] = []
      for (let seq: number | null = 0; seq !== null; ) {
        const { events, next } = await replay(db, seq, 2)
        all.push(...events)
        seq = next
      }
      expect(all.map(plain)).toEqual(folded.map(plain))
    })

    it('shows a customer his timeline, the latest first, page by page', async () => {
      const { send, db } = await openIngest(open)
      const at = (n: number) => ({ userId: 'u', timestamp: new Date(exampleNow - n * 1000).toISOString() })
      await send([3, 1, 2, 2, 5].map((n) => track(`Event ${n}`, at(n))))
      await send([track('Another', { userId: 'other' })])
      const allowed = await permitOf(db, 'u')
      const seen: string[] = []
      let before: string | undefined
      do {
        const page = await timeline(db, allowed, { before, limit: 2 })
        seen.push(...page.events.map(({ name }) => name))
        before = page.next ?? undefined
      } while (before)
      expect(seen).toEqual(['Event 1', 'Event 2', 'Event 2', 'Event 3', 'Event 5'])
      await expect(timeline(db, allowed, { before: 'x', limit: 2 })).rejects.toMatchObject({ code: 'invalid_option' })
    })

    it('drops old views and pages, keeps orders, and still knows what it dropped', async () => {
      const { send, db } = await openIngest(open)
      const long = exampleNow - 500 * 86_400_000
      const messages = batch().map((message) => ({ ...message, timestamp: new Date(long).toISOString() }))
      await send(messages)
      await send([track('Product Viewed', { userId: 'u' }, { product_id: 'a' })])
      const before = exampleNow - 400 * 86_400_000
      const first = await db.write<{ messages: string[]; next: number }>('test.dropViews', { before, limit: 3, seq: 0 })
      expect(first.messages).toEqual([messages[0].messageId])
      const rest = { before, limit: 100, seq: first.next }
      expect(await db.write('test.dropViews', rest)).toEqual({ messages: ['p'], next: null })
      const { events } = await replay(db, 0, 100)
      expect(events.map(({ type }) => type)).toEqual(['identify', 'alias', 'track', 'track'])
      expect(await send(messages)).toMatchObject({ accepted: 0, duplicates: 5 })
    })
  })

  it('stores each event once, however batches repeat and overlap, at once too', { timeout: 60_000 }, async () => {
    const { send, db } = await openIngest(open)
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(15), { minLength: 1, maxLength: 12 }), { maxLength: 6 }),
        async (batches) => {
          const source = `run-${run++}`
          const message = (n: number) => ({
            type: 'track',
            event: `E${n}`,
            messageId: `m${n}`,
            userId: `u${n % 4}`,
            anonymousId: `v${n % 3}`,
          })
          const answers = await Promise.all(batches.map((ids) => send(ids.map(message), { source })))
          const distinct = new Set(batches.flat())
          expect(answers.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(distinct.size)
          const stored = await db.k.selectFrom('events').select('message').where('source', '=', source).execute()
          expect(stored.map(({ message }) => message).sort()).toEqual([...distinct].map((n) => `m${n}`).sort())
        },
      ),
      { seed: 11, numRuns: engine === 'sqlite' ? 40 : 15 },
    )
  })
})
