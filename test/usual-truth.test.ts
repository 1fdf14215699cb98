/** What the learner of the usual finds of the habits that the example shop's customers were drawn with. */
import { describe, expect, it } from 'vitest'
import { type Cup, cups } from '../examples/shop/choices.ts'
import { generateShop } from '../examples/shop/generate.ts'
import type { HabitTruth } from '../examples/shop/truth.ts'
import { evaluateUsual } from '../src/evaluation/usual.ts'
import { unwatched } from '../src/models/pace.ts'
import { UsualLearner, type UsualPrediction } from '../src/models/usual.ts'
import { whenSure } from '../src/models/usual-options.ts'
import { SlotPopulation } from '../src/models/usual-prior.ts'
import { splitsOf } from '../src/models/usual-splits.ts'
import { simulatedWorld } from '../src/world.ts'

/** Another shop than the one that the learner's prior beliefs were set by. */
const shop = generateShop({ seed: 42, customers: 1200, events: 10_000_000 })
const all = cups(shop)
const items = [...new Set(all.map(({ item }) => item))].sort()
const indexOf = new Map(items.map((item, i) => [item, i]))
const byCustomer = Map.groupBy(all, ({ customer }) => customer)

const population = new SlotPopulation()
for (const own of byCustomer.values()) {
  const counts = Map.groupBy(own, ({ item }) => item)
  population.add(
    [...counts.keys()].map((item) => indexOf.get(item) as number),
    [...counts.values()].map((same) => same.length),
  )
}

const contextOf = ({ temperature, hour, days }: Cup) => ({ temperature, hour, days })

interface Moment {
  readonly cup: Cup
  readonly habit: HabitTruth
  readonly truth: string
  readonly changed: boolean
  readonly prediction: UsualPrediction
  readonly right: boolean
  readonly sure: boolean
}

/** Each cup with what was foretold of it from those before. */
const moments: readonly (readonly Moment[])[] = [...byCustomer].map(([customer, own]) => {
  const learner = new UsualLearner(
    items.map((_, i) => i),
    own.map(({ item }) => indexOf.get(item) as number),
    splitsOf(own.map(contextOf)),
    population,
  )
  const habit = shop.truth.habit(customer) as HabitTruth
  return own.map((cup, known) => {
    const prediction = learner.predict(cup.time, contextOf(cup))
    const truth = shop.truth.usual(customer, 'coffee', cup)?.item as string
    learner.observe(indexOf.get(cup.item) as number, cup.time, contextOf(cup))
    const [top] = prediction.choices
    return {
      cup,
      habit,
      truth,
      changed: habit.change !== undefined && cup.time >= habit.change.at,
      prediction,
      right: items[top.item] === truth,
      sure: top.probability >= whenSure.probability && known >= whenSure.choices,
    }
  })
})

const regular = moments.filter(([{ habit }]) => habit.regularity >= 0.9)
const share = (some: readonly boolean[]) => some.filter(Boolean).length / some.length

describe('the usual of the example shop', () => {
  it('is right after ten orders in a context for nine of ten customers of regular habits', () => {
    const eleventh = regular.flatMap((own) => {
      const before = own.filter(({ changed }) => !changed)
      return [...Map.groupBy(before, ({ truth }) => truth).values()].flatMap((same) => same.slice(10, 11))
    })
    expect(eleventh.length).toBeGreaterThan(150)
    expect(share(eleventh.map(({ right, sure }) => right && sure))).toBeGreaterThanOrEqual(0.9)
  })

  it('knows what is taken in the cold after five cold days', () => {
    const cold = regular.flatMap((own) => {
      const when = own[0].habit.routine.exception?.when
      if (when?.kind !== 'temperature') return []
      const before = own.filter(({ changed }) => !changed)
      const isCold = ({ cup }: Moment) => cup.temperature < when.below
      const days = new Set<number>()
      const sixth = before.find((moment) => {
        if (!isCold(moment)) return false
        days.add(Math.floor(moment.cup.time / 86_400_000))
        return days.size > 5
      })
      return sixth ? [sixth] : []
    })
    expect(cold.length).toBeGreaterThan(40)
    expect(share(cold.map(({ right }) => right))).toBeGreaterThanOrEqual(0.9)
  })

  it('follows a change of habit within four orders', () => {
    const fifth = regular.flatMap((own) => own.filter(({ changed }) => changed).slice(4, 5))
    expect(fifth.length).toBeGreaterThan(15)
    expect(share(fifth.map(({ right }) => right))).toBeGreaterThanOrEqual(0.9)
  })

  it('asks where there is no habit', () => {
    const without = moments.filter(([{ habit }]) => habit.regularity === 0).flat()
    expect(without.length).toBeGreaterThan(1000)
    expect(share(without.map(({ sure }) => sure))).toBeLessThan(0.05)
  })

  it('is right as often as it says', async () => {
    const customers = [...byCustomer.values()].map((own) =>
      own.map((cup) => ({ item: indexOf.get(cup.item) as number, time: cup.time, context: contextOf(cup) })),
    )
    const around = { sure: whenSure.probability, options: {}, progress: unwatched(), world: simulatedWorld(1) }
    const { outcome } = await evaluateUsual({ items: items.length, customers }, around)
    expect(outcome.metrics.answered).toBeGreaterThan(0.7)
    expect(Math.abs(outcome.metrics.right - outcome.metrics.said)).toBeLessThan(0.02)
    expect(outcome.metrics['calibration gap']).toBeLessThanOrEqual(0.05)
  })
})
