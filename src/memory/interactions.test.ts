import { describe, expect, it } from 'vitest'
import { exampleEvent } from './example-events.ts'
import { combine, countInteractions, emptyRow, type InteractionRows, isBlank, rowKey } from './interactions.ts'

function rowsOf(...events: Parameters<typeof exampleEvent>[0][]): InteractionRows {
  const rows: InteractionRows = new Map()
  countInteractions(rows, events.map(exampleEvent))
  return rows
}

describe('interactions', () => {
  it('count views, carts, wishes and refusals, each with its latest time', () => {
    const rows = rowsOf(
      { name: 'Product Viewed', time: 30, items: [7] },
      { name: 'Product Clicked', time: 20, items: [7] },
      { name: 'Product Added', time: 40, items: [7] },
      { name: 'Product Added to Wishlist', time: 50, items: [7] },
      { name: 'Product Removed from Wishlist', time: 45, items: [7] },
      { name: 'Product Refused', time: 60, items: [7] },
    )
    expect(rows.get(rowKey(1, '', 7))).toMatchObject({
      views: 2,
      view_last: 30,
      carts: 1,
      cart_last: 40,
      wished: 0,
      wish_last: 50,
      refused: 1,
      refused_last: 60,
    })
  })

  it('keep the latest rating, of a number or a string', () => {
    const rows = rowsOf(
      { name: 'Product Reviewed', time: 9, message: 'b', items: [7], properties: { rating: '4.5' } },
      { name: 'Product Rated', time: 9, message: 'a', items: [7], properties: { rating: 1 } },
      { name: 'Product Rated', time: 10, items: [7], properties: { rating: 'great' } },
    )
    expect(rows.get(rowKey(1, '', 7))).toMatchObject({ rating: 4.5, rating_time: 9, rating_message: 'b' })
  })

  it('teach the recipient of a gift, and nobody where nobody is known', () => {
    const rows = rowsOf(
      { name: 'Product Added', items: [{ item: 7, recipient: 'Ann' }] },
      { name: 'Product Viewed', items: [7], identifier: null },
    )
    expect([...rows.keys()]).toEqual([rowKey(1, 'Ann', 7)])
  })

  it('combine over identifiers to the same row as if there were one', () => {
    const events = [
      { name: 'Product Viewed', time: 5, items: [7] },
      { name: 'Product Rated', time: 8, message: 'x', items: [7], properties: { rating: 3 } },
      { name: 'Product Rated', time: 8, message: 'y', items: [7], properties: { rating: 5 } },
      { name: 'Product Viewed', time: 4, items: [7] },
    ]
    const apart = rowsOf(...events.map((event, i) => ({ ...event, identifier: 1 + (i % 2) })))
    const combined = emptyRow(1, '', 7)
    for (const row of apart.values()) combine(combined, row)
    expect(combined).toEqual(rowsOf(...events).get(rowKey(1, '', 7)))
    expect(isBlank(combined)).toBe(false)
    expect(isBlank(emptyRow(1, '', 7))).toBe(true)
  })
})
