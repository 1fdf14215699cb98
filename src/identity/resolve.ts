/**
 * Who the events of a batch are from. Identifiers that an event names together, and that are trusted, become one
 * customer as far as the rules of `Links` allow; what a page merely claims is kept aside (claims.ts).
 */
import { selectByKeys } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import type { World } from '../world.ts'
import { type Claim, confirmClaims, contradictions, recordClaims, type Vouched } from './claims.ts'
import type { Identifier } from './identity.ts'
import { type Guess, KnownIdentifiers } from './known.ts'
import { type Customer, Links, type Member } from './links.ts'
import { lockCustomers, Members, newStamp, partedSides, readStamps } from './members.ts'
import { type Held, type Named, type Naming, namedBy } from './named.ts'

/** What one event says of whom it is from. */
export interface Party {
  /** Believed. At least one. */
  readonly trusted: readonly Identifier[]
  /** The former id that an alias joins to `trusted`: an anonymous visitor's; a known user's is never joined. */
  readonly previous: string | null
  /** Said by a page without proof. */
  readonly claimed: readonly Identifier[]
  readonly time: number
  /** Names the event. */
  readonly cause: string
}

export interface Resolved {
  /** Rows of memory belong to it. */
  readonly identifier: number
  readonly customer: number
  /** The stamp of the customer's links when he was locked; null = he was made just now, absent = it was not read. */
  readonly stamp?: number | null
}

export interface Resolution {
  /** For each party, in order. */
  readonly parties: readonly Resolved[]
  /** Customers that got events, or gained or lost identifiers. */
  readonly touched: readonly number[]
  /** Those that others came to an end in, and those that were made. */
  readonly joined: readonly number[]
  readonly made: readonly number[]
}

/** Finds or makes the customer of each party, in order; a later one sees what an earlier one joined. */
export interface Resolver {
  (tx: Tx, parties: readonly Party[]): Promise<Resolution>
  /** The customers whom the identifiers of each party name now, the strongest first; makes and joins nobody. */
  named(tx: Tx, parties: readonly Naming[]): Promise<Named[]>
}

/** A resolver for one database; it remembers identifiers between calls. `world` draws stamps. */
export function createResolver(world: Pick<World, 'random'>): Resolver {
  const known = new KnownIdentifiers()
  /** SQLite has one writer: what was read to name the parties of a batch still holds when they are resolved next. */
  let namedLast: Held = new Map()
  const resolve = async (tx: Tx, parties: readonly Party[]): Promise<Resolution> => {
    const resolved = await guessParties(tx, parties, known, namedLast)
    namedLast = new Map()
    const open = parties.filter((_, i) => resolved[i] === null)
    if (open.length === 0) return resolution(resolved as Guess[], { touched: [], joined: [], made: [] })
    const looked = await resolveParties(tx, open, { known, newStamp: () => newStamp(world) })
    const inOrder = looked.parties.values()
    const all = resolved.map((guess) => guess ?? inOrder.next().value!)
    return resolution(
      all.map((one) => ({ ...one, customer: looked.moved.get(one.customer) ?? one.customer })),
      looked,
    )
  }
  return Object.assign(resolve, {
    async named(tx: Tx, parties: readonly Naming[]) {
      const { named, held } = await namedBy(tx, parties, known)
      if (tx.engine === 'sqlite') namedLast = held
      return named
    },
  })
}

type Changed = Pick<Resolution, 'touched' | 'joined' | 'made'>

function resolution(parties: readonly Resolved[], { touched, joined, made }: Changed): Resolution {
  const all = new Set([...touched, ...parties.map(({ customer }) => customer)])
  return {
    joined,
    made,
    parties: parties.map(({ identifier, customer, stamp }) => ({ identifier, customer, stamp })),
    touched: [...all].sort((a, b) => a - b),
  }
}

/**
 * What is known without a look at the identifiers; null for the others. On PostgreSQL only where it is known of all: locks
 * of customers come after those of identifiers (see `Members.open`), so the two ways are not mixed.
 */
