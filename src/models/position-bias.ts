/**
 * How much each place of a list is looked at. An item is clicked when its place is looked at and it appeals: P(click) = t(place)
 * a(item), the position-based model (Richardson, Dominowska & Ragno 2007). What is best for a customer stands above, so lists
 * alone cannot tell place from appeal; trials can: which of them comes to which place after the first is chance, so their
 * click rates by place differ by place alone (Joachims, Swaminathan & Schnabel 2017). The first place, which tries nothing, is
 * read off the curve of the others. Without trials: expectation and maximisation over items (Wang et al. 2018), which is as
 * good as items have changed their places.
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
/** Clicks on trials that are needed to go by them. */
const fewestClicks = 60
/** As how many clicked and missed showings what is usual counts, for items. */
const priorShown = 6

/** `trials`: those of `counts` that stood there by chance. */
export function fitPositionBias(counts: readonly PlaceCount[], trials: readonly PlaceCount[] = []): PositionBias {
  const places = counts.reduce((most, { place }) => Math.max(most, place + 1), 1)
  const clicks = counts.reduce((sum, count) => sum + count.clicks, 0)
  const shown = counts.reduce((sum, count) => sum + count.shown, 0)
  const overall = shown > 0 ? clicks / shown : 0
  const known = byTrials(trials, places)
  let looked = known ?? Array.from({ length: places }, (_, k) => 1 / (1 + k / 4))
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
    if (!known) looked = fromFirst(seen, looked)
    const lookedAt = counts.reduce((sum, count) => sum + count.shown * looked[count.place], 0)
    usual = lookedAt > 0 ? Math.min(0.95, clicks / lookedAt) : 0
  }
  return { looked, usual, appealOf: (item) => appeal.get(item) ?? usual }
}

/** Only the product of place and appeal is in the data: the first place is the measure. */
function fromFirst(
  seen: readonly { readonly hits: number; readonly all: number }[],
  before: readonly number[],
): number[] {
  const raw = seen.map(({ hits, all }, k) => (all > 0 ? hits / all : before[k]))
  const first = Math.max(1e-6, raw[0])
  return raw.map((one) => Math.min(1, Math.max(0.01, one / first)))
}

/**
 * Click rates of trials by place, smoothed and read off for the first place by two curves, (k + 1)^-h and exp(-h k): real ones lie
 * between. Null = too few clicks.
 */
function byTrials(trials: readonly PlaceCount[], places: number): number[] | null {
  const sums = Array.from({ length: places }, () => ({ shown: 0, clicks: 0 }))
  for (const { place, shown, clicks } of trials) {
    sums[place].shown += shown
    sums[place].clicks += clicks
  }
  const points = sums.flatMap(({ shown, clicks }, k) =>
    k > 0 && shown > 0 ? [{ k, rate: Math.log((clicks + 0.5) / (shown + 1)), weight: clicks + 0.5 }] : [],
  )
  if (points.length < 3 || sums.reduce((sum, { clicks }) => sum + clicks, 0) < fewestClicks) return null
  const curves = [(k: number) => Math.log(k + 1), (k: number) => k].map((shape) => line(points, shape))
  const smooth = (k: number) => curves.reduce((sum, curve) => sum + curve(k), 0) / curves.length
  const first = smooth(0)
  const own = new Map(points.map((point) => [point.k, point]))
  return Array.from({ length: places }, (_, k) => {
    if (k === 0) return 1
    const { rate = smooth(k), weight = 0 } = own.get(k) ?? {}
    // The curve counts as fifty clicks beside the place's own.
    const level = (weight * rate + 50 * smooth(k)) / (weight + 50)
    return Math.min(1, Math.max(0.01, Math.exp(level - first)))
  })
}

interface Point {
  readonly k: number
  readonly rate: number
  readonly weight: number
}

/** Weighted least squares of rate on shape(k), never rising. */
function line(points: readonly Point[], shape: (k: number) => number): (k: number) => number {
  const total = points.reduce((sum, { weight }) => sum + weight, 0)
  const x = points.reduce((sum, { k, weight }) => sum + weight * shape(k), 0) / total
  const y = points.reduce((sum, { rate, weight }) => sum + weight * rate, 0) / total
  const spread = points.reduce((sum, { k, weight }) => sum + weight * (shape(k) - x) ** 2, 0)
  const joint = points.reduce((sum, { k, rate, weight }) => sum + weight * (shape(k) - x) * (rate - y), 0)
  const slope = Math.min(0, spread > 0 ? joint / spread : 0)
  return (k) => y + slope * (shape(k) - x)
}
