/**
 * Erasure, in one transaction: every holder lets go of its rows, and a receipt says what was erased where. The receipt, the
 * journal and the list of those who asked to be refused hold keyed hashes, never what was erased.
 */
import { createHash, createHmac } from 'node:crypto'
import { insertNew } from '../db/batch.ts'
import type { Handler, Reader, Tx } from '../db/database.ts'
import type { Holder } from '../db/personal.ts'
import { secretKey } from '../db/secret.ts'
import { HabitueError } from '../errors.ts'
import type { Identifier } from '../identity/identity.ts'
import { subjectToErase } from '../identity/personal.ts'
import { keepNotices, type SealedNotice } from './erasure-notices.ts'
import { eraseAll } from './personal-data.ts'

/** A trained model holds items and no customer; what he taught is out of it after this long. */
const refitMs = 24 * 60 * 60 * 1000

export interface ErasureOrder {
  /** Names the erasure, in the journal too: carried out once, however often it is asked for. */
  readonly id: string
  /** Milliseconds since 1970. */
  readonly time: number
  /** Who asked for it, as the audit log names him. */
  readonly actor: string
  /** Anybody who is known by one of these. */
  readonly who: readonly Identifier[]
  /** His identifiers are not to come back: events that carry one of them are refused from now on. */
  readonly refuse: boolean
  /** Done again because a restored database still held him. */
  readonly again: boolean
  /** Programs that are to hear of it. */
  readonly notices: readonly SealedNotice[]
}

/** What was erased where. No personal data. */
export interface Receipt {
  readonly id: string
  readonly time: number
  /** Rows by table. */
  readonly erased: Readonly<Record<string, number>>
  readonly rows: number
  readonly refused: boolean
  readonly again: boolean
  /** Models are refitted without him before this time, milliseconds. */
  readonly refitBefore: number
  /** SHA-256 of the rest as JSON in the order above, hex. */
  readonly hash: string
}

export interface Erased {
  readonly receipt: Receipt
  /** Keyed hashes of what he was known by. */
  readonly names: readonly string[]
}

/** Keyed hashes of identifiers: the same for this database and its backups, and of no use without its secret. */
export async function nameHasher(reader: Reader): Promise<(name: Identifier) => string> {
  const key = await secretKey(reader, 'erased names')
  return ({ kind, value }) => createHmac('sha256', key).update(`${kind}\0${value}`).digest('hex')
}

export interface ErasureNeeds {
  readonly holders: readonly Holder[]
  /** Writes the line of the audit log while the link to his name there still stands. */
  readonly audit: (tx: Tx, customer: number, order: ErasureOrder) => Promise<void>
}

/** The handler `consent.erase`. @throws HabitueError not_found, where nobody is known by these names and it is no repetition */
export function eraseHandler({ holders, audit }: ErasureNeeds): Handler<ErasureOrder, Erased> {
  return async (tx, order) => {
    const done = await erasureDone(tx, order.id)
    if (done) return done
    const hashOf = await nameHasher(tx)
    const erased: Record<string, number> = {}
    const names = new Set<string>(order.again ? order.who.map(hashOf) : [])
    for (const name of order.who) {
      const subject = await subjectToErase(tx, name)
      if (!subject) continue
      for (const one of subject.names) names.add(hashOf(one))
      await audit(tx, subject.customers[0], order)
      for (const [table, rows] of Object.entries(await eraseAll(tx, holders, subject)))
        erased[table] = (erased[table] ?? 0) + rows
      for (const customer of subject.customers) tx.changed('customers', customer)
    }
    if (names.size === 0 && !order.again) throw new HabitueError('not_found', 'Nobody is known by that identifier.')
    await keepNotices(tx, order.id, order.notices, order.time)
    if (order.refuse) await insertNew(tx, 'refused_names', 'name', [...names].sort())
    return recordErasure(tx, order, erased, [...names])
  }
}

/** What an erasure of this id did before; null = there was none. */
export async function erasureDone(reader: Reader, id: string): Promise<Erased | null> {
  const done = await reader.k.selectFrom('erasures').selectAll().where('id', '=', id).executeTakeFirst()
  return done ? { receipt: JSON.parse(done.receipt) as Receipt, names: JSON.parse(done.names) as string[] } : null
}

