/**
 * Memory built anew from the stored events: the checkpoint of those that retention dropped, then the rest in stored order
 * through the very same folds. The rows must come out as they were, byte for byte; the report says where they did not.
 */
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { everything, type Handlers, type Tx } from '../db/database.ts'
import { answersFold } from '../events/answers-fold.ts'
import type { Fold } from '../events/event.ts'
import { replay } from '../events/store.ts'
import { expireFacts } from './facts-fold.ts'
import { memoryFolds } from './fold.ts'
import { lockAllNumbers } from './order-store.ts'
import { type RetainOrder, retain } from './retention.ts'

/** Filled by the folds, with their keys, in the order in which the folds first write them (see `lockMemory`). */
const memoryTables = {
  consents: ['identifier', 'received', 'position', 'message', 'purpose', 'channel'],
  orders: ['identifier', 'number'],
  order_lines: ['identifier', 'item', 'number', 'recipient'],
  interactions: ['identifier', 'recipient', 'item'],
  carts: ['identifier'],
  traits: ['identifier', 'name'],
  fact_tombstones: ['identifier', 'fact'],
  facts: ['identifier', 'kind', 'fact'],
  item_days: ['day', 'item'],
} as const

export type MemoryTable = keyof typeof memoryTables

/** What another folder counts from the same events, built anew with memory: after its folds, as at ingest. */
export interface RebuiltPart {
  readonly fold: Pick<Fold, 'apply'>
  /** With their keys, in the order in which the fold first writes them. */
  readonly tables: Readonly<Record<string, readonly string[]>>
  /** Takes out what the events tell, so that the fold can lay it over what only people decided. */
  begin(tx: Tx): Promise<void>
  end(tx: Tx): Promise<void>
}
export const memoryTableNames = Object.keys(memoryTables) as MemoryTable[]

/** What customers answered is an event like any other. */
const replayed = [answersFold, ...memoryFolds]

/** Events replayed at once. */
const PIECE = 2000

export interface RebuildReport {
  /** Events replayed. */
  readonly events: number
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>
  /** Tables that came out other than they were; none, as long as nobody but the folds writes to them. */
  readonly changed: readonly string[]
}

export const memoryHandlers = (parts: readonly RebuiltPart[] = []): Handlers => ({
  'memory.rebuild': (tx) => rebuild(tx, parts),
  'memory.retain': (tx, order: RetainOrder) => retain(tx, order),
  'memory.expireFacts': expireFacts,
})

/** One transaction: readers see the old rows until the new ones are whole, and no event is folded meanwhile. */
export async function rebuild(tx: Tx, parts: readonly RebuiltPart[]): Promise<RebuildReport> {
  const tables: Tables = Object.assign({}, memoryTables, ...parts.map((part) => part.tables))
  await lockMemory(tx, Object.keys(tables))
  const before = await digests(tx, tables)
  await clearMemory(tx)
  for (const part of parts) await part.begin(tx)
  await restoreCheckpoint(tx)
  let events = 0
  for (let seq: number | null = 0; seq !== null; ) {
    const piece = await replay(tx, seq, PIECE)
    for (const fold of [...replayed, ...parts.map((part) => part.fold)]) await fold.apply(tx, piece.events)
    events += piece.events.length
    seq = piece.next
  }
  for (const part of parts) await part.end(tx)
  const after = await digests(tx, tables)
  tx.changed('customers', everything)
  const names = Object.keys(tables)
  return {
    events,
    rows: Object.fromEntries(names.map((table) => [table, after[table].rows])),
    changed: names.filter((table) => before[table].digest !== after[table].digest),
  }
}

/**
 * Waits for folds under way and keeps new ones waiting. One lock after the other in the order in which the folds take
 * them, so that a fold which has begun can always finish.
 */
async function lockMemory(tx: Tx, tables: readonly string[]): Promise<void> {
  if (tx.engine !== 'postgres') return
  await sql`lock table consents in share row exclusive mode`.execute(tx.k)
  await lockAllNumbers(tx)
  for (const table of tables) {
    await sql`lock table ${sql.table(table)} in share row exclusive mode`.execute(tx.k)
  }
}

/** Empties the tables that the folds fill; checkpoints stay. */
export async function clearMemory(tx: Tx): Promise<void> {
  for (const table of memoryTableNames) await tx.k.deleteFrom(table).execute()
}

const checkpointColumns = {
  interactions: 'identifier, recipient, item, views, view_last',
  item_days: 'day, item, views, carts, bought, revenue, returned',
  carts: 'identifier, state, updated',
} as const

/** Begins with what the dropped events left. */
async function restoreCheckpoint(tx: Tx): Promise<void> {
  for (const [table, columns] of Object.entries(checkpointColumns)) {
    const from = sql.table(`${table}_checkpoint`)
    await sql`insert into ${sql.table(table)} (${sql.raw(columns)}) select ${sql.raw(columns)} from ${from}`.execute(
      tx.k,
    )
  }
}

type Tables = Readonly<Record<string, readonly string[]>>
type Digests = Record<string, { rows: number; digest: string }>

/** The rows of each table in the order of its key, as one hash. */
async function digests(tx: Tx, tables: Tables): Promise<Digests> {
  const all: Digests = {}
  for (const [table, key] of Object.entries(tables)) {
    const hash = createHash('sha256')
    let rows = 0
    let query = tx.k.selectFrom(table as MemoryTable).selectAll()
    for (const column of key) query = query.orderBy(sql.ref(column))
    for await (const row of query.stream(PIECE)) {
      hash.update(JSON.stringify(row))
      rows += 1
    }
    all[table] = { rows, digest: hash.digest('hex') }
  }
  return all
}
