/** One instance, played through by chance: whatever comes in which order, what must hold holds. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Outcome } from './actions.ts'
import { compileJourney } from './compile.ts'
import type { Journey } from './journey.ts'
import { readSource } from './source.ts'
import { type Advanced, type Heard, type Input, initialState, type State, type Surroundings } from './state.ts'
import { advance } from './step.ts'

const start = Date.UTC(2026, 2, 2, 8)
const day = 86_400_000

function heard(name: string, time: number, properties: object = {}, items: readonly string[] = []): Heard {
  return { name, time, received: time, messageId: `${name}-${time}`, properties: { ...properties }, items }
}

function around(now: number, more: Partial<Surroundings> = {}): Surroundings {
  return { now, zone: 'Europe/Berlin', view: {}, held: false, share: () => 0.5, ...more }
}

function journeyOf(steps: string, more = ''): Journey {
  return compileJourney(readSource(`trigger: { event: Begin }\n${more}\nsteps:\n${steps}`), 'test', 1)
}

const rich = journeyOf(
  `
  - name: fork
    branch: [{ when: event.properties.value > 10, next: ask }]
  - name: halves
    split: [{ share: 0.5, next: pause }]
  - name: ask
    message: { channel: email, purpose: service, template: t }
    suppressed: end
  - name: answer
    wait: { event: Answered, atMost: 3 days, late: pause }
  - name: tell
    fact: { event: Note Added, properties: { text: "= 'x' + data.answer.event.name" } }
  - name: pause
    wait: { for: 1 week }
  - name: again
    branch: [{ when: data.answer.outcome == 'event', next: end }]
    next: ask`,
  'exit: [{ event: Order Completed }]',
)

const outcomes: Outcome[] = [
  { kind: 'done', detail: { n: 1 } },
  { kind: 'suppressed', reason: 'cap' },
  { kind: 'later', at: start + 5000, reason: 'quiet' },
  { kind: 'in_doubt', reason: 'cut off' },
  { kind: 'failed', reason: 'no' },
]

type Played = 'due' | 'answered' | 'other' | 'order' | 'happened' | 'again' | 'late' | number

const played: fc.Arbitrary<Played> = fc.oneof(
  { weight: 5, arbitrary: fc.constant('due' as const) },
  { weight: 5, arbitrary: fc.nat({ max: outcomes.length }) },
  fc.constantFrom<Played>('answered', 'other', 'late', 'happened', 'again'),
  { weight: 1, arbitrary: fc.constant('order' as const) },
)

function inputOf(one: Played, now: number): Input {
  if (typeof one === 'number')
    return { kind: 'outcome', outcome: outcomes[one] ?? { kind: 'threw', reason: 'connection refused' } }
  if (one === 'happened' || one === 'again') return { kind: 'settle', as: one }
  if (one === 'due') return { kind: 'due' }
  const names = { answered: 'Answered', other: 'Something', order: 'Order Completed', late: 'Answered' }
  return { kind: 'event', event: heard(names[one], one === 'late' ? start - day : now) }
}

/** What no input may break. */
function check(before: State, { state, act }: Advanced, now: number): void {
  expect(act !== null).toBe(act !== null && state.phase === 'acting')
  if (state.phase === 'waiting' && state !== before) expect(state.due).toBeGreaterThan(now)
  if (['ended', 'failed', 'in_doubt'].includes(state.phase)) expect(state.due).toBeNull()
  if (state.phase === 'acting' || state.phase === 'ready') expect(state.due).not.toBeNull()
  expect(state.visit).toBeGreaterThanOrEqual(before.visit)
  // A step anew has another visit: else it would be taken for a try of the same act.
  if (act !== null && before.phase !== 'acting')
    expect(state.visit > before.visit || before.phase === 'ready').toBe(true)
  if (before.phase === 'ended') expect(state).toBe(before)
  expect(JSON.parse(JSON.stringify(state))).toEqual(state)
}

