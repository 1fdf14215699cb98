/** Rows of `identifiers` and `customers`, into `Links` and back, for a whole batch at a time. */
import { inChunks, insertReturningIds, insertRows, selectByKeys, updateByKeys, upsertRows } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import type { World } from '../world.ts'
import type { Identifier } from './identity.ts'
import type { Customer, Links, Member, Parted } from './links.ts'

interface IdentifierRow {
  readonly id: number
  readonly kind: string
  readonly value: string
  readonly customer: number
  readonly first_seen: number
  readonly last_seen: number
}

const columns = ['id', 'kind', 'value', 'customer', 'first_seen', 'last_seen'] as const
const day = 24 * 60 * 60 * 1000
/** Rows a statement of the rare insert, and of a lock. */
const insertChunk = 500
const lockChunk = 5000

/** By kind and value; two levels, so that no key has to be put together for each look (this is the hot path). */
class ByIdentifier {
  readonly #kinds = new Map<string, Map<string, Member>>()

  get({ kind, value }: Identifier): Member | undefined {
    return this.#kinds.get(kind)?.get(value)
  }

  add(member: Member): void {
    let values = this.#kinds.get(member.kind)
    if (values === undefined) {
      values = new Map()
      this.#kinds.set(member.kind, values)
    }
    values.set(member.value, member)
  }

  delete({ kind, value }: Identifier): void {
    this.#kinds.get(kind)?.delete(value)
  }

  *[Symbol.iterator](): Generator<Member> {
    for (const values of this.#kinds.values()) yield* values.values()
  }
}

/** The identifiers and customers that one batch has to do with; each is one object, however often it is named. */
export class Members {
  readonly #members = new ByIdentifier()
  readonly #customers = new Map<number, Customer>()
  readonly #complete = new Set<number>()

  get(identifier: Identifier): Member | undefined {
    return this.#members.get(identifier)
  }

  /** The rows of `identifiers` that exist; the others are not made. */
  async look(tx: Tx, identifiers: readonly Identifier[]): Promise<void> {
    const unknown = identifiers.filter((identifier) => this.get(identifier) === undefined)
    const keys = unknown.map(({ kind, value }) => [kind, value] as const)
    for (const row of await selectIdentifiers(tx, keys)) this.#take(row)
  }

