/** The customer to whom a message is to go: who he is, what he allows, how he is reached. */
import { type Permit, Person, permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { personOf } from '../consent/store.ts'
import type { Reader } from '../db/database.ts'
import type { Identity } from '../identity/identity.ts'
import { type IdentifierRecord, identifiersOf } from '../identity/store.ts'
import { orders, traitsOf } from '../memory/customer.ts'
import { addressStates } from './addresses.ts'
import type { MessagePurpose } from './message.ts'
import { languageOf } from './salutation.ts'

export interface Recipient {
  readonly identity: Identity
  /** The oldest first. */
  readonly names: readonly IdentifierRecord[]
  readonly person: Person
  /** To read what is remembered of him for this message. */
  readonly permit: Permit
  readonly traits: Readonly<Record<string, unknown>>
  /** Two letters. */
  readonly language: string
}

/** Why there is nobody to write to; for the row of the message. */
export interface Unreachable {
  readonly reason: string
}

export async function recipientOf(
  reader: Reader,
  policy: Policy,
  { customer, purpose, channel, now }: { customer: number; purpose: MessagePurpose; channel: string; now: number },
): Promise<Recipient | Unreachable> {
  const names = await identifiersOf(reader, { customer })
  if (names.length === 0) return { reason: 'nobody is known by this id any more' }
  const identity = { customer, identifiers: names.map(({ id }) => id).sort((a, b) => a - b) }
  const person = await knownPerson(reader, policy, identity, { purpose, channel, now })
  const ruling = person.ruling(purpose, purpose === 'marketing' ? channel : '')
  const allowed = permit(person, purpose, { channel: purpose === 'marketing' ? channel : '' })
  if (!allowed) return { reason: `consent: ${ruling.reason}` }
  const traits = await traitsOf(reader, allowed)
  return { identity, names, person, permit: allowed, traits, language: languageOf(traits) ?? 'en' }
}

/** With what the soft opt-in asks, where the channel rests on it. */
async function knownPerson(
  reader: Reader,
  policy: Policy,
  identity: Identity,
  { purpose, channel, now }: { purpose: MessagePurpose; channel: string; now: number },
): Promise<Person> {
  const person = await personOf(reader, policy, identity, now)
  if (purpose !== 'marketing' || policy.channels[channel] !== 'soft-opt-in') return person
  const allowed = permit(person, 'service')
  const placed = allowed ? await orders(reader, allowed, { limit: Number.POSITIVE_INFINITY }) : []
  return new Person(
    policy,
    identity,
    person.answers,
    now,
    placed.some(({ state }) => state === 'placed'),
  )
}

/** The address heard of last that is not known to fail. */
export async function mailAddressOf(
  reader: Reader,
  names: readonly IdentifierRecord[],
): Promise<IdentifierRecord | Unreachable> {
  const addresses = names.filter(({ kind }) => kind === 'email').sort((a, b) => b.lastSeen - a.lastSeen || b.id - a.id)
  if (addresses.length === 0) return { reason: 'no e-mail address is known' }
  const bad = await addressStates(
    reader,
    addresses.map(({ id }) => id),
  )
  const [good] = addresses.filter(({ id }) => !bad.has(id))
  return (
    good ?? { reason: `the address ${bad.get(addresses[0].id)?.state === 'complained' ? 'complained' : 'bounced'}` }
  )
}

/** By which he is known for ever, where a channel needs no address: his user id before all others. */
export function firstName(names: readonly IdentifierRecord[]): IdentifierRecord {
  const order = ['user', 'email', 'phone']
  const rank = ({ kind }: IdentifierRecord) => (order.indexOf(kind) + order.length + 1) % (order.length + 1)
  return [...names].sort((a, b) => rank(a) - rank(b) || a.id - b.id)[0]
}
