/** What a customer chose from a slot, when and in which context, and what the learner makes of it. */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import type { Permit } from '../consent/permit.ts'
import type { Reader } from '../db/database.ts'
import type { TombstoneRow } from '../db/tables.ts'
import { choices } from '../memory/choices.ts'
import type { Discreet } from '../memory/discreet.ts'
import { digestsOf } from '../memory/fact-view.ts'
import type { OrderContext } from '../memory/order-context.ts'
import { UsualLearner, type UsualPrediction } from '../models/usual.ts'
import type { SlotPopulation } from '../models/usual-prior.ts'
import { splitsOf, type UsualContext } from '../models/usual-splits.ts'
import { usualContext } from './usual-context.ts'
import type { WeatherSource } from './weather.ts'

export interface ChoiceNeeds {
  readonly db: Reader
  readonly catalogue: Catalogue
  readonly config: Pick<Config, 'weather'>
  readonly weather: WeatherSource
}

/** Of a slot the latest choices; older ones say little and cost the same. */
export const mostChoices = 200

/** The same with what it was then. */
export interface Choice {
  readonly item: number
  readonly time: number
  readonly context: UsualContext
  readonly message: string
}

/** A choice as it was made. */
export interface Placed {
  readonly item: number
  readonly time: number
  readonly said: OrderContext
  /** Id of the message that told of it. */
  readonly message: string
}

/** Of items that are known by now under their own name, without those he took out of his taste. */
export async function ownChoices(
  { db, catalogue }: Pick<ChoiceNeeds, 'db' | 'catalogue'>,
  allowed: Permit,
  forgotten: ReadonlySet<number>,
  discreet: Discreet,
): Promise<Placed[]> {
  const made = (await choices(db, allowed)).map(({ item, time, context, message }) => ({
    item: catalogue.canonical(item),
    time,
    said: context,
    message,
  }))
  return made.filter(({ item }) => !forgotten.has(item) && !discreet(item))
}

/** Without what he deleted from the usual of this slot: neither was it his usual, nor does it become it by what he chose before. */
export function undeleted(
  made: readonly Placed[],
  slot: string,
  tombstones: readonly TombstoneRow[],
  catalogue: Catalogue,
): readonly Placed[] {
  if (tombstones.length === 0) return made
  const gone = new Set(tombstones.map(({ slot: about, value }) => `${about} ${value}`))
  const isGone = (item: number) => {
    const digests = digestsOf(usualContent(slot, catalogue.shopId(item) ?? ''))
    return gone.has(`${digests.slot} ${digests.value}`)
  }
  const items = new Map<number, boolean>()
  return made.filter(({ item }) => {
    const known = items.get(item) ?? isGone(item)
    items.set(item, known)
    return !known
  })
}

/** As a fact says it, under whatever condition. */
export function usualContent(slot: string, item: string) {
  return { kind: 'usual', subject: slot, recipient: '', value: item, condition: null } as const
}

/** Orders that came without weather get it from the source, as it was. */
export async function withWeather(
  { weather, config }: Pick<ChoiceNeeds, 'weather' | 'config'>,
  own: readonly Placed[],
): Promise<Choice[]> {
  return Promise.all(
    own.map(async ({ item, time, said, message }) => {
      const place = placeName(said.place ?? config.weather.place)
      const filled = said.temperature === undefined ? await weather.at(place, time) : null
      return { item, time, message, context: usualContext({ ...filled, ...said }, time) }
    }),
  )
}

export const placeName = (place: number | string | null | undefined) => (typeof place === 'string' ? place : null)

/** The learner, with all that he chose; and what it foretells. */
export function learned(
  items: readonly number[],
  own: readonly Choice[],
  population: SlotPopulation,
): { predict(now: number, context: UsualContext): UsualPrediction } {
  const splits = splitsOf(own.map((choice) => choice.context))
  const chosen = own.map(({ item }) => item)
  const learner = new UsualLearner(items, chosen, splits, population)
  for (const choice of own) learner.observe(choice.item, choice.time, choice.context)
  return learner
}
