import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rejectionReasons, standingOf } from './state.ts'
import { printOf, wordGroups } from './words.ts'

const now = Date.UTC(2026, 0, 10)
const day = 86_400_000
const atOnce = { publish: 'at-once', checkDays: 7 } as const
const afterCheck = { publish: 'after-check', checkDays: 7 } as const

describe('whether a review shows', () => {
  const review = { message: 'm1', time: now - day }

  it('shows at once by default; where it is checked first, when somebody looked, and in any case after some days', () => {
    expect(standingOf(review, undefined, atOnce, now)).toEqual({ state: 'published', reason: null, counts: true })
    expect(standingOf(review, undefined, afterCheck, now)).toMatchObject({ state: 'pending', counts: false })
    expect(standingOf(review, undefined, afterCheck, now + 7 * day).state).toBe('published')
    const seen = { message: 'm1', state: 'published', reason: null }
    expect(standingOf(review, seen, afterCheck, now).state).toBe('published')
  })

  it('is rejected in the version that was looked at; written anew it waits', () => {
    const rejected = { message: 'm1', state: 'rejected', reason: 'spam' }
    expect(standingOf(review, rejected, atOnce, now)).toEqual({ state: 'rejected', reason: 'spam', counts: false })
    expect(standingOf({ message: 'm2', time: now }, rejected, atOnce, now).state).toBe('pending')
  })

  it('counts its stars on where only the words could not be shown', () => {
    const counts = rejectionReasons.map((reason) => [
      reason,
      standingOf(review, { message: 'm1', state: 'rejected', reason }, atOnce, now).counts,
    ])
    expect(Object.fromEntries(counts)).toEqual({
      unlawful: true,
      'off-topic': false,
      spam: false,
      'personal-data': true,
    })
  })
})

describe('words', () => {
  const text =
    'The grinder is loud but the coffee is wonderful, I have used it every single morning for three years and would not give it away.'

  it('know a copy whatever its capitals, signs and accents, and one with a word changed', () => {
    const changed = text.replace('wonderful', 'excellent')
    const other =
      'Arrived late and with a broken lid; the shop answered at once, and the new one came the day after. Fair enough for me.'
    const prints = [text, text.toUpperCase().replaceAll(',', ' !!'), changed, other, 'Great!', 'Great!'].map(printOf)
    const groups = wordGroups(prints)
    expect(groups[1]).toBe(groups[0])
    expect(groups[2]).toBe(groups[0])
    expect(groups[3]).not.toBe(groups[0])
    expect([groups[4], groups[5]]).toEqual([0, 0])
  })

  it('take any text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 8 }), (texts) => {
        const groups = wordGroups(texts.map(printOf))
        expect(groups).toHaveLength(texts.length)
        for (const [n, one] of texts.entries()) {
          const same = texts.indexOf(one)
          expect(groups[n]).toBe(groups[same])
        }
      }),
      { seed: 8, numRuns: 60 },
    )
  })
})
