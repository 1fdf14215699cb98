import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UsualLearner } from './usual.ts'
import { SlotPopulation } from './usual-prior.ts'
import { sideOf, splitsOf, type UsualContext } from './usual-splits.ts'

const DAY = 86_400_000
const items = [1, 2, 3, 4, 5]

interface Seen {
  readonly item: number
  readonly context: UsualContext
}

/** One choice a day. */
function learned(seen: readonly Seen[], population = new SlotPopulation()): UsualLearner {
  const splits = splitsOf(seen.map(({ context }) => context))
  const learner = new UsualLearner(
    items,
    seen.map(({ item }) => item),
    splits,
    population,
  )
  seen.forEach(({ item, context }, day) => {
    learner.observe(item, day * DAY, context)
  })
  return learner
}

const at = (item: number, context: UsualContext = {}): Seen => ({ item, context })
const times = (n: number, seen: Seen): Seen[] => Array.from({ length: n }, () => seen)
const top = (learner: UsualLearner, context: UsualContext = {}) =>
  learner.predict(learner.observed * DAY, context).choices[0]

describe('the usual', () => {
  it('is surer with every repetition, and one odd day changes nothing', () => {
    const first = top(learned(times(2, at(3))))
    const later = top(learned(times(10, at(3))))
    expect(later.item).toBe(3)
    expect(later.probability).toBeGreaterThan(first.probability)
    expect(later.probability).toBeGreaterThan(0.85)
    expect(top(learned([...times(10, at(3)), at(4)]))).toMatchObject({ item: 3 })
  })

  it('turns to a new habit within four repetitions, however old the old one', () => {
    expect(top(learned([...times(150, at(3)), ...times(4, at(4))]))).toMatchObject({ item: 4 })
    const back = learned([...times(40, at(3)), ...times(6, at(4)), ...times(4, at(3))])
    expect(top(back)).toMatchObject({ item: 3 })
  })

  it('finds the threshold in a number, and the word that decides', () => {
    const degrees = [14, 3, 12, 9, 5, 11, 7, 15, 6, 13, 2, 10]
    const learner = learned(degrees.map((temperature) => at(temperature < 8 ? 2 : 1, { temperature })))
    const { condition, choices } = learner.predict(20 * DAY, { temperature: 4 })
    expect(choices[0].item).toBe(2)
    expect(condition).toMatchObject({ split: { name: 'temperature', below: 8 }, holding: 2, otherwise: 1 })
    expect(top(learner, { temperature: 11 }).item).toBe(1)
    const days = [...'ddddddwwddddddwwdddddw'].map((day) =>
      at(day === 'w' ? 5 : 1, { day: day === 'w' ? 'sun' : 'work' }),
    )
    const weekly = learned(days)
    expect(top(weekly, { day: 'sun' }).item).toBe(5)
    expect(top(weekly, { day: 'work' }).item).toBe(1)
  })

  it('makes no condition of a context that does not matter, nor of one that is not said', () => {
    const noise = Array.from({ length: 30 }, (_, n) => at(1, { temperature: (n * 7) % 20, wind: (n * 5) % 11 }))
    expect(learned(noise).predict(40 * DAY, { temperature: 3 }).condition).toBeNull()
    const learner = learned(
      [14, 3, 12, 9, 5, 11, 7, 15, 6, 2].map((temperature) => at(temperature < 8 ? 2 : 1, { temperature })),
    )
    expect(top(learner, {}).probability).toBeLessThan(0.8)
  })

  it('is at first what people like him take', () => {
    const population = new SlotPopulation()
    for (let n = 0; n < 30; n++) population.add([1, 2], [9, 1])
    for (let n = 0; n < 20; n++) population.add([4, 5], [2, 8])
    const stranger = new UsualLearner(items, [], [], population).predict(0, {})
    expect(stranger.choices[0].item).toBe(1)
    // Who takes a 4 is like those who mostly take 5.
    const likely = learned(times(4, at(4)), population)
      .predict(9 * DAY, {})
      .choices.map(({ item }) => item)
    expect(likely.indexOf(5)).toBeLessThan(likely.indexOf(1))
  })

  it('never loses or makes up probability, whatever happens', () => {
    const context = fc.oneof(
      fc.record({ temperature: fc.integer({ min: -9, max: 30 }), place: fc.constantFrom('bar', 'garden') }),
      fc.constant({}),
    )
    const choice = fc.record({ item: fc.integer({ min: 1, max: 5 }), context })
    fc.assert(
      fc.property(fc.array(choice, { maxLength: 25 }), context, (seen, now) => {
        const { choices } = learned(seen).predict(30 * DAY, now)
        expect(choices.map(({ item }) => item).sort()).toEqual(items)
        expect(choices.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6)
        expect(choices.every(({ probability }) => probability > 0 && probability <= 1)).toBe(true)
      }),
      { seed: 1, numRuns: 100 },
    )
  })

  it('knows a slot of one item', () => {
    const learner = new UsualLearner([7], [7], [], new SlotPopulation())
    learner.observe(7, 0, {})
    learner.observe(7, DAY, {})
    expect(learner.predict(2 * DAY, {}).choices).toEqual([{ item: 7, probability: expect.closeTo(1, 6) }])
  })
})

describe('splits', () => {
  it('lie between values, at the roundest number there is', () => {
    expect(splitsOf([{ t: 3.4 }, { t: 9.2 }])).toEqual([{ name: 't', below: 6 }])
    expect(splitsOf([{ t: 7.3 }, { t: 7.4 }])).toEqual([{ name: 't', below: 7.4 }])
    expect(splitsOf([{ t: 3 }, { t: 3 }])).toEqual([])
    const many = splitsOf(Array.from({ length: 300 }, (_, n) => ({ t: n })))
    expect(many.length).toBeLessThanOrEqual(20)
  })

  it('of two words need one, and leave out what was met once', () => {
    const words = (...each: string[]) => splitsOf(each.map((day) => ({ day })))
    expect(words('sun', 'work', 'work', 'sun')).toHaveLength(1)
    expect(words('sun', 'sun')).toEqual([])
    expect(words('a', 'a', 'b', 'b', 'c')).toEqual([
      { name: 'day', is: 'a' },
      { name: 'day', is: 'b' },
    ])
  })

  it('do not hold where the context does not say', () => {
    expect(sideOf({ name: 't', below: 8 }, { t: 7.9 })).toBe(1)
    expect(sideOf({ name: 't', below: 8 }, { t: 8 })).toBe(0)
    expect(sideOf({ name: 't', below: 8 }, { t: 'cold' })).toBe(2)
    expect(sideOf(null, {})).toBe(0)
  })
})
