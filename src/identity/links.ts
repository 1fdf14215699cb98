/**
 * Which identifiers belong to which customer, in memory, while the events of one batch are resolved: pure, so the rules
 * can be read and tested without a database. The rules are those of Segment Unify: priorities of kinds, limits of each
 * kind over a window, a bound on merges; on a conflict the weaker identifier is let go. Two known users are never joined.
 */
import type { Identifier } from './identity.ts'
import { rankOf } from './normal.ts'

/** Most identifiers a customer has, and most merges that made him. */
export const mostIdentifiers = 1000
export const mostMerges = 100

const day = 24 * 60 * 60 * 1000

/** How many identifiers of a kind one customer may get within a window, in milliseconds; a user id once for ever. */
export const limits: Readonly<Record<string, { readonly most: number; readonly within: number }>> = {
  user: { most: 1, within: Number.POSITIVE_INFINITY },
  email: { most: 5, within: Number.POSITIVE_INFINITY },
  phone: { most: 5, within: Number.POSITIVE_INFINITY },
  /** Devices come and go: a browser forgets its id, so these count over a week. */
  anonymous: { most: 5, within: 7 * day },
  claim: { most: 100, within: Number.POSITIVE_INFINITY },
}
const customLimit = { most: 5, within: Number.POSITIVE_INFINITY }

/** An identifier: its row, and what becomes of it. */
export interface Member {
  /** 0 = has no row yet. */
  id: number
  readonly kind: string
  readonly value: string
  /** Null = belongs to nobody yet. */
  customer: Customer | null
  firstSeen: number
  lastSeen: number
  changed: boolean
}

export interface Customer {
  /** 0 = has no row yet. */
  id: number
  readonly created: number
  readonly members: Set<Member>
  merges: number
  /** The stamp of his links, null where it was not read. */
  stamp: number | null
}

/** One customer came to an end in another. */
export interface Merge {
  readonly kept: Customer
  readonly merged: Customer
  /** The strongest identifier of `kept` at that time. */
  readonly anchor: Member
  readonly moved: readonly Member[]
  readonly time: number
  readonly cause: string
}

/** A merge that a person took back: these sides are not joined again by an event. */
export interface Parted {
  readonly anchor: number
  readonly moved: readonly number[]
}

export interface Outcome {
  /** The strongest: rows of memory belong to it. */
  readonly strongest: Member
  /** Those that could not be joined with it. */
  readonly demoted: readonly Member[]
}

export class Links {
  readonly merges: Merge[] = []
  readonly created: Customer[] = []
  /** Who got an event, or another identifier, or lost one. */
  readonly touched = new Set<Customer>()
  /** Who got or lost an identifier. */
  readonly relinked = new Set<Customer>()
  readonly #parted: readonly Parted[]

  constructor(parted: readonly Parted[]) {
    this.#parted = parted
  }

  /** Are these one customer already? */
  static areOne(members: readonly Member[]): boolean {
    const { customer } = members[0]
    return customer !== null && members.every((member) => member.customer === customer)
  }

  /** The member to which rows of memory belong. */
  static strongest(members: readonly Member[]): Member {
    return members.reduce((best, member) => (byStrength(member, best) < 0 ? member : best))
  }

  /** Joins what one event named together, as far as the rules allow. `members` is not empty; `cause` names the event. */
  join(members: readonly Member[], time: number, cause: string): Outcome {
    const ordered = members.toSorted(byStrength)
    const strongest = ordered[0]
    if (strongest.customer === null) this.#place(strongest, ordered, time)
    const demoted: Member[] = []
    for (const member of ordered) {
      const customer = strongest.customer!
      if (member.customer === customer) continue
      if (member.customer === null) {
        if (mayAttach(member, customer, time)) this.#attach(member, customer)
        else {
          this.#attach(member, this.#create(time))
          demoted.push(member)
        }
      } else if (this.#mayMerge(customer, member.customer, time)) this.#merge(customer, member.customer, time, cause)
      else demoted.push(member)
    }
    this.touched.add(strongest.customer!)
    return { strongest, demoted }
  }

  /** A new identifier joins the first customer among the event's others that may have it, else it starts one. */
  #place(member: Member, others: readonly Member[], time: number): void {
    const home = others.find(({ customer }) => customer !== null && mayAttach(member, customer, time))
    this.#attach(member, home?.customer ?? this.#create(time))
  }

