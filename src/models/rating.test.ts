import { describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { unwatched } from './pace.ts'
import { fitRatings, RatingModel } from './rating.ts'
import { Draws } from './rating-draws.ts'
import { membershipsOf, type RatingData } from './rating-layout.ts'

const DAY = 86_400_000

/** Customers of two tastes and items of two kinds; stars = quality + taste for the kind + noise, 1 to 5. */
function shop(users: number, items: number, each: number, seed: number) {
  const random = seededRandom(seed)
  const draws = new Draws(seed)
  const quality = Array.from({ length: items }, () => 0.6 * draws.normal())
  const kind = Array.from({ length: items }, (_, i) => i % 2)
  const truth = (user: number, item: number) => 3 + quality[item] + (user % 2 === kind[item] ? 1 : -1)
  const rows = { users: [] as number[], items: [] as number[], values: [] as number[], times: [] as number[] }
  for (let user = 0; user < users; user++) {
    const seen = new Set<number>()
    while (seen.size < each) seen.add(Math.floor(random() * items))
    for (const item of seen) {
      rows.users.push(user)
      rows.items.push(item)
      rows.values.push(Math.min(5, Math.max(1, Math.round(truth(user, item) + 0.5 * draws.normal()))))
      rows.times.push(Math.floor(random() * 60) * DAY)
    }
  }
  const data: RatingData = {
    users: Int32Array.from(rows.users),
    items: Int32Array.from(rows.items),
    values: Float64Array.from(rows.values),
    times: Float64Array.from(rows.times),
    userCount: users,
    itemCount: items,
    userTraits: [],
    itemTraits: [
      membershipsOf(
        'kind',
        kind.map((k) => [k]),
        2,
      ),
    ],
    seed: 7,
  }
  return { data, truth, kind }
}

const quick = { rank: 3, sweeps: 60, burnIn: 0.3, draws: 8 }

describe('ratings foretold', () => {
  const { data, truth, kind } = shop(80, 40, 15, 3)
  const stars = (user: number, item: number) => Math.min(5, Math.max(1, truth(user, item)))
  const fitted = fitRatings(data, quick, unwatched())

  it('rates an item of his taste higher for a customer it never saw, and is surer with each rating', async () => {
    const { model } = await fitted
    const rated = Array.from({ length: 16 }, (_, item) => ({ item, value: Math.round(stars(0, item)) }))
    const errors = [0, 4, 16].map((n) => {
      const given = rated.slice(0, n)
      const taste = model.fold({ items: given.map(({ item }) => item), values: given.map(({ value }) => value) })
      let sum = 0
      for (let item = 20; item < 40; item++) {
        const expected = taste.predict(item)?.expected ?? Number.NaN
        sum += (expected - stars(0, item)) ** 2
      }
      return Math.sqrt(sum / 20)
    })
    expect(errors[1]).toBeLessThan(errors[0])
    expect(errors[2]).toBeLessThan(errors[1])
    expect(errors[2]).toBeLessThan(0.5)
  })

  it('names the ratings that moved an expectation, and without them it is another', async () => {
    const { model } = await fitted
    const history = { items: [0, 2, 4, 1, 3], values: [5, 5, 4, 1, 2] }
    const taste = model.fold(history)
    const [first] = taste.explain(20, 1)
    expect(history.items).toContain(first.item)
    expect(first.weight).toBeGreaterThan(0)
    const left = history.items.map((item, k) => [item, history.values[k]]).filter(([item]) => item !== first.item)
    const without = model.fold({ items: left.map(([item]) => item), values: left.map(([, value]) => value) })
    expect(without.predict(20)?.expected ?? 9).toBeLessThan(taste.predict(20)?.expected ?? 0)
    // Left out of what was folded already, it is the same.
    const again = taste.without([first.item]).predict(20)
    expect(again?.expected).toBeCloseTo(without.predict(20)?.expected ?? 0, 4)
    expect(again?.spread).toBeCloseTo(without.predict(20)?.spread ?? 0, 4)
  })

  it('answers questions about customers it was trained on, with a spread that is true', async () => {
    const pairs = Array.from({ length: 800 }, (_, q) => [q % 80, (q * 7) % 40])
    const draws = new Draws(11)
    const questions = {
      users: Int32Array.from(pairs, ([user]) => user),
      items: Int32Array.from(pairs, ([, item]) => item),
      values: Float64Array.from(pairs, ([user, item]) =>
        Math.min(5, Math.max(1, Math.round(truth(user, item) + 0.5 * draws.normal()))),
      ),
      times: Float64Array.from(pairs, () => 61 * DAY),
    }
    const { answers } = await fitRatings(data, quick, unwatched(), questions)
    if (!answers) throw new Error('no answers')
    let squares = 0
    let standardised = 0
    for (let q = 0; q < 800; q++) {
      const error = questions.values[q] - answers.expected[q]
      squares += error ** 2
      standardised += (error / answers.spread[q]) ** 2
      expect(answers.liked[q]).toBeGreaterThanOrEqual(0)
      expect(answers.liked[q]).toBeLessThanOrEqual(1)
    }
    expect(Math.sqrt(squares / 800)).toBeLessThan(0.7)
    expect(Math.sqrt(standardised / 800)).toBeGreaterThan(0.75)
    expect(Math.sqrt(standardised / 800)).toBeLessThan(1.3)
  })

  it('places an item that nobody rated by its attributes', async () => {
    const extra = {
      ...data,
      itemCount: 42,
      itemTraits: [
        membershipsOf(
          'kind',
          [...kind, 0, 1].map((k) => [k]),
          2,
        ),
      ],
    }
    const { model } = await fitRatings(extra, quick, unwatched())
    const taste = model.fold({ items: [0, 2, 4, 6, 1, 3, 5, 7], values: [5, 5, 5, 5, 1, 1, 1, 1] })
    expect(taste.predict(40)?.expected ?? 0).toBeGreaterThan((taste.predict(41)?.expected ?? 9) + 1)
    expect(taste.predict(42)).toBeNull()
  })

  it('takes plain numbers too, and ratings without times', async () => {
    const values = Float64Array.from(data.values, (value, r) => 20 * value + (r % 17) / 10)
    const { model } = await fitRatings({ ...data, values, times: undefined }, quick, unwatched())
    const taste = model.fold({ items: [0, 2, 4, 1, 3, 5], values: [100, 100, 95, 20, 20, 25] })
    const [high, low] = [taste.predict(20), taste.predict(21)]
    expect(high?.expected ?? 0).toBeGreaterThan((low?.expected ?? 0) + 15)
    expect(high?.liked ?? 0).toBeGreaterThan(low?.liked ?? 1)
  })

  it('is the same model after being stored', async () => {
    const { model } = await fitted
    const again = RatingModel.fromBytes(model.toBytes())
    const history = { items: [0, 1, 2], values: [5, 2, 4], times: [3 * DAY, 4 * DAY, 5 * DAY] }
    expect(again.fold(history).predict(9, 6 * DAY)).toEqual(model.fold(history).predict(9, 6 * DAY))
  })

  it('declines where ratings are few or all alike, and stops when told', async () => {
    const few = {
      ...data,
      users: data.users.slice(0, 9),
      items: data.items.slice(0, 9),
      values: data.values.slice(0, 9),
    }
    await expect(fitRatings({ ...few, times: undefined }, quick, unwatched())).rejects.toThrow('too few')
    const alike = { ...data, values: new Float64Array(data.values.length).fill(5) }
    await expect(fitRatings(alike, quick, unwatched())).rejects.toThrow('all alike')
    const progress = { step: () => {}, signal: AbortSignal.abort(new Error('stopped')) }
    await expect(fitRatings(data, quick, progress)).rejects.toThrow('stopped')
  })
})
