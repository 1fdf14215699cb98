/**
 * Facts in the transaction of their events. What was deleted is taken out of the rows and out of the events that told it,
 * so that neither a replay nor a look at the past brings it back. Only events that speak of facts cost anything here.
 */
import { deleteByKeys, type FoldSpec, inChunks, selectByKeys, upsertFold } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import type { FactRow, TombstoneRow } from '../db/tables.ts'
import type { AdmittedEvent } from '../events/event.ts'
import { redactEvents } from '../events/redact.ts'
import { FORGOTTEN, factChanges, speaksOfFacts, tellsFacts } from './fact-events.ts'

const factKey = ['identifier', 'kind', 'fact'] as const
export const factColumns = [...factKey, 'subject', 'recipient', 'doc', 'expires', 'time', 'message'] as const
const tombstoneKey = ['identifier', 'fact'] as const
export const tombstoneColumns = [...tombstoneKey, 'slot', 'value', 'cause', 'evidence', 'time', 'message'] as const

const factSpec: FoldSpec = {
  key: factKey,
  latest: { columns: ['subject', 'recipient', 'doc', 'expires'], by: ['time', 'message'] },
}
const tombstoneSpec: FoldSpec = {
  key: tombstoneKey,
  latest: { columns: ['slot', 'value', 'cause', 'evidence'], by: ['time', 'message'] },
}

/** Writes what `events` say of facts. */
export async function foldFacts(tx: Tx, events: readonly AdmittedEvent[]): Promise<void> {
  if (!events.some(({ name }) => speaksOfFacts(name))) return
  const { rows, tombstones } = factChanges(events)
  if (tombstones.length > 0) await upsertFold(tx, 'fact_tombstones', tombstoneSpec, tombstones)
  const alive = await withoutDeleted(tx, rows, tombstones)
  if (alive.length > 0) await upsertFold(tx, 'facts', factSpec, alive)
  await dropOldest(tx, alive)
  if (tombstones.length > 0) await deleteStored(tx, tombstones)
}

/** Of one identifier, those that came as events too: the latest are kept, in whatever order they arrive. */
const mostKept = 2000

/** Beyond what anybody has, the oldest go, with the words of their events. */
async function dropOldest(tx: Tx, fresh: readonly FactRow[]): Promise<void> {
  const identifiers = [...new Set(fresh.filter(({ kind }) => kind !== FORGOTTEN).map(({ identifier }) => identifier))]
  for (const ids of inChunks(identifiers, 500)) {
    const full = await tx.k
      .selectFrom('facts')
      .select('identifier')
      .where('identifier', 'in', ids)
      .where('kind', '!=', FORGOTTEN)
      .groupBy('identifier')
      .having((eb) => eb.fn.countAll(), '>', mostKept)
      .execute()
    for (const { identifier } of full) {
      const query = tx.k.selectFrom('facts').select(factColumns).where('identifier', '=', identifier)
      const rows: FactRow[] = await query.where('kind', '!=', FORGOTTEN).execute()
      const textOf = ({ message, fact }: FactRow) => `${message}\0${fact}`
      rows.sort((a, b) => b.time - a.time || (textOf(a) < textOf(b) ? 1 : -1))
      await drop(tx, rows.slice(mostKept))
    }
  }
}

const keyOf = ({ identifier, fact }: Pick<FactRow, 'identifier' | 'fact'>) => `${identifier} ${fact}`

/** The rows that no tombstone names, whether it came before or with them; the events of the others are redacted. */
async function withoutDeleted(tx: Tx, rows: readonly FactRow[], fresh: readonly TombstoneRow[]): Promise<FactRow[]> {
  const told = rows.filter(({ kind }) => kind !== FORGOTTEN)
  if (told.length === 0) return [...rows]
  const keys = told.map(({ identifier, fact }) => [identifier, fact])
  const stored = await selectByKeys<TombstoneRow>(tx, 'fact_tombstones', tombstoneKey, keys, tombstoneKey)
  if (stored.length === 0 && fresh.length === 0) return [...rows]
  const dead = new Set([...stored, ...fresh].map(keyOf))
  await redact(
    tx,
    told.filter((row) => dead.has(keyOf(row))),
  )
  return rows.filter((row) => row.kind === FORGOTTEN || !dead.has(keyOf(row)))
}

/** Deletes what tombstones name, with the words of the events that told it. */
async function deleteStored(tx: Tx, tombstones: readonly TombstoneRow[]): Promise<void> {
  const identifiers = [...new Set(tombstones.map(({ identifier }) => identifier))].map((one) => [one])
  const dead = new Set(tombstones.map(keyOf))
  const rows = await selectByKeys<FactRow>(tx, 'facts', ['identifier'], identifiers, factColumns)
  await drop(
    tx,
    rows.filter((row) => row.kind !== FORGOTTEN && dead.has(keyOf(row))),
  )
}

async function drop(tx: Tx, rows: readonly FactRow[]): Promise<void> {
  if (rows.length === 0) return
  await deleteByKeys(
    tx,
    'facts',
    factKey,
    rows.map((row) => factKey.map((column) => row[column])),
  )
  await redact(tx, rows)
}

async function redact(tx: Tx, rows: readonly FactRow[]): Promise<void> {
  if (rows.length > 0) await redactEvents(tx, rows, tellsFacts)
}

/** Drops facts whose time is over, a piece at a call. @returns how many */
export async function expireFacts(tx: Tx, { before, limit }: { before: number; limit: number }): Promise<number> {
  const rows: FactRow[] = await tx.k
    .selectFrom('facts')
    .select(factColumns)
    .where('expires', '<=', before)
    .orderBy('expires')
    .limit(limit)
    .execute()
  await drop(tx, rows)
  return rows.length
}
