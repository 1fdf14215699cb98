import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeParts, encodeParts, mergeParts, type OrderPart, orderState, type PartKind } from './orders.ts'

const part = (kind: PartKind, time: number, more: Partial<OrderPart> = {}): OrderPart => ({
  kind,
  time,
  message: `${kind}-${time}`,
  total: null,
  currency: 'EUR',
  reason: null,
  lines: [],
  context: null,
  ...more,
})
const line = (item: number, quantity = 1, recipient = '') => ({ item, quantity, price: 500, recipient })
const of = (...parts: OrderPart[]) => orderState(mergeParts([], parts))

describe('an order', () => {
  it('was bought when completed', () => {
    const order = of(part('completed', 5, { lines: [line(1, 2), line(2)], total: 1500 }))
    expect(order).toMatchObject({ time: 5, state: 'placed', total: 1500, currency: 'EUR' })
    expect(order.lines.map(({ item, quantity, state }) => [item, quantity, state])).toEqual([
      [1, 2, 'bought'],
      [2, 1, 'bought'],
    ])
  })

  it('keeps the context in which it was placed, whoever tells of it', () => {
    const cold = { temperature: 2.5, timezone: 'Europe/Berlin' }
    expect(of(part('completed', 5), part('completed', 6, { context: cold })).context).toEqual(cold)
    expect(
      of(part('completed', 5, { context: cold }), part('updated', 6, { context: { temperature: 30 } })),
    ).toMatchObject({
      context: cold,
    })
    expect(of(part('completed', 5)).context).toBeNull()
  })

  it('is what its latest update says', () => {
    const order = of(
      part('completed', 5, { lines: [line(1), line(2)], total: 1000 }),
      part('updated', 7, { lines: [line(1)], total: 500 }),
      part('updated', 6, { lines: [line(3)] }),
    )
    expect(order.lines.map(({ item }) => item)).toEqual([1])
    expect(order).toMatchObject({ total: 500, time: 5 })
  })

  it('is bought once when two tell of it, and whole when it comes line by line', () => {
    const page = part('completed', 5, { lines: [line(1, 2), line(2)] })
    const server = part('completed', 6, { lines: [line(2), line(1, 2)] })
    expect(of(page, server).lines.map(({ item, quantity }) => [item, quantity])).toEqual([
      [2, 1],
      [1, 2],
    ])
    const lines = [1, 2, 3].map((item) => part('completed', 5, { message: `line-${item}`, lines: [line(item)] }))
    expect(
      of(...lines)
        .lines.map(({ item }) => item)
        .sort(),
    ).toEqual([1, 2, 3])
  })

  it('was never bought when cancelled, and stays cancelled', () => {
    const order = of(
      part('cancelled', 6),
      part('completed', 5, { lines: [line(1)] }),
      part('updated', 9, { lines: [line(1)] }),
    )
    expect(order.state).toBe('cancelled')
    expect(order.lines).toMatchObject([{ item: 1, state: 'cancelled', returned: 0 }])
  })

  it('comes back in whole by a refund without products', () => {
    const order = of(part('completed', 5, { lines: [line(1, 3)] }), part('refunded', 9))
    expect(order).toMatchObject({
      state: 'refunded',
      lines: [{ item: 1, returned: 3, returnedAt: 9, state: 'returned' }],
    })
  })

  it('keeps its lines when a part of the money goes back, until all of it did', () => {
    const completed = part('completed', 5, { lines: [line(1)], total: 1000 })
    const first = part('refunded', 6, { total: 400 })
    expect(of(completed, first)).toMatchObject({ state: 'placed', lines: [{ returned: 0, state: 'bought' }] })
    expect(of(completed, first, part('refunded', 7, { total: 600 }))).toMatchObject({ state: 'refunded' })
  })

  it('counts a return and the refund for it once', () => {
    const order = of(
      part('completed', 5, { lines: [line(1, 3), line(2)] }),
      part('returned', 8, { lines: [line(1, 2)], reason: 'too small' }),
      part('refunded', 9, { lines: [line(1, 2)] }),
    )
    expect(order.state).toBe('placed')
    expect(order.lines).toMatchObject([
      { item: 1, returned: 2, reason: 'too small', state: 'bought' },
      { item: 2, returned: 0, state: 'bought' },
    ])
  })

  it('knows a return whose order it never saw', () => {
    expect(of(part('returned', 8, { lines: [line(7, 2)] }))).toMatchObject({
      state: 'unknown',
      lines: [{ item: 7, quantity: 0, returned: 2, state: 'returned' }],
    })
  })

  it('cannot give back more than was bought', () => {
    const order = of(part('completed', 5, { lines: [line(1)] }), part('returned', 8, { lines: [line(1, 50)] }))
    expect(order.lines).toMatchObject([{ returned: 1, state: 'returned' }])
    expect(order.state).toBe('refunded')
  })
})

const anyPart: fc.Arbitrary<OrderPart> = fc.record({
  kind: fc.constantFrom<PartKind>('completed', 'updated', 'cancelled', 'refunded', 'returned'),
  time: fc.integer({ min: 1, max: 9 }),
  message: fc.constantFrom('a', 'b', 'c', 'd'),
  total: fc.option(fc.integer({ min: 0, max: 3 })),
  currency: fc.constant('EUR'),
  reason: fc.option(fc.constantFrom('late', 'broken')),
  lines: fc.array(
    fc.record({
      item: fc.integer({ min: 1, max: 3 }),
      quantity: fc.integer({ min: 1, max: 3 }),
      price: fc.option(fc.integer({ min: 0, max: 900 })),
      recipient: fc.constantFrom('', 'Ann'),
    }),
    { maxLength: 3 },
  ),
  context: fc.option(fc.record({ temperature: fc.integer({ min: -9, max: 9 }), device: fc.constant('other') })),
})
// A message says one thing: parts with the same (kind, time, message) are the same event.
const anyParts = fc.uniqueArray(anyPart, {
  maxLength: 12,
  selector: ({ kind, time, message }) => `${kind} ${time} ${message}`,
})

describe('parts of an order', () => {
  it('give the same order whenever and however often they arrive', () => {
    fc.assert(
      fc.property(anyParts, fc.infiniteStream(fc.nat()), (parts, stream) => {
        fc.pre(parts.length > 0)
        const shuffled = [...parts, ...parts.slice(0, 4)]
          .map((one) => ({ one, rank: stream.next().value }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ one }) => one)
        const atOnce = mergeParts([], parts)
        const oneByOne = shuffled.reduce<OrderPart[]>((sum, one) => mergeParts(sum, [one]), [])
        expect(oneByOne).toEqual(atOnce)
        const uncompacted = [...parts].sort((a, b) =>
          a.time !== b.time
            ? a.time - b.time
            : a.message !== b.message
              ? a.message < b.message
                ? -1
                : 1
              : a.kind < b.kind
                ? -1
                : 1,
        )
        expect(orderState(atOnce)).toEqual(orderState(uncompacted))
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('are stored and read back unchanged', () => {
    fc.assert(
      fc.property(anyParts, (parts) => {
        expect(decodeParts(encodeParts(parts))).toEqual(parts)
      }),
      { seed: 2, numRuns: 200 },
    )
  })
})
