import { describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { matrixFromTriples } from './matrix.ts'
import type { TrainingData } from './model.ts'
import { unwatched } from './pace.ts'
import { sequence } from './sequence.ts'
import { fitPart, openPart } from './sequence-parts.ts'
import { learnWeights, quality, type Trial, usualWeights } from './sequence-weights.ts'

const ITEMS = 60

/** Everybody walks a ring of items from a place of his own, now and then skipping one. */
function walks(users: number, seed: number): TrainingData {
  const random = seededRandom(seed)
  const triples = { users: [] as number[], items: [] as number[], times: [] as number[] }
  for (let user = 0; user < users; user++) {
    let at = Math.floor(random() * ITEMS)
    for (let k = 0; k < 8; k++) {
      triples.users.push(user)
      triples.items.push(at)
      triples.times.push(1000 * k)
      at = (at + (random() < 0.2 ? 2 : 1)) % ITEMS
    }
  }
  const { users: u, items: i, times: t } = triples
  const known = matrixFromTriples(
    { users: Int32Array.from(u), items: Int32Array.from(i), times: Float64Array.from(t) },
    users,
    ITEMS,
  )
  return { ...known, now: 10_000, seed: 1 }
}

const options = { ...sequence.defaults, threads: 1 }

/** Where the item after `at` stands among all that were not yet seen. */
function rankOfNext(model: Awaited<ReturnType<typeof sequence.fit>>, at: number): number {
  const items = Int32Array.of((at + ITEMS - 1) % ITEMS, at)
  const scores = new Float32Array(ITEMS)
  model.score({ items, weights: Float32Array.of(1, 1), times: Float64Array.of(1000, 2000) }, scores)
  const next = scores[(at + 1) % ITEMS]
  return 1 + scores.filter((score, item) => score > next && !items.includes(item)).length
}

describe('sequence', () => {
  it('foretells what comes next, also among items for which no matrix has room', async () => {
    const data = walks(300, 3)
    const roomy = await sequence.fit(data, options, unwatched())
    // Memory for a matrix of 20 of the 60 items.
    const narrow = await sequence.fit(data, { ...options, memoryMb: (20 * 20 * 22) / 2 ** 20 }, unwatched())
    for (const model of [roomy, narrow]) {
      const ranks = Array.from({ length: ITEMS }, (_, at) => rankOfNext(model, at))
      expect(ranks.filter((rank) => rank <= 2).length).toBeGreaterThanOrEqual(ITEMS - 2)
      expect(Math.max(...ranks)).toBeLessThanOrEqual(3)
    }
  })

  it('says of which items the next one comes', async () => {
    const model = await sequence.fit(walks(300, 4), options, unwatched())
    const history = { items: Int32Array.of(30, 10), weights: Float32Array.of(1, 1), times: Float64Array.of(1000, 2000) }
    expect(model.explain(history, 11, 2)[0].item).toBe(10)
  })
})

describe('the logistic part', () => {
  it('shares out one among what the history has not, most to what comes next, and comes back from its bytes', async () => {
    const part = await fitPart('odds', walks(300, 5), { ridge: 1, memoryMb: 64, threads: 1 }, unwatched())
    const again = openPart('odds', part.toBytes(), ITEMS)
    const recent = { items: Int32Array.of(11, 10, 9), weights: Float32Array.of(1, 1, 1) }
    const [shares, same] = [new Float32Array(ITEMS), new Float32Array(ITEMS)]
    expect([part.score(recent, shares), again.score(recent, same)]).toEqual([true, true])
    expect(same).toEqual(shares)
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5)
    expect([...recent.items].map((item) => shares[item])).toEqual([0, 0, 0])
    expect(shares.indexOf(Math.max(...shares))).toBe(12)
    expect(part.score({ items: Int32Array.of(), weights: Float32Array.of() }, shares)).toBe(false)
    const given: [number, number][] = []
    part.explain(recent, 12, (source, share) => given.push([source, share]))
    expect(given.sort((a, b) => b[1] - a[1])[0][0]).toBe(11)
  })
})

describe('learnWeights', () => {
  const none = new Float32Array(3)
  const trial = (right: 'places' | 'sessions'): Trial => ({
    candidates: 3,
    estimates: {
      ...{ reach8: none, reach1: none, reach30: none, odds: none, places: none, sessions: none },
      [right]: Float32Array.of(0.9, 0.1, 0),
      [right === 'places' ? 'sessions' : 'places']: Float32Array.of(0, 0.8, 0.9),
    },
  })

  it('leaves out the part that is wrong and keeps the one that is right', () => {
    const trials = Array.from({ length: 200 }, () => trial('sessions'))
    const { parts } = learnWeights(trials)
    expect(parts.sessions).toBeGreaterThan(parts.places)
    expect(quality(trials, learnWeights(trials))).toBe(1)
  })

  it('learns nothing from a handful', () => {
    expect(learnWeights([trial('sessions')])).toBe(usualWeights)
  })
})
