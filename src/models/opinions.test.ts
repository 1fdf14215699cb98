import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { usefulness, usualVotes } from './helpfulness.ts'
import type { Opinions } from './opinion.ts'
import { opinionDefaults } from './opinion.ts'
import { bursts, copies } from './opinion-weights.ts'
import { fitOpinions } from './opinions.ts'

const now = Date.UTC(2026, 0, 1)
const day = 86_400_000

type Rating = [
  item: number,
  rater: number,
  stars: number,
  more?: { bought?: boolean; daysAgo?: number; words?: number },
]

function opinionsOf(ratings: readonly Rating[], categories: readonly number[] = []): Opinions {
  const itemCount = Math.max(categories.length, ...ratings.map(([item]) => item + 1))
  return {
    itemCount,
    raterCount: Math.max(...ratings.map(([, rater]) => rater + 1)),
    categoryCount: Math.max(0, ...categories.map((one) => one + 1)),
    categories: Int32Array.from({ length: itemCount }, (_, item) => categories[item] ?? -1),
    items: Int32Array.from(ratings, ([item]) => item),
    raters: Int32Array.from(ratings, ([, rater]) => rater),
    stars: Float32Array.from(ratings, ([, , stars]) => stars),
    times: Float64Array.from(ratings, ([, , , more], k) => now - (more?.daysAgo ?? 30 + 11 * k) * day),
    verified: Uint8Array.from(ratings, ([, , , more]) => ((more?.bought ?? true) ? 1 : 0)),
    words: Int32Array.from(ratings, ([, , , more]) => more?.words ?? 0),
  }
}

const ranked = (opinions: Opinions) => fitOpinions(opinions, { now, ...opinionDefaults })

/** Items 0..9 with six buyers each, around 4 and 3 stars in two categories. */
function shop(): Rating[] {
  const ratings: Rating[] = []
  for (let item = 0; item < 10; item++)
    for (let n = 0; n < 6; n++) ratings.push([item, n * 10 + item, (item < 5 ? 4 : 3) + (n % 3) - 1])
  return ratings
}
const categories = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 1]

describe('standings by ratings', () => {
  it('lean to what the category promises while ratings are few, and say how far that is unsure', () => {
    const standings = ranked(opinionsOf([...shop(), [10, 90, 5], [11, 91, 5]], categories))
    const [good, plain] = [standings.mean[10], standings.mean[11]]
    expect(good).toBeGreaterThan(plain)
    expect(good).toBeLessThan(5)
    // One perfect rating is less sure than six good ones.
    expect(standings.high[10] - standings.low[10]).toBeGreaterThan(standings.high[0] - standings.low[0])
  })

  it('take off what a rater always gives more than others', () => {
    const ratings = shop()
    // Rater 100 gives two stars more than others do on eight items, and then 5 to item 10; rater 101 gives 5 only there.
    for (let item = 0; item < 8; item++) ratings.push([item, 100, item < 5 ? 5 : 5], [item, 101, item < 5 ? 4 : 3])
    const byGenerous = ranked(opinionsOf([...ratings, [10, 100, 5]], categories))
    const byPlain = ranked(opinionsOf([...ratings, [10, 101, 5]], categories))
    expect(byGenerous.bias[100]).toBeGreaterThan(0.5)
    expect(byPlain.mean[10]).toBeGreaterThan(byGenerous.mean[10] + 0.1)
  })

  it('hold a crowd without proof of purchase to what the shop’s items have of such ratings', () => {
    const ratings = shop()
    for (let item = 0; item < 10; item++) ratings.push([item, 200 + item, item < 5 ? 4 : 3, { bought: false }])
    const before = ranked(opinionsOf(ratings, categories))
    const fakes = Array.from({ length: 60 }, (_, n): Rating => [7, 300 + n, 5, { bought: false, daysAgo: 5 * n }])
    const after = ranked(opinionsOf([...ratings, ...fakes], categories))
    const plain = (3 * 7 + 5 * 60) / 67
    expect(after.mean[7] - before.mean[7]).toBeLessThan((plain - before.mean[7]) / 2)
    expect(after.suspicious[7]).toBeGreaterThan(30)
    expect(after.suspicious[3]).toBe(0)
  })

  it('know how old a rating is', () => {
    const old = Array.from({ length: 8 }, (_, n): Rating => [0, n, 5, { daysAgo: 3000 }])
    const recent = Array.from({ length: 8 }, (_, n): Rating => [0, 20 + n, 2, { daysAgo: 20 }])
    const others = Array.from({ length: 40 }, (_, n): Rating => [1 + (n % 5), 50 + n, 3 + (n % 2)])
    const { mean } = ranked(opinionsOf([...old, ...recent, ...others]))
    expect(mean[0]).toBeLessThan(3.3)
  })

  it('are stars with an interval around them whatever is rated, and rise with each better rating', () => {
    const rating = fc.tuple(
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 1, max: 5 }),
      fc.record({
        bought: fc.boolean(),
        daysAgo: fc.integer({ min: 0, max: 900 }),
        words: fc.integer({ min: 0, max: 2 }),
      }),
    )
    fc.assert(
      fc.property(fc.array(rating, { minLength: 1, maxLength: 60 }), (ratings) => {
        const standings = ranked(opinionsOf(ratings as Rating[]))
        for (let item = 0; item < standings.mean.length; item++) {
          expect(standings.low[item]).toBeGreaterThanOrEqual(1)
          expect(standings.mean[item]).toBeGreaterThanOrEqual(standings.low[item])
          expect(standings.high[item]).toBeGreaterThanOrEqual(standings.mean[item])
          expect(standings.high[item]).toBeLessThanOrEqual(5)
          expect(standings.verifiedCounts[item]).toBeLessThanOrEqual(standings.counts[item])
        }
      }),
      { seed: 5, numRuns: 200 },
    )
  })
})

