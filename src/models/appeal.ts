/**
 * How an item appeals to a customer where he looks at it, from clicks: what the ranking model thought of the pair, and how the
 * item did with others. Clicks are counts with the mean looked x exp(b + s score) x u(item), or x exp(c) where the model
 * knew nothing of the item; b, s and c by Newton's steps, u by a gamma prior whose strength is fixed (Clayton & Kaldor 1987).
 */

export interface ClickedItem {
  readonly item: number
  /** What the model thought; -Infinity = it knew nothing of the item. */
  readonly score: number
  /** How much its place is looked at. */
  readonly looked: number
  readonly clicks: number
}

export interface Appeal {
  /** The probability of a click where it is looked at. */
  of(item: number, score: number): number
}

const rounds = 6
/** As so many clicks stand behind an item that is as the model thinks, before its own. */
const prior = 10
const steepest = 4

export function fitAppeal(shown: readonly ClickedItem[]): Appeal {
  const scored = shown.filter(({ score }) => Number.isFinite(score))
  const centre = mean(scored.map(({ score }) => score))
  const spread = Math.sqrt(mean(scored.map(({ score }) => (score - centre) ** 2))) || 1
  const x = (score: number) => (score - centre) / spread
  const base = Math.log(Math.max(1e-4, rate(shown)))
  const weights = { level: base, slope: 0, unknown: base }
  const liked = new Map<number, number>()
  const linear = (score: number) =>
    Number.isFinite(score) ? weights.level + weights.slope * x(score) : weights.unknown
  for (let round = 0; round < rounds; round++) {
    const expected = (one: ClickedItem) => one.looked * Math.exp(linear(one.score)) * (liked.get(one.item) ?? 1)
    let [g0, g1, h00, h01, h11, gu, hu] = [0, 0, 1e-6, 0, 1e-6, 0, 1e-6]
    for (const one of shown) {
      const mu = expected(one)
      if (Number.isFinite(one.score)) {
        const v = x(one.score)
        g0 += one.clicks - mu
        g1 += (one.clicks - mu) * v
        h00 += mu
        h01 += mu * v
        h11 += mu * v * v
      } else {
        gu += one.clicks - mu
        hu += mu
      }
    }
    const det = h00 * h11 - h01 * h01
    weights.level += (h11 * g0 - h01 * g1) / det
    weights.slope = Math.min(steepest, Math.max(-steepest, weights.slope + (h00 * g1 - h01 * g0) / det))
    weights.unknown += Math.max(-1, Math.min(1, gu / hu))
    const counts = new Map<number, { clicks: number; expected: number }>()
    for (const one of shown) {
      const own = counts.get(one.item) ?? { clicks: 0, expected: 0 }
      own.clicks += one.clicks
      own.expected += one.looked * Math.exp(linear(one.score))
      counts.set(one.item, own)
    }
    for (const [item, own] of counts) liked.set(item, (own.clicks + prior) / (own.expected + prior))
  }
  return { of: (item, score) => Math.min(1, Math.exp(linear(score)) * (liked.get(item) ?? 1)) }
}

function rate(shown: readonly ClickedItem[]): number {
  const looked = shown.reduce((sum, one) => sum + one.looked, 0)
  return looked > 0 ? shown.reduce((sum, { clicks }) => sum + clicks, 0) / looked : 0
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
