import fc from 'fast-check'
import { expect, it } from 'vitest'
import { kthLargest } from './kth-largest.ts'

it('finds what sorting finds, also among equals', () => {
  const value = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ noNaN: true }))
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), fc.nat(), (list, any) => {
      const k = 1 + (any % list.length)
      expect(kthLargest(Float64Array.from(list), k)).toBe(Float64Array.from(list).sort()[list.length - k])
    }),
    { seed: 1 },
  )
})
