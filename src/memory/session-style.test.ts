import { describe, expect, it } from 'vitest'
import { latestStyle, openingStyle, type StyleEvent } from './session-style.ts'

const minute = 60_000
const noon = Date.UTC(2026, 4, 1, 12)
const happened = (name: string, minutes: number, properties: object = {}, context: object = {}): StyleEvent => ({
  type: name === '' ? 'page' : 'track',
  name,
  time: noon + minutes * minute,
  body: JSON.stringify({ properties, context }),
})
const opening = (...events: StyleEvent[]) => openingStyle(events, 'Europe/Berlin', (text) => text.includes('diabetes'))

describe('the style of a session', () => {
  it('is what was looked at before an item was chosen', () => {
    const url = 'https://shop.example/?utm_source=x'
    const page = { url, referrer: 'https://www.blog.example/a?b=c' }
    expect(
      opening(
        happened('', 0, {}, { page, device: 'mobile', campaign: { source: 'spring' }, timezone: 'Asia/Tokyo' }),
        happened('Products Searched', 1, { query: 'Grüner TEE, a' }),
        happened('Product List Viewed', 2, { category: 'Tea', products: [{ price: 3 }, { price: 9 }, { price: 8 }] }),
        happened('Product Viewed', 3, { product_id: '1' }),
        happened('Products Searched', 4, { query: 'coffee' }),
      ),
    ).toEqual({
      'session:device': 'mobile',
      'session:referrer': 'blog.example',
      'session:campaign': 'spring',
      'session:hour': 21,
      'session:depth': 3,
      'session:searched grüner': true,
      'session:searched tee': true,
      'session:category tea': true,
      'session:price': 8,
    })
  })

  it('is that of one session: of the first, or of the latest', () => {
    const events = [
      happened('Products Searched', 0, { query: 'tea' }),
      happened('', 20, { url: 'https://shop.example/find?q=pots' }),
      happened('Products Searched', 60, { query: 'pens' }),
    ]
    expect(opening(...events)).toMatchObject({ 'session:searched tea': true, 'session:searched pots': true })
    expect(opening(...events)).not.toHaveProperty('session:searched pens')
    const latest = latestStyle(events, 'UTC', () => false)
    expect(latest).toEqual({ 'session:searched pens': true, 'session:hour': 13, 'session:depth': 1 })
  })

  it('says nothing of a robot, of an order that came by import, or of what is sensitive', () => {
    expect(opening(happened('', 0, {}, { device: 'bot' }))).toEqual({})
    expect(opening(happened('Order Completed', 0, { order_id: '1' }), happened('', 1))).toEqual({})
    const asked = opening(
      happened('Products Searched', 0, { query: 'diabetes tea' }),
      happened('Product List Viewed', 1, { category: 'Diabetes' }),
    )
    expect(Object.keys(asked).join()).not.toContain('diabetes')
    expect(asked).toHaveProperty('session:searched tea')
  })

  it('reads whatever an event holds', () => {
    const odd = { query: { a: 1 }, category: 7, products: [null, { price: 'x' }], filters: 'price', url: 'no address' }
    for (const name of ['', 'Products Searched', 'Product List Viewed', 'Product List Filtered']) {
      expect(opening(happened(name, 0, odd, { page: 'x', campaign: [], timezone: 'no/zone', device: {} }))).toEqual({
        'session:hour': 14,
        'session:depth': 1,
      })
    }
    const filter = { filters: [{ type: 'price', value: '10-20' }] }
    expect(opening(happened('Product List Filtered', 0, filter))).toMatchObject({ 'session:price': 20 })
  })
})
