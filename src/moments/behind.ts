/** Whose moment it is: the person behind an identifier, with his answers, as he stands now. */
import type { Person } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { peopleOf } from '../consent/store.ts'
import type { Reader } from '../db/database.ts'
import type { Identifier, Identity } from '../identity/identity.ts'
import { identifiersOfAll, identifiersWith } from '../identity/store.ts'

export interface Behind {
  readonly person: Person
  readonly identity: Identity
  /** The oldest row of his identifiers: the same, whichever of them the moment came by. */
  readonly first: number
  /** The identifier itself. */
  readonly who: Identifier
}

/** By identifier; those that are gone are absent. */
export async function peopleBehind(
  reader: Reader,
  policy: Policy,
  identifiers: readonly number[],
  now: number,
): Promise<Map<number, Behind>> {
  const asked = await identifiersWith(reader, identifiers)
  const customers = [...new Set(asked.map(({ customer }) => customer))]
  const linked = Map.groupBy(await identifiersOfAll(reader, customers), ({ customer }) => customer)
  const identities = [...linked].map(([customer, rows]) => ({ customer, identifiers: rows.map(({ id }) => id) }))
  const people = await peopleOf(reader, policy, identities, now)
  const byCustomer = new Map(people.map((person, i) => [identities[i].customer, { person, identity: identities[i] }]))
  return new Map(
    asked.flatMap(({ id, kind, value, customer }) => {
      const found = byCustomer.get(customer)
      if (found === undefined) return []
      return [[id, { ...found, first: Math.min(...found.identity.identifiers), who: { kind, value } }] as const]
    }),
  )
}
