/** Whom identifiers name as things stand: looked up, nobody made and nobody joined. */
import type { Tx } from '../db/database.ts'
import type { World } from '../world.ts'
import type { Identifier } from './identity.ts'
import type { Guess, KnownIdentifiers } from './known.ts'
import { compareStrength } from './links.ts'
import { lockCustomers, Members, newStamp, readStamps, writeStamps } from './members.ts'

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

/** By their list of identifiers the namings that were known without a look at them, under stamps that hold. */
export type Held = Map<readonly Identifier[], Guess>

/** The customers whom each naming names now. */
export async function namedBy(
  tx: Tx,
  parties: readonly Naming[],
  known: KnownIdentifiers,
): Promise<{ named: Named[]; held: Held }> {
  const guesses = parties.map(({ trusted, previous, time }) => (previous === null ? known.guess(trusted, time) : null))
  const guessed = new Set<number>()
  for (const guess of guesses) if (guess !== null) guessed.add(guess.customer)
  const stamps = await readStamps(tx, [...guessed])
  const held: Held = new Map()
  const open: Naming[] = []
  for (const [i, party] of parties.entries()) {
    const guess = guesses[i]
    if (guess !== null && stamps.get(guess.customer) === guess.stamp) held.set(party.trusted, guess)
    else open.push(party)
  }
  const looked = open.length > 0 ? await lookedUp(tx, open, stamps) : new Map<Naming, Named>()
  const named = parties.map((party): Named => {
    const guess = held.get(party.trusted)
    return guess === undefined ? (looked.get(party) as Named) : { customers: [guess], isWhole: true }
  })
  return { named, held }
}

/** Parties by the row of each of their identifiers. */
async function lookedUp(tx: Tx, parties: readonly Naming[], stamps: Map<number, number>): Promise<Map<Naming, Named>> {
  const members = new Members()
  const identifiersOf = ({ trusted, previous }: Naming) =>
    previous === null ? trusted : [...trusted, { kind: 'anonymous', value: previous }]
  await members.look(tx, parties.flatMap(identifiersOf))
  const found = parties.map((party) => {
    const identifiers = identifiersOf(party)
    const rows = identifiers.flatMap((identifier) => members.get(identifier) ?? [])
    const ids = [...new Set(rows.toSorted(compareStrength).flatMap(({ customer }) => customer?.id ?? []))]
    return { party, ids, isWhole: ids.length === 1 && rows.length === identifiers.length }
  })
  const unread = new Set(found.flatMap(({ ids }) => ids.filter((customer) => !stamps.has(customer))))
  if (unread.size > 0) for (const [id, stamp] of await readStamps(tx, [...unread])) stamps.set(id, stamp)
  return new Map(
    found.map(({ party, ids, isWhole }) => {
      const customers = ids.map((customer) => ({ customer, stamp: stamps.get(customer) ?? 0 }))
      return [party, { customers, isWhole }]
    }),
  )
}

/**
 * Draws new stamps for these customers, of whom something changed that whoever keeps a copy under the old stamp must read
 * again.
 */
export async function restamp(tx: Tx, customers: readonly number[], world: Pick<World, 'random'>): Promise<void> {
  const ids = [...new Set(customers)].sort((a, b) => a - b)
  if (ids.length === 0) return
  // In one order, as everybody who changes several customers takes them.
  if (tx.engine === 'postgres') await lockCustomers(tx, ids)
  await writeStamps(
    tx,
    ids.map((id) => [id, newStamp(world)]),
  )
}
