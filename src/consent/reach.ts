/** How many customers each purpose reaches: what `habitue doctor` says of consent. */
import type { Reader } from '../db/database.ts'
import { countCustomers } from '../identity/population.ts'
import { identifiersOfAll, identifiersWith } from '../identity/store.ts'
import { Person } from './permit.ts'
import { type Policy, type Purpose, profileChannel, purposes, textOfPurpose } from './policy.ts'
import { allAnswers } from './store.ts'

export interface Reach {
  readonly policy: Policy['name']
  readonly beforeLogin: Policy['beforeLogin']
  readonly customers: number
  /** Who ever answered, or of whom an age was told. */
  readonly answered: number
  readonly minors: number
  /** Customers by purpose: `personalisation`, `marketing:email`. */
  readonly reached: Readonly<Record<string, number>>
}

/** Customers at a time whose identifiers are looked up. */
const atOnce = 1000

/** Only those who answered are looked at one by one; the others all stand where the policy leaves them. */
export async function reachOf(reader: Reader, policy: Policy, now: number): Promise<Reach> {
  const asked = [
    ...purposes.map((purpose) => [purpose, ''] as const),
    ...new Set(['email', profileChannel, ...Object.keys(policy.channels)]),
  ].map((one) => (typeof one === 'string' ? (['marketing', one] as const) : one))
  const answers = await allAnswers(reader)
  const customers = await countCustomers(reader)
  const given = await identifiersWith(reader, [...answers.keys()])
  const answering = [...new Set(given.map(({ customer }) => customer))]
  const silent = new Person(policy, null, [], now)
  const counts = new Map<string, number>()
  const count = (person: Person, times: number) => {
    for (const [purpose, channel] of asked) {
      const name = textOfPurpose(purpose, channel)
      counts.set(name, (counts.get(name) ?? 0) + (person.ruling(purpose, channel).allowed ? times : 0))
    }
  }
  count(silent, customers - answering.length)
  let minors = 0
  for (let start = 0; start < answering.length; start += atOnce) {
    const linked = await identifiersOfAll(reader, answering.slice(start, start + atOnce))
    for (const [customer, own] of Map.groupBy(linked, (one) => one.customer)) {
      const identifiers = own.map(({ id }) => id)
      const rows = identifiers.flatMap((identifier) => answers.get(identifier) ?? [])
      const person = new Person(policy, { customer, identifiers }, rows, now)
      if (person.audience.kind === 'minor') minors++
      count(person, 1)
    }
  }
  const { name, beforeLogin } = policy
  const reached = Object.fromEntries(counts)
  return { policy: name, beforeLogin, customers, answered: answering.length, minors, reached }
}

/** Whether the purpose reaches a single customer; true as well where there is no customer who could be asked. */
export async function reachesAnybody(reader: Reader, policy: Policy, purpose: Purpose, now: number): Promise<boolean> {
  if (policy.bases[purpose] === null) return false
  const answers = await allAnswers(reader)
  const given = await identifiersWith(reader, [...answers.keys()])
  const answering = [...new Set(given.map(({ customer }) => customer))]
  const silent = (await countCustomers(reader)) - answering.length
  if (new Person(policy, null, [], now).ruling(purpose).allowed && (silent > 0 || answering.length === 0)) return true
  for (let start = 0; start < answering.length; start += atOnce) {
    const linked = await identifiersOfAll(reader, answering.slice(start, start + atOnce))
    for (const [customer, own] of Map.groupBy(linked, (one) => one.customer)) {
      const identifiers = own.map(({ id }) => id)
      const rows = identifiers.flatMap((identifier) => answers.get(identifier) ?? [])
      if (new Person(policy, { customer, identifiers }, rows, now).ruling(purpose).allowed) return true
    }
  }
  return false
}

/** When the last answer about the purpose arrived, milliseconds; 0 = there is none. */
export async function lastAnswer(reader: Reader, purpose: Purpose): Promise<number> {
  const query = reader.k.selectFrom('consents').select((eb) => eb.fn.max('received').as('last'))
  const row = await query.where('purpose', '=', purpose).executeTakeFirst()
  return Number(row?.last ?? 0)
}

/** When the first refusal of the purpose arrived after `time`; null = none did. */
export async function firstRefusalSince(reader: Reader, purpose: Purpose, time: number): Promise<number | null> {
  const query = reader.k.selectFrom('consents').select((eb) => eb.fn.min('received').as('first'))
  const refused = query.where('purpose', '=', purpose).where('answer', '=', 'denied').where('received', '>', time)
  const row = await refused.executeTakeFirst()
  return row?.first == null ? null : Number(row.first)
}
