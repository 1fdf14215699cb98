/**
 * The audit log: who read or changed what. Rows are only ever added, and each holds a hash over the row before it, so that
 * one that was changed or taken out shows. A customer stands in it under a random name of his own (`audit_subjects`);
 * erasure destroys that link and leaves the log as it was.
 */
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { insertRows, selectByKeys } from '../db/batch.ts'
import type { Database, Handler, Handlers, Reader, Tx } from '../db/database.ts'
import type { World } from '../world.ts'

export interface AuditEntry {
  /** Milliseconds since 1970. */
  readonly time: number
  /** `key:<id>`, `person:<id>`, `customer`, `command` (this machine), `engine`. */
  readonly actor: string
  readonly action: string
  /** How the request named the customer; null = it was about none. */
  readonly who: { readonly kind: string; readonly value: string } | null
  /** What was asked, without personal data: the route and not the address. */
  readonly detail: Readonly<Record<string, unknown>>
}

/** An entry whose customer is known by id. */
export type FoundEntry = Omit<AuditEntry, 'who'> & { readonly customer: number | null }

export interface AuditRow {
  readonly id: number
  readonly time: number
  readonly actor: string
  readonly action: string
  readonly subject: string | null
  readonly detail: string
  readonly hash: string
}

const columns = ['time', 'actor', 'action', 'subject', 'detail', 'hash'] as const
/** An arbitrary number: one transaction at a time adds to the chain. */
const chainLock = 4_841_621_757

/** Finds the customer whom an identifier names; identity does. */
export type FindCustomer = (reader: Reader, who: { kind: string; value: string }) => Promise<number | null>

/** 'access.audit' takes entries as they came from outside; 'access.auditRetain' drops the oldest. */
export function auditHandlers(world: Pick<World, 'uuid'>, find: FindCustomer): Handlers {
  const add: Handler<readonly AuditEntry[], void> = async (tx, entries) => {
    const found: FoundEntry[] = []
    for (const { who, ...entry } of entries) found.push({ ...entry, customer: who && (await find(tx, who)) })
    await appendAudit(tx, world, found)
  }
  /** @returns how many were dropped; fewer than `limit` = no more are due */
  const retain: Handler<{ before: number; limit: number }, number> = async (tx, { before, limit }) => {
    const oldest = await tx.k.selectFrom('audit').select(['id', 'time']).orderBy('id').limit(limit).execute()
    // A beginning of the chain and nothing from its middle.
    const young = oldest.findIndex(({ time }) => time >= before)
    const due = young < 0 ? oldest : oldest.slice(0, young)
    if (due.length > 0)
      await tx.k
        .deleteFrom('audit')
        .where('id', '<=', due[due.length - 1].id)
        .execute()
    return due.length
  }
  return { 'access.audit': add, 'access.auditRetain': retain }
}

/** Adds rows in the transaction of what they tell of. */
export async function appendAudit(tx: Tx, world: Pick<World, 'uuid'>, entries: readonly FoundEntry[]): Promise<void> {
  if (entries.length === 0) return
  if (tx.engine === 'postgres') await sql`select pg_advisory_xact_lock(${chainLock})`.execute(tx.k)
  const customers = entries.flatMap(({ customer }) => customer ?? [])
  const subjects = await subjectsOf(tx, world, [...new Set(customers)])
  const last = await tx.k.selectFrom('audit').select('hash').orderBy('id', 'desc').limit(1).executeTakeFirst()
  let hash = last?.hash ?? ''
  const rows: unknown[][] = []
  for (const { time, actor, action, customer, detail } of entries) {
    const subject = customer === null ? null : (subjects.get(customer) as string)
    const row = { time, actor, action, subject, detail: JSON.stringify(detail) }
    hash = chained(hash, row)
    rows.push([time, actor, action, subject, row.detail, hash])
  }
  await insertRows(tx, 'audit', columns, rows)
}

function chained(previous: string, row: Omit<AuditRow, 'id' | 'hash'>): string {
  const { time, actor, action, subject, detail } = row
  return createHash('sha256')
    .update(JSON.stringify([previous, time, actor, action, subject, detail]))
    .digest('hex')
}

