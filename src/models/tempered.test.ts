import fc from 'fast-check'
import { expect, it } from 'vitest'
import { tempering } from './tempered.ts'

it('raises to a power, keeps the sign and the order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e6), max: Math.fround(1e6) }), {
        minLength: 2,
        maxLength: 40,
      }),
      fc.constantFrom(0.2, 0.35, 0.5, 1),
      fc.constantFrom(1, 0.01, 7),
      (values, power, scale) => {
        const { scores, addTo } = tempering(values.length, power)
        scores.set(values)
        const out = new Float32Array(values.length)
        addTo(out, 2, scale)
        values.forEach((value, i) => {
          const exact = 2 * Math.sign(value) * Math.abs(scale * value) ** power
          // Below the least normal float digits are lost anyway.
          if (Math.abs(value) < 1e-30) return
          expect(Math.abs(out[i] - exact)).toBeLessThanOrEqual(1e-5 * Math.abs(exact))
        })
        for (let i = 1; i < values.length; i++) {
          if (values[i] > values[i - 1]) expect(out[i]).toBeGreaterThanOrEqual(out[i - 1])
        }
      },
    ),
    { seed: 5, numRuns: 300 },
  )
})
