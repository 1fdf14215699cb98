import { describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { als } from './als.ts'
import { historyOf, matrixFromTriples } from './matrix.ts'
import { type History, ModelDeclined, type TrainingData } from './model.ts'
import { unwatched } from './pace.ts'

const ITEMS = 90

/** Customers of three tastes, each taking items of its third of the catalogue alone. */
function shop(users = 300): TrainingData {
  const random = seededRandom(7)
  const pairs: [number, number][] = []
  for (let u = 0; u < users; u++) {
    for (let e = 0; e < 10; e++) pairs.push([u, Math.floor((((u % 3) + random()) * ITEMS) / 3)])
  }
  const triples = { users: Int32Array.from(pairs, (p) => p[0]), items: Int32Array.from(pairs, (p) => p[1]) }
  return { matrix: matrixFromTriples(triples, users, ITEMS).matrix, now: 0, seed: 1 }
}

const history = (...items: number[]): History => ({
  items: Int32Array.from(items),
  weights: new Float32Array(items.length).fill(1),
})
const train = (data: TrainingData, options: Partial<typeof als.defaults> = {}) =>
  als.fit(data, { ...als.defaults, factors: 16, lambda: 0.5, ...options }, unwatched())
const scores = async (model: Awaited<ReturnType<typeof train>>, of: History) => {
  const out = new Float32Array(ITEMS)
  model.score(of, out)
  return out
}

describe('als', () => {
  it.each(['cg', 'cholesky', 'blocks'])('by %s, ranks the rest of a taste above other tastes', async (solver) => {
    const data = shop()
    const model = await train(data, { solver, block: 8 })
    const own = historyOf(data, 1)
    const out = await scores(model, own)
    const unseen = [...out.keys()].filter((i) => !own.items.includes(i))
    const best = unseen.sort((a, b) => out[b] - out[a]).slice(0, 15)
    for (const item of best) expect(Math.floor(item / 30)).toBe(1)
  })

  it('explains: what the items of a history add sums up to the score', async () => {
    const model = await train(shop(), { solver: 'cholesky' })
    const own = history(1, 5, 17, 40)
    const out = await scores(model, own)
    const parts = model.explain(own, 3, 10)
    const sum = parts.reduce((s, p) => s + p.weight, 0)
    // Only positive parts are named; the item of another taste takes away a little.
    expect(sum).toBeGreaterThanOrEqual(out[3] - 1e-4)
    expect(sum).toBeLessThan(out[3] * 1.2 + 0.01)
    expect([1, 5, 17]).toContain(parts[0].item)
    const alone = await scores(model, history(5))
    expect(model.explain(history(5), 3, 1)[0].weight).toBeCloseTo(alone[3], 4)
  })

  it('takes a refusal as an observed zero', async () => {
    const model = await train(shop())
    const before = await scores(model, history(1, 5, 17))
    const after = await scores(model, { items: Int32Array.of(1, 5, 17, 9), weights: Float32Array.of(1, 1, 1, -5) })
    expect(after[9]).toBeLessThan(before[9])
  })

  it('guesses popularity for an empty history and knows nothing of an item never taken', async () => {
    const data = shop()
    const model = await train({ ...data, matrix: { ...data.matrix, columns: ITEMS + 1 } })
    const out = new Float32Array(ITEMS + 1)
    model.score(history(-1, ITEMS, ITEMS + 9), out)
    const counts = new Float32Array(ITEMS)
    for (const item of data.matrix.indices) counts[item] += 1 / 300
    for (let i = 0; i < ITEMS; i++) expect(out[i]).toBeCloseTo(counts[i], 5)
    expect(out[ITEMS]).toBe(Number.NEGATIVE_INFINITY)
    expect(model.explain(history(1), ITEMS, 3)).toEqual([])
  })

  it('gives the same scores after saving and loading, and with the same seed', async () => {
    const data = shop()
    const model = await train(data)
    const own = history(1, 2, 40)
    const out = await scores(model, own)
    expect(await scores(als.fromBytes(model.toBytes()), own)).toEqual(out)
    expect((await train(data)).toBytes()).toEqual(model.toBytes())
    expect((await train({ ...data, seed: 2 })).toBytes()).not.toEqual(model.toBytes())
  })

  it('folds in by conjugate gradient, where factors are many, what it would solve exactly', async () => {
    const data = shop()
    const [exact, steps] = [
      await train(data, { factors: 72, foldIn: 0 }),
      await train(data, { factors: 72, foldIn: 12 }),
    ]
    const own = historyOf(data, 4)
    const [a, b] = [await scores(exact, own), await scores(steps, own)]
    for (let i = 0; i < ITEMS; i++) expect(b[i]).toBeCloseTo(a[i], 3)
  })

  it('declines where memory is short', async () => {
    await expect(train(shop(), { factors: 1024, memoryMb: 5 })).rejects.toThrow(ModelDeclined)
  })

  it('stops when aborted', async () => {
    const abort = new AbortController()
    const progress = { step: () => abort.abort(new Error('no more')), signal: abort.signal }
    await expect(als.fit(shop(), als.defaults, progress)).rejects.toThrow('no more')
  })

  it('says what is wrong with an option', async () => {
    await expect(train(shop(), { solver: 'magic' })).rejects.toThrow('solver must be cg, cholesky or blocks, got magic')
    await expect(train(shop(), { solver: 'blocks', block: 5 })).rejects.toThrow('block must be a multiple of 8')
    await expect(train(shop(), { factors: 0 })).rejects.toThrow('factors must be from 1 to 1024, got 0')
    await expect(train(shop(), { lambda: Number.NaN })).rejects.toThrow('lambda must be above 0, got NaN')
  })
})
