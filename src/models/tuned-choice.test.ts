import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { drawBy, thompsonShares } from './exploration.ts'
import { chooseList, likeness, miscalibration, tasteShares } from './list-choice.ts'
import { policyValues } from './off-policy.ts'
import { fitPositionBias, type PlaceCount } from './position-bias.ts'
import { differenceSequence, meanSequence, noSums, sumsOf } from './sequential.ts'

/** 40 candidates: the best all of category 1, then of 2, then of 3. */
const pool = Array.from({ length: 40 }, (_, n) => ({
  score: 40 - n,
  categories: [n < 20 ? 1 : n < 32 ? 2 : 3],
  chosenBy: 400 - 10 * n,
}))
const off = { diversity: 0, calibration: 0, novelty: 0 }

describe('a list chosen as a whole', () => {
  it('is the order of scores where nothing is asked for', () => {
    expect(chooseList(pool, 10, off, null)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('has the proportions of the taste, the better the more that weighs', () => {
    const taste = tasteShares([
      { categories: [1], weight: 5 },
      { categories: [2], weight: 3 },
      { categories: [3], weight: 2 },
    ]) as ReadonlyMap<number, number>
    const gap = (calibration: number) =>
      miscalibration(
        taste,
        chooseList(pool, 10, { ...off, calibration }, taste).map((at) => pool[at]),
      )
    expect(gap(0.5)).toBeLessThan(gap(0) / 2)
    const full = chooseList(pool, 10, { ...off, calibration: 0.99 }, taste).map((at) => pool[at].categories[0])
    const counts = [1, 2, 3].map((category) => full.filter((one) => one === category).length)
    expect(counts).toEqual([5, 3, 2])
  })

  it('does not repeat itself where diversity counts, and reaches further down where novelty does', () => {
    const alike = (list: number[]) => {
      const pairs = list.flatMap((a, i) => list.slice(i + 1).map((b) => likeness(pool[a], pool[b])))
      return pairs.reduce((sum, one) => sum + one, 0) / pairs.length
    }
    expect(alike(chooseList(pool, 6, { ...off, diversity: 0.5 }, null))).toBeLessThan(0.5)
    expect(alike(chooseList(pool, 6, off, null))).toBe(1)
    const known = (list: number[]) => list.reduce((sum, at) => sum + pool[at].chosenBy, 0)
    expect(known(chooseList(pool, 6, { ...off, novelty: 0.7 }, null))).toBeLessThan(known([0, 1, 2, 3, 4, 5]))
  })

  it('chooses each once, and no more than there are', () => {
    const weight = fc.double({ min: 0, max: 1, noNaN: true })
    const candidate = fc.record({
      score: fc.double({ min: -5, max: 5, noNaN: true }),
      categories: fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
      chosenBy: fc.nat(1000),
    })
    const weights = fc.record({ diversity: weight, calibration: weight, novelty: weight })
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 30 }), fc.nat(20), weights, (candidates, count, given) => {
        const list = chooseList(
          candidates,
          count,
          given,
          new Map([
            [0, 0.5],
            [1, 0.5],
          ]),
        )
        expect(new Set(list).size).toBe(Math.min(count, candidates.length))
        expect(list).toHaveLength(Math.min(count, candidates.length))
      }),
      { seed: 3, numRuns: 200 },
    )
  })
})

describe('exploration', () => {
  it('tries what may be good more often than what was tried in vain, and all of what is unknown alike', () => {
    const random = seededRandom(1)
    const average = (trials: Parameters<typeof thompsonShares>[0]) => {
      const sums = trials.map(() => 0)
      for (let n = 0; n < 60; n++)
        for (const [i, share] of thompsonShares(trials, 0.1, random).entries()) sums[i] += share / 60
      return sums
    }
    const [good, bad, unknown] = average([
      { shown: 40, clicks: 10 },
      { shown: 40, clicks: 0 },
      { shown: 0, clicks: 0 },
    ])
    expect(good).toBeGreaterThan(unknown)
    expect(unknown).toBeGreaterThan(bad * 2)
    const same = average([0, 1, 2, 3].map(() => ({ shown: 0, clicks: 0 })))
    for (const share of same) expect(Math.abs(share - 0.25)).toBeLessThan(0.05)
  })

  it('draws with the probabilities that it says', () => {
    const random = seededRandom(2)
    const counts = [0, 0, 0]
    for (let n = 0; n < 20_000; n++) counts[drawBy([0.2, 0.5, 0.3], random)]++
    expect(counts.map((count) => Math.round(count / 200) / 100)).toEqual([0.2, 0.5, 0.3])
  })
})

