import { describe, expect, it } from 'vitest'
import { symmetricEigen } from '../kernels/eigen.ts'
import { seededRandom } from '../world.ts'
import { unwatched } from './pace.ts'
import { leadingSubspace } from './subspace.ts'

/** 60 rows over 14 columns of which each row has some; two crowds, so that a few directions lead. */
function sample() {
  const random = seededRandom(5)
  const [columns, count, skip] = [14, 60, 1]
  const starts = new Int32Array(count + 1)
  const items: number[] = []
  for (let r = 0; r < count; r++) {
    for (let i = 0; i < columns; i++) if (random() < (i % 2 === r % 2 ? 0.6 : 0.15)) items.push(i)
    starts[r + 1] = items.length
  }
  return { rows: { items: Int32Array.from(items), starts, skip, columns }, random }
}

describe('the leading subspace', () => {
  it('is that of the matrix written out, scaled, centred and cut', async () => {
    const { rows, random } = sample()
    const n = rows.columns
    const scale = Float64Array.from({ length: n }, () => 0.5 + random())
    const mean = Float64Array.from({ length: n }, () => 0.3 * random())
    const dense = Array.from({ length: 60 }, (_, r) => {
      const row = Float64Array.from(mean, (value) => -value)
      for (let e = rows.starts[r] + rows.skip; e < rows.starts[r + 1]; e++) row[rows.items[e]] += scale[rows.items[e]]
      return row
    })
    const gram = new Float64Array(n * n)
    for (const row of dense) for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) gram[i * n + j] += row[i] * row[j]
    const { values, vectors } = symmetricEigen(gram, n)
    const found = await leadingSubspace(rows, { scale, mean, count: 3, seed: 1 }, unwatched())
    for (let k = 0; k < 3; k++) {
      expect(found.energies[k] / values[n - 1 - k]).toBeCloseTo(1, 6)
      let along = 0
      for (let i = 0; i < n; i++) along += found.vectors[i * 3 + k] * vectors[i * n + n - 1 - k]
      expect(Math.abs(along)).toBeCloseTo(1, 4)
    }
  })

  it('has no more directions than there are', async () => {
    const rows = { items: Int32Array.of(0, 1, 0, 1), starts: Int32Array.of(0, 2, 4), skip: 0, columns: 5 }
    const found = await leadingSubspace(rows, { count: 4, seed: 1 }, unwatched())
    expect(found.energies[0]).toBeCloseTo(4, 6)
    expect(found.energies.subarray(1).every((energy) => energy < 1e-6)).toBe(true)
    expect(found.vectors.some(Number.isNaN)).toBe(false)
  })
})
