import { expect, it } from 'vitest'
import { ruleReason } from './explain.ts'
import { sentence } from './reason-words.ts'
import type { Reason } from './request.ts'

const a = { id: 'a', title: 'Espresso' }
const b = { id: 'b', title: null }

it.each<[Reason, string]>([
  [{ kind: 'because', because: [a, b] }, 'Because of Espresso and b'],
  [{ kind: 'because', because: [a] }, 'Because of Espresso'],
  [{ kind: 'similar', because: [a] }, 'Similar to Espresso'],
  [{ kind: 'together', because: [a] }, 'Often chosen with Espresso'],
  [{ kind: 'together' }, 'Often chosen together'],
  [{ kind: 'instead', because: [a] }, 'Instead of Espresso'],
  [{ kind: 'taste', model: 'als' }, 'Suits your taste'],
  [{ kind: 'again' }, 'You had this before'],
  [{ kind: 'recent' }, 'You looked at this recently'],
  [{ kind: 'popular' }, 'Popular right now'],
  [{ kind: 'trending' }, 'In demand this week'],
  [{ kind: 'new' }, 'New here'],
  [{ kind: 'asked' }, 'From your list'],
  [{ kind: 'rule', rule: 'summer' }, 'Chosen by the shop'],
])('%j reads "%s"', (reason, text) => {
  expect(sentence(reason)).toBe(text)
})

it.each([
  ['de', [a, b], 'Wegen Espresso und b'],
  ['de-AT', [a], 'Wegen Espresso'],
  ['fr', [a], 'Because of Espresso'],
  ['__proto__', [a], 'Because of Espresso'],
])('in the language %s', (language, because, text) => {
  expect(sentence({ kind: 'because', because }, language)).toBe(text)
})

it('says what others think of it in the language asked for', () => {
  const rating = { expected: 4.6, ratings: 120, verified: 95 }
  expect(sentence({ kind: 'rated', rating })).toBe('Rated 4.6 by 120 customers, 95 of them verified buyers')
  expect(sentence({ kind: 'rated', rating }, 'de')).toBe('Mit 4,6 bewertet von 120 Kunden, davon 95 mit Kauf')
  expect(sentence({ kind: 'no such kind' })).toBe('')
})

it('never calls taste what a rule placed', () => {
  expect(ruleReason({ id: 1, score: 1, rule: 'summer' })).toEqual({ kind: 'rule', rule: 'summer' })
  expect(ruleReason({ id: 1, score: 1 })).toBeNull()
})