  #create(time: number): Customer {
    const customer: Customer = { id: 0, created: time, members: new Set(), merges: 0, stamp: null }
    this.created.push(customer)
    return customer
  }

  #attach(member: Member, customer: Customer): void {
    member.customer = customer
    member.changed = true
    customer.members.add(member)
    this.relinked.add(customer)
  }

  #mayMerge(a: Customer, b: Customer, time: number): boolean {
    if (a.members.size + b.members.size > mostIdentifiers) return false
    if (a.merges + b.merges + 1 > mostMerges) return false
    return mayBeOne([...a.members, ...b.members], time) && !this.#arePartedFor(a, b)
  }

  #arePartedFor(a: Customer, b: Customer): boolean {
    if (this.#parted.length === 0) return false
    const [idsOfA, idsOfB] = [a, b].map(({ members }) => new Set([...members].map(({ id }) => id)))
    return this.#parted.some(
      ({ anchor, moved }) =>
        (idsOfA.has(anchor) && moved.some((id) => idsOfB.has(id))) ||
        (idsOfB.has(anchor) && moved.some((id) => idsOfA.has(id))),
    )
  }

  #merge(a: Customer, b: Customer, time: number, cause: string): void {
    const [kept, merged] = keeps(a, b) ? [a, b] : [b, a]
    const moved = [...merged.members]
    const anchor = Links.strongest([...kept.members])
    this.merges.push({ kept, merged, anchor, moved, time, cause })
    for (const member of moved) this.#attach(member, kept)
    merged.members.clear()
    kept.merges += merged.merges + 1
    this.touched.add(kept).add(merged)
    this.relinked.add(merged)
  }
}

/** The stronger kind first; within a kind the one that was there first, then by value, so that a batch has one reading. */
function byStrength(a: Member, b: Member): number {
  if (a.kind === b.kind && (a.customer === null) !== (b.customer === null)) return a.customer === null ? 1 : -1
  return compareStrength(a, b)
}

/** Negative where `a` is the stronger identifier. */
export function compareStrength(a: Identifier, b: Identifier): number {
  const rank = rankOf(a.kind) - rankOf(b.kind)
  if (rank !== 0) return rank
  if (a.kind !== b.kind) return a.kind < b.kind ? -1 : 1
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0
}

/** Of two customers a known one stays, else the older. */
function keeps(a: Customer, b: Customer): boolean {
  const [userOfA, userOfB] = [hasUser(a), hasUser(b)]
  if (userOfA !== userOfB) return userOfA
  if ((a.id === 0) !== (b.id === 0)) return b.id === 0
  return a.id <= b.id
}

export function hasUser(customer: Customer): boolean {
  for (const member of customer.members) if (member.kind === 'user') return true
  return false
}

function mayAttach(member: Member, customer: Customer, time: number): boolean {
  if (customer.members.size >= mostIdentifiers) return false
  const limit = limitOf(member.kind)
  let count = 1
  for (const other of customer.members) if (other.kind === member.kind && isWithin(other, limit.within, time)) count++
  return count <= limit.most
}

/** Do the limits of every kind hold for these together? */
function mayBeOne(members: readonly Member[], time: number): boolean {
  const counts = new Map<string, number>()
  for (const member of members) {
    const limit = limitOf(member.kind)
    if (!isWithin(member, limit.within, time)) continue
    const count = (counts.get(member.kind) ?? 0) + 1
    if (count > limit.most) return false
    counts.set(member.kind, count)
  }
  return true
}

function limitOf(kind: string): { readonly most: number; readonly within: number } {
  return Object.hasOwn(limits, kind) ? limits[kind] : customLimit
}

function isWithin(member: Member, within: number, time: number): boolean {
  return within === Number.POSITIVE_INFINITY || Math.abs(time - member.firstSeen) < within
}
