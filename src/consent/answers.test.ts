import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultConfig } from '../config.ts'
import type { AnswerRow } from './answers.ts'
import { bornOn, bornWithAge, yearsBetween } from './audience.ts'
import { Person, permit } from './permit.ts'
import { policyOf, purposeOfText } from './policy.ts'

const now = Date.UTC(2026, 0, 1)
const policy = policyOf(defaultConfig)
let received = 0

function row(more: Partial<AnswerRow>): AnswerRow {
  received += 1000
  return {
    identifier: 1,
    purpose: 'personalisation',
    channel: '',
    answer: 'granted',
    basis: 'consent',
    time: received,
    received,
    position: 1,
    message: `m${received}`,
    source: 'api',
    wording: null,
    proof: null,
    expires: null,
    born: null,
    weak: 0,
    verified: 1,
    covers: '[1]',
    ...more,
  }
}

const person = (rows: readonly AnswerRow[], identifiers = [1]) =>
  new Person(policy, { customer: 9, identifiers }, rows, now)

describe('answers', () => {
  const anyRow = fc.record({
    answer: fc.constantFrom('granted' as const, 'denied' as const, 'unset' as const),
    identifier: fc.constantFrom(1, 2),
    weak: fc.constantFrom(0, 1),
    source: fc.constantFrom('api', 'categories', 'gpc'),
    time: fc.integer({ min: 1, max: 100 }),
    covers: fc.constantFrom('[1]', '[2]', '[1,2]'),
  })
  const anyRows = fc
    .array(anyRow, { maxLength: 8 })
    .map((list) => list.map((one, i) => row({ ...one, received: 1000 + i })))

  it('a refusal that arrives last denies, whatever was said before', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const last = row({ answer: 'denied', identifier: 1, received: 5000, time: 5000 })
        expect(person([...rows, last], [1, 2]).ruling('personalisation').reason).toBe('denied')
      }),
      { seed: 1 },
    )
  })

  it('what is imported later lets nobody through who was refused, and takes no agreement away that is newer', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const before = person(rows, [1, 2]).ruling('personalisation')
        const imported = row({ weak: 1, source: 'list', received: 5000, time: 5000 })
        const after = person([...rows, imported], [1, 2]).ruling('personalisation')
        if (before.reason === 'denied') expect(after.reason).toBe('denied')
        else expect(after.allowed).toBe(true)
      }),
      { seed: 2 },
    )
  })

  it('several identifiers are never allowed more than the strictest of them that answered', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const own = rows.map((one) => ({ ...one, covers: `[${one.identifier}]` }))
        const apart = [1, 2].map((id) =>
          person(
            own.filter(({ identifier }) => identifier === id),
            [id],
          ),
        )
        const answers = apart.map((one) => one.standing('personalisation').answer)
        const together = person(own, [1, 2]).standing('personalisation').answer
        expect(together).toBe(answers.includes('denied') ? 'denied' : answers.includes('granted') ? 'granted' : 'unset')
      }),
      { seed: 3 },
    )
  })

  it('a grant older than the refusal that it would end ends nothing; an agreement anew tells from when on', () => {
    const refused = row({ answer: 'denied' })
    const queued = row({ time: refused.time - 1 })
    expect(person([refused, queued]).ruling('personalisation').reason).toBe('denied')
    const anew = row({})
    const again = person([refused, queued, anew])
    expect(again.ruling('personalisation')).toMatchObject({ allowed: true, from: anew.time })
    expect(permit(again, 'personalisation')?.since).toEqual(new Map([[1, anew.time]]))
  })

  it('an answer to all marketing answers for each channel; the later one counts', () => {
    const marketing = (channel: string, answer: 'granted' | 'denied') => row({ purpose: 'marketing', channel, answer })
    const rows = [marketing('', 'granted'), marketing('email', 'denied')]
    expect(person(rows).ruling('marketing', 'sms').allowed).toBe(true)
    expect(person(rows).ruling('marketing', 'email').allowed).toBe(false)
    expect(person([...rows, marketing('', 'denied')]).ruling('marketing', 'sms').allowed).toBe(false)
  })
})

describe('purposes and ages', () => {
  it('are read from text; what is none is none', () => {
    expect(purposeOfText(' Marketing:Email ')).toEqual({ purpose: 'marketing', channel: 'email' })
    expect(purposeOfText('personalization')).toEqual({ purpose: 'personalisation', channel: '' })
    for (const text of ['training:email', 'constructor', 'marketing:', 'marketing:é', '']) {
      const known = purposeOfText(text)
      if (text === 'marketing:') expect(known).toEqual({ purpose: 'marketing', channel: '' })
      else expect(known).toBeNull()
    }
    expect(bornOn('2012-02-30', now)).toBeNull()
    expect(bornOn('2030-01-01', now)).toBeNull()
    expect(bornOn('1800-01-01', now)).toBeNull()
    expect(bornOn('2012', now)).toBe(Date.UTC(2012, 11, 31))
    expect(bornOn('2012-02', now)).toBe(Date.UTC(2012, 1, 29))
  })

  it('count whole years on the day', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 0, max: 365 * 30 }), (age, days) => {
        const time = Date.UTC(2000, 0, 1) + days * 86_400_000
        const born = bornWithAge(age, time)
        expect(yearsBetween(born, time)).toBe(age)
        if (age > 0) expect(yearsBetween(born, time - 2 * 86_400_000)).toBe(age - 1)
      }),
      { seed: 4 },
    )
  })
})
