/** Whom identifiers name as things stand: looked up, nobody made and nobody joined. */
import type { Tx } from '../db/database.ts'
import type { World } from '../world.ts'
import type { Identifier } from './identity.ts'
import type { Guess, KnownIdentifiers } from './known.ts'
import { compareStrength } from './links.ts'
import { Members, readStamps } from './members.ts'

/** How an event names its sender; a `Party` of resolution. */
export interface Naming {
  readonly trusted: readonly Identifier[]
  readonly previous: string | null
  readonly time: number
}

/** A customer, at a state of his links and of what he answered. */
export interface NamedCustomer {
  readonly customer: number
  readonly stamp: number
}

export interface Named {
  /** The strongest identifier's first. */
  readonly customers: readonly NamedCustomer[]
  /** All identifiers are known, and are one customer's: an event that names them changes no link. */
  readonly isWhole: boolean
}

/** The customers whom each naming names now. */
export async function namedBy(tx: Tx, parties: readonly Naming[], known: KnownIdentifiers): Promise<Named[]> {
  const guesses = parties.map(({ trusted, previous, time }) => (previous === null ? known.guess(trusted, time) : null))
  const stamps = await readStamps(tx, [...new Set(guesses.flatMap((guess) => guess?.customer ?? []))])
  const holds = (guess: Guess | null) => guess !== null && stamps.get(guess.customer) === guess.stamp
  const members = new Members()
  const identifiersOf = ({ trusted, previous }: Naming) =>
    previous === null ? trusted : [...trusted, { kind: 'anonymous', value: previous }]
  const open = parties.filter((_, i) => !holds(guesses[i]))
  if (open.length > 0) await members.look(tx, open.flatMap(identifiersOf))
  const named = parties.map((party, i) => {
    if (holds(guesses[i])) return { ids: [(guesses[i] as Guess).customer], isWhole: true }
    const identifiers = identifiersOf(party)
    const found = identifiers.flatMap((identifier) => members.get(identifier) ?? [])
    const ids = new Set(found.toSorted(compareStrength).flatMap(({ customer }) => customer?.id ?? []))
    return { ids: [...ids], isWhole: ids.size === 1 && found.length === identifiers.length }
  })
  const unread = new Set(named.flatMap(({ ids }) => ids.filter((customer) => !stamps.has(customer))))
  if (unread.size > 0) for (const [id, stamp] of await readStamps(tx, [...unread])) stamps.set(id, stamp)
  return named.map(({ ids, isWhole }) => ({
    customers: ids.map((customer) => ({ customer, stamp: stamps.get(customer) ?? 0 })),
    isWhole,
  }))
}

/**
 * Draws new stamps for these customers, of whom something changed that whoever keeps a copy under the old stamp must read
 * again.
 */
export async function restamp(tx: Tx, customers: readonly number[], world: Pick<World, 'random'>): Promise<void> {
  for (const id of [...new Set(customers)].sort((a, b) => a - b)) {
    const links = Math.floor(world.random() * Number.MAX_SAFE_INTEGER)
    await tx.k.updateTable('customers').set({ links }).where('id', '=', id).execute()
  }
}