/** The names of customers in this log, drawn at random when they first come up. */
async function subjectsOf(
  tx: Tx,
  world: Pick<World, 'uuid'>,
  customers: readonly number[],
): Promise<Map<number, string>> {
  const keys = customers.map((customer) => [customer])
  const rows = await selectByKeys<{ customer: number; subject: string }>(tx, 'audit_subjects', ['customer'], keys, [
    'customer',
    'subject',
  ])
  const known = new Map(rows.map(({ customer, subject }) => [customer, subject]))
  const fresh = customers
    .filter((customer) => !known.has(customer))
    .map((customer) => [customer, world.uuid()] as const)
  await insertRows(tx, 'audit_subjects', ['customer', 'subject'], fresh)
  for (const [customer, subject] of fresh) known.set(customer, subject)
  return known
}

export interface AuditQuery {
  /** Only rows after this id. */
  readonly after?: number
  readonly limit: number
  readonly customer?: number
  readonly actor?: string
  readonly action?: string
}

/** Rows in the order in which they were written. */
export async function readAudit(reader: Reader, query: AuditQuery): Promise<AuditRow[]> {
  const { after = 0, limit, customer, actor, action } = query
  let rows = reader.k.selectFrom('audit').selectAll().where('id', '>', after)
  if (customer !== undefined) {
    const subject = reader.k.selectFrom('audit_subjects').select('subject').where('customer', '=', customer)
    rows = rows.where('subject', 'in', subject)
  }
  if (actor !== undefined) rows = rows.where('actor', '=', actor)
  if (action !== undefined) rows = rows.where('action', '=', action)
  return rows.orderBy('id').limit(limit).execute()
}

export interface AuditProof {
  readonly rows: number
  /** Id of the first row that does not follow from the one before it; null = the chain is whole. */
  readonly broken: number | null
  /** Hash of the last row: whoever keeps it can show later that nothing up to here was changed. */
  readonly last: string
}

/** Walks the chain. What retention dropped at its beginning is not missed. */
export async function verifyAudit(reader: Reader): Promise<AuditProof> {
  let previous: AuditRow | null = null
  let rows = 0
  for (;;) {
    const page: AuditRow[] = await readAudit(reader, { after: previous?.id ?? 0, limit: 1000 })
    for (const row of page) {
      if (previous !== null && chained(previous.hash, row) !== row.hash)
        return { rows, broken: row.id, last: previous.hash }
      previous = row
      rows++
    }
    if (page.length < 1000) return { rows, broken: null, last: previous?.hash ?? '' }
  }
}

export interface AuditLog {
  /** Notes what a request did; it is written at once, and the request does not wait for it. */
  note(entry: AuditEntry): void
  /** The same, and resolves when it is stored. @throws of storage */
  write(entry: AuditEntry): Promise<void>
  /** Writes what waits. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Entries that wait while storage is away; nothing can be read meanwhile, so there are few. */
const mostWaiting = 100_000
const retryMs = 1000

/** Written behind: what is noted while a write is under way goes in with the next. @param onError told of each failure */
export function auditLog(db: Database, onError: (error: unknown) => void): AuditLog {
  let waiting: AuditEntry[] = []
  let writing: Promise<void> | null = null
  let retry: NodeJS.Timeout | null = null
  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        await db.write('access.audit', batch)
      } catch (error) {
        waiting = [...batch, ...waiting].slice(0, mostWaiting)
        retry ??= setTimeout(() => {
          retry = null
          start()
        }, retryMs).unref()
        onError(error)
        return
      }
    }
  }
  const start = (): Promise<void> => {
    writing ??= drain().finally(() => {
      writing = null
    })
    return writing
  }
  return {
    note(entry) {
      if (waiting.length >= mostWaiting)
        onError(new Error('The audit log lost an entry: storage is away for too long.'))
      else waiting.push(entry)
      start()
    },
    write: (entry) => db.write('access.audit', [entry]),
    flush: start,
    async close() {
      await start()
      if (retry) clearTimeout(retry)
      if (waiting.length > 0) await start()
    },
  }
}
