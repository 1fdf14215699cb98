/**
 * What a customer usually takes from a slot (a category) in this context, or that it is better to ask. His own orders are
 * learned from at request time (models/usual.ts), so the order of a moment ago counts.
 */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import { type Ceiling, type Permit, permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { maySay } from '../consent/saying.ts'
import { personOf, populationPermit } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import type { Identifier } from '../identity/identity.ts'
import { resolve } from '../identity/store.ts'
import type { Moment } from '../memory/conditions.ts'
import type { Discreet } from '../memory/discreet.ts'
import type { Statement } from '../memory/fact.ts'
import { type StoredFacts, storedFacts } from '../memory/facts.ts'
import type { OrderContext } from '../memory/order-context.ts'
import { whenSure } from '../models/usual-options.ts'
import { SlotPopulation } from '../models/usual-prior.ts'
import type { UsualContext } from '../models/usual-splits.ts'
import type { World } from '../world.ts'
import type { CustomerState } from './customer-state.ts'
import type { CustomerStates } from './customer-states.ts'
import type { Serving } from './serving.ts'
import { answerOf, type UsualAnswer } from './usual-answer.ts'
import { learned, mostChoices, ownChoices, type Placed, placeName, undeleted, withWeather } from './usual-choices.ts'
import { checkZone, usualContext, usualMoment } from './usual-context.ts'
import { currentPopulations, slotItems } from './usual-slots.ts'
import { usualStatements } from './usual-statements.ts'
import { toldUsual } from './usual-told.ts'
import { noWeather, type WeatherSource, weatherFile } from './weather.ts'

export interface UsualRequest {
  readonly who: Identifier
  /** How personal it may be. */
  readonly dial: Ceiling
  /** A category; null = that from which he takes most. */
  readonly slot: string | null
  readonly context: OrderContext
  /** Milliseconds; null = now. */
  readonly time: number | null
  /** From which probability on it is said; below it asks. */
  readonly sure: number
}

/** What is known of a customer beside his orders, when it is asked what was learned of him. */
export type Learning = Pick<StoredFacts, 'forgotten' | 'tombstones'> & {
  readonly discreet: Discreet
  readonly now: number
}

export interface UsualDecider {
  /** @throws HabitueError invalid_body; invalid_file, invalid_line of the weather */
  decide(request: UsualRequest, ceiling: Ceiling): Promise<UsualAnswer>
  /** What was learned of each slot by `now`, as statements of his memory. */
  statements(allowed: Permit, known: Learning): Promise<Statement[]>
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
    async statements(allowed, { forgotten, tombstones, discreet, now }) {
      const made = (await ownChoices(needs, allowed, forgotten, discreet)).filter(({ time }) => time <= now)
      const slots = new Set(made.flatMap(({ item }) => catalogue.categories(item).at(-1) ?? []))
      const known = await populations.get()
      const found: Statement[] = []
      for (const slot of slots) {
        const inSlot = ({ item }: Placed) => catalogue.categories(item).includes(slot)
        const kept = undeleted(made.filter(inSlot), slot, tombstones, catalogue)
        if (kept.length < whenSure.choices) continue
        const items = slotItems(catalogue, slot)
        const own = await withWeather(needs, kept.slice(-mostChoices))
        const population = known.get(slot.toLowerCase()) ?? new SlotPopulation()
        found.push(...usualStatements({ slot, items, own, population }, catalogue, now))
      }
      return found
    },
    async decide(request, ceiling) {
      checkZone(request.context.timezone)
      await needs.upToDate()
      const usesMemory = request.dial !== 'anonymous'
      const allowed = usesMemory ? await allowedFor(request.who, ceiling) : null
      const state = await needs.customers.of(request.who, ceiling, needs.current().serving)
      const discreet = usesMemory && state ? state.discreet : (item: number) => catalogue.sensitive(item)
      const facts = allowed ? await storedFacts(db, allowed) : noFacts
      const made = allowed ? await ownChoices(needs, allowed, facts.forgotten, discreet) : []
      const slot =
        request.slot ?? favouriteSlot(catalogue, made) ?? (usesMemory ? slotLookedAt(catalogue, state) : null)
      const now = request.time ?? world.now()
      const { context, moment } = await contextNow(needs, request.context, made, now)
      const items = slot === null ? [] : slotItems(catalogue, slot)
      const inSlot = new Set(items)
      const kept = slot === null ? [] : undeleted(made, slot, facts.tombstones, catalogue)
      const own = await withWeather(needs, kept.filter(({ item }) => inSlot.has(item)).slice(-mostChoices))
      const population = (await populations.get()).get(slot?.toLowerCase() ?? '') ?? new SlotPopulation()
      const never = state?.never(moment) ?? null
      const answer = answerOf({
        told: slot === null ? null : toldUsual(facts, { slot, items: inSlot, moment, now }, catalogue),
        prediction: learned(items, own, population).predict(now, context),
        offer: {
          allows: (item) =>
            catalogue.leastAge(item) <= (state?.age ?? 0) &&
            !discreet(item) &&
            !state?.refused.has(item) &&
            !never?.(item),
          has: (item) => catalogue.sellable(item, now),
        },
        catalogue,
        own: own.map((choice) => choice.context),
        context,
        sure: request.sure,
        known: allowed !== null,
        mayName: maySay('told', request.dial) === 'named',
      })
      return { ...answer, slot, personalised: allowed !== null, choices: own.length, context }
    },
  }
}

const noFacts: StoredFacts = { statements: [], tombstones: [], forgotten: new Set() }

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

/** Where no choice of his is known: the category of what he looked at last, or put into the cart. */
function slotLookedAt(catalogue: Catalogue, state: CustomerState | null): string | null {
  const item = state?.cart.at(-1) ?? state?.recent[0]
  return item === undefined || state?.discreet(item) ? null : (catalogue.categories(item).at(-1) ?? null)
}

/** What the request says; where it says nothing, the zone and place of his latest order, and the weather of the source. */
async function contextNow(
  { weather, config }: Sourced,
  said: OrderContext,
  made: readonly Placed[],
  now: number,
): Promise<{ context: UsualContext; moment: Moment }> {
  const last = made.at(-1)?.said ?? {}
  const timezone = said.timezone ?? last.timezone
  const place = said.place ?? last.place ?? config.weather.place
  const filled = said.temperature === undefined ? await weather.at(placeName(place), now) : null
  const context = usualContext({ ...filled, ...(timezone === undefined ? {} : { timezone }), ...said }, now)
  return { context, moment: usualMoment(context, now, timezone) }
}
