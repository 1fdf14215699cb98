/**
 * The coffee habit: a usual drink, perhaps another one under a condition, kept with a regularity, perhaps changed at a
 * date. Some customers have none. `usualOf` says what the habit gives in a context, with its true probability.
 */
import type { Assortment, Product } from './catalogue.ts'
import { chance, cumulate, type Draw, drawFrom, normal, pick } from './draws.ts'
import { Chooser, type Taste } from './tastes.ts'

export type Condition =
  | { readonly kind: 'temperature' /** Degrees Celsius. */; readonly below: number }
  | { readonly kind: 'hour' /** Local, fractional. */; readonly from: number }

/** Indices of items. */
export interface Routine {
  readonly usual: number
  readonly exception: { readonly when: Condition; readonly usual: number } | undefined
}

export interface Habit {
  /** Probability that an order is the usual one; 0 = no habit: every order is drawn from taste. */
  readonly regularity: number
  readonly routine: Routine
  /** From `at` (milliseconds) on, another routine. */
  readonly change: { readonly at: number; readonly routine: Routine } | undefined
  readonly ordersPerWeek: number
  /** Local hour of the morning cup, and the share of cups drunk in the afternoon. */
  readonly hour: number
  readonly afternoons: number
  /** The drinks, and the weight of each in a free choice; same order. */
  readonly drinks: readonly number[]
  readonly weights: Float64Array
}

export interface CoffeeContext {
  /** Milliseconds. */
  readonly time: number
  /** Degrees Celsius. */
  readonly temperature: number
  /** Local hour, 0..24. */
  readonly hour: number
}

export interface Choice {
  readonly item: number
  readonly probability: number
}

export function drawHabit(
  draw: Draw,
  taste: Taste,
  assortment: Assortment,
  span: { start: number; end: number; pace: number },
): Habit {
  const size = chance(draw, 0.6) ? 'small' : 'large'
  const all = assortment.byDepartment.get('Coffee')!.filter(({ item }) => item.categories[1] === 'Drinks')
  const drinks = all.filter(({ item }) => item.attributes.size === size)
  const weights = new Chooser(taste, drinks).probabilities().map((p) => p ** 0.6)
  const regular = chance(draw, 0.85)
  const routine = drawRoutine(draw, drinks, weights)
  const changes = regular && chance(draw, 0.12)
  const at = span.start + Math.floor((0.35 + 0.4 * draw()) * (span.end - span.start))
  return {
    regularity: regular ? Math.min(0.99, Math.max(0.7, 0.93 + 0.05 * normal(draw))) : 0,
    routine,
    change: changes ? { at, routine: otherRoutine(draw, drinks, weights, routine) } : undefined,
    ordersPerWeek: span.pace * pick(draw, [0.4, 0.6, 0.8, 0.8, 1, 1.4, 2, 3]),
    hour: 7 + 2.5 * draw(),
    afternoons: pick(draw, [0, 0.1, 0.3, 0.5]),
    drinks: drinks.map(({ index }) => index),
    weights,
  }
}

/** Half have one usual; a third drink milk below a temperature; the rest take no caffeine late in the day. */
function drawRoutine(draw: Draw, drinks: readonly Product[], weights: Float64Array): Routine {
  const kind = draw()
  const named = (title: string) => drinks.find(({ item }) => item.title.startsWith(`${title},`))!.index
  if (kind < 0.34) {
    const warm = chance(draw, 0.6) ? named('Espresso') : named(pick(draw, ['Americano', 'Filter Coffee', 'Cold Brew']))
    const cold = chance(draw, 0.6) ? named('Latte') : named(pick(draw, ['Cappuccino', 'Hot Chocolate', 'Oat Latte']))
    const below = Math.round(2 + 10 * draw())
    return { usual: warm, exception: { when: { kind: 'temperature', below }, usual: cold } }
  }
  const usual = drinks[drawFrom(draw, cumulate(weights))].index
  if (kind > 0.86) {
    const decaf = named(pick(draw, ['Decaf Espresso', 'Decaf Latte']))
    if (decaf !== usual) return { usual, exception: { when: { kind: 'hour', from: 14 }, usual: decaf } }
  }
  return { usual, exception: undefined }
}

function otherRoutine(draw: Draw, drinks: readonly Product[], weights: Float64Array, old: Routine): Routine {
  const rest = weights.map((weight, i) =>
    drinks[i].index === old.usual || drinks[i].index === old.exception?.usual ? 0 : weight,
  )
  return { usual: drinks[drawFrom(draw, cumulate(rest))].index, exception: undefined }
}

export const holds = (when: Condition, context: CoffeeContext): boolean =>
  when.kind === 'temperature' ? context.temperature < when.below : context.hour >= when.from

/** What he has in that context, most probable first. The probabilities of all drinks sum to 1. */
export function usualOf(habit: Habit, context: CoffeeContext): Choice[] {
  const { usual, rest } = split(habit, context)
  const free = rest.reduce((sum, weight) => sum + weight, 0)
  return habit.drinks
    .map((item, i) => ({
      item,
      probability: item === usual ? habit.regularity : ((1 - habit.regularity) * rest[i]) / free,
    }))
    .sort((a, b) => b.probability - a.probability || a.item - b.item)
}

/** One order: the usual, or with probability 1 - regularity another drink by taste. */
export function drawDrink(draw: Draw, habit: Habit, context: CoffeeContext): number {
  const { usual, rest } = split(habit, context)
  if (usual !== undefined && chance(draw, habit.regularity)) return usual
  return habit.drinks[drawFrom(draw, cumulate(rest))]
}

/** The usual of this context, and the weights of the other drinks. */
function split(habit: Habit, context: CoffeeContext): { usual: number | undefined; rest: Float64Array } {
  if (habit.regularity === 0) return { usual: undefined, rest: habit.weights }
  const routine = habit.change && context.time >= habit.change.at ? habit.change.routine : habit.routine
  const usual = routine.exception && holds(routine.exception.when, context) ? routine.exception.usual : routine.usual
  return { usual, rest: habit.weights.map((weight, i) => (habit.drinks[i] === usual ? 0 : weight)) }
}