describe('an instance', () => {
  it('holds what must hold, whatever comes', () => {
    const ways = fc.array(fc.tuple(played, fc.nat({ max: 4 * day })), { maxLength: 60 })
    fc.assert(
      fc.property(ways, fc.integer({ min: 0, max: 20 }), fc.boolean(), (inputs, value, held) => {
        let now = start
        let state = initialState(rich, heard('Begin', start, { value }), now)
        const done = new Set<string>()
        for (const [one, ms] of inputs) {
          now += ms
          const input = inputOf(one, now)
          const wasActing = state.phase === 'acting'
          const next = advance(rich, state, input, around(now, { held }))
          check(state, next, now)
          if (held) expect(next.act).toBeNull()
          const key = `${state.step}/${state.visit}`
          if (input.kind === 'outcome' && wasActing && input.outcome.kind === 'done') {
            expect(done).not.toContain(key)
            done.add(key)
          }
          // What was done once is never to be done again under its key.
          if (next.act !== null) expect(done).not.toContain(`${next.act.step}/${next.state.visit}`)
          state = next.state
        }
      }),
      { numRuns: 600, seed: 20260302 },
    )
  })

  it('is the same function every time', () => {
    const state = initialState(rich, heard('Begin', start, { value: 20 }), start)
    const one = advance(rich, state, { kind: 'due' }, around(start))
    expect(advance(rich, state, { kind: 'due' }, around(start))).toEqual(one)
    expect(one.act).toMatchObject({ step: 'ask', action: 'message', options: { template: 't' } })
  })

  it('hears an answer that came between the sending and the wait, and none that came before', () => {
    let { state } = advance(
      rich,
      initialState(rich, heard('Begin', start, { value: 20 }), start),
      { kind: 'due' },
      around(start),
    )
    state = advance(rich, state, { kind: 'outcome', outcome: outcomes[0] }, around(start + 90_000)).state
    expect(state).toMatchObject({ phase: 'waiting', step: 'answer' })
    const early = advance(rich, state, { kind: 'event', event: heard('Answered', start - 1) }, around(start + 91_000))
    expect(early.state).toBe(state)
    const between = advance(
      rich,
      state,
      { kind: 'event', event: heard('Answered', start + 1000) },
      around(start + 91_000),
    )
    expect(between.act).toMatchObject({ step: 'tell', options: { properties: { text: 'xAnswered' } } })
  })

  it('gives up an action that throws after about a day, and does it anew under another key when replayed', () => {
    let { state } = advance(
      rich,
      initialState(rich, heard('Begin', start, { value: 20 }), start),
      { kind: 'due' },
      around(start),
    )
    const first = state.visit
    let now = start
    while (state.phase === 'acting') {
      state = advance(rich, state, { kind: 'outcome', outcome: { kind: 'threw', reason: 'down' } }, around(now)).state
      if (state.phase !== 'acting') break
      now = state.due as number
      expect(advance(rich, state, { kind: 'due' }, around(now)).act).not.toBeNull()
    }
    expect(state).toMatchObject({ phase: 'failed', reason: 'down' })
    expect((now - start) / 3_600_000).toBeGreaterThan(12)
    state = advance(rich, state, { kind: 'settle', as: 'again' }, around(now)).state
    const again = advance(rich, state, { kind: 'due' }, around(now))
    expect(again.act).toMatchObject({ step: 'ask' })
    expect(again.state.visit).toBeGreaterThan(first)
  })

  it('waits for the item that it is about', () => {
    const journey = journeyOf(
      '  - wait: { event: Back In Stock, item: "= event.items[0]", atMost: 1 year }\n  - end: there',
    )
    const begun = initialState(journey, heard('Begin', start, {}, ['lamp']), start)
    const { state } = advance(journey, begun, { kind: 'due' }, around(start))
    expect(state).toMatchObject({ phase: 'waiting', item: 'lamp' })
    const other = advance(
      journey,
      state,
      { kind: 'event', event: heard('Back In Stock', start + day, {}, ['chair']) },
      around(start + day),
    )
    expect(other.state).toBe(state)
    const same = advance(
      journey,
      state,
      { kind: 'event', event: heard('Back In Stock', start + day, {}, ['chair', 'lamp']) },
      around(start + day),
    )
    expect(same.state).toMatchObject({ phase: 'ended', reason: 'there' })
  })

  it('does not go on when the clock was set back, and waits by the calendar of the zone', () => {
    const journey = journeyOf('  - wait: { for: 1 day }\n  - wait: { until: "09:00", on: [monday] }\n  - end: x')
    // The night of 29 March 2026 has 23 hours in Berlin.
    const saturday = Date.UTC(2026, 2, 28, 11)
    let { state } = advance(journey, initialState(journey, null, saturday), { kind: 'due' }, around(saturday))
    expect(new Date(state.due as number).toISOString()).toBe('2026-03-29T10:00:00.000Z')
    expect(advance(journey, state, { kind: 'due' }, around(saturday - day)).state).toBe(state)
    state = advance(journey, state, { kind: 'due' }, around(state.due as number)).state
    expect(new Date(state.due as number).toISOString()).toBe('2026-03-30T07:00:00.000Z')
  })

  it('fails with a sentence where a value cannot be worked out', () => {
    const journey = journeyOf(
      '  - task: { priority: 1, reason: x, note: "= event.properties.missing.deeper.text + 1" }',
    )
    const { state, act } = advance(
      journey,
      initialState(journey, heard('Begin', start), start),
      { kind: 'due' },
      around(start),
    )
    expect(act).toBeNull()
    expect(state.phase).toBe('failed')
    expect(state.reason).toMatch(/could not be worked out/)
  })
})
