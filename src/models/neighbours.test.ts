import { describe, expect, it } from 'vitest'
import { content } from './content.ts'
import { matrixFromTriples } from './matrix.ts'
import type { History, Model, TrainingData } from './model.ts'
import { neighbours } from './neighbours.ts'
import { unwatched } from './pace.ts'
import { popularity } from './popularity.ts'
import { transitions } from './transitions.ts'

const DAY = 86_400_000

function dataOf(
  rows: readonly (readonly number[])[],
  items: number,
  times?: readonly (readonly number[])[],
): TrainingData {
  const triples = {
    users: Int32Array.from(rows.flatMap((row, u) => row.map(() => u))),
    items: Int32Array.from(rows.flat()),
    times: times && Float64Array.from(times.flat()),
  }
  return { ...matrixFromTriples(triples, rows.length, items), now: 1000 * DAY, seed: 1 }
}

function scores(model: Model, items: readonly number[], times?: readonly number[]): number[] {
  const history: History = {
    items: Int32Array.from(items),
    weights: new Float32Array(items.length).fill(1),
    times: times && Float64Array.from(times),
  }
  const out = new Float32Array(model.items)
  model.score(history, out)
  return [...out]
}

describe('neighbours', () => {
  const data = dataOf([[0, 1], [0, 1, 2], [0, 2], [3]], 5)

  it('is the cosine where the powers are one half', async () => {
    const options = { ...neighbours.defaults, userPower: 0, historyPower: 0.5, targetPower: 0.5 }
    const out = scores(await neighbours.fit(data, options, unwatched()), [0])
    expect(out[1]).toBeCloseTo(2 / Math.sqrt(3 * 2), 6)
    expect(out[2]).toBeCloseTo(2 / Math.sqrt(3 * 2), 6)
    expect(out[3]).toBe(0)
    expect(out[0]).toBe(0)
    expect(out[4]).toBe(Number.NEGATIVE_INFINITY)
  })

  it('is the random walk RP3beta with whole powers', async () => {
    const options = { ...neighbours.defaults, userPower: 1, historyPower: 1, targetPower: 0 }
    const out = scores(await neighbours.fit(data, options, unwatched()), [0])
    const n0 = 1 / 2 + 1 / 3 + 1 / 2
    expect(out[1]).toBeCloseTo((1 / 2 + 1 / 3) / n0, 6)
    expect(out[2]).toBeCloseTo((1 / 3 + 1 / 2) / n0, 6)
  })

  it.each(['tfidf', 'bm25'] as const)('weighs by %s and keeps as many neighbours as asked for', async (weighting) => {
    const model = await neighbours.fit(data, { ...neighbours.defaults, weighting, neighbours: 1 }, unwatched())
    expect(model.explain({ items: Int32Array.of(0, 1), weights: Float32Array.of(1, 1) }, 2, 5)).toHaveLength(1)
  })

  it('names the option that it does not understand', async () => {
    const options = { ...neighbours.defaults, weighting: 'cosine' as 'plain' }
    await expect(neighbours.fit(data, options, unwatched())).rejects.toThrow(/weighting .* got cosine/)
  })
})

describe('popularity', () => {
  it('is the share of customers, and halves with each half life', async () => {
    const rows = [[0, 1], [0], [2]]
    const times = [[990 * DAY, 1000 * DAY], [980 * DAY], [1010 * DAY]]
    const plain = scores(await popularity.fit(dataOf(rows, 4), { halfLifeDays: 5 }, unwatched()), [])
    expect(plain).toEqual([2 / 3, 1 / 3, 1 / 3, Number.NEGATIVE_INFINITY].map(Math.fround))
    const decayed = scores(await popularity.fit(dataOf(rows, 4, times), { halfLifeDays: 10 }, unwatched()), [])
    expect(decayed.slice(0, 3)).toEqual([(0.5 + 0.25) / 3, 1 / 3, 1 / 3].map(Math.fround))
  })
})

describe('transitions', () => {
  const rows = [
    [0, 1, 2],
    [0, 1],
    [3, 0, 1],
  ]
  const times = [
    [1, 2, 3],
    [1, 2],
    [1, 2, 2],
  ]
  const options = { ...transitions.defaults, shrink: 0, targetPower: 0, lagDecay: 1, reach: 1 }

  it('counts what comes after, nearer more, simultaneous ones half', async () => {
    const model = await transitions.fit(dataOf(rows, 4, times), options, unwatched())
    const out = scores(model, [0], [9])
    const lag2 = Math.exp(-1)
    // After 0: 1 twice at lag 1 and once at the same moment; 2 once at lag 2.
    const total = 2.5 + lag2
    expect(out[1]).toBeCloseTo(2.5 / total, 6)
    expect(out[2]).toBeCloseTo(lag2 / total, 6)
    expect(out[3]).toBe(0)
  })

  it('lets the latest entry speak loudest', async () => {
    const model = await transitions.fit(dataOf(rows, 4, times), options, unwatched())
    expect(scores(model, [0, 1], [1, 2])[2]).toBeGreaterThan(scores(model, [0, 1], [2, 1])[2])
  })

  it('declines where no times are known', async () => {
    await expect(transitions.fit(dataOf(rows, 4), options, unwatched())).rejects.toThrow(/no times/)
  })
})

describe('content', () => {
  const described = {
    ...dataOf([[0], [1]], 5),
    content: {
      title: ['Espresso beans, dark', 'Espresso beans, light', 'Red roses', 'Espresso cup', null],
      categories: [['coffee'], ['coffee'], ['flowers'], ['kitchen'], []],
      price: Float64Array.of(1000, 1100, 1000, Number.NaN, 500),
    },
  }

  it('finds items alike by category and words', async () => {
    const out = scores(await content.fit(described, content.defaults, unwatched()), [0])
    expect(out[1]).toBeGreaterThan(out[3])
    expect(out[3]).toBeGreaterThan(out[2])
    expect(out[4]).toBe(Number.NEGATIVE_INFINITY)
  })

  it('prefers the closer price', async () => {
    const dear = { ...described, content: { ...described.content, price: Float64Array.of(1000, 9000, 1000, 1000, 1) } }
    const near = scores(await content.fit(described, content.defaults, unwatched()), [0])[1]
    expect(scores(await content.fit(dear, content.defaults, unwatched()), [0])[1]).toBeLessThan(near / 2)
  })

  it('declines where nothing is described', async () => {
    await expect(content.fit(dataOf([[0]], 2), content.defaults, unwatched())).rejects.toThrow(/describes no items/)
  })
})
