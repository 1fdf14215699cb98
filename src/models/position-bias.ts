/**
 * How much each place of a list is looked at. An item is clicked when its place is looked at and it appeals: P(click) = t(place)
 * a(item), the position-based model (Richardson, Dominowska & Ragno 2007), by expectation and maximisation over counts
 * (Wang et al. 2018). Where items change their places (exploration, rotation, other customers' lists) both can be told apart.
 */

/** How often an item stood in a place, and how often it was clicked there. */
export interface PlaceCount {
  readonly item: number
  /** From 0. */
  readonly place: number
  readonly shown: number
  readonly clicks: number
}

export interface PositionBias {
  /** By place; the first = 1. */
  readonly looked: readonly number[]
  appealOf(item: number): number
  /** Clicks over showings that were looked at, of all. */
  readonly usual: number
}

const sweeps = 60
/** As how many clicked and missed showings what is usual counts, for items. */
const priorShown = 6

export function fitPositionBias(counts: readonly PlaceCount[]): PositionBias {
  const places = counts.reduce((most, { place }) => Math.max(most, place + 1), 1)
  const clicks = counts.reduce((sum, count) => sum + count.clicks, 0)
  const shown = counts.reduce((sum, count) => sum + count.shown, 0)
  const overall = shown > 0 ? clicks / shown : 0
  let looked = Array.from({ length: places }, (_, k) => 1 / (1 + k / 4))
  let appeal = new Map<number, number>()
  let usual = Math.min(0.9, 2 * overall)
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const items = new Map<number, { hits: number; all: number }>()
    const seen = looked.map(() => ({ hits: 0, all: 0 }))
    for (const { item, place, shown: n, clicks: clicked } of counts) {
      const t = looked[place]
      const a = appeal.get(item) ?? usual
      const missed = n - clicked
      const not = Math.max(1e-9, 1 - t * a)
      const own = items.get(item) ?? { hits: 0, all: 0 }
      // Of a showing without a click: did it appeal unseen; was it seen and did not appeal?
      own.hits += clicked + (missed * a * (1 - t)) / not
      own.all += n
      items.set(item, own)
      seen[place].hits += clicked + (missed * t * (1 - a)) / not
      seen[place].all += n
    }
    appeal = new Map(
      [...items].map(([item, { hits, all }]) => [item, (hits + priorShown * usual) / (all + priorShown)]),
    )
    const raw = seen.map(({ hits, all }, k) => (all > 0 ? hits / all : looked[k]))
    // Only the product of both is in the data: the first place is the measure.
    const first = Math.max(1e-6, raw[0])
    looked = raw.map((one) => Math.min(1, Math.max(0.01, one / first)))
    const lookedAt = counts.reduce((sum, count) => sum + count.shown * looked[count.place], 0)
    usual = lookedAt > 0 ? Math.min(0.95, clicks / lookedAt) : 0
  }
  return { looked, usual, appealOf: (item) => appeal.get(item) ?? usual }
}
