import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { generateShop, type ShopEvent } from './generate.ts'

const small = { seed: 7, customers: 300, days: 365 }
const shop = generateShop(small)
const full = generateShop({ seed: 1 })

const digest = (events: readonly ShopEvent[]) => {
  const hash = createHash('sha256')
  for (const event of events) hash.update(JSON.stringify(event))
  return hash.digest('hex')
}

interface Product {
  readonly product_id?: string
  readonly sku?: string
  readonly quantity?: number
  readonly gift?: boolean
  readonly recipient?: { readonly id: string; readonly name: string }
}

interface Written {
  readonly order_id: string
  readonly total: number
  readonly revenue: number
  readonly products: readonly Product[]
}

const orderOf = (event: ShopEvent) => event.properties as unknown as Written
const named = (events: readonly ShopEvent[], name: string) => events.filter(({ event }) => event === name)

function productsOf({ event, properties }: ShopEvent): readonly Product[] {
  if (!properties || !event) return []
  if (Array.isArray(properties.products)) return properties.products
  return 'product_id' in properties ? [properties as Product] : []
}

describe('the same seed', () => {
  it('gives the same bytes, and another seed others', () => {
    const again = generateShop(small)
    expect(digest(again.events)).toBe(digest(shop.events))
    expect(JSON.stringify(again.catalogue)).toBe(JSON.stringify(shop.catalogue))
    expect(JSON.stringify(again.truth)).toBe(JSON.stringify(shop.truth))
    expect(digest(generateShop({ ...small, seed: 8 }).events)).not.toBe(digest(shop.events))
  })

  it('gives a customer the same year whoever else is there', () => {
    const fewer = generateShop({ ...small, customers: 40 })
    const of = (events: readonly ShopEvent[]) => events.filter(({ userId }) => userId === 'c00013')
    expect(of(fewer.events).length).toBeGreaterThan(0)
    expect(digest(of(fewer.events))).toBe(digest(of(shop.events)))
  })
})

describe('the log', () => {
  it('holds a year of some thousand customers within 250,000 events, and less where asked', () => {
    expect(full.events.length).toBeGreaterThan(180_000)
    expect(full.events.length).toBeLessThanOrEqual(250_000)
    expect(new Set(full.events.map(({ userId }) => userId)).size).toBeGreaterThan(2500)
    const limited = generateShop({ seed: 1, customers: 1500, events: 20_000 }).events
    expect(limited.length).toBeLessThanOrEqual(20_000)
    const last = Date.parse(limited[limited.length - 1].timestamp)
    expect(last).toBeGreaterThan(Date.parse(full.events[full.events.length - 1].timestamp) - 10 * 86_400_000)
  })

  it('is in the order of time, and no message id comes twice', () => {
    const times = full.events.map(({ timestamp }) => timestamp)
    expect(times.every((time, i) => i === 0 || times[i - 1] <= time)).toBe(true)
    expect(new Set(full.events.map(({ messageId }) => messageId)).size).toBe(full.events.length)
  })

  it('gives every event a user or an anonymous id, and a message id below 100 characters', () => {
    for (const event of full.events) {
      if (!event.userId && !event.anonymousId) throw new Error(`nobody's: ${event.messageId}`)
      if (event.messageId.length >= 100) throw new Error(event.messageId)
    }
  })

  it('names only items of the catalogue, by id or by sku', () => {
    const known = new Set(full.catalogue.flatMap(({ id, names }) => [id, ...names]))
    const unknown = full.events
      .flatMap(productsOf)
      .filter((product) => !known.has(product.product_id ?? product.sku ?? ''))
    expect(unknown).toEqual([])
    const bySkuOnly = full.events.flatMap(productsOf).filter(({ product_id }) => product_id === undefined)
    expect(bySkuOnly.length).toBeGreaterThan(1000)
  })

  it('returns, cancels, refunds and complains about orders that were placed before', () => {
    const placed = new Map<string, Set<string>>()
    const ids = new Map(full.catalogue.flatMap(({ id, names }) => [id, ...names].map((name) => [name, id])))
    let followed = 0
    for (const event of full.events) {
      const { order_id: order, products } = orderOf(event) ?? {}
      if (event.event === 'Order Completed') {
        expect(placed.has(order)).toBe(false)
        placed.set(order, new Set(products.map((line) => ids.get(line.product_id ?? line.sku!)!)))
      }
      if (!/Order Cancelled|Order Refunded|Product Returned|Complaint Received/.test(event.event ?? '')) continue
      followed++
      const item = (event.properties as Product).product_id
      if (!placed.has(order) || (item && !placed.get(order)!.has(item))) throw new Error(`${event.event} of ${order}`)
    }
    expect(followed).toBeGreaterThan(500)
  })

  it('has everything a shop has', () => {
    const counts = new Map<string, number>()
    for (const { type, event } of full.events) counts.set(event ?? type, (counts.get(event ?? type) ?? 0) + 1)
    for (const name of [
      'Product Viewed',
      'Order Completed',
      'Product Returned',
      'Product Rated',
      'Product Reviewed',
      'page',
    ])
      expect(counts.get(name), name).toBeGreaterThan(500)
    for (const name of [
      'Order Cancelled',
      'Order Refunded',
      'Complaint Received',
      'Product Unavailable',
      'Survey Answered',
    ])
      expect(counts.get(name), name).toBeGreaterThan(50)
    for (const name of [
      'Preference Told',
      'Products Searched',
      'Product Added to Wishlist',
      'Email Opened',
      'identify',
    ])
      expect(counts.get(name), name).toBeGreaterThan(100)
    const reasons = new Set(named(full.events, 'Product Returned').map(({ properties }) => properties!.reason))
    expect([...reasons].sort()).toEqual(['changed mind', 'quality', 'size'])
  })

  it('lets visitors look before they say who they are', () => {
    const identified = new Set(
      full.events.filter(({ type, anonymousId }) => type === 'identify' && anonymousId).map((e) => e.anonymousId),
    )
    const before = full.events.filter(({ userId, anonymousId }) => !userId && identified.has(anonymousId))
    const never = full.events.filter(({ userId, anonymousId }) => !userId && !identified.has(anonymousId))
    expect(before.length).toBeGreaterThan(5000)
    expect(never.length).toBeGreaterThan(1000)
  })
})

describe('the catalogue', () => {
  it('has several hundred items of five departments with everything an item needs', () => {
    expect(full.catalogue.length).toBeGreaterThanOrEqual(600)
    expect(full.catalogue.length).toBeLessThanOrEqual(1000)
    expect(new Set(full.catalogue.map(({ categories }) => categories[0])).size).toBe(5)
    const all = full.catalogue.flatMap(({ id, names }) => [id, ...names])
    expect(new Set(all).size).toBe(all.length)
    for (const item of full.catalogue) {
      expect(item.cost).toBeLessThan(item.price)
      expect(item.price > 0 && item.title && item.text && item.image.length < 2000).toBeTruthy()
    }
    expect(full.catalogue.some(({ stock }) => stock === 0)).toBe(true)
    expect(full.catalogue.some(({ audience }) => audience === '18')).toBe(true)
    const groups = new Set(full.catalogue.map(({ group }) => group))
    expect(groups.size).toBeGreaterThan(50)
  })

  it('refuses options that are no counts', () => {
    expect(() => generateShop({ seed: 1, customers: 0 })).toThrow(RangeError)
    expect(() => generateShop({ seed: 1, days: 1.5 })).toThrow(RangeError)
  })
})
