/** What every kind of model owes its callers; exceptions are listed with their reasons. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { kindOf } from './bytes.ts'
import { explained, without } from './evidence.ts'
import { historyOf, matrixFromTriples } from './matrix.ts'
import type { History, Model, ModelKind, TrainingData } from './model.ts'
import { unwatched } from './pace.ts'
import { modelFromBytes, modelKinds, modelOptions } from './registry.ts'

const ITEMS = 24
const HALF = ITEMS / 2
const NEVER_CHOSEN = ITEMS - 1
const CUSTOMERS = 240

/**
 * Two crowds: even customers choose among the first half of the items, odd ones among the second; the last item was
 * never chosen. Items of a half are alike by description.
 */
function twoCrowds(seed = 7): TrainingData {
  const random = seededRandom(seed)
  const users: number[] = []
  const items: number[] = []
  const times: number[] = []
  for (let user = 0; user < CUSTOMERS; user++) {
    const chosen = new Set<number>()
    while (chosen.size < 7) chosen.add(Math.floor(random() * (HALF - 1)) + (user % 2) * HALF)
    let time = 1e12 + Math.floor(random() * 1e9)
    for (const item of chosen) {
      users.push(user)
      items.push(item)
      time += 60_000
      times.push(time)
    }
  }
  const triples = { users: Int32Array.from(users), items: Int32Array.from(items), times: Float64Array.from(times) }
  const side = (i: number) => (i < HALF ? 'coffee' : 'flowers')
  return {
    ...matrixFromTriples(triples, CUSTOMERS, ITEMS),
    content: {
      title: Array.from({ length: ITEMS }, (_, i) => `${side(i)} number ${i}`),
      categories: Array.from({ length: ITEMS }, (_, i) => [side(i)]),
      price: Float64Array.from({ length: ITEMS }, (_, i) => 1000 + i),
    },
    now: 1e12 + 2e9,
    seed: 3,
  }
}

function history(items: readonly number[], weights: readonly number[] = items.map(() => 1)): History {
  return {
    items: Int32Array.from(items),
    weights: Float32Array.from(weights),
    times: Float64Array.from(items, (_, k) => 1.5e12 + k * 1000),
  }
}

function scores(model: Model, of: History): Float32Array {
  const out = new Float32Array(model.items).fill(Number.NaN)
  model.score(of, out)
  return out
}

/** To three digits: members that serve from narrowed numbers round sums in the order in which they come. */
function expectEqualScores(actual: Float32Array, expected: Float32Array): void {
  for (let i = 0; i < expected.length; i++) {
    if (Number.isFinite(expected[i])) expect(actual[i]).toBeCloseTo(expected[i], 3)
    else expect(actual[i]).toBe(expected[i])
  }
}

const data = twoCrowds()
/** Options under which a toy is learned well. */
const toyOptions: Readonly<Record<string, Record<string, unknown>>> = {
  ease: { lambda: 20 },
  als: { factors: 8, lambda: 1 },
  transitions: { direction: 'both', shrink: 1 },
}

async function fitted(kind: ModelKind): Promise<Model> {
  return kind.fit(data, modelOptions(kind, toyOptions[kind.kind] ?? {}), unwatched())
}

/** Knows nobody: every history gets the same. */
const impersonal = new Set(['popularity'])
/** Describes items that nobody chose, which is its purpose. */
const knowsTheUnchosen = new Set(['content', 'blend'])