describe('how much places are looked at', () => {
  it('is found where items change their places, and apart from how much they appeal', () => {
    const random = seededRandom(3)
    const looked = [1, 0.7, 0.5, 0.35, 0.25]
    const appeal = Array.from({ length: 20 }, (_, item) => 0.05 + 0.03 * item)
    const counts = new Map<string, { item: number; place: number; shown: number; clicks: number }>()
    for (let list = 0; list < 30_000; list++) {
      for (const [place, t] of looked.entries()) {
        // The better an item, the higher it mostly stands.
        const item = Math.min(19, Math.floor(20 * random() ** (0.5 + 0.3 * place)))
        const key = `${item} ${place}`
        const count = counts.get(key) ?? { item, place, shown: 0, clicks: 0 }
        count.shown++
        if (random() < t * appeal[item]) count.clicks++
        counts.set(key, count)
      }
    }
    const found = fitPositionBias([...counts.values()] as PlaceCount[])
    found.looked.forEach((t, place) => {
      expect(Math.abs(t - looked[place]), `place ${place}`).toBeLessThan(0.06)
    })
    expect(Math.abs(found.appealOf(15) - appeal[15])).toBeLessThan(0.05)
  })
})

describe('what another policy would have brought', () => {
  it('is found from the log by each estimator, with an error that is what it says', () => {
    const random = seededRandom(4)
    const reward = [0.1, 0.2, 0.6]
    const [logging, target] = [
      [0.6, 0.3, 0.1],
      [0.1, 0.1, 0.8],
    ]
    const truth = target.reduce((sum, p, a) => sum + p * reward[a], 0)
    let within = 0
    for (let repeat = 0; repeat < 60; repeat++) {
      const choices = Array.from({ length: 1000 }, () => {
        const action = drawBy(logging, random)
        const hit = random() < reward[action] ? 1 : 0
        return { propensity: logging[action], target: target[action], reward: hit, foretold: 0.3, foretoldTarget: 0.3 }
      })
      const { ips, snips, dr } = policyValues(choices)
      for (const { value, error } of [ips, snips, dr]) if (Math.abs(value - truth) < 2 * error) within++
    }
    // 95 % of 180
    expect(within).toBeGreaterThan(160)
  })
})

describe('what may be read at any time', () => {
  it('is wrong at any moment of a whole stream no more often than it says, though it is looked at after each', () => {
    const random = seededRandom(5)
    let wrong = 0
    let naive = 0
    const streams = 200
    for (let stream = 0; stream < streams; stream++) {
      let [a, b] = [noSums, noSums]
      let [everOut, everSignificant] = [false, false]
      for (let n = 0; n < 2000; n++) {
        const value = random() < 0.3 ? 1 : 0
        const sums = (of: typeof a) => ({ n: of.n + 1, sum: of.sum + value, squares: of.squares + value })
        if (random() < 0.5) a = sums(a)
        else b = sums(b)
        const { low, high, estimate } = differenceSequence(a, b)
        if (low > 0 || high < 0) everOut = true
        if (a.n >= 30 && b.n >= 30 && Math.abs(estimate) > 1.96 * Math.sqrt(0.21 / a.n + 0.21 / b.n))
          everSignificant = true
      }
      if (everOut) wrong++
      if (everSignificant) naive++
    }
    expect(wrong / streams).toBeLessThanOrEqual(0.07)
    // What a test of fixed size comes to when it is looked at all the time.
    expect(naive / streams).toBeGreaterThan(0.25)
  })

  it('shrinks around the truth, and says nothing of a handful', () => {
    const random = seededRandom(6)
    const values = Array.from({ length: 4000 }, () => 5 + 2 * (random() - 0.5))
    const [few, some, many] = [10, 400, 4000].map((n) => meanSequence(sumsOf(values.slice(0, n))))
    expect(few.low).toBe(Number.NEGATIVE_INFINITY)
    expect(many.high - many.low).toBeLessThan((some.high - some.low) / 2)
    expect(many.low).toBeLessThan(5)
    expect(many.high).toBeGreaterThan(5)
  })
})
