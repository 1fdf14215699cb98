import fc from 'fast-check'
import { expect, it } from 'vitest'
import { without } from './evidence.ts'
import { latestFirst } from './order.ts'
import { recencyRanks } from './recency.ts'

/** Histories with few moments, so that many entries are of one. */
const history = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 25 }).chain((items) =>
  fc.array(fc.integer({ min: 0, max: 8 }), { minLength: items.length, maxLength: items.length }).map((times) => ({
    items: Int32Array.from(items),
    weights: new Float32Array(items.length).fill(1),
    times: Float64Array.from(times),
  })),
)

it('finds the same order with ranks that are worked out already', () => {
  fc.assert(
    fc.property(history, (plain) => {
      const ranks = recencyRanks(plain.times)
      expect([...latestFirst({ ...plain, ranks })]).toEqual([...latestFirst(plain)])
    }),
    { seed: 3 },
  )
})

it('keeps the ranks right where an entry is left out', () => {
  fc.assert(
    fc.property(history, fc.nat(), (plain, any) => {
      const rest = without({ ...plain, ranks: recencyRanks(plain.times) }, plain.items[any % plain.items.length])
      expect(rest.items).toHaveLength(plain.items.length - 1)
      expect([...(rest.ranks as Float32Array)]).toEqual([...recencyRanks(rest.times as Float64Array)])
    }),
    { seed: 4 },
  )
})
