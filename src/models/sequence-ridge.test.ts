import { describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { latestFirst, type Ordered } from './order.ts'
import { unwatched } from './pace.ts'
import { fitRidge } from './sequence-ridge.ts'

const ITEMS = 8

/** Histories without repeats, as rows of a matrix are. */
function histories(count: number, seed: number): Int32Array[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const items = Int32Array.from({ length: ITEMS }, (_, i) => i)
    const keys = items.map(() => Math.floor(random() * 2 ** 30))
    return items.sort((a, b) => keys[a] - keys[b]).slice(0, 2 + Math.floor(random() * (ITEMS - 2)))
  })
}

function ordered(rows: readonly Int32Array[]): Ordered {
  const starts = Int32Array.from({ length: rows.length + 1 }, (_, r) =>
    rows.slice(0, r).reduce((sum, row) => sum + row.length, 0),
  )
  return { starts, items: Int32Array.from(rows.flatMap((row) => [...row])), lastTimes: new Float64Array(rows.length) }
}

describe('fitRidge', () => {
  it('solves the regression over all places that it never builds', async () => {
    const rows = histories(60, 5)
    const reach = 3
    const ridge = 0.3
    const table = await fitRidge(ordered(rows), ITEMS, { reach, ahead: 0, ridge }, { threads: 1 }, unwatched())
    const gram = Array.from({ length: ITEMS }, () => new Float64Array(ITEMS))
    const cross = Array.from({ length: ITEMS }, () => new Float64Array(ITEMS))
    for (const row of rows) {
      for (let t = 1; t < row.length; t++) {
        for (let a = 0; a < t; a++) {
          const x = Math.exp(-(t - 1 - a) / reach)
          cross[row[a]][row[t]] += x
          for (let b = 0; b < t; b++) gram[row[a]][row[b]] += x * Math.exp(-(t - 1 - b) / reach)
        }
      }
    }
    const lambda = (ridge * gram.reduce((sum, row, i) => sum + row[i], 0)) / ITEMS
    const weights = gram.map((_, i) => {
      const out = new Float32Array(ITEMS)
      table.score({ items: Int32Array.of(i), weights: Float32Array.of(1) }, out)
      return out
    })
    for (let i = 0; i < ITEMS; i++) {
      for (let j = 0; j < ITEMS; j++) {
        let left = lambda * weights[i][j]
        for (let k = 0; k < ITEMS; k++) left += gram[i][k] * weights[k][j]
        expect(Math.abs(left - cross[i][j])).toBeLessThan(1e-3 * (1 + cross[i][j]))
      }
    }
  })
})

describe('latestFirst', () => {
  it('goes by time, ties by item, and by the arrays where there are no times', () => {
    const items = Int32Array.of(4, 2, 9)
    const weights = new Float32Array(3).fill(1)
    expect([...latestFirst({ items, weights, times: Float64Array.of(5, 7, 5) })]).toEqual([1, 2, 0])
    expect([...latestFirst({ items, weights })]).toEqual([2, 1, 0])
  })
})
