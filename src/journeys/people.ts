/** Whom due rows are about, read for many at once: who he is now, what consent allows, where he is, what is remembered. */
import { zoneOf } from '../calendar/zone.ts'
import type { ConditionValues } from '../conditions/condition.ts'
import { type Permit, type Person, permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { peopleOf } from '../consent/store.ts'
import type { Reader } from '../db/database.ts'
import { type IdentifierRecord, identifiersOfAll, identifiersWith } from '../identity/store.ts'
import { traitsOfMany } from '../memory/many.ts'
import { customerViews, type Subject, wantedBy } from '../segments/customer-view.ts'
import { segmentsOf } from '../segments/store.ts'
import { levelsOf } from '../segments/survey.ts'
import type { Journey } from './journey.ts'

type Purpose = Journey['purpose']

export interface Somebody {
  readonly customer: number
  readonly identifiers: readonly number[]
  readonly zone: string
  /** Null where consent does not reach. */
  permit(purpose: Purpose): Permit | null
  /** What conditions may ask of him; nothing where consent does not reach. */
  view(purpose: Purpose): ConditionValues
}

export interface PeopleOptions {
  readonly policy: Policy
  /** Of the shop. */
  readonly timeZone: string
  readonly currency: string
  readonly now: number
  /** Whose conditions are to be answered: nothing is read that none of them asks. */
  readonly journeys: Iterable<Pick<Journey, 'purpose' | 'uses'>>
}

/** The customers behind identifiers, as things stand; who was erased meanwhile is absent. */
export interface Who {
  readonly customerOf: ReadonlyMap<number, number>
  readonly names: ReadonlyMap<number, readonly IdentifierRecord[]>
}

export async function whoAre(reader: Reader, identifiers: Iterable<number>): Promise<Who> {
  const asked = await identifiersWith(reader, [...new Set(identifiers)])
  const linked = await identifiersOfAll(reader, [...new Set(asked.map(({ customer }) => customer))])
  return {
    customerOf: new Map(asked.map(({ id, customer }) => [id, customer])),
    names: Map.groupBy(linked, ({ customer }) => customer),
  }
}

/** By customer. */
export async function readPeople(reader: Reader, who: Who, options: PeopleOptions): Promise<Map<number, Somebody>> {
  const { policy, now } = options
  const { names: byCustomer } = who
  const identities = [...byCustomer].map(([customer, own]) => ({ customer, identifiers: own.map(({ id }) => id) }))
  const people = await peopleOf(reader, policy, identities, now)
  const found = await Promise.all(
    (['service', 'personalisation'] as const).map((purpose) => readViews(reader, people, byCustomer, purpose, options)),
  )
  const views = { service: found[0], personalisation: found[1] }
  // Where he is serves him, whatever else is allowed.
  const traits = await traitsOfMany(
    reader,
    people.flatMap((person) => permit(person, 'service') ?? []),
  )
  return new Map(
    identities.map(({ customer, identifiers: own }, i): [number, Somebody] => {
      const told = traits.get(customer) ?? {}
      const address = told.address as { country?: unknown } | undefined
      const zone = zoneOf({ timezone: told.timezone, country: address?.country ?? told.country }, options.timeZone)
      const view = (purpose: Purpose) => views[purpose].get(customer) ?? nothing
      return [customer, { customer, identifiers: own, zone, permit: (purpose) => permit(people[i], purpose), view }]
    }),
  )
}

const nothing: ConditionValues = {}
const none: ReadonlyMap<number, ConditionValues> = new Map()
const remembered = ['customer', 'orders', 'events', 'cart'] as const

async function readViews(
  reader: Reader,
  people: readonly Person[],
  names: ReadonlyMap<number, readonly IdentifierRecord[]>,
  purpose: Purpose,
  { journeys, currency, now }: PeopleOptions,
): Promise<ReadonlyMap<number, ConditionValues>> {
  const wanted = wantedBy([...journeys].flatMap((one) => (one.purpose === purpose ? one.uses : [])))
  if (!remembered.some((root) => wanted.roots.has(root))) return none
  const subjects = people.map((person): Subject => {
    const customer = person.identity?.customer as number
    return { customer, names: names.get(customer) ?? [], person, permit: permit(person, purpose) }
  })
  const levels = wanted.customer.has('interval') ? await levelsOf(reader) : undefined
  const segments = wanted.customer.has('segments') ? await segmentNames(reader, subjects) : undefined
  return customerViews(reader, subjects, wanted, { currency, now, levels, segments })
}

async function segmentNames(reader: Reader, subjects: readonly Subject[]): Promise<Map<number, string[]>> {
  const found = new Map<number, string[]>()
  for (const { customer, permit: allowed } of subjects)
    if (allowed)
      found.set(
        customer,
        (await segmentsOf(reader, allowed)).map(({ segment }) => segment),
      )
  return found
}
