import { describe, expect, it } from 'vitest'
import { matrixFromTriples } from './matrix.ts'
import type { TrainingData } from './model.ts'
import { holdOut, holdOutMasked } from './split.ts'

const users = Int32Array.of(0, 0, 0, 0, 1, 1, 2)
const items = Int32Array.of(3, 1, 2, 0, 1, 4, 2)
const times = Float64Array.of(10, 40, 20, 30, 5, 6, 1)

function data(withTimes: boolean, values?: Float32Array): TrainingData {
  const triples = { users, items, values, times: withTimes ? times : undefined }
  return { ...matrixFromTriples(triples, 3, 5), now: 100, seed: 1 }
}

describe('holding out', () => {
  it('takes the last entries where times are known, and keeps short rows whole', () => {
    const held = holdOut(data(true), { share: 0.5, most: 2, fewest: 3 })
    expect([...held.targets].map(([row, targets]) => [row, ...targets])).toEqual([[0, 0, 1]])
    expect([...held.train.matrix.indices]).toEqual([2, 3, 1, 4, 2])
    expect([...held.train.times!]).toEqual([20, 10, 5, 6, 1])
  })

  it('draws by the seed where they are not, the same each time', () => {
    const once = holdOut(data(false), { share: 0.25, most: 3, fewest: 2 })
    const twice = holdOut(data(false), { share: 0.25, most: 3, fewest: 2 })
    expect([...once.targets.keys()]).toEqual([0, 1])
    expect([...once.targets.values()].every((targets) => targets.length === 1)).toBe(true)
    expect(twice).toEqual(once)
  })

  it('never holds out what was refused', () => {
    const held = holdOut(data(true, Float32Array.of(1, -1, 1, 1, 1, 1, 1)), { share: 0.5, most: 2, fewest: 2 })
    expect([...held.targets.get(0)!]).toEqual([0, 2])
    expect([...held.train.matrix.indices.subarray(0, 2)]).toEqual([1, 3])
  })

  it('holds out what the caller chose', () => {
    const held = holdOutMasked(data(true), Uint8Array.of(0, 1, 0, 0, 1, 0, 1))
    expect([...held.targets].map(([row, targets]) => [row, ...targets])).toEqual([
      [0, 1],
      [1, 1],
      [2, 2],
    ])
    expect(held.train.matrix.indices.length).toBe(4)
  })
})

describe('matrixFromTriples', () => {
  it('sorts into rows and makes one entry of a pair that comes twice', () => {
    const twice = matrixFromTriples(
      { users: Int32Array.of(1, 0, 1), items: Int32Array.of(2, 1, 2), times: Float64Array.of(5, 1, 9) },
      3,
      3,
    )
    expect([...twice.matrix.indptr]).toEqual([0, 1, 2, 2])
    expect([...twice.matrix.indices]).toEqual([1, 2])
    expect([...twice.times!]).toEqual([1, 9])
  })
})
