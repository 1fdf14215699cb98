/**
 * A seeded stream of events as a shop's server and pages send them: mostly views, some carts, few orders; customers and
 * items by a Zipf law. It knows what memory must hold afterwards.
 */
import { seededRandom } from '../src/world.ts'

/** Shares of the kinds; the rest are product views. */
const shares = { identify: 0.03, page: 0.12, rated: 0.03, order: 0.04, cart: 0.12 } as const

export interface Workload {
  readonly customers: number
  readonly items: number
  /** New events. Counted only when `sent` is told that they were. */
  batch(size: number): Batch
  sent(batch: Batch): void
  /** Events that were sent. */
  readonly events: number
  /** `customer item` -> views that were sent. */
  readonly views: ReadonlyMap<string, number>
}

export interface Batch {
  /** `{"batch": [...]}` */
  readonly json: string
  readonly size: number
  /** `customer item` of each view. */
  readonly views: readonly string[]
}

export const customerId = (n: number) => `customer-${n}`
export const itemId = (n: number) => `sku-${n}`

export interface WorkloadOptions {
  readonly seed: number
  /** Milliseconds since 1970 of the first event. */
  readonly start: number
  readonly customers?: number
  readonly items?: number
}

export function workload({ seed, start, customers = 10_000, items = 5_000 }: WorkloadOptions): Workload {
  const random = seededRandom(seed)
  const customerOf = zipf(customers, 0.6, random)
  const itemOf = zipf(items, 0.9, random)
  const views = new Map<string, number>()
  let made = 0
  let events = 0
  let viewed: string[] = []

  const product = (item: number) => ({
    product_id: itemId(item),
    name: `Article ${item}`,
    category: `Category ${item % 40}`,
    price: 1 + ((item * 37) % 9000) / 100,
    currency: 'EUR',
    quantity: 1,
  })
  const message = () => {
    const n = made++
    const customer = customerOf()
    const common = {
      messageId: `bench-${seed.toString(36)}-${n.toString(36).padStart(8, '0')}`,
      userId: customerId(customer),
      timestamp: new Date(start + n).toISOString(),
      context,
    }
    let share = random()
    for (const kind of Object.keys(shares) as (keyof typeof shares)[]) {
      if (share < shares[kind]) return { ...special(kind, n, customer), ...common }
      share -= shares[kind]
    }
    const item = itemOf()
    viewed.push(`${customer} ${item}`)
    return { type: 'track', event: 'Product Viewed', properties: product(item), ...common }
  }
  const special = (kind: keyof typeof shares, n: number, customer: number) => {
    if (kind === 'identify') return { type: 'identify', traits: { name: `Customer ${customer}`, plan: 'gold' } }
    if (kind === 'page') return { type: 'page', name: 'Home', properties: { path: '/', title: 'Home' } }
    if (kind === 'cart') return { type: 'track', event: 'Product Added', properties: product(itemOf()) }
    if (kind === 'rated') {
      const properties = { product_id: itemId(itemOf()), rating: 1 + Math.floor(random() * 5) }
      return { type: 'track', event: 'Product Rated', properties }
    }
    const chosen = new Set([itemOf(), itemOf(), itemOf()])
    const products = Array.from(chosen, product)
    const total = products.reduce((sum, { price }) => sum + price, 0)
    return {
      type: 'track',
      event: 'Order Completed',
      properties: { order_id: `order-${seed}-${n}`, total, currency: 'EUR', products },
    }
  }
  return {
    customers,
    items,
    batch(size) {
      viewed = []
      const json = JSON.stringify({ batch: Array.from({ length: size }, message) })
      return { json, size, views: viewed }
    },
    sent(batch) {
      events += batch.size
      for (const key of batch.views) views.set(key, (views.get(key) ?? 0) + 1)
    },
    get events() {
      return events
    },
    views,
  }
}

const context = {
  library: { name: 'analytics.js', version: 'next-1.84.3' },
  page: { path: '/products/some-article', title: 'Some article', url: 'https://shop.example/products/some-article' },
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  locale: 'de-DE',
  timezone: 'Europe/Berlin',
}

/** Draws 0..n-1 with probability proportional to (rank + 1)^-s, by looking up in the cumulative distribution. */
export function zipf(n: number, s: number, random: () => number): () => number {
  const cumulative = new Float64Array(n)
  let sum = 0
  for (let i = 0; i < n; i++) {
    sum += (i + 1) ** -s
    cumulative[i] = sum
  }
  return () => {
    const target = random() * sum
    let [low, high] = [0, n - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (cumulative[middle] > target) high = middle
      else low = middle + 1
    }
    return low
  }
}
