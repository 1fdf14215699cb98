import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AdmittedEvent } from '../events/event.ts'
import { seededRandom } from '../world.ts'
import { describeCondition, holds, parseCondition } from './conditions.ts'
import { exampleEvent } from './example-events.ts'
import { decodeFact, factId, type Statement } from './fact.ts'
import { factChanges, speaksOfFacts } from './fact-events.ts'
import { factKindNames } from './fact-kinds.ts'
import { currentFacts } from './fact-view.ts'
import { hiddenUntil } from './hidden-gifts.ts'

const day = 86_400_000

const told = fc.record({
  name: fc.constantFrom('Fact Told', 'Fact Inferred', 'Preference Told', 'Preference Withdrawn', 'Complaint Received'),
  properties: fc.record({
    kind: fc.constantFrom('size', 'preference', 'allergy', 'nonsense'),
    subject: fc.constantFrom('shirts', 'shoes'),
    value: fc.constantFrom('M', 'likes', 'never', true, 7),
    preference: fc.constantFrom('shirts', 'tea'),
    complaint_id: fc.constantFrom('c1', 'c2'),
    confidence: fc.constantFrom(0.5, 1),
  }),
  time: fc.integer({ min: 1, max: 9 }).map((n) => n * day),
})

/** What holds after `events`, with the dead left out as the fold does. */
function viewOf(events: readonly AdmittedEvent[]) {
  const { rows, tombstones } = factChanges(events)
  const dead = new Set(tombstones.map(({ fact }) => fact))
  const statements: Statement[] = rows.filter(({ fact }) => !dead.has(fact)).map(decodeFact)
  const facts = currentFacts({ statements, tombstones }, 10 * day)
  return facts
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ same, evidence, ...fact }) => {
      return { ...fact, same: [...same].sort(), evidence: [...evidence].sort() }
    })
}

describe('what holds', () => {
  it('is the same whatever the order of arrival, and what was deleted never holds', () => {
    fc.assert(
      fc.property(fc.array(told, { maxLength: 12 }), fc.nat(), fc.nat({ max: 11 }), (given, seed, deleted) => {
        const events = given.map((one, i) => exampleEvent({ ...one, message: `m${i}` }))
        const victim = events[deleted]
        const fact = victim ? factId('test', victim.messageId) : 'f0000000000000000000'
        const deletion = exampleEvent({ name: 'Fact Deleted', properties: { fact }, time: 20 * day, message: 'd' })
        const all = [...events, deletion]
        const random = seededRandom(seed)
        const shuffled = all.map((event) => ({ event, rank: random() })).sort((a, b) => a.rank - b.rank)
        const view = viewOf(all)
        expect(viewOf(shuffled.map(({ event }) => event))).toEqual(view)
        expect(view.flatMap(({ same, history }) => [...same, ...history.map(({ id }) => id)])).not.toContain(fact)
      }),
      { seed: 7, numRuns: 300 },
    )
  })

  it('takes nothing from events that say nothing of facts', () => {
    for (const name of ['Product Viewed', 'Order Updated', 'toString', '']) expect(speaksOfFacts(name)).toBe(false)
    expect(factChanges([exampleEvent({ name: 'Fact Told', properties: { kind: 'size' } })]).rows).toEqual([])
    expect(factChanges([exampleEvent({ name: 'Fact Told', identifier: null })]).rows).toEqual([])
  })
})

describe('a condition', () => {
  it('holds, does not, or is unknown', () => {
    const cold = parseCondition({ temperature: { max: 8 }, weekday: 'Sunday' })
    expect(holds(cold, { temperature: 7.9, weekday: 'sunday' })).toBe(true)
    expect(holds(cold, { temperature: 8, weekday: 'sunday' })).toBe(false)
    expect(holds(cold, { temperature: 3 })).toBe(null)
    expect(holds(cold, { temperature: 30 })).toBe(false)
    const evening = parseCondition({ timeOfDay: ['evening'] })
    expect([holds(evening, { clock: '18:00' }), holds(evening, { clock: '17:59' })]).toEqual([true, false])
    const night = parseCondition({ timeOfDay: { from: '22:00', until: '06:00' } })
    expect([holds(night, { clock: '23:30' }), holds(night, { clock: '06:00' })]).toEqual([true, false])
    expect(describeCondition(cold!)).toBe('below 8 °C, on sunday')
  })
})

describe('a present stays unseen', () => {
  const bought = Date.UTC(2026, 1, 1, 15)
  it.each([
    [[], Date.UTC(2026, 2, 3, 15)],
    [['02-20'], Date.UTC(2026, 1, 22)],
    [['02-01'], Date.UTC(2026, 1, 3)],
    [['12-24'], Date.UTC(2026, 2, 3, 15)],
    [['01-15'], Date.UTC(2026, 2, 3, 15)],
    [['2026-03-10'], Date.UTC(2026, 2, 12)],
    [['1990-02-10'], Date.UTC(2026, 1, 12)],
    [['05-01', '02-14'], Date.UTC(2026, 1, 16)],
  ])('with the dates %j', (dates, until) => {
    expect(
      hiddenUntil(
        bought,
        dates.map((date) => ({ date })),
      ),
    ).toBe(until)
  })
})

describe('the documentation', () => {
  it('explains each kind of fact', () => {
    const docs = readFileSync(join(import.meta.dirname, '../../docs/facts.md'), 'utf8')
    const documented = [...docs.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
    expect(documented).toEqual(factKindNames)
  })
})
