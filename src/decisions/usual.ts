/**
 * What a customer usually takes from a slot (a category) in this context, or that it is better to ask. His own orders are
 * learned from at request time (models/usual.ts), so the order of a moment ago counts.
 */
import type { Catalogue, ItemCard } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import { type Ceiling, type Permit, permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { personOf, populationPermit } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import type { Identifier } from '../identity/identity.ts'
import { resolve } from '../identity/store.ts'
import { choices } from '../memory/choices.ts'
import { storedFacts } from '../memory/facts.ts'
import type { OrderContext } from '../memory/order-context.ts'
import { UsualLearner, type UsualPrediction } from '../models/usual.ts'
import { whenSure } from '../models/usual-options.ts'
import { SlotPopulation } from '../models/usual-prior.ts'
import { sideOf, splitsOf, type UsualContext } from '../models/usual-splits.ts'
import type { World } from '../world.ts'
import type { CustomerState, CustomerStates } from './customer-state.ts'
import type { Serving } from './serving.ts'
import { checkZone, usualContext } from './usual-context.ts'
import { currentPopulations, slotItems } from './usual-slots.ts'
import { phraseOf, usualText } from './usual-text.ts'
import { noWeather, type WeatherSource, weatherFile } from './weather.ts'

export interface UsualRequest {
  readonly who: Identifier
  /** A category; null = that from which he takes most. */
  readonly slot: string | null
  readonly context: OrderContext
  /** Milliseconds; null = now. */
  readonly time: number | null
  /** From which probability on it is said; below it asks. */
  readonly sure: number
}

export interface UsualItem extends ItemCard {
  readonly probability: number
}

export interface UsualAnswer {
  readonly slot: string | null
  readonly personalised: boolean
  /** Not sure enough, or the usual cannot be had: ask, with `options` to choose from. */
  readonly ask: boolean
  readonly usual: UsualItem | null
  readonly runnerUp: UsualItem | null
  readonly options: readonly UsualItem[]
  readonly condition: {
    readonly name: string
    readonly below?: number
    readonly is?: string
    /** Does it hold now? Null = the context does not say. */
    readonly holds: boolean | null
    /** Shop's ids: the usual where it holds, and where it does not. */
    readonly holding: string
    readonly otherwise: string
    readonly probability: number
  } | null
  /** The usual, where it cannot be sold just now. */
  readonly unavailable: ItemCard | null
  readonly reason: string | null
  /** How many of his choices this rests on. */
  readonly choices: number
  /** What the answer was worked out for, weather and time of day filled in. */
  readonly context: UsualContext
}

export interface UsualDecider {
  /** @throws HabitueError invalid_body; invalid_file, invalid_line of the weather */
  decide(request: UsualRequest, ceiling: Ceiling): Promise<UsualAnswer>
}

export interface UsualNeeds {
  readonly db: Database
  readonly catalogue: Catalogue
  readonly config: Config
  readonly policy: Policy
  readonly customers: CustomerStates
  readonly current: () => { readonly serving: Serving | null }
  readonly upToDate: () => Promise<void> | undefined
  readonly world: World
  /** Default: the file of the configuration. */
  readonly weather?: WeatherSource
  readonly onError: (error: unknown) => void
}

type Sourced = UsualNeeds & { readonly weather: WeatherSource }

/** Of a slot the latest choices; older ones say little and cost the same. */
const mostChoices = 200
const mostOptions = 3

interface Choice {
  readonly item: number
  readonly time: number
  readonly context: UsualContext
}

export function createUsual(given: UsualNeeds): UsualDecider {
  const { db, catalogue, policy, world, config } = given
  const { file } = config.weather
  const needs = { ...given, weather: given.weather ?? (file === null ? noWeather : weatherFile(file, world)) }
  const populations = currentPopulations({
    ...needs,
    signals: config.signals,
    permit: () => populationPermit(db, policy, 'training', world.now()),
  })
  const allowedFor = async (who: Identifier, ceiling: Ceiling): Promise<Permit | null> => {
    const identity = await resolve(db, who)
    if (!identity) return null
    const alone = ceiling === 'anonymous' ? identity.named : undefined
    return permit(await personOf(db, policy, identity, world.now()), 'personalisation', { ceiling, alone })
  }
  return {
    async decide(request, ceiling) {
      checkZone(request.context.timezone)
      await needs.upToDate()
      const allowed = await allowedFor(request.who, ceiling)
      const made = allowed ? await ownChoices(needs, allowed) : []
      const slot = request.slot ?? favouriteSlot(catalogue, made)
      const now = request.time ?? world.now()
      const context = await contextNow(needs, request.context, made, now)
      const items = slot === null ? [] : slotItems(catalogue, slot)
      const inSlot = new Set(items)
      const own = made.filter(({ item }) => inSlot.has(item)).slice(-mostChoices)
      const learned = await withWeather(needs, own)
      const state = await needs.customers.of(request.who, ceiling, needs.current().serving)
      const population = (await populations.get()).get(slot?.toLowerCase() ?? '') ?? new SlotPopulation()
      const prediction = predict(items, learned, population, context, now)
      const offer = offerOf(needs, state, now)
      return {
        ...answerOf({
          prediction,
          offer,
          catalogue,
          own: learned,
          context,
          sure: request.sure,
          known: allowed !== null,
        }),
        slot,
        personalised: allowed !== null,
        choices: learned.length,
        context,
      }
    },
  }
}

interface Placed {
  readonly item: number
  readonly time: number
  readonly said: OrderContext
}

/** Of items that are known by now under their own name, without those he took out of his taste. */
async function ownChoices({ db, catalogue }: UsualNeeds, allowed: Permit): Promise<Placed[]> {
  const { forgotten } = await storedFacts(db, allowed)
  const made = (await choices(db, allowed)).map(({ item, time, context }) => ({
    item: catalogue.canonical(item),
    time,
    said: context,
  }))
  return made.filter(({ item }) => !forgotten.has(item))
}

/** The last category of the items that he takes most. */
function favouriteSlot(catalogue: Catalogue, made: readonly Placed[]): string | null {
  const counts = new Map<string, number>()
  for (const { item } of made.slice(-mostChoices)) {
    const slot = catalogue.categories(item).at(-1)
    if (slot !== undefined) counts.set(slot, (counts.get(slot) ?? 0) + 1)
  }
  const [first] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  return first?.[0] ?? null
}

/** What the request says; where it says nothing, the zone and place of his latest order, and the weather of the source. */
async function contextNow(
  { weather, config }: Sourced,
  said: OrderContext,
  made: readonly Placed[],
  now: number,
): Promise<UsualContext> {
  const last = made.at(-1)?.said ?? {}
  const timezone = said.timezone ?? last.timezone
  const place = said.place ?? last.place ?? config.weather.place
  const filled = said.temperature === undefined ? await weather.at(placeName(place), now) : null
  return usualContext({ ...filled, ...(timezone === undefined ? {} : { timezone }), ...said }, now)
}

/** Orders that came without weather get it from the source, as it was. */
async function withWeather({ weather, config }: Sourced, own: readonly Placed[]): Promise<Choice[]> {
  return Promise.all(
    own.map(async ({ item, time, said }) => {
      const place = placeName(said.place ?? config.weather.place)
      const filled = said.temperature === undefined ? await weather.at(place, time) : null
      return { item, time, context: usualContext({ ...filled, ...said }, time) }
    }),
  )
}

const placeName = (place: number | string | null | undefined) => (typeof place === 'string' ? place : null)

function predict(
  items: readonly number[],
  own: readonly Choice[],
  population: SlotPopulation,
  context: UsualContext,
  now: number,
): UsualPrediction {
  const splits = splitsOf(own.map((choice) => choice.context))
  const learner = new UsualLearner(
    items,
    own.map(({ item }) => item),
    splits,
    population,
  )
  for (const choice of own) learner.observe(choice.item, choice.time, choice.context)
  return learner.predict(now, context)
}

interface Offer {
  /** He may be told of it at all. */
  readonly allows: (item: number) => boolean
  /** It can be had now. */
  readonly has: (item: number) => boolean
}

function offerOf({ catalogue }: UsualNeeds, state: CustomerState | null, now: number): Offer {
  const age = state?.age ?? 0
  return {
    allows: (item) => catalogue.leastAge(item) <= age && !state?.refused.has(item),
    has: (item) => catalogue.sellable(item, now),
  }
}

interface AnswerNeeds {
  readonly prediction: UsualPrediction
  readonly offer: Offer
  readonly catalogue: Catalogue
  readonly own: readonly Choice[]
  readonly context: UsualContext
  readonly sure: number
  readonly known: boolean
}

function answerOf(needs: AnswerNeeds): Omit<UsualAnswer, 'slot' | 'personalised' | 'choices' | 'context'> {
  const { prediction, offer, catalogue, sure, known, own } = needs
  const allowed = prediction.choices.filter(({ item }) => offer.allows(item))
  const had = allowed.filter(({ item }) => offer.has(item))
  const shown = had.slice(0, mostOptions).map(({ item, probability }) => ({ ...catalogue.card(item), probability }))
  const [top] = allowed
  const sureOfIt = known && own.length >= whenSure.choices && top !== undefined && top.probability >= sure
  const gone = sureOfIt && !offer.has(top.item)
  const usual = sureOfIt && !gone ? (shown[0] ?? null) : null
  const condition = known ? conditionOf(needs) : null
  return {
    ask: usual === null,
    usual,
    runnerUp: shown[1] ?? null,
    options: shown,
    condition,
    unavailable: gone ? catalogue.card(top.item) : null,
    reason: usual ? reasonOf(needs, top.item) : null,
  }
}

function conditionOf({ prediction, offer, catalogue, context }: AnswerNeeds): UsualAnswer['condition'] {
  const { condition } = prediction
  if (!condition || !offer.allows(condition.holding) || !offer.allows(condition.otherwise)) return null
  const side = sideOf(condition.split, context)
  return {
    ...condition.split,
    holds: side === 2 ? null : side === 1,
    holding: catalogue.shopId(condition.holding) ?? '',
    otherwise: catalogue.shopId(condition.otherwise) ?? '',
    probability: condition.probability,
  }
}

/** The side on which he was more often is the rule, the other the exception. */
function reasonOf({ prediction, offer, catalogue, own }: AnswerNeeds, top: number): string {
  const titleOf = (item: number) => catalogue.title(item) ?? catalogue.shopId(item) ?? ''
  const { condition } = prediction
  if (!condition || !offer.allows(condition.holding) || !offer.allows(condition.otherwise))
    return usualText(titleOf(top), null)
  const { split, holding, otherwise } = condition
  const held = own.filter((choice) => sideOf(split, choice.context) === 1).length
  const mostlyHolds = held * 2 > own.length
  return usualText(titleOf(mostlyHolds ? holding : otherwise), {
    phrase: phraseOf(split, !mostlyHolds),
    item: titleOf(mostlyHolds ? otherwise : holding),
  })
}
