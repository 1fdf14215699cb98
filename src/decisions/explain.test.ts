import { expect, it } from 'vitest'
import { ruleReason, sentence } from './explain.ts'
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

it('never calls taste what a rule placed', () => {
  expect(ruleReason({ id: 1, score: 1, rule: 'summer' })).toEqual({ kind: 'rule', rule: 'summer' })
  expect(ruleReason({ id: 1, score: 1 })).toBeNull()
})
