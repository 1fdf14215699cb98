import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { type BlendModel, blend } from './blend.ts'
import { weighPlacements } from './blend-placements.ts'
import type { Pools } from './blend-weights.ts'
import { matrixFromTriples } from './matrix.ts'
import type { History, Model } from './model.ts'
import { unwatched } from './pace.ts'

const ITEMS = 80
const TASTES = 4
const [HOME, SEARCH] = [1, 2]
const follower = (item: number) => (item * 37 + 11) % ITEMS

/**
 * Customers of four tastes. What each chose last he came to from the home page, and it is of his taste; or by a search, and it is what
 * always follows the one before.
 */
function shop(customers: number) {
  const random = seededRandom(3)
  const [users, items, times, led]: number[][] = [[], [], [], []]
  for (let user = 0; user < customers; user++) {
    const chosen = new Set<number>()
    const ofTaste = () => (user % TASTES) + TASTES * Math.floor((random() * ITEMS) / TASTES)
    const add = (item: number, by: number) => {
      if (chosen.has(item)) return
      chosen.add(item)
      users.push(user)
      items.push(item)
      times.push(1e12 + chosen.size * 1000)
      led.push(by)
    }
    let last = ofTaste()
    add(last, 0)
    for (let k = 0; k < 13; k++) {
      const searched = random() < 0.5
      const near = (n: number) => (n + TASTES * Math.floor(random() * 3)) % ITEMS
      const next = searched ? near(follower(last)) : ofTaste()
      add(next, searched ? SEARCH : HOME)
      last = next
    }
  }
  const triples = { users: Int32Array.from(users), items: Int32Array.from(items), times: Float64Array.from(times) }
  const data = { ...matrixFromTriples(triples, customers, ITEMS), now: 2e12, seed: 5 }
  const by = new Map(users.map((user, k) => [`${user} ${items[k]}`, led[k]]))
  const { indptr, indices } = data.matrix
  const labels = new Uint8Array(indices.length)
  for (let user = 0; user < customers; user++)
    for (let e = indptr[user]; e < indptr[user + 1]; e++) labels[e] = by.get(`${user} ${indices[e]}`) as number
  return { ...data, led: { places: ['home', 'items'], by: labels } }
}

describe('a blend with placements', () => {
  let model: BlendModel
  beforeAll(async () => {
    model = (await blend.fit(shop(900), blend.defaults, unwatched())) as BlendModel
  })
  /** Twelve items of the first taste, the last of them followed by one of another. */
  const last = 8
  const items = Int32Array.from([0, 4, last, 12, 16, 20, 24, 28, 32, 36, 40, 44])
  const times = Float64Array.from(items, (item) => (item === last ? 1e12 + 1e6 : 1e12 + item))
  const history: History = { items, weights: new Float32Array(items.length).fill(1), times }
  const scores = (asked: Pick<Model, 'score'>) => {
    const out = new Float32Array(ITEMS)
    asked.score(history, out)
    return out
  }
  /** How far what follows stands above the best of his taste that he does not have. */
  const leaning = (asked: Pick<Model, 'score'>) => {
    const out = scores(asked)
    const ofTaste = [48, 52, 56, 60, 64, 68, 72, 76].filter((item) => item !== follower(last))
    const spread = Math.max(...out) - out.reduce((sum, score) => sum + score, 0) / ITEMS
    return (out[follower(last)] - Math.max(...ofTaste.map((item) => out[item]))) / spread
  }

  it('hears its members by what customers follow there, better than with the weights of all', () => {
    const { placements, admitted } = model.report
    expect(admitted.length).toBeGreaterThan(1)
    expect(placements.map(({ placement }) => placement)).toEqual(['home', 'items'])
    expect(placements.some((one) => one.admitted)).toBe(true)
    for (const { gain, measured, general, admitted: serves } of placements) {
      expect(measured.mean - general).toBeCloseTo(gain.mean, 6)
      if (serves) expect(gain.low).toBeGreaterThan(0)
    }
    expect(leaning(model.in('items'))).toBeGreaterThan(leaning(model.in('home')))
    expect(scores(model.in('unheard of'))).toEqual(scores(model))
  })

  it('is the same from its bytes', () => {
    const copy = blend.fromBytes(model.toBytes()) as BlendModel
    for (const placement of ['home', 'items']) expect(scores(copy.in(placement))).toEqual(scores(model.in(placement)))
    expect(copy.report).toEqual(model.report)
    copy.dispose?.()
  })
})

/** Customers whose target ranks by chance in both members' eyes. */
function chance(rows: number, seed: number): Pools {
  const random = seededRandom(seed)
  const size = 20
  const each = () => Float32Array.from({ length: rows * size }, () => random())
  const first = (k: number) => (k % size === 0 ? 1 : 0)
  return {
    indptr: Int32Array.from({ length: rows + 1 }, (_, row) => row * size),
    scores: [each(), each()],
    target: Uint8Array.from({ length: rows * size }, (_, k) => first(k)),
    led: Uint8Array.from({ length: rows * size }, (_, k) => first(k)),
  }
}

describe('weights of a placement', () => {
  it('are those of all where nothing speaks for others, but for chance', () => {
    let admitted = 0
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const fold = { weights: Float64Array.of(1, 1), learning: chance(150, seed), pools: chance(80, seed + 1) }
        for (const { report } of weighPlacements(['home'], [fold], fold)) if (report.admitted) admitted++
      }),
      { seed: 7, numRuns: 60 },
    )
    expect(admitted).toBeLessThan(6)
  })

  it('are not learned of few', () => {
    const fold = { weights: Float64Array.of(1, 1), learning: chance(30, 1), pools: chance(30, 2) }
    expect(weighPlacements(['home'], [fold], fold)).toEqual([])
  })
})
