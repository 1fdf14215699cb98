/** The usual of each slot as statements of the memory document: what was learned, under which condition, from which orders. */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Condition } from '../memory/conditions.ts'
import { observedId, type Statement } from '../memory/fact.ts'
import { sighted } from '../memory/sighted.ts'
import { whenSure } from '../models/usual-options.ts'
import type { SlotPopulation } from '../models/usual-prior.ts'
import type { Split, UsualContext } from '../models/usual-splits.ts'
import { type Choice, learned, usualContent } from './usual-choices.ts'

export interface LearnedSlot {
  readonly slot: string
  /** Internal ids of all that the slot has. */
  readonly items: readonly number[]
  readonly own: readonly Choice[]
  readonly population: SlotPopulation
}

/** What is his usual of the slot, with and without its condition; empty where it is not sure. */
export function usualStatements(
  { slot, items, own, population }: LearnedSlot,
  catalogue: Catalogue,
  now: number,
): Statement[] {
  if (own.length < whenSure.choices) return []
  const learner = learned(items, own, population)
  const { condition, choices } = learner.predict(now, {})
  const said = condition && conditionOf(condition.split)
  const top = (context: UsualContext) => learner.predict(now, context).choices[0]
  const statement = (item: number, probability: number, holds: Condition | null) => {
    const evidence = own.filter((choice) => choice.item === item)
    if (probability < whenSure.probability || evidence.length === 0) return []
    const content = { ...usualContent(slot, catalogue.shopId(item) ?? String(item)), condition: holds }
    const seen = sighted({
      ...content,
      confidence: Math.round(probability * 100) / 100,
      evidence: evidence.map(({ message }) => message),
      first: evidence[0].time,
      last: (evidence.at(-1) as Choice).time,
      channel: 'orders',
    })
    return [{ ...seen, condition: holds, id: observedId(content) }]
  }
  if (!condition || !said) return choices.length > 0 ? statement(choices[0].item, choices[0].probability, null) : []
  const [holding, otherwise] = [top(contextOf(condition.split, true)), top(contextOf(condition.split, false))]
  return [
    ...statement(otherwise.item, otherwise.probability, null),
    ...(holding.item === otherwise.item ? [] : statement(holding.item, holding.probability, said)),
  ]
}

/** A context on one side of the split. */
function contextOf(split: Split, holds: boolean): UsualContext {
  if ('below' in split) return { [split.name]: holds ? split.below - 1e-6 : split.below }
  return { [split.name]: holds ? split.is : `not ${split.is}` }
}

const words = new Set(['weather', 'occasion', 'device', 'place'])
const weekend = ['saturday', 'sunday']
const workdays = ['friday', 'monday', 'thursday', 'tuesday', 'wednesday']

/** In the form of facts; null = they have no word for it. */
function conditionOf(split: Split): Condition | null {
  if ('is' in split) {
    if (split.name === 'days') return { weekday: split.is === 'weekend' ? weekend : workdays }
    return words.has(split.name) ? { [split.name]: [split.is.toLowerCase()] } : null
  }
  if (split.name === 'temperature') return { temperature: { max: split.below } }
  if (split.name !== 'hour' || split.below <= 0 || split.below >= 24) return null
  const minutes = Math.round(split.below * 60)
  const clock = `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
  return { timeOfDay: { from: '00:00', until: clock } }
}
