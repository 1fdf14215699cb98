/** Histories to learn from: MovieLens 1M where it is, else seeded data of the same size; and a shop with 100,000 items. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '../src/world.ts'
import type { BenchOptions } from './bench.ts'
import { zipf } from './workload.ts'

export interface History {
  readonly name: string
  readonly items: readonly { readonly id: string; readonly title: string; readonly categories: readonly string[] }[]
  readonly users: readonly string[]
  readonly length: number
  /** The i-th event, as the tracking API takes it. */
  message(i: number): Record<string, unknown>
}

/** User, item, stars, seconds since 1970. */
type Rating = readonly [string, string, number, number]

/** A million ratings. */
export function readHistory({ data, seed }: Pick<BenchOptions, 'data' | 'seed'>): History {
  const folder = join(data, 'ml-1m')
  return existsSync(folder) ? readMovieLens(folder) : drawnRatings(seed)
}

function readMovieLens(folder: string): History {
  const lines = (file: string) => readFileSync(join(folder, file), 'utf8').trim().split('\n').slice(1)
  const items = lines('items.csv').map((line) => {
    const id = line.slice(0, line.indexOf(','))
    const categories = line.slice(line.lastIndexOf(',') + 1).split('|')
    const title = line
      .slice(id.length + 1, line.lastIndexOf(','))
      .replace(/^"|"$/g, '')
      .replaceAll('""', '"')
    return { id, title, categories }
  })
  const ratings = lines('interactions.csv').map((line): Rating => {
    const [user, item, value, time] = line.split(',')
    return [user, item, Number(value), Number(time)]
  })
  return ofRatings('MovieLens 1M', items, ratings)
}

/** 6,040 users of a few tastes, 3,706 items, about a million ratings. */
function drawnRatings(seed: number): History {
  const [users, count, total] = [6040, 3706, 1_000_000]
  const random = seededRandom(seed)
  const rank = zipf(count, 0.8, random)
  const items = Array.from({ length: count }, (_, n) => ({
    id: `${n + 1}`,
    title: `Film ${n + 1}`,
    categories: [`Genre ${n % 18}`],
  }))
  const ratings: Rating[] = []
  for (const [user, seen] of drawn({ users, count, total, least: 20 }, rank, random).entries()) {
    let time = 956_700_000 + Math.floor(random() * 90_000_000)
    for (const item of seen) {
      time += Math.floor(random() * 120)
      ratings.push([`${user + 1}`, `${item + 1}`, 1 + Math.floor(random() ** 0.6 * 5), time])
    }
  }
  return ofRatings('seeded data of the size of MovieLens 1M', items, ratings)
}

function ofRatings(name: string, items: History['items'], ratings: readonly Rating[]): History {
  return {
    name,
    items,
    users: [...new Set(ratings.map(([user]) => user))],
    length: ratings.length,
    message(i) {
      const [userId, item, rating, time] = ratings[i]
      return {
        type: 'track',
        event: 'Product Rated',
        messageId: `rating-${i}`,
        userId,
        timestamp: new Date(time * 1000).toISOString(),
        properties: { product_id: item, rating },
      }
    },
  }
}

/** 100,000 described items, 10,000 customers, about 400,000 views and purchases within a year before `end`. */
export function largeHistory({ seed }: Pick<BenchOptions, 'seed'>): History {
  const [users, count, total] = [10_000, 100_000, 400_000]
  const end = Date.UTC(2025, 5, 1)
  const random = seededRandom(seed)
  const rank = zipf(count, 0.8, random)
  const items = Array.from({ length: count }, (_, n) => ({
    id: `sku-${n}`,
    title: `Article ${n % 977} of kind ${n % 400}`,
    categories: [`Department ${n % 20}`, `Category ${n % 400}`],
  }))
  const events = drawn({ users, count, total, least: 5 }, rank, random).flatMap((seen, user) =>
    Array.from(seen, (item) => ({ user, item, bought: random() < 0.2, time: end - Math.floor(random() * 3e10) })),
  )
  return {
    name: 'a seeded shop with 100,000 items',
    items,
    users: Array.from({ length: users }, (_, n) => `customer-${n}`),
    length: events.length,
    message(i) {
      const { user, item, bought, time } = events[i]
      const product = { product_id: `sku-${item}`, quantity: 1, price: 9.5, currency: 'EUR' }
      return {
        type: 'track',
        event: bought ? 'Order Completed' : 'Product Viewed',
        messageId: `history-${i}`,
        userId: `customer-${user}`,
        timestamp: new Date(time).toISOString(),
        properties: bought ? { order_id: `order-${i}`, currency: 'EUR', products: [product] } : product,
      }
    },
  }
}

/** 40,000 items, 24,000 sessions of a few views each: what is looked at next is near what was looked at last. */
export function sessionHistory({ seed }: Pick<BenchOptions, 'seed'>): History {
  const [users, count] = [24_000, 40_000]
  const end = Date.UTC(2025, 5, 1)
  const random = seededRandom(seed)
  const rank = zipf(count, 0.7, random)
  const items = Array.from({ length: count }, (_, n) => ({
    id: `sku-${n}`,
    title: `Article ${n % 977} of kind ${n % 400}`,
    categories: [`Category ${n % 400}`],
  }))
  const views = Array.from({ length: users }, (_, user) => {
    const start = end - Math.floor(random() * 3e9)
    let item = rank()
    return Array.from({ length: 3 + Math.floor(random() * 5) }, (_view, k) => {
      // Of the same category mostly, and near in it: every fourth view is anywhere.
      if (k > 0) item = random() < 0.75 ? (item + 400 * (1 + Math.floor(3 * random()))) % count : rank()
      return { user, item, time: start + k * 30_000 }
    })
  }).flat()
  return {
    name: '40,000 items in 24,000 seeded sessions',
    items,
    users: Array.from({ length: users }, (_, n) => `session-${n}`),
    length: views.length,
    message(i) {
      const { user, item, time } = views[i]
      return {
        ...{ type: 'track', event: 'Product Viewed', messageId: `view-${i}`, userId: `session-${user}` },
        timestamp: new Date(time).toISOString(),
        properties: { product_id: `sku-${item}`, price: 9.5, currency: 'EUR' },
      }
    },
  }
}

interface Size {
  readonly users: number
  /** Of items. */
  readonly count: number
  readonly total: number
  readonly least: number
}

/** Distinct items for each user: about `total`, at least `least` each, skewed as activity is; of few tastes. */
function drawn({ users, count, total, least }: Size, rank: () => number, random: () => number): Set<number>[] {
  const activity = Float64Array.from({ length: users }, () => (random() + 0.02) ** -0.7)
  const sum = activity.reduce((a, b) => a + b, 0)
  return Array.from(activity, (share) => {
    const taste = Math.floor(random() * 20)
    const seen = new Set<number>()
    const wanted = Math.max(least, Math.min(1800, Math.round((total * share) / sum)))
    for (let tries = 0; seen.size < wanted && tries < 20 * wanted; tries++) {
      const item = rank()
      seen.add(random() < 0.5 ? Math.min(count - 1, item - (item % 20) + taste) : item)
    }
    return seen
  })
}
