import { describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { type BlendModel, blend } from './blend.ts'
import { learnWeights, type Pools } from './blend-weights.ts'
import { matrixFromTriples } from './matrix.ts'
import type { TrainingData } from './model.ts'
import { unwatched } from './pace.ts'

const ITEMS = 60

/** Customers of `tastes` tastes choosing 8 items; `random` of the choices anywhere. */
function shop(customers: number, tastes: number, noise: number, times = false): TrainingData {
  const random = seededRandom(11)
  const users: number[] = []
  const items: number[] = []
  const at: number[] = []
  for (let user = 0; user < customers; user++) {
    for (let k = 0; k < 8; k++) {
      const own = (user % tastes) + tastes * Math.floor((random() * ITEMS) / tastes)
      users.push(user)
      items.push(random() < noise ? Math.floor(random() * ITEMS) : own)
      at.push(1e12 + k * 1000)
    }
  }
  const triples = {
    users: Int32Array.from(users),
    items: Int32Array.from(items),
    times: times ? Float64Array.from(at) : undefined,
  }
  return { ...matrixFromTriples(triples, customers, ITEMS), now: 2e12, seed: 5 }
}

const learn = async (data: TrainingData) => (await blend.fit(data, blend.defaults, unwatched())) as BlendModel

describe('blend', () => {
  it('admits what beats popularity and says by how much, and why others were dropped', async () => {
    const model = await learn(shop(300, 4, 0.1))
    const { admitted, dropped, metric, baseline, note } = model.report
    expect(metric).toBeGreaterThan(baseline! + 0.1)
    expect(admitted.length).toBeGreaterThan(0)
    expect(admitted.every(({ weight }) => weight > 0)).toBe(true)
    const kinds = dropped.map(({ kind }) => kind)
    expect(kinds).toContain('transitions')
    expect(kinds).toContain('content')
    expect(dropped.find(({ kind }) => kind === 'transitions')!.reason).toMatch(/no times/)
    expect(note).toMatch(/held-out customers/)
  })

  it('falls back to popularity where tastes cannot be told from chance, and says so', async () => {
    const model = await learn(shop(120, 1, 1))
    expect(model.report.admitted.map(({ kind }) => kind)).toEqual(['popularity'])
    expect(model.report.note).toMatch(/Popularity serves/)
  })

  it('falls back to popularity with too few customers, and says how many are needed', async () => {
    const model = await learn(shop(12, 2, 0))
    expect(model.report.admitted.map(({ kind }) => kind)).toEqual(['popularity'])
    expect(model.report.note).toMatch(/Too little data: 12 customers .* 30 are needed/)
    const out = new Float32Array(ITEMS)
    model.score({ items: Int32Array.of(1), weights: Float32Array.of(1) }, out)
    expect(Math.max(...out)).toBeGreaterThan(0)
  })

  it('serves an empty shop', async () => {
    const model = await learn({
      ...matrixFromTriples({ users: new Int32Array(0), items: new Int32Array(0) }, 0, 3),
      now: 0,
      seed: 1,
    })
    const out = new Float32Array(3)
    model.score({ items: new Int32Array(0), weights: new Float32Array(0) }, out)
    expect([...out]).toEqual(new Array(3).fill(Number.NEGATIVE_INFINITY))
  })

  it('names the member that contributed most to an item, with items of the history', async () => {
    const model = await learn(shop(300, 4, 0.1))
    const history = { items: Int32Array.of(0, 4, 8), weights: Float32Array.of(1, 1, 1) }
    const { kind, contributions } = model.explainBy(history, 12, 2)
    expect(model.report.admitted.map((member) => member.kind)).toContain(kind)
    expect(contributions.length).toBeLessThanOrEqual(2)
    expect(contributions.every(({ item }) => history.items.includes(item))).toBe(true)
  })

  it('follows the order of a first session, and says how newcomers are served', async () => {
    const random = seededRandom(2)
    const users: number[] = []
    const items: number[] = []
    const times: number[] = []
    for (let user = 0; user < 200; user++) {
      let at = Math.floor(random() * ITEMS)
      for (let k = 0; k < 8; k++) {
        users.push(user)
        items.push(at)
        times.push(1e12 + user * 1e7 + k * 1000)
        at = random() < 0.8 ? (at + 1) % ITEMS : Math.floor(random() * ITEMS)
      }
    }
    const triples = { users: Int32Array.from(users), items: Int32Array.from(items), times: Float64Array.from(times) }
    const model = await learn({ ...matrixFromTriples(triples, 200, ITEMS), now: 2e12, seed: 5 })
    const { admitted, newcomers } = model.report
    const ordered = admitted.filter(({ kind }) => ['transitions', 'sequence', 'session-neighbours'].includes(kind))
    expect(ordered.some(({ early }) => early > 0)).toBe(true)
    expect(newcomers!.measured.low).toBeGreaterThan(newcomers!.baseline)
    expect(newcomers!.measured.mean).toBeGreaterThanOrEqual(newcomers!.lateWeights)
    const out = new Float32Array(ITEMS)
    for (const clicked of [5, 20, 41]) {
      model.score({ items: Int32Array.of(clicked), weights: Float32Array.of(1), times: Float64Array.of(1.9e12) }, out)
      out[clicked] = 0
      expect(out.indexOf(Math.max(...out))).toBe(clicked + 1)
    }
    const again = blend.fromBytes(model.toBytes())
    const copy = new Float32Array(ITEMS)
    again.score({ items: Int32Array.of(5), weights: Float32Array.of(1), times: Float64Array.of(1.9e12) }, copy)
    expect(copy.indexOf(Math.max(...copy.subarray(6)))).toBe(6)
  })

  it('keeps no member that does harm to customers on whom nothing was learned', async () => {
    const { admitted, measured, overPopularity } = (await learn(shop(400, 5, 0.3, true))).report
    for (const { gain } of admitted.filter(({ weight }) => weight > 0)) expect(gain.high).toBeGreaterThan(0)
    expect(overPopularity!.low).toBeGreaterThan(0)
    expect(measured!.low).toBeLessThan(measured!.mean)
    // With every member taken out it would be popularity.
    for (const { alone } of admitted) expect(measured!.high).toBeGreaterThan(alone)
  })

  it('tunes on the entries that the caller chose', async () => {
    const data = shop(100, 4, 0.1)
    const tuneOn = new Uint8Array(data.matrix.indices.length)
    for (let row = 0; row < 60; row++) tuneOn[data.matrix.indptr[row]] = 1
    expect((await learn({ ...data, tuneOn })).report.note).toMatch(/ 60 held-out customers/)
  })
})

describe('learnWeights', () => {
  /** Two members that each see half of the truth, and one of noise. */
  function pools(rows: number): Pools {
    const random = seededRandom(3)
    const size = 30
    const scores = [0, 1, 2].map(() => new Float32Array(rows * size))
    const target = new Uint8Array(rows * size)
    const sums = new Array<number>(size).fill(0)
    for (let r = 0; r < rows; r++) {
      for (let k = 0; k < size; k++) {
        const [a, b] = [random(), random()]
        scores[0][r * size + k] = a
        scores[1][r * size + k] = 100 * b
        scores[2][r * size + k] = random()
        sums[k] = a + b
      }
      target[r * size + sums.indexOf(Math.max(...sums))] = 1
    }
    return { indptr: Int32Array.from({ length: rows + 1 }, (_, r) => r * size), scores, target }
  }

  it('takes members that complement each other, on one scale, and drops noise', () => {
    const { weights, metric } = learnWeights(pools(300), ['a', 'b', 'c'])
    expect(weights[0]).toBeGreaterThan(0)
    expect((weights[1] * 100) / weights[0]).toBeGreaterThan(0.5)
    expect((weights[1] * 100) / weights[0]).toBeLessThan(2)
    expect(weights[2]).toBe(0)
    expect(metric).toBeGreaterThan(0.9)
  })

  it('takes one of several variants', () => {
    const { weights } = learnWeights(pools(300), ['a', 'a', 'b'])
    expect([weights[0] > 0, weights[1] > 0].filter(Boolean)).toHaveLength(1)
  })
})