async function guessParties(
  tx: Tx,
  parties: readonly Party[],
  known: KnownIdentifiers,
  held: Held,
): Promise<(Guess | null)[]> {
  const guesses = parties.map(({ trusted, previous, claimed, time }) =>
    previous === null && claimed.length === 0 ? (held.get(trusted) ?? known.guess(trusted, time)) : null,
  )
  const customers = new Set<number>()
  for (const [i, guess] of guesses.entries())
    if (guess !== null && !held.has(parties[i].trusted)) customers.add(guess.customer)
  if (customers.size === 0 && held.size > 0) return guesses
  const isWhole = guesses.every((guess) => guess !== null)
  if (customers.size === 0 || (tx.engine === 'postgres' && !isWhole)) return parties.map(() => null)
  const stamps = await (tx.engine === 'postgres' ? lockCustomers : readStamps)(tx, [...customers])
  return guesses.map((guess, i) => {
    if (guess === null || held.has(parties[i].trusted)) return guess
    return stamps.get(guess.customer) === guess.stamp ? guess : null
  })
}

interface Means {
  readonly known: KnownIdentifiers
  readonly newStamp: () => number
}

interface Looked extends Resolution {
  /** Customers that came to an end in another, and in which. */
  readonly moved: ReadonlyMap<number, number>
}

async function resolveParties(tx: Tx, parties: readonly Party[], means: Means): Promise<Looked> {
  const members = new Members()
  const named = await openNamed(tx, members, parties)
  const links = await openLinks(tx, members, named)
  const vouched: Vouched[] = []
  const strongest = named.map((list, i) => {
    const { time, cause } = parties[i]
    for (const member of list) Members.see(member, time)
    if (Links.areOne(list)) {
      links.touched.add(list[0].customer!)
      return strongestOf(list)
    }
    const outcome = links.join(list, time, cause)
    vouched.push({ members: list, demoted: outcome.demoted, time })
    return outcome.strongest
  })
  const before = strongest.map(({ customer }) => (customer!.id === 0 ? null : (customer!.stamp ?? undefined)))
  await members.save(tx, links, means.newStamp)
  await members.stamp(
    tx,
    strongest.map(({ customer }) => customer!),
  )
  for (const member of new Set(named.flat())) means.known.keep(member)
  const more = await settleClaims(tx, members, parties, strongest, vouched, means)
  return {
    parties: strongest.map(
      (member, i) => more.instead.get(i) ?? { identifier: member.id, customer: member.customer!.id, stamp: before[i] },
    ),
    touched: [...[...links.touched].map(({ id }) => id), ...more.touched],
    joined: [...links.merges.map(({ moved }) => moved[0].customer!.id), ...more.joined],
    made: [...links.created.map(({ id }) => id), ...more.made],
    moved: new Map(links.merges.map(({ merged, moved }) => [merged.id, moved[0].customer!.id])),
  }
}

/** The members that each party names. */
async function openNamed(tx: Tx, members: Members, parties: readonly Party[]): Promise<Member[][]> {
  const aliases = parties.filter(({ previous }) => previous !== null)
  // Whether a former id is a known user's decides what it is, so it is looked up as both first.
  if (aliases.length > 0)
    await members.look(
      tx,
      aliases.flatMap(({ previous }) => [
        { kind: 'user', value: previous! },
        { kind: 'anonymous', value: previous! },
      ]),
    )
  const identifiers = parties.map(({ trusted, previous }) => {
    if (previous === null) return trusted
    const asVisitor = { kind: 'anonymous', value: previous }
    const isUser = members.get({ kind: 'user', value: previous }) && !members.get(asVisitor)
    return isUser ? trusted : [...trusted, asVisitor]
  })
  await members.open(tx, identifiers.flat())
  return identifiers.map((list) => [...new Set(list.map((identifier) => members.get(identifier)!))])
}

