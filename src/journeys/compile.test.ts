import { describe, expect, it } from 'vitest'
import { HabitueError } from '../errors.ts'
import { compileJourney } from './compile.ts'
import { nextOnSchedule, parseDuration } from './duration.ts'
import { readSource, type Trouble } from './source.ts'

function troubles(text: string): readonly Trouble[] {
  try {
    compileJourney(readSource(text), 'test', 1)
    return []
  } catch (error) {
    expect((error as HabitueError).code).toBe('invalid_journey')
    return (error as HabitueError).details.troubles as Trouble[]
  }
}

const steps = (text: string) => `trigger: { event: Cart Abandoned }\nsteps:\n${text}`

describe('a definition that is wrong', () => {
  const wrong: [what: string, text: string, line: number, message: RegExp][] = [
    ['is no YAML', 'trigger: [\nsteps: }', 2, /flow/i],
    ['has an unknown setting', 'trigger: { event: X }\nsteps:\n  - end: a\n    colour: red', 4, /no setting colour/],
    ['has a number for a text', steps('  - task:\n      priority: high\n      reason: x'), 4, /integer; got "high"/],
    ['leads to what is not there', steps('  - wait: { for: 1 h }\n    next: nowhere'), 4, /no step nowhere/],
    [
      'has a step that nothing leads to',
      steps('  - end: a\n  - name: lost\n    end: b'),
      4,
      /Nothing leads to the step lost/,
    ],
    [
      'has two steps of a name',
      steps('  - name: a\n    wait: { for: 1 h }\n  - name: a\n    end: x'),
      5,
      /Two steps are called a/,
    ],
    [
      'goes round without a wait',
      steps(
        '  - name: a\n    task: { priority: 1, reason: x }\n  - name: b\n    fact: { event: Note Added, properties: {} }\n    next: a',
      ),
      3,
      /a -> b -> a goes round without a wait/,
    ],
    [
      'asks for the item of events before',
      'trigger:\n  event: Product Viewed\n  count: 2\n  within: 2 days\n  when: item.price > 1\nsteps:\n  - end: a',
      5,
      /`item` is known of the event that begins it/,
    ],
    [
      'asks for a field that items have not',
      steps('  - branch: [{ when: context.page.path == "/" && item.prise > 5, next: end }]'),
      3,
      /prise.*price/,
    ],
    [
      'repeats a present of nobody',
      steps(`  - message:
      channel: email
      purpose: service
      template: t
      reorder: true`),
      7,
      /belongs to a trigger `occasion`/,
    ],
    ['has two kinds in a step', steps('  - wait: { for: 1 h }\n    end: x'), 3, /got wait and end/],
    ['has an unknown span', steps('  - wait: { for: 3 fortnights }'), 3, /"3 fortnights" is no span of time/],
    ['waits for an event for ever', steps('  - wait: { event: X }'), 3, /`atMost`/],
    [
      'has a setting of another wait',
      steps('  - wait: { for: 1 h, late: end }'),
      3,
      /`late` belongs to a wait with `event`/,
    ],
    [
      'has a condition that is none',
      'trigger:\n  event: X\n  when: event.propertis.value > 1\nsteps:\n  - end: a',
      3,
      /propertis.*properties/,
    ],
    [
      'asks for what gives no truth',
      'trigger:\n  event: X\n  when: customer.orders + 1\nsteps:\n  - end: a',
      3,
      /true or false/,
    ],
    [
      'has a value that is no expression',
      steps('  - task: { priority: 1, reason: x, note: "= event.name +" }'),
      3,
      /condition|expected/i,
    ],
    ['has two triggers', 'trigger: { event: X, occasion: birthday }\nsteps:\n  - end: a', 1, /got event and occasion/],
    [
      'has a setting of another trigger',
      'trigger: { event: X, lead: 2 days }\nsteps:\n  - end: a',
      1,
      /`lead` does not belong/,
    ],
    ['counts without a window', 'trigger: { event: X, count: 2 }\nsteps:\n  - end: a', 1, /`count` needs `within`/],
    ['has half an absence', 'trigger: { event: X, for: 1 h }\nsteps:\n  - end: a', 1, /one of them is missing/],
    [
      'splits more than all',
      steps('  - split: [{ share: 0.7, next: end }, { share: 0.7, next: end }]'),
      3,
      /come to 1.4/,
    ],
  ]
  it.each(wrong)('%s', (_what, text, line, message) => {
    const found = troubles(text)
    const fitting = found.find((trouble) => message.test(trouble.message))
    expect(fitting, JSON.stringify(found)).toBeDefined()
    expect(fitting).toMatchObject({ line })
  })

  it('is told all at once', () => {
    const found = troubles(steps('  - wait: { for: soon }\n    next: a\n  - wait: { for: 1 h }\n    next: b'))
    expect(found.map(({ path }) => path).sort()).toEqual([
      'steps/0/next',
      'steps/0/wait/for',
      'steps/1',
      'steps/1/next',
    ])
  })

  it('does not grow by aliases', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]']
    for (let n = 0; n < 8; n++) bomb.push(`${'bcdefghi'[n]}: &${'bcdefghi'[n]} [${`*${'abcdefgh'[n]},`.repeat(10)}]`)
    expect(() => readSource(bomb.join('\n'))).toThrow(HabitueError)
  })
})

