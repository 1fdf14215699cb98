/** The seeded corner shop: the same seed gives the same catalogue, the same year of events, and the truth behind them. */
import { live, passBy } from './behaviour.ts'
import { DAY } from './calendar.ts'
import { type CatalogueItem, stockShelves } from './catalogue.ts'
import { type Customer, drawCustomer } from './customers.ts'
import type { Entry, ShopEvent } from './journal.ts'
import type { Life } from './life.ts'
import { Truth } from './truth.ts'
import { makeWeather } from './weather.ts'

export interface ShopOptions {
  readonly seed: number
  /** Known customers; a quarter as many visitors stay anonymous. Default 3,000. */
  readonly customers?: number
  /** Length of the log. Default 365. */
  readonly days?: number
  /** At most so many events; the pace of the customers is lowered to stay below. Default 250,000. */
  readonly events?: number
  /** First day, UTC midnight in milliseconds. Default 2025-11-01, so that the winter lies within the log. */
  readonly start?: number
}

export interface Shop {
  readonly catalogue: readonly CatalogueItem[]
  /** In the order of time. */
  readonly events: readonly ShopEvent[]
  readonly truth: Truth
}

/** Measured: events of one customer in a year, anonymous visitors included = `fixed` + `paced` x pace. */
const yearly = { fixed: 2, paced: 70 } as const

/** @throws RangeError where an option is not a positive whole number */
export function generateShop(options: ShopOptions): Shop {
  const { seed, customers: count = 3000, days = 365, events: limit = 250_000 } = options
  for (const [name, value] of Object.entries({ customers: count, days, events: limit }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`${name}: expected a positive whole number, got ${value}`)
  const start = options.start ?? Date.UTC(2025, 10, 1)
  const affordable = (0.94 * limit * 365) / (count * days)
  const pace = Math.min(1, Math.max(0.01, (affordable - yearly.fixed) / yearly.paced))
  const span = { start, end: start + days * DAY, pace }
  const assortment = stockShelves(seed, span.start, span.end)
  const world = { seed, span, assortment, weather: makeWeather(seed, start, days) }
  const customers = Array.from({ length: count }, (_, index) => drawCustomer(seed, index, assortment, span))
  const lives = customers.map((customer) => live(customer, world))
  const visitors = Array.from({ length: Math.floor((count * pace) / 4) }, (_, i) => stranger(seed, i, world))
  const entries = [...lives.map(({ journal }) => journal.entries), ...visitors].flat()
  return {
    catalogue: assortment.products.map(({ item }) => item),
    events: inTime(entries).slice(0, limit),
    truth: new Truth(world, lives),
  }

  function stranger(visitorSeed: number, i: number, surroundings: Life['world']): Entry[] {
    const visitor = drawCustomer(visitorsOf(visitorSeed), i, assortment, span)
    return passBy({ ...visitor, anonymousId: `v-${String(i + 1).padStart(5, '0')}` }, surroundings).entries
  }
}

/** By time; what happens at the same instant stays in the order of writing (the sort is stable). */
function inTime(entries: Entry[]): ShopEvent[] {
  entries.sort((a, b) => a.at - b.at)
  return entries.map(({ event }) => event)
}

/** Visitors are drawn like customers, from other streams. */
const visitorsOf = (seed: number): number => seed ^ 0x5bd1e995

export type { CatalogueItem, Customer, ShopEvent }
