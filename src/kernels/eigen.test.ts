import { describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { symmetricEigen } from './eigen.ts'

/** Largest deviations of V diag(values) V^T from a, and of V^T V from the identity. */
function deviations(a: Float64Array, n: number) {
  const { values, vectors } = symmetricEigen(a, n)
  let [product, identity] = [0, 0]
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let [p, q] = [0, 0]
      for (let k = 0; k < n; k++) {
        p += vectors[i * n + k] * values[k] * vectors[j * n + k]
        q += vectors[k * n + i] * vectors[k * n + j]
      }
      product = Math.max(product, Math.abs(p - a[i * n + j]))
      identity = Math.max(identity, Math.abs(q - (i === j ? 1 : 0)))
    }
  }
  return { product, identity, values }
}

describe('symmetricEigen', () => {
  it.each([1, 2, 3, 8, 40])('takes a matrix of order %i apart', (n) => {
    const random = seededRandom(n)
    const a = new Float64Array(n * n)
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = random() - 0.5
    const { product, identity, values } = deviations(a, n)
    expect(product).toBeLessThan(1e-12)
    expect(identity).toBeLessThan(1e-12)
    expect([...values]).toEqual([...values].sort((x, y) => x - y))
  })

  it('bears equal values, zeros and a matrix that is diagonal already', () => {
    for (const diagonal of [
      [0, 0, 0],
      [2, 2, 2],
      [3, 0, 1],
    ]) {
      const a = new Float64Array(9)
      diagonal.forEach((value, i) => {
        a[i * 4] = value
      })
      const { product, values } = deviations(a, 3)
      expect(product).toBe(0)
      expect([...values]).toEqual(diagonal.sort((x, y) => x - y))
    }
  })

  it('refuses what holds no numbers', () => {
    expect(() => symmetricEigen([1, Number.NaN, Number.NaN, 1], 2)).toThrow(RangeError)
  })
})
