/** Whom due rows are about, read for many at once: who he is now, what consent allows, where he is, what is remembered. */
import { zoneOf } from '../calendar/zone.ts'
import { type Permit, type Person, permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { peopleOf } from '../consent/store.ts'
import type { Reader } from '../db/database.ts'
import { identifiersOfAll, identifiersWith } from '../identity/store.ts'
import { traitsOfMany } from '../memory/many.ts'

export interface Somebody {
  readonly customer: number
  readonly identifiers: readonly number[]
  readonly zone: string
  /** Null where consent does not reach. */
  permit(purpose: 'service' | 'personalisation'): Permit | null
  /** What conditions may ask of him. */
  readonly view: Readonly<Record<string, unknown>>
}

export interface PeopleOptions {
  readonly policy: Policy
  /** Of the shop. */
  readonly timeZone: string
  readonly now: number
}

/** By identifier; who was erased meanwhile is absent. */
export async function readPeople(
  reader: Reader,
  identifiers: Iterable<number>,
  { policy, timeZone, now }: PeopleOptions,
): Promise<Map<number, Somebody>> {
  const asked = await identifiersWith(reader, [...new Set(identifiers)])
  const linked = await identifiersOfAll(reader, [...new Set(asked.map(({ customer }) => customer))])
  const byCustomer = Map.groupBy(linked, ({ customer }) => customer)
  const identities = [...byCustomer].map(([customer, own]) => ({ customer, identifiers: own.map(({ id }) => id) }))
  const people = await peopleOf(reader, policy, identities, now)
  // Where he is serves him, whatever else is allowed.
  const traits = await traitsOfMany(
    reader,
    people.flatMap((person) => permit(person, 'service') ?? []),
  )
  const byId = new Map(
    identities.map((identity, i) => {
      const told = traits.get(identity.customer) ?? {}
      return [identity.customer, somebody(identity, people[i], told, timeZone)]
    }),
  )
  return new Map(
    asked.flatMap(({ id, customer }) => (byId.has(customer) ? [[id, byId.get(customer) as Somebody]] : [])),
  )
}

function somebody(
  { customer, identifiers }: { readonly customer: number; readonly identifiers: readonly number[] },
  person: Person,
  told: Readonly<Record<string, unknown>>,
  timeZone: string,
): Somebody {
  const address = told.address as { country?: unknown } | undefined
  return {
    customer,
    identifiers,
    zone: zoneOf({ timezone: told.timezone, country: address?.country ?? told.country }, timeZone),
    permit: (purpose) => permit(person, purpose),
    view: { id: customer, traits: told },
  }
}
