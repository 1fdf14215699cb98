import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CartState, cartLines, cartOf, decodeCart, emptyCart, encodeCart, mergeCarts } from './carts.ts'
import { exampleEvent } from './example-events.ts'

const day = 86_400_000
const cart = (...events: Parameters<typeof exampleEvent>[0][]) =>
  events.map((event) => cartOf(exampleEvent(event)) as CartState).reduce(mergeCarts, emptyCart)

describe('the open cart', () => {
  it('holds what was added and not removed', () => {
    const state = cart(
      { name: 'Product Added', time: 1, items: [{ item: 1, quantity: 2 }] },
      { name: 'Product Added', time: 2, items: [2] },
      { name: 'Product Removed', time: 3, items: [1] },
      { name: 'Product Removed', time: 4, items: [2] },
      { name: 'Product Removed', time: 5, items: [2] },
      { name: 'Product Added', time: 6, items: [2] },
    )
    expect(cartLines(state)).toEqual([
      { item: 1, quantity: 1 },
      { item: 2, quantity: 1 },
    ])
  })

  it('is what a view of it lists', () => {
    const state = cart(
      { name: 'Product Added', time: 9, items: [3] },
      { name: 'Cart Viewed', time: 5, items: [{ item: 2, quantity: 4 }] },
      { name: 'Product Added', time: 1, items: [1] },
    )
    expect(cartLines(state)).toEqual([
      { item: 2, quantity: 4 },
      { item: 3, quantity: 1 },
    ])
    expect(cartLines(mergeCarts(state, cart({ name: 'Cart Viewed', time: 10, properties: { products: [] } })))).toEqual(
      [],
    )
  })

  it('is empty after an order, also where the order arrives first', () => {
    const ordered = { name: 'Order Completed', time: 5, items: [1] }
    const added = { name: 'Product Added', time: 4, items: [1] }
    expect(cartLines(cart(ordered, added))).toEqual([])
    expect(cartLines(cart(added, ordered, { ...added, time: 6 }))).toEqual([{ item: 1, quantity: 1 }])
  })

  it('forgets changes of long before its latest event', () => {
    const old = cart({ name: 'Product Added', time: day, items: [1] })
    const recent = cart({ name: 'Product Added', time: 200 * day, items: [2] })
    expect(cartLines(mergeCarts(recent, old))).toEqual([{ item: 2, quantity: 1 }])
  })
})

describe('joining carts', () => {
  const anyCart = fc
    .record({
      name: fc.constantFrom('Product Added', 'Product Removed', 'Cart Viewed', 'Order Completed'),
      time: fc.integer({ min: 1, max: 400 }).map((days) => days * day),
      items: fc.array(fc.record({ item: fc.integer({ min: 1, max: 3 }), quantity: fc.integer({ min: 1, max: 3 }) }), {
        minLength: 1,
        maxLength: 2,
      }),
    })
    .map((event) => ({ ...event, message: `${event.name} ${JSON.stringify(event.items)}` }))
    .map((event) => cartOf(exampleEvent(event)) as CartState)

  it('does not depend on order or repetition', () => {
    fc.assert(
      fc.property(fc.array(anyCart, { maxLength: 20 }), fc.infiniteStream(fc.nat()), (carts, stream) => {
        const shuffled = [...carts, ...carts.slice(0, 5)]
          .map((one) => ({ one, rank: stream.next().value }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ one }) => one)
        const joined = carts.reduce(mergeCarts, emptyCart)
        expect(shuffled.reduce(mergeCarts, emptyCart)).toEqual(joined)
        expect(decodeCart(joined.updated, encodeCart(joined))).toEqual(joined)
      }),
      { seed: 3, numRuns: 500 },
    )
  })
})