describe.each(modelKinds.map((kind) => [kind.kind, kind] as const))('%s', (name, kind) => {
  const ready = fitted(kind)

  it('ranks what the crowd of a customer chooses before what the other crowd chooses', async () => {
    if (impersonal.has(name)) return
    const out = scores(await ready, history([0, 1, 2]))
    const own = out.subarray(3, HALF - 1)
    const other = out.subarray(HALF, ITEMS - 1)
    expect(Math.min(...own)).toBeGreaterThan(Math.max(...other))
  })

  it('scores every item, and an unknown one with -Infinity', async () => {
    const out = scores(await ready, history([0, 1, 2]))
    expect(out.some(Number.isNaN)).toBe(false)
    if (!knowsTheUnchosen.has(name)) expect(out[NEVER_CHOSEN]).toBe(Number.NEGATIVE_INFINITY)
    expect(out.subarray(3, HALF - 1).every(Number.isFinite)).toBe(true)
  })

  it('guesses for a stranger', async () => {
    const out = scores(await ready, history([]))
    expect(out.some(Number.isNaN)).toBe(false)
    expect(out.some((score) => Number.isFinite(score) && score > 0)).toBe(true)
  })

  it('ignores items outside its range', async () => {
    const model = await ready
    const inside = scores(model, history([3, 0, 1]))
    const around = {
      items: Int32Array.from([ITEMS + 5, 3, -1, 0, 1]),
      weights: new Float32Array(5).fill(1),
      times: Float64Array.from([1.4e12, 1.5e12, 1.4e12, 1.5e12 + 1000, 1.5e12 + 2000]),
    }
    expectEqualScores(scores(model, around), inside)
  })

  it('gives the same whatever the order of the history', async () => {
    const model = await ready
    const forward = history([5, 1, 8, 2], [1, 0.5, 1, 2])
    const order = [2, 0, 3, 1]
    const shuffled = {
      items: Int32Array.from(order, (k) => forward.items[k]),
      weights: Float32Array.from(order, (k) => forward.weights[k]),
      times: Float64Array.from(order, (k) => forward.times![k]),
    }
    expectEqualScores(scores(model, shuffled), scores(model, forward))
  })

  it('folds in a new customer as one of the training data', async () => {
    const model = await ready
    const row = historyOf(data, 4)
    const copy = { items: row.items.slice(), weights: row.weights.slice(), times: row.times!.slice() }
    expectEqualScores(scores(model, copy), scores(model, row))
    const again = scores(model, copy)
    expect(again).toEqual(scores(model, copy))
  })

  it('counts a refused item against its like', async () => {
    if (impersonal.has(name)) return
    const model = await ready
    const liked = scores(model, history([0, 1, 15], [1, 1, 1]))
    const refused = scores(model, history([0, 1, 15], [1, 1, -1]))
    const mean = (out: Float32Array) => out.subarray(16, ITEMS - 1).reduce((sum, score) => sum + score, 0)
    expect(mean(refused)).toBeLessThan(mean(liked))
  })

  it('explains by items of the history alone, largest first, at most as many as asked for', async () => {
    const model = await ready
    const parts = model.explain(history([0, 1, 2, 15]), 5, 2)
    expect(parts.length).toBeLessThanOrEqual(2)
    if (!impersonal.has(name)) expect(parts.length).toBeGreaterThan(0)
    for (const { item, weight } of parts) {
      expect([0, 1, 2, 15]).toContain(item)
      expect(weight).toBeGreaterThan(0)
    }
    expect(parts.map((part) => part.weight)).toEqual(parts.map((part) => part.weight).sort((a, b) => b - a))
    if (parts.length > 0) expect(parts[0].item).toBeLessThan(HALF)
    expect(model.explain(history([]), 5, 3)).toEqual([])
  })

  it('scores one item as it scores all', async () => {
    const model = await ready
    const { scoreOf } = model
    if (!scoreOf) return
    for (const items of [[0, 1, 2], [3], [15, 4, 7, 20, 1], []]) {
      const all = scores(model, history(items))
      const one = Float32Array.from(all, (_, item) => scoreOf(history(items), item))
      expectEqualScores(one, all)
    }
  })

  it('names as a cause only what, left out, lets the served score fall', async () => {
    const model = await ready
    const before = new Float32Array(model.items)
    const after = new Float32Array(model.items)
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: ITEMS - 2 }), { minLength: 2, maxLength: 12 }),
        fc.array(fc.constantFrom(1, 1, 0.3, 2, -1), { minLength: 12, maxLength: 12 }),
        (items, weights) => {
          const of = history(items, weights.slice(0, items.length))
          model.score(of, before)
          const order = Array.from(before.keys()).filter((i) => before[i] > Number.NEGATIVE_INFINITY)
          const best = order.sort((a, b) => before[b] - before[a]).slice(0, 6)
          explained(model, of, best, 3).forEach(({ contributions }, k) => {
            for (const { item } of contributions) {
              model.score(without(of, item), after)
              expect(after[best[k]]).toBeLessThan(before[best[k]])
            }
          })
        },
      ),
      { seed: 17, numRuns: 60 },
    )
  })

  it('finds a cause for what it ranks first', async () => {
    if (impersonal.has(name)) return
    const model = await ready
    const of = history([0, 1, 2])
    const out = scores(model, of)
    const first = Array.from(out.keys())
      .filter((i) => i > 2)
      .sort((a, b) => out[b] - out[a])
      .slice(0, 5)
    const found = explained(model, of, first, 3)
    expect(found.filter(({ contributions }) => contributions.length > 0).length).toBeGreaterThanOrEqual(3)
  })

  it('comes back from its bytes as it was, at any alignment', async () => {
    const model = await ready
    const bytes = model.toBytes()
    expect(kindOf(bytes)).toBe(name)
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    for (const copy of [modelFromBytes(bytes), kind.fromBytes(shifted.subarray(3))]) {
      expect(copy.kind).toBe(name)
      expect(copy.items).toBe(ITEMS)
      expectEqualScores(scores(copy, history([0, 1, 2])), scores(model, history([0, 1, 2])))
      expect(copy.explain(history([0, 1, 2]), 5, 3)).toEqual(model.explain(history([0, 1, 2]), 5, 3))
      copy.dispose?.()
    }
  })

  it('refuses bytes that are not its own', async () => {
    const bytes = (await ready).toBytes()
    expect(() => kind.fromBytes(bytes.subarray(0, bytes.length - 1))).toThrow(RangeError)
    expect(() => kind.fromBytes(new Uint8Array(4))).toThrow(RangeError)
    const other = modelKinds[(modelKinds.indexOf(kind) + 1) % modelKinds.length]
    expect(() => other.fromBytes(bytes)).toThrow(RangeError)
    for (const version of [0, 1000]) {
      const others = bytes.slice()
      new DataView(others.buffer).setUint32(12, version, true)
      expect(() => kind.fromBytes(others)).toThrow(new RegExp(`version ${version};`))
    }
  })

  it('tells its progress and stops with the reason of an abort', async () => {
    const steps: number[] = []
    const step = (done: number, total: number) => steps.push(done / total)
    const options = modelOptions(kind, toyOptions[name] ?? {})
    await kind.fit(data, options, { step, signal: new AbortController().signal })
    expect(steps.length).toBeGreaterThan(0)
    expect(Math.max(...steps)).toBeLessThanOrEqual(1)
    const abort = new AbortController()
    const reason = new Error('enough')
    const stopping = { step: () => abort.abort(reason), signal: abort.signal }
    await expect(kind.fit(data, options, stopping)).rejects.toBe(reason)
  })

  it('fits equally twice', async () => {
    const once = await fitted(kind)
    const twice = await fitted(kind)
    expectEqualScores(scores(twice, history([0, 1, 2])), scores(once, history([0, 1, 2])))
  })
})
