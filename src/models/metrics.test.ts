import { describe, expect, it } from 'vitest'
import { hitAt, ndcgAt, rankOf, ranksAmongAll, recallAt } from './metrics.ts'

describe('ranks', () => {
  it('counts the higher ones whole and the equal ones half', () => {
    expect(rankOf(2, [3, 1, 0])).toBe(2)
    expect(rankOf(2, [3, 2, 2, 2])).toBe(3.5)
    expect(rankOf(Number.NEGATIVE_INFINITY, [Number.NEGATIVE_INFINITY, 1])).toBe(2.5)
  })

  it('does not depend on the order of candidates, and takes NaN for the lowest', () => {
    expect(rankOf(1, [1, Number.NaN, 5])).toBe(rankOf(1, [5, 1, Number.NaN]))
    expect(rankOf(Number.NaN, [0, 1])).toBe(3)
  })

  it('leaves masked items out and gives a masked target no rank', () => {
    const ranks = ranksAmongAll(Float32Array.of(9, 5, 7, 5, 1), Int32Array.of(1, 0, 4), Int32Array.of(0))
    expect([...ranks]).toEqual([2.5, Number.POSITIVE_INFINITY, 4])
  })
})

describe('metrics', () => {
  it('gives 1 to a perfect list, however many targets there are', () => {
    expect(ndcgAt(10, [1])).toBe(1)
    expect(ndcgAt(10, [2, 1, 3])).toBeCloseTo(1, 12)
    expect(ndcgAt(2, [1, 2, 3, 4])).toBeCloseTo(1, 12)
  })

  it('discounts by the logarithm of the rank, half ranks included', () => {
    expect(ndcgAt(10, [3])).toBeCloseTo(1 / Math.log2(4), 12)
    expect(ndcgAt(10, [1.5])).toBeCloseTo(1 / Math.log2(2.5), 12)
    expect(ndcgAt(10, [11])).toBe(0)
    expect(ndcgAt(10, [10.5])).toBe(0)
  })

  it('divides recall by all targets', () => {
    expect(recallAt(2, [1, 2, 3, 4])).toBe(0.5)
    expect(hitAt(10, [40, 10])).toBe(1)
    expect(hitAt(10, [10.5])).toBe(0)
  })
})
