import { describe, expect, it } from 'vitest'
import { defaultConfig } from '../config.ts'
import type { InteractionRow } from '../db/tables.ts'
import { emptyRow } from './interactions.ts'
import { timeOf, weightOf } from './signals.ts'

const signals = defaultConfig.signals
const weight = (row: Partial<InteractionRow>) => weightOf({ ...emptyRow(1, '', 1), ...row }, signals)

describe('the weight of a row', () => {
  it('is more for a purchase than for a cart, and more for a cart than for a view', () => {
    const view = weight({ views: 1, view_last: 5 })
    const cart = weight({ carts: 1, cart_last: 5 })
    const buy = weight({ bought: 1, orders: 1, bought_last: 5 })
    expect(view).toBe(signals.view)
    expect(cart).toBe(signals.cart)
    expect(buy).toBe(signals.buy)
    expect(weight({ bought: 3, orders: 3 })).toBe(2 * signals.buy)
  })

  it('is positive for a rating of the middle and above, negative for the lowest', () => {
    expect([1, 2, 3, 4, 5].map((rating) => weight({ rating }))).toEqual([-0.5, -0.125, 0.25, 0.625, 1])
    expect(weight({ rating: 100 })).toBe(1)
    expect(weight({ rating: 1, bought: 1, orders: 1 })).toBe(-0.5)
  })

  it('is negative for a refusal, until the item is bought after it', () => {
    expect(weight({ views: 40, refused: 1, refused_last: 9 })).toBe(signals.refuse)
    expect(weight({ refused: 1, refused_last: 9, bought: 1, orders: 1, bought_last: 10 })).toBe(signals.buy)
    expect(weight({ views: 1, refused: 0, refused_last: 9 })).toBe(signals.view)
  })

  it('is negative for what came back whole, and less for what came back in part', () => {
    expect(weight({ views: 9, bought: 2, orders: 1, returned: 2 })).toBe(signals.return)
    expect(weight({ bought: 2, orders: 1, returned: 1 })).toBe(signals.buy / 2)
    expect(weight({ returned: 1 })).toBe(signals.return)
  })

  it('says nothing for a row of orders that were cancelled', () => {
    expect(weight({})).toBe(0)
  })
})

describe('the time of a row', () => {
  it('is the latest of any kind', () => {
    expect(timeOf({ ...emptyRow(1, '', 1), view_last: 3, rating_time: 8, cart_last: 5 })).toBe(8)
  })
})