describe('suspicion', () => {
  it('counts words that several raters use once, and what somebody repeats as his own', () => {
    const shared = { words: Int32Array.of(3, 3, 3, 0, 7, 7), raters: Int32Array.of(0, 1, 2, 3, 4, 4) }
    expect([...copies(shared)].map((one) => Math.round(one * 100) / 100)).toEqual([0.33, 0.33, 0.33, 1, 1, 1])
  })

  it('finds a burst of ratings without purchases, and none in steady ones or in those of buyers', () => {
    const steady = Array.from({ length: 20 }, (_, n): Rating => [0, n, 4, { bought: false, daysAgo: 30 * n }])
    const burst = Array.from({ length: 20 }, (_, n): Rating => [1, n, 5, { bought: false, daysAgo: 100 + n / 10 }])
    const bought = Array.from({ length: 20 }, (_, n): Rating => [2, n, 5, { daysAgo: 100 + n / 10 }])
    const weights = bursts(opinionsOf([...steady, ...burst, ...bought]), now)
    expect(Math.min(...weights.slice(0, 20))).toBe(1)
    expect(Math.max(...weights.slice(20, 40))).toBeLessThan(0.4)
    expect(Math.min(...weights.slice(40))).toBe(1)
  })
})

describe('what changes', () => {
  /** Thirty items with a rating a month; of those that changed the earlier year gave other stars than the later. */
  const shopOf = (changed: (item: number) => boolean): Rating[] =>
    Array.from({ length: 30 * 24 }, (_, k): Rating => {
      const [item, month] = [k % 30, Math.floor(k / 30)]
      const noise = (7 * k) % 3 === 0 ? 1 : 0
      const stars = changed(item) && month >= 12 ? 2 : 4
      return [item, (item + 13 * month) % 97, stars + noise, { daysAgo: 30 * month + (item % 7) }]
    })
  const widths = (ratings: Rating[]) => {
    const { low, high, drift } = ranked(opinionsOf(ratings))
    return { of: (item: number) => high[item] - low[item], drift }
  }

  it('is known less surely, most of all where the ratings themselves tell of a change', () => {
    const [steady, some] = [widths(shopOf(() => false)), widths(shopOf((item) => item % 3 === 0))]
    expect(some.drift).toBeGreaterThan(2 * steady.drift)
    expect(some.of(3)).toBeGreaterThan(1.3 * some.of(4))
    expect(some.of(4)).toBeGreaterThan(steady.of(4))
  })

  it('is known the less the longer nobody has said anything', () => {
    const late = shopOf(() => false)
    const silent = late.map(([item, rater, stars, more]): Rating => {
      return [item, rater, stars, { daysAgo: (more?.daysAgo ?? 0) + (item === 0 ? 1000 : 0) }]
    })
    const { of } = widths(silent)
    expect(of(0)).toBeGreaterThan(1.3 * of(1))
  })
})

describe('usefulness', () => {
  const review = { stars: 4, verified: true, length: 100, helpful: 0, unhelpful: 0 }

  it('prefers many votes of a like share to few', () => {
    const usual = usualVotes([])
    const few = usefulness({ ...review, helpful: 3 }, usual)
    const many = usefulness({ ...review, helpful: 30, unhelpful: 2 }, usual)
    const none = usefulness(review, usual)
    expect(many).toBeGreaterThan(few)
    expect(few).toBeGreaterThan(none)
    expect(usefulness({ ...review, unhelpful: 5 }, usual)).toBeLessThan(none)
  })

  it('does not let a critical review sink because its kind is voted down', () => {
    const fans = Array.from({ length: 40 }, (_, n) =>
      n % 2 === 0
        ? { ...review, stars: 5, helpful: 9, unhelpful: 1 }
        : { ...review, stars: 1, helpful: 5, unhelpful: 5 },
    )
    const usual = usualVotes(fans)
    // Both are as helpful as reviews of their stars usually are.
    const favourable = usefulness({ ...review, stars: 5, helpful: 18, unhelpful: 2 }, usual)
    const critical = usefulness({ ...review, stars: 1, helpful: 10, unhelpful: 10 }, usual)
    const asIfNot = usefulness({ ...review, stars: 1, helpful: 10, unhelpful: 10 }, usualVotes([]))
    expect(critical).toBeGreaterThan(asIfNot + 0.1)
    expect(Math.abs(favourable - critical)).toBeLessThan(0.12)
  })

  it('does not look at the stars where voters do not', () => {
    const fair = Array.from({ length: 20 }, (_, n) => ({ ...review, stars: 1 + (n % 5), helpful: 6, unhelpful: 4 }))
    const usual = usualVotes(fair)
    const byStars = [1, 2, 3, 4, 5].map((stars) => usefulness({ ...review, stars, helpful: 6, unhelpful: 4 }, usual))
    expect(Math.max(...byStars) - Math.min(...byStars)).toBeLessThan(0.001)
  })
})
