import { describe, expect, it } from 'vitest'
import { fitOf, isExcused, returnReason } from './return-reasons.ts'

describe('why something came back', () => {
  it.each([
    ['Too small', 'size', 'small', true],
    ['size_too_large', 'size', 'large', true],
    ['Runs small, will order one up', 'size', 'small', true],
    ['Passt nicht, fällt groß aus', 'size', 'large', true],
    ['zu eng', 'size', 'small', true],
    ['arrived broken', 'damaged', null, true],
    ['Wrong item sent', 'wrong item', null, true],
    ['kam zu spät', 'late', null, true],
    ['DEFECTIVE', 'quality', null, false],
    ['poor quality', 'quality', null, false],
    ['not as described', 'not as described', null, false],
    ['changed my mind', 'changed mind', null, false],
    ['gefällt nicht', 'changed mind', null, false],
    ['NO_LONGER_NEEDED', 'changed mind', null, false],
    ['because', 'other', null, false],
  ] as const)('%s is %s', (text, reason, fit, excused) => {
    expect([returnReason(text), fitOf(text), isExcused(text)]).toEqual([reason, fit, excused])
  })

  it('says nothing where nothing was said', () => {
    for (const text of [null, '', '  ']) expect([returnReason(text), isExcused(text)]).toEqual([null, false])
  })
})
