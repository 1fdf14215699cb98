import { describe, expect, it } from 'vitest'
import type { History } from './model.ts'
import { fader, noFade, recencyRanks } from './recency.ts'

const history: History = {
  items: Int32Array.of(7, 8, 9, 10),
  weights: Float32Array.of(1, 2, 1, -1),
  times: Float64Array.of(300, 100, 200, 200),
}

describe('recency', () => {
  it('ranks from the latest, simultaneous entries alike', () => {
    expect([...recencyRanks(history.times!)]).toEqual([0, 3, 1.5, 1.5])
    expect([...recencyRanks(Float64Array.of(1, 2, 3))]).toEqual([2, 1, 0])
  })

  it('fades weights by rank and keeps their sign', () => {
    const faded = fader({ recency: 1, reach: 0 })(history)
    expect([...faded.items]).toEqual([7, 8, 9, 10])
    expect([...faded.weights]).toEqual([1, 0.5, Math.fround(1 / 2.5), Math.fround(-1 / 2.5)])
    expect(fader({ recency: 0, reach: 2 })(history).weights[1]).toBeCloseTo(2 * Math.exp(-1.5), 6)
  })

  it('leaves out what became too faint', () => {
    const n = 200
    const long = {
      items: new Int32Array(n),
      weights: new Float32Array(n).fill(1),
      times: Float64Array.from({ length: n }, (_, k) => k),
    }
    expect(fader({ recency: 1, reach: 0 })(long).items.length).toBe(50)
    expect(fader(noFade)(long)).toBe(long)
  })
})