  /**
   * Makes sure that each of `identifiers` is here, as a row or as a new member. On PostgreSQL new ones are reserved and
   * the customers locked, so that two batches about the same people wait for each other: identifiers first, then
   * customers, both in ascending order, so that they never wait in a circle.
   */
  async open(tx: Tx, identifiers: readonly Identifier[]): Promise<void> {
    await this.look(tx, identifiers)
    const absent = () => distinct(identifiers.filter((identifier) => this.get(identifier) === undefined))
    if (tx.engine === 'postgres') {
      await reserve(tx, absent())
      // Whoever was erased during the wait is a stranger now.
      while (!(await this.#lock(tx, identifiers))) await reserve(tx, absent())
    }
    for (const identifier of absent()) {
      const { kind, value } = identifier
      this.#members.add({ id: 0, kind, value, customer: null, firstSeen: 0, lastSeen: 0, changed: false })
    }
  }

  /** Locks the customers of `identifiers` and reads again what the wait may have changed; false where one is gone. */
  async #lock(tx: Tx, identifiers: readonly Identifier[]): Promise<boolean> {
    const keys = identifiers.map(({ kind, value }) => [kind, value] as const)
    const locked = new Set<number>()
    let rows: readonly IdentifierRow[] = []
    // First of those who were known before the wait for what is new.
    let customers = identifiers.map((identifier) => this.get(identifier)?.customer?.id ?? 0)
    for (;;) {
      const wanted = [...new Set(customers)].filter((id) => id !== 0 && !locked.has(id))
      if (wanted.length === 0 && rows.length > 0) break
      const stamps = await lockCustomers(tx, wanted)
      for (const id of wanted) {
        locked.add(id)
        this.#customer(id).stamp = stamps.get(id) ?? null
      }
      rows = await selectIdentifiers(tx, keys)
      if (rows.length === 0) break
      customers = rows.map(({ customer }) => customer)
    }
    for (const row of rows) this.#take(row)
    const present = new Set(rows.map(({ kind, value }) => `${kind}\n${value}`))
    const gone = identifiers.filter(({ kind, value }) => !present.has(`${kind}\n${value}`))
    for (const identifier of gone) {
      const member = this.get(identifier)
      member?.customer?.members.delete(member)
      this.#members.delete(identifier)
    }
    return gone.length === 0
  }

  /** Brings all identifiers of these customers, which their limits ask for, and how often each was merged. */
  async complete(tx: Tx, customers: readonly Customer[]): Promise<void> {
    const wanted = [...new Set(customers)].filter(({ id }) => id !== 0 && !this.#complete.has(id))
    if (wanted.length === 0) return
    const keys = wanted.map(({ id }) => [id])
    for (const { id } of wanted) this.#complete.add(id)
    for (const row of await selectByKeys<IdentifierRow>(tx, 'identifiers', ['customer'], keys, columns)) this.#take(row)
    for (const { kept } of await selectByKeys<{ kept: number }>(tx, 'merges', ['kept'], keys, ['kept', 'id']))
      this.#customer(kept).merges++
  }

  /** Writes what `links` did; afterwards every member and customer has its id. `newStamp` draws a number at random. */
  async save(tx: Tx, links: Links, newStamp: () => number): Promise<void> {
    for (const customer of links.relinked) customer.stamp = newStamp()
    await this.#saveCustomers(tx, links)
    const all = [...this.#members]
    const changed = all.filter((member) => member.changed)
    const fresh = changed.filter(({ id }) => id === 0)
    const known = changed.filter(({ id }) => id !== 0)
    await upsertRows(tx, 'identifiers', ['kind', 'value'], columns.slice(1), known.map(rowOf))
    const ids = await insertReturningIds(tx, 'identifiers', columns.slice(1), fresh.map(rowOf))
    for (const [i, member] of fresh.entries()) member.id = ids[i]
    for (const member of all) member.changed = false
    await insertRows(
      tx,
      'merges',
      ['kept', 'merged', 'anchor', 'identifiers', 'cause', 'time', 'undone'],
      links.merges.map(({ kept, merged, anchor, moved, cause, time }) => {
        const ids = moved.map(({ id }) => id).sort(ascending)
        return [kept.id, merged.id, anchor.id, JSON.stringify(ids), cause, time, null]
      }),
    )
  }

  async #saveCustomers(tx: Tx, links: Links): Promise<void> {
    const rows = links.created.map(({ created, stamp }) => [created, 0, stamp])
    const ids = await insertReturningIds(tx, 'customers', ['created', 'version', 'links'], rows)
    const relinked = [...links.relinked].filter(({ id }) => id !== 0)
    await writeStamps(
      tx,
      relinked.map(({ id, stamp }) => [id, stamp!]),
    )
    for (const [i, customer] of links.created.entries()) {
      customer.id = ids[i]
      this.#customers.set(ids[i], customer)
      this.#complete.add(ids[i])
    }
  }

  /** Reads the stamps that are not known yet. */
  async stamp(tx: Tx, customers: readonly Customer[]): Promise<void> {
    const unknown = [...new Set(customers)].filter(({ stamp }) => stamp === null)
    const stamps = await readStamps(
      tx,
      unknown.map(({ id }) => id),
    )
    for (const customer of unknown) customer.stamp = stamps.get(customer.id) ?? null
  }

  /** Notes that `member` was seen at `time`; to the day, for each note is a write. */
  static see(member: Member, time: number): void {
    if (member.customer === null) {
      member.firstSeen = time
      member.lastSeen = time
      return
    }
    if (time < member.lastSeen + day && time > member.firstSeen - day) return
    member.firstSeen = Math.min(member.firstSeen, time)
    member.lastSeen = Math.max(member.lastSeen, time)
    member.changed = true
  }

  #take(row: IdentifierRow): void {
    const customer = row.customer === 0 ? null : this.#customer(row.customer)
    let member = this.get(row)
    if (member === undefined) {
      const { id, kind, value, first_seen: firstSeen, last_seen: lastSeen } = row
      member = { id, kind, value, customer, firstSeen, lastSeen, changed: false }
      this.#members.add(member)
    } else if (member.customer !== customer) {
      member.customer?.members.delete(member)
      member.customer = customer
    }
    customer?.members.add(member)
  }

  #customer(id: number): Customer {
    let customer = this.#customers.get(id)
    if (customer === undefined) {
      customer = { id, created: 0, members: new Set(), merges: 0, stamp: null }
      this.#customers.set(id, customer)
    }
    return customer
  }
}

/** Stamps of the links of these customers, by id. */
export async function readStamps(tx: Tx, customers: readonly number[]): Promise<Map<number, number>> {
  const keys = customers.map((id) => [id])
  const rows = await selectByKeys<{ id: number; links: number }>(tx, 'customers', ['id'], keys, ['id', 'links'])
  return new Map(rows.map(({ id, links }) => [id, links]))
}

/** Drawn, so that two states of somebody's links never have the same. */
export function newStamp(world: Pick<World, 'random'>): number {
  return Math.floor(world.random() * Number.MAX_SAFE_INTEGER)
}

/** Pairs of customer and stamp, all at once. */
export async function writeStamps(tx: Tx, stamps: readonly (readonly [id: number, stamp: number])[]): Promise<void> {
  if (stamps.length > 0) await updateByKeys(tx, 'customers', ['id'], ['links'], stamps)
}

/** The same on PostgreSQL, where the rows stay locked until the transaction ends; in ascending order. */
export async function lockCustomers(tx: Tx, customers: readonly number[]): Promise<Map<number, number>> {
  const stamps = new Map<number, number>()
  for (const chunk of inChunks(customers.toSorted(ascending), lockChunk)) {
    const rows = await tx.k
      .selectFrom('customers')
      .select(['id', 'links'])
      .where('id', 'in', chunk)
      .orderBy('id')
      .forUpdate()
      .execute()
    for (const { id, links } of rows) stamps.set(id, links)
  }
  return stamps
}

/** The merges that people took back: few, for each is an act of a person. */
export async function partedSides(tx: Tx): Promise<Parted[]> {
  const rows = await tx.k
    .selectFrom('merges')
    .select(['anchor', 'identifiers'])
    .where('undone', 'is not', null)
    .execute()
  return rows.map(({ anchor, identifiers }) => ({ anchor, moved: JSON.parse(identifiers) as number[] }))
}

/** A new identifier waits for whoever else is adding it right now; with customer 0 until this transaction links it. */
async function reserve(tx: Tx, identifiers: readonly Identifier[]): Promise<void> {
  const rows = identifiers.map(({ kind, value }) => ({ kind, value, customer: 0, first_seen: 0, last_seen: 0 }))
  for (const chunk of inChunks(rows, insertChunk)) {
    await tx.k
      .insertInto('identifiers')
      .values(chunk)
      .onConflict((conflict) => conflict.columns(['kind', 'value']).doNothing())
      .execute()
  }
}

async function selectIdentifiers(tx: Tx, keys: readonly (readonly [string, string])[]): Promise<IdentifierRow[]> {
  return selectByKeys<IdentifierRow>(tx, 'identifiers', ['kind', 'value'], keys, columns)
}

function rowOf(member: Member): unknown[] {
  return [member.kind, member.value, member.customer!.id, member.firstSeen, member.lastSeen]
}

/** Each once, in ascending order. */
function distinct(identifiers: readonly Identifier[]): Identifier[] {
  const byKey = new Map(identifiers.map((identifier) => [`${identifier.kind}\n${identifier.value}`, identifier]))
  return [...byKey.keys()].sort().map((key) => byKey.get(key)!)
}

const ascending = (a: number, b: number) => a - b