describe('a schedule', () => {
  const schedule = (trigger: string) => `trigger: ${trigger}\nsteps:\n  - end: a`

  it('may be a date that recurs by rule, with so many days before it', () => {
    const source = schedule('{ every: { feast: mothers-day, country: FR }, lead: 2 weeks, at: "10:00", segment: new }')
    const { trigger } = compileJourney(readSource(source), 'test', 1)
    if (trigger.kind !== 'every') throw new Error('it is a schedule')
    const shown = (now: string) => new Date(nextOnSchedule(Date.parse(now), trigger, 'Europe/Paris')).toISOString()
    // The last Sunday of May, but the first of June where that is Pentecost, as in 2023.
    expect(shown('2023-01-01T00:00:00Z')).toBe('2023-05-21T08:00:00.000Z')
    expect(shown('2023-05-21T08:00:00Z')).toBe('2024-05-12T08:00:00.000Z')
  })

  it('of a date that never comes, or with a lead that is no number of days, is refused', () => {
    const paths = (trigger: string) => troubles(schedule(trigger)).map(({ path }) => path)
    expect(paths('{ every: { feast: thanksgiving, country: DE }, segment: new }')).toEqual(['trigger/every'])
    expect(paths('{ every: { date: "02-30" }, segment: new }')).toEqual(['trigger/every'])
    expect(paths('{ every: { easter: 39 }, lead: 12 h, segment: new }')).toEqual(['trigger/lead'])
    expect(paths('{ every: thursday, lead: 2 days, segment: new }')).toEqual(['trigger/lead'])
    expect(paths('{ every: { easter: 39 }, lead: 3 days, segment: new }')).toEqual([])
  })
})

describe('a definition that is right', () => {
  it('warns of what would enter everybody', () => {
    const text = 'trigger: { every: thursday }\nsteps:\n  - end: a'
    expect(compileJourney(readSource(text), 'test', 1).warnings).toMatchObject([
      expect.stringContaining('every customer'),
    ])
    expect(compileJourney(readSource(steps('  - end: a')), 'test', 1).warnings).toEqual([])
  })

  it('may go round with a wait', () => {
    expect(
      troubles(steps('  - name: a\n    task: { priority: 1, reason: x }\n  - wait: { for: 1 day }\n    next: a')),
    ).toEqual([])
  })
})

it('reads spans of time', () => {
  expect(parseDuration('1 day 12h')).toMatchObject({ days: 1, ms: 43_200_000 })
  expect(parseDuration('2 weeks')).toMatchObject({ days: 14 })
  expect(parseDuration('6 months')).toMatchObject({ months: 6 })
  for (const none of ['', '0 s', '-1 day', '1', 'day', '51 years', '1.5 h']) expect(parseDuration(none)).toBeNull()
})
