/**
 * Who the events of a batch are from, before anything of them is stored: the people as they are known now, with their
 * answers. Kept between batches under the stamp of the customer's links, which is drawn anew whenever an identifier joins
 * or leaves him and whenever he answers: so a kept person is never old, whatever was rolled back or done elsewhere, and a
 * batch of known customers costs no more than the look at their stamps.
 */
import { Person } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { answersOf } from '../consent/store.ts'
import type { Tx } from '../db/database.ts'
import type { Named, NamedCustomer } from '../identity/named.ts'
import type { Resolver } from '../identity/resolve.ts'
import { type IdentifierRecord, identifiersOfAll } from '../identity/store.ts'
import type { Believed } from './party.ts'

/** People kept; some 500 bytes each. */
const most = 50_000

/** One customer. */
interface Kept {
  readonly stamp: number
  /** He, as an event that names him alone and changes no link is from him. */
  readonly sender: Sender
  /** Values of his identifiers of kind `user`. */
  readonly users: readonly string[]
}

/** Whom an event is from. */
export interface Sender {
  readonly person: Person
  /** The customers that its identifiers name; several where it joins them. */
  readonly customers: readonly number[]
  /** The stamp of its one customer, under which `person` was read. */
  readonly stamp: number | null
  readonly identifiers: readonly IdentifierRecord[]
  /** Is more known of him than ids of visitors? */
  readonly isKnown: boolean
  /** Does the event leave all links as they are? */
  readonly isWhole: boolean
}

export type Asking = Pick<Believed, 'trusted' | 'claimed' | 'previous'> & { readonly time: number }

export class People {
  readonly #policy: Policy
  readonly #named: Resolver['named']
  readonly #kept = new Map<number, Kept>()

  constructor(policy: Policy, named: Resolver['named']) {
    this.#policy = policy
    this.#named = named
  }

  /** The sender of each, in order; a stranger is a person who never answered. */
  async of(tx: Tx, askings: readonly Asking[], now: number): Promise<Sender[]> {
    if (askings.length === 0) return []
    const named = await this.#named(tx, askings)
    const customers = named.flatMap((one) => one.customers)
    await this.#read(tx, customers, now)
    return askings.map((asking, i) => this.#sender(asking, named[i], now))
  }

  #sender({ trusted, claimed }: Asking, { customers: named, isWhole }: Named, now: number): Sender {
    const found = named.map(({ customer }) => this.#kept.get(customer) as Kept)
    if (isWhole && claimed.length === 0) return found[0].sender
    // A known user is never joined with another: on his own event the other's device changes nothing for him.
    const user = trusted.find(({ kind }) => kind === 'user')
    const own = found.filter(({ users }, i) => i === 0 || user === undefined || users.length === 0)
    // What a page says of somebody else on a known user's device is not the owner's: it goes to a stranger.
    const claims = claimed.find(({ kind }) => kind === 'user')
    const isOthers = claims !== undefined && own.some(({ users }) => users.length > 0 && !users.includes(claims.value))
    if (own.length === 0 || isOthers) {
      const person = new Person(this.#policy, null, [], now)
      return { person, customers: [], stamp: null, identifiers: [], isKnown: isOthers, isWhole: false }
    }
    const senders = own.map(({ sender }) => sender)
    return {
      person: own.length === 1 ? senders[0].person : joined(senders, now),
      customers: senders.flatMap(({ customers }) => customers),
      stamp: own.length === 1 ? own[0].stamp : null,
      identifiers: senders.flatMap(({ identifiers }) => identifiers),
      isKnown: senders.some(({ isKnown }) => isKnown),
      isWhole,
    }
  }

  async #read(tx: Tx, named: readonly NamedCustomer[], now: number): Promise<void> {
    if (this.#kept.size + named.length > most) this.#kept.clear()
    const missing = new Map<number, number>()
    for (const { customer, stamp } of named) {
      const kept = this.#kept.get(customer)
      if (kept === undefined || kept.stamp !== stamp || kept.sender.person.until <= now) missing.set(customer, stamp)
    }
    if (missing.size === 0) return
    const identifiers = await identifiersOfAll(tx, [...missing.keys()])
    const ids = identifiers.map(({ id }) => id)
    const answers = Map.groupBy(await answersOf(tx, ids), ({ identifier }) => identifier)
    const byCustomer = Map.groupBy(identifiers, ({ customer }) => customer)
    for (const [customer, stamp] of missing) {
      const own = byCustomer.get(customer) ?? []
      const identity = { customer, identifiers: own.map(({ id }) => id) }
      const rows = answers.size === 0 ? [] : identity.identifiers.flatMap((id) => answers.get(id) ?? [])
      const sender: Sender = {
        person: new Person(this.#policy, identity, rows, now),
        customers: [customer],
        stamp,
        identifiers: own,
        isKnown: own.some(({ kind }) => kind !== 'anonymous' && kind !== 'claim'),
        isWhole: true,
      }
      const users = own.filter(({ kind }) => kind === 'user').map(({ value }) => value)
      this.#kept.set(customer, { stamp, sender, users })
    }
  }
}

/** Several customers whom one event names together: what they are about to become. */
function joined(senders: readonly Sender[], now: number): Person {
  const people = senders.map(({ person }) => person)
  const identifiers = people.flatMap(({ identity }) => identity?.identifiers ?? [])
  const customer = people[0].identity?.customer ?? 0
  const rows = people.flatMap((person) => person.answers)
  return new Person(people[0].policy, { customer, identifiers }, rows, now)
}
