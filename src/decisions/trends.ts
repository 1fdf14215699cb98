/**
 * What everybody does now: popular and trending items from daily counts, refreshed while events come in, without any
 * training. Pure apart from the one reading.
 */
import type { Candidate } from './rules.ts'

/** One item's counts of one day, over all customers and over events of nobody. */
export interface ItemDay {
  readonly item: number
  /** Days since 1970. */
  readonly day: number
  readonly views: number
  readonly carts: number
  readonly bought: number
}

export interface Trends {
  /** Highest first. */
  readonly popular: readonly Candidate[]
  readonly trending: readonly Candidate[]
}

export interface SignalScale {
  readonly view: number
  readonly cart: number
  readonly buy: number
}

const popularHalfLifeDays = 60
const recentDays = 7
const beforeDays = 28
/** Counts below which a rise is chance. */
const fewest = 3

export const noTrends: Trends = { popular: [], trending: [] }

/**
 * Popular: counts with exponential decay. Trending: by how many standard deviations of a Poisson count the last week
 * exceeds what the four weeks before it promised, (n - e) / sqrt(e + 1). "Now" is the newest day with an event: an
 * imported past has trends of its own. `canonical`: items that count as one have the same.
 */
export function trendsOf(
  days: readonly ItemDay[],
  scale: SignalScale,
  canonical: (item: number) => number = (item) => item,
): Trends {
  const now = days.reduce((most, { day }) => Math.max(most, day), 0)
  const popular = new Map<number, number>()
  const recent = new Map<number, number>()
  const before = new Map<number, number>()
  const add = (map: Map<number, number>, item: number, n: number) => map.set(item, (map.get(item) ?? 0) + n)
  for (const { item: called, day, views, carts, bought } of days) {
    const item = canonical(called)
    const weight = scale.view * views + scale.cart * carts + scale.buy * bought
    const age = now - day
    add(popular, item, weight * 2 ** (-age / popularHalfLifeDays))
    if (age < recentDays) add(recent, item, weight)
    else if (age < recentDays + beforeDays) add(before, item, weight)
  }
  const trending = [...recent].flatMap(([id, n]) => {
    const expected = ((before.get(id) ?? 0) * recentDays) / beforeDays
    const score = (n - expected) / Math.sqrt(expected + 1)
    return n >= fewest * scale.view && score > 0 ? [{ id, score }] : []
  })
  return { popular: sorted([...popular].map(([id, score]) => ({ id, score }))), trending: sorted(trending) }
}

function sorted(candidates: Candidate[]): Candidate[] {
  return candidates.sort((a, b) => b.score - a.score || a.id - b.id)
}