/** What the rules need to know of the customers that may change. */
async function openLinks(tx: Tx, members: Members, named: readonly (readonly Member[])[]): Promise<Links> {
  const changing = named.filter((list) => !Links.areOne(list))
  if (changing.length === 0) return new Links([])
  const customers = (list: readonly Member[]) => new Set(list.map(({ customer }) => customer).filter(isCustomer))
  await members.complete(
    tx,
    changing.flatMap((list) => [...customers(list)]),
  )
  return new Links(changing.some((list) => customers(list).size > 1) ? await partedSides(tx) : [])
}

interface Settled extends Changed {
  /** Where an event goes instead of to its strongest identifier, by position. */
  readonly instead: ReadonlyMap<number, Resolved>
}

const unsettled: Settled = { instead: new Map(), touched: [], joined: [], made: [] }

/** Confirms old claims, keeps new ones, and takes events of contradicting ones off the device's owner. */
async function settleClaims(
  tx: Tx,
  members: Members,
  parties: readonly Party[],
  strongest: readonly Member[],
  vouched: readonly Vouched[],
  means: Means,
): Promise<Settled> {
  const proven = await confirmClaims(tx, vouched)
  const claiming = parties.some(({ claimed }) => claimed.length > 0)
  if (!claiming && proven.length === 0) return unsettled
  if (claiming)
    await members.look(
      tx,
      parties.flatMap(({ claimed }) => claimed),
    )
  const open = openClaims(members, parties, strongest)
  await recordClaims(tx, open)
  await members.complete(
    tx,
    open.filter(({ kind }) => kind === 'user').map(({ by }) => by.customer!),
  )
  const apart = await contradictions(tx, open)
  const further: Party[] = [
    ...apart.map(({ claim, pair, confirmed }) => partyOf(pair, confirmed ? claim.value : null, claim)),
    ...(await existing(tx, proven)).map(({ pair, user, time }) => partyOf(pair, user, { time, cause: pair.value })),
  ]
  if (further.length === 0) return unsettled
  const { touched, joined, made } = await resolveParties(tx, further, means)
  const rows = await rowsOf(
    tx,
    apart.map(({ pair }) => pair),
  )
  return {
    instead: new Map(apart.map(({ claim, pair }) => [claim.position, rows.get(pair.value)!])),
    touched,
    joined,
    made,
  }
}

/** Claims that do not hold already. */
function openClaims(members: Members, parties: readonly Party[], strongest: readonly Member[]): Claim[] {
  return parties.flatMap(({ claimed, time, cause }, position) => {
    const by = strongest[position]
    return claimed
      .filter((identifier) => members.get(identifier)?.customer !== by.customer)
      .map(({ kind, value }) => ({ by, kind, value, time, cause, position }))
  })
}

function partyOf(pair: Identifier, user: string | null, { time, cause }: { time: number; cause: string }): Party {
  const trusted = user === null ? [pair] : [{ kind: 'user', value: user }, pair]
  return { trusted, previous: null, claimed: [], time, cause }
}

async function existing<T extends { readonly pair: Identifier }>(tx: Tx, proven: readonly T[]): Promise<T[]> {
  const rows = await rowsOf(
    tx,
    proven.map(({ pair }) => pair),
  )
  return proven.filter(({ pair }) => rows.has(pair.value))
}

/** By value the rows of identifiers of kind `claim`. */
async function rowsOf(tx: Tx, pairs: readonly Identifier[]): Promise<Map<string, Resolved>> {
  const keys = pairs.map(({ kind, value }) => [kind, value])
  const columns = ['id', 'value', 'customer']
  const rows = await selectByKeys<{ id: number; value: string; customer: number }>(
    tx,
    'identifiers',
    ['kind', 'value'],
    keys,
    columns,
  )
  return new Map(rows.map(({ id, value, customer }) => [value, { identifier: id, customer }]))
}

function strongestOf(members: readonly Member[]): Member {
  return members.length === 1 ? members[0] : Links.strongest(members)
}

function isCustomer(customer: Customer | null): customer is Customer {
  return customer !== null
}
