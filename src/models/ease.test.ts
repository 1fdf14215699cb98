import { describe, expect, it } from 'vitest'
import { invertSpdReference } from '../kernels/dense-reference.ts'
import { gramReference } from '../kernels/sparse-reference.ts'
import { seededRandom } from '../world.ts'
import { ease } from './ease.ts'
import { matrixFromTriples } from './matrix.ts'
import { type History, ModelDeclined, type TrainingData } from './model.ts'
import { unwatched } from './pace.ts'

const ITEMS = 150

/** Customers of three tastes, each taking items of its third of the catalogue and a few others. */
function shop(users = 400, items = ITEMS): TrainingData {
  const random = seededRandom(7)
  const pairs: [number, number][] = []
  for (let u = 0; u < users; u++) {
    for (let e = 0; e < 12; e++) {
      const third = random() < 0.8 ? u % 3 : Math.floor(random() * 3)
      pairs.push([u, Math.floor(((third + random() ** 2) * items) / 3)])
    }
  }
  const triples = { users: Int32Array.from(pairs, (p) => p[0]), items: Int32Array.from(pairs, (p) => p[1]) }
  return { matrix: matrixFromTriples(triples, users, items).matrix, now: 0, seed: 1 }
}

const history = (...items: number[]): History => ({
  items: Int32Array.from(items),
  weights: new Float32Array(items.length).fill(1),
})
const train = (data: TrainingData, options: Partial<typeof ease.defaults> = {}) =>
  ease.fit(data, { ...ease.defaults, lambda: 5, ...options }, unwatched())

describe('ease', () => {
  it('scores by equation 8 of the paper, within half a unit of its bytes', async () => {
    const data = shop()
    const model = await train(data)
    const p = gramReference(data.matrix)
    for (let i = 0; i < ITEMS; i++) p[i * ITEMS + i] += 5
    invertSpdReference(p, ITEMS)
    const out = new Float32Array(ITEMS)
    model.score({ items: Int32Array.of(3, 60, 110), weights: Float32Array.of(1, 0.5, -1) }, out)
    for (let j = 0; j < ITEMS; j++) {
      const b = (i: number) => (i === j ? 0 : -p[i * ITEMS + j] / p[j * ITEMS + j])
      expect(out[j]).toBeCloseTo(b(3) + 0.5 * b(60) - b(110), 3)
    }
  })

  it('explains a score by what each item of the history added, largest first', async () => {
    const model = await train(shop())
    const out = new Float32Array(ITEMS)
    const items = [1, 4, 9, 52]
    model.score(history(...items), out)
    const parts = model.explain(history(...items, -1, ITEMS + 3), 2, 10)
    const one = (item: number) => {
      const alone = new Float32Array(ITEMS)
      model.score(history(item), alone)
      return alone[2]
    }
    for (const { item, weight } of parts) expect(weight).toBeCloseTo(one(item), 3)
    expect(parts.map((p) => p.weight)).toEqual(parts.map((p) => p.weight).toSorted((a, b) => b - a))
    expect(model.explain(history(...items), 2, 1)).toEqual(parts.slice(0, 1))
    expect(model.explain(history(...items), ITEMS, 3)).toEqual([])
  })

  it('learns nothing from refusals, and scores with them', async () => {
    const data = shop()
    const values = data.matrix.values.slice()
    values[0] = -1
    const without = { ...data.matrix, indptr: data.matrix.indptr.map((v, r) => (r > 0 ? v - 1 : v)) }
    const one = await train({ ...data, matrix: { ...data.matrix, values } })
    const indices = data.matrix.indices.slice(1)
    const two = await train({ ...data, matrix: { ...without, indices, values: data.matrix.values.slice(1) } })
    expect(one.toBytes()).toEqual(two.toBytes())
  })

  it('gives the same scores after saving and loading, and with pruned rows nearly so', async () => {
    const data = shop()
    for (const prune of [0, 40]) {
      const model = await train(data, { prune })
      const again = ease.fromBytes(model.toBytes())
      const [a, b] = [new Float32Array(ITEMS), new Float32Array(ITEMS)]
      model.score(history(1, 2, 80), a)
      again.score(history(1, 2, 80), b)
      expect(b).toEqual(a)
      expect(again.explain(history(1, 2, 80), 5, 9)).toEqual(model.explain(history(1, 2, 80), 5, 9))
    }
    const [full, pruned] = [await train(data), await train(data, { prune: 40 })]
    const [a, b] = [new Float32Array(ITEMS), new Float32Array(ITEMS)]
    full.score(history(1, 2, 80), a)
    pruned.score(history(1, 2, 80), b)
    expect(pruned.toBytes().length).toBeLessThan(ITEMS * 40 * 8 * 1.2)
    expect(b.indexOf(Math.max(...b))).toBe(a.indexOf(Math.max(...a)))
  })

  it('is the same on one thread and on several', async () => {
    const data = shop(400, 900)
    const [one, two] = [await train(data, { threads: 1 }), await train(data, { threads: 2 })]
    const [a, b] = [new Float32Array(900), new Float32Array(900)]
    one.score(history(1, 2, 500), a)
    two.score(history(1, 2, 500), b)
    expect(b).toEqual(a)
  })

  it('declines where memory is short, and names both sizes', async () => {
    await expect(train(shop(100, 3000), { memoryMb: 20 })).rejects.toThrow(ModelDeclined)
    await expect(train(shop(100, 3000), { memoryMb: 20 })).rejects.toThrow(/needs \d+ MB; memoryMb allows 20/)
  })

  it('stops when aborted', async () => {
    const abort = new AbortController()
    const progress = { step: () => abort.abort(new Error('no more')), signal: abort.signal }
    await expect(ease.fit(shop(), ease.defaults, progress)).rejects.toThrow('no more')
  })

  it('says what is wrong with an option', async () => {
    await expect(train(shop(), { lambda: -1 })).rejects.toThrow('lambda must be 0 or more, got -1')
    await expect(train(shop(), { prune: -1 })).rejects.toThrow('prune must be 0 or more, got -1')
  })
})
