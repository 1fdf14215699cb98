import { describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import type { Beginnings } from './beginnings.ts'
import { firstGuessDefaults, firstGuessFromBytes, fitFirstGuess } from './first-guess.ts'
import type { History } from './model.ts'
import { unwatched } from './pace.ts'

const ITEMS = 41
const HALF = 20
/** Nobody chose it. */
const NEVER = 40

/** Two crowds of customers, each choosing 8 among its half of the items; `told` says which, to those who tell. */
function crowds(
  customers: number,
  told: (crowd: number, customer: number) => Record<string, unknown>,
  seed = 4,
): Beginnings {
  const random = seededRandom(seed)
  const items: number[] = []
  const starts = new Int32Array(customers + 1)
  const traits = Array.from({ length: customers }, (_, c) => told(c % 2, c))
  for (let c = 0; c < customers; c++) {
    const chosen = new Set<number>()
    while (chosen.size < 8) chosen.add(Math.floor(random() ** 1.5 * HALF) + (c % 2) * HALF)
    items.push(...chosen)
    starts[c + 1] = items.length
  }
  return { items: Int32Array.from(items), starts, traits, columns: ITEMS }
}

const chose = (...items: number[]): History => ({
  items: Int32Array.from(items),
  weights: new Float32Array(items.length).fill(1),
})
const options = { ...firstGuessDefaults, stages: 6 }
const learned = (data: Beginnings) => fitFirstGuess(data, options, 1, unwatched())

function leaning(scores: Float32Array): number {
  const sum = (half: Float32Array) => half.reduce((total, score) => total + score, 0)
  return sum(scores.subarray(0, HALF)) - sum(scores.subarray(HALF, NEVER))
}

describe('the first guess', () => {
  const data = crowds(400, (crowd, c) => ({ plan: crowd ? 'office' : 'home', colour: ['red', 'blue', 'green'][c % 3] }))
  const ready = learned(data)
  const scores = async (traits: object, history: History) => {
    const out = new Float32Array(ITEMS)
    ;(await ready).score(traits as Record<string, unknown>, history, out)
    return out
  }

  it('guesses from what was told, from what was chosen, and from both', async () => {
    const told = leaning(await scores({ plan: 'home' }, chose()))
    expect(told).toBeGreaterThan(1)
    expect(leaning(await scores({ plan: 'office' }, chose()))).toBeLessThan(-1)
    expect(leaning(await scores({}, chose(2, 5)))).toBeGreaterThan(1)
    expect(leaning(await scores({ plan: 'home' }, chose(22, 25, 21, 30)))).toBeLessThan(told)
  })

  it('scores all that anybody chose, whoever asks, and nothing else', async () => {
    const out = await scores({ plan: 'unheard of', age: 3 }, chose(-1, ITEMS + 3))
    expect(out[NEVER]).toBe(Number.NEGATIVE_INFINITY)
    expect(out.subarray(0, NEVER).every(Number.isFinite)).toBe(true)
    expect((await ready).knows({ plan: 'unheard of' })).toBe(false)
    expect((await ready).knows({ plan: 'home' })).toBe(true)
  })

  it('beats popularity on customers who were held out, and the more so the more is known', async () => {
    const { tuning } = await ready
    expect(tuning).toHaveLength(6)
    for (const { ndcg, popularity, error, customers } of tuning) {
      expect(customers).toBe(80)
      expect(ndcg - popularity).toBeGreaterThan(2 * error)
    }
  })

  it('is popularity where what was told says nothing', async () => {
    const model = await learned(crowds(200, (_crowd, c) => ({ colour: ['red', 'blue'][(c >> 1) % 2] })))
    const out = new Float32Array(ITEMS)
    model.score({ colour: 'red' }, chose(), out)
    expect(Math.abs(leaning(out))).toBeLessThan(0.8)
    expect(model.tuning[0].ndcg - model.tuning[0].popularity).toBeLessThan(0.05)
  })

  it('names selections as what spoke, never what was told', async () => {
    const model = await ready
    expect(model.explain(chose(), 3, 2)).toEqual([])
    const parts = model.explain(chose(1, 22), 3, 5)
    expect(parts[0].item).toBe(1)
    expect(parts.every(({ item, weight }) => (item === 1 || item === 22) && weight > 0)).toBe(true)
  })

  it('counts a refused item against its like', async () => {
    const refused = { items: Int32Array.of(2, 3), weights: Float32Array.of(-1, -1) }
    expect(leaning(await scores({}, refused))).toBeLessThan(leaning(await scores({}, chose(2, 3))))
  })

  it('hears how much more than usual each selection was wanted, where that says more than chance', async () => {
    // Everybody begins with the same items; whose half it is shows in the stars that they get.
    const { starts, traits, columns, ...own } = crowds(400, () => ({ plan: 'any' }))
    const items = own.items.slice()
    const strengths = new Float32Array(items.length).fill(3)
    const random = seededRandom(9)
    for (let c = 0; c < 400; c++) {
      for (let k = 0; k < 3; k++) {
        items[starts[c] + k] = [5, 25, 30][k]
        strengths[starts[c] + k] = (k === 0) === (c % 2 === 0) ? 4 + random() : 2 + random()
      }
    }
    const rated = { starts, traits, columns, items, strengths }
    const model = await fitFirstGuess(rated, { ...options, from: 3 }, 1, unwatched())
    const deaf = await fitFirstGuess({ ...rated, strengths: undefined }, { ...options, from: 3 }, 1, unwatched())
    expect(model.tuning[3].ndcg).toBeGreaterThan(deaf.tuning[3].ndcg + 0.1)
    const begun = Int32Array.of(5, 25, 30)
    const [first, second, copied] = [new Float32Array(ITEMS), new Float32Array(ITEMS), new Float32Array(ITEMS)]
    model.score({}, { items: begun, weights: Float32Array.of(5, 2, 2) }, first)
    model.score({}, { items: begun, weights: Float32Array.of(2, 5, 5) }, second)
    expect(leaning(first)).toBeGreaterThan(leaning(second) + 1)
    firstGuessFromBytes(model.toBytes()).score({}, { items: begun, weights: Float32Array.of(5, 2, 2) }, copied)
    expect(copied).toEqual(first)
  })

  it('comes back from its bytes as it was', async () => {
    const model = await ready
    const copy = firstGuessFromBytes(model.toBytes())
    const [a, b] = [new Float32Array(ITEMS), new Float32Array(ITEMS)]
    for (const history of [chose(), chose(1, 2, 3), chose(1, 2, 3, 4, 5, 6, 7, 8)]) {
      model.score({ plan: 'home' }, history, a)
      copy.score({ plan: 'home' }, history, b)
      expect(b).toEqual(a)
    }
    expect(copy.tuning).toEqual(model.tuning)
    expect(() => firstGuessFromBytes(model.toBytes().subarray(0, 40))).toThrow(RangeError)
  })

  it('learns from few customers without choosing strengths, and from none not at all', async () => {
    const few = await learned(crowds(30, (crowd) => ({ plan: crowd ? 'office' : 'home' })))
    expect(few.tuning[0].customers).toBe(0)
    await expect(
      learned({ items: new Int32Array(0), starts: Int32Array.of(0), traits: [], columns: 4 }),
    ).rejects.toThrow(RangeError)
  })

  it('stops with the reason of an abort', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const progress = { step: () => abort.abort(reason), signal: abort.signal }
    await expect(fitFirstGuess(data, options, 1, progress)).rejects.toBe(reason)
  })
})