/** The receipt of an erasure that was carried out, kept; the files of storage are made to forget after it. */
export async function recordErasure(
  tx: Tx,
  order: Pick<ErasureOrder, 'id' | 'time' | 'refuse' | 'again'>,
  erased: Readonly<Record<string, number>>,
  names: readonly string[],
): Promise<Erased> {
  const receipt = receiptOf(order, erased)
  const { id, time } = order
  await tx.k
    .insertInto('erasures')
    .values({ id, time, names: JSON.stringify(names), receipt: JSON.stringify(receipt) })
    .execute()
  tx.changed('erasures', id)
  return { receipt, names }
}

function receiptOf(
  { id, time, refuse, again }: Pick<ErasureOrder, 'id' | 'time' | 'refuse' | 'again'>,
  all: Readonly<Record<string, number>>,
): Receipt {
  const erased = Object.fromEntries(Object.entries(all).filter(([, rows]) => rows > 0))
  const rows = Object.values(erased).reduce((sum, count) => sum + count, 0)
  const unsigned = { id, time, erased, rows, refused: refuse, again, refitBefore: time + refitMs }
  return { ...unsigned, hash: receiptHash(unsigned) }
}

/** SHA-256 of a receipt without its own hash, hex: whoever keeps the receipt can show that it was not changed. */
export function receiptHash(receipt: Omit<Receipt, 'hash'>): string {
  const { id, time, erased, rows, refused, again, refitBefore } = receipt
  const text = JSON.stringify({ id, time, erased, rows, refused, again, refitBefore })
  return createHash('sha256').update(text).digest('hex')
}

/** The receipt of an erasure; null where there was none of that id. */
export async function receiptAt(reader: Reader, id: string): Promise<Receipt | null> {
  const row = await reader.k.selectFrom('erasures').select('receipt').where('id', '=', id).executeTakeFirst()
  return row ? (JSON.parse(row.receipt) as Receipt) : null
}

/** All receipts, the latest first. */
export async function receipts(reader: Reader, limit: number): Promise<Receipt[]> {
  const rows = await reader.k.selectFrom('erasures').select('receipt').orderBy('time', 'desc').limit(limit).execute()
  return rows.map(({ receipt }) => JSON.parse(receipt) as Receipt)
}

/** Time of the first erasure after `time` (milliseconds); null = there was none. What was trained before it is due again. */
export async function firstErasureSince(reader: Reader, time: number): Promise<number | null> {
  const query = reader.k.selectFrom('erasures').select((eb) => eb.fn.min('time').as('first'))
  const row = await query.where('time', '>', time).executeTakeFirst()
  return row?.first == null ? null : Number(row.first)
}

/** Time of the oldest erasure whose traces may still be in the files of storage; null = there is none. */
export async function oldestUncleaned(reader: Reader): Promise<number | null> {
  const query = reader.k.selectFrom('erasures').select((eb) => eb.fn.min('time').as('oldest'))
  const row = await query.where('cleaned', 'is', null).executeTakeFirst()
  return row?.oldest == null ? null : Number(row.oldest)
}

/** The handler `consent.cleaned`: the files forgot what was erased until `until`. */
export const cleanedHandler: Handler<{ until: number; now: number }, void> = async (tx, { until, now }) => {
  const open = tx.k.updateTable('erasures').set({ cleaned: now }).where('cleaned', 'is', null)
  await open.where('time', '<=', until).execute()
}

/** Ids of the erasures that this database has seen. */
export async function erasuresDone(reader: Reader): Promise<Set<string>> {
  const rows = await reader.k.selectFrom('erasures').select('id').execute()
  return new Set(rows.map(({ id }) => id))
}

/** Keyed hashes of the identifiers that are to be refused. */
export async function refusedNames(reader: Reader): Promise<Set<string>> {
  const rows = await reader.k.selectFrom('refused_names').select('name').execute()
  return new Set(rows.map(({ name }) => name))
}
