/** Merges read back and undone. A merge moved identifiers, not events, so undoing it moves them back. */
import { selectByKeys } from '../db/batch.ts'
import type { Reader, Tx } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { Identifier, Identity } from './identity.ts'
import { touchCustomers } from './touch.ts'

export interface MergeRecord {
  readonly id: number
  readonly kept: number
  readonly merged: number
  /** What moved. */
  readonly identifiers: readonly Identifier[]
  /** `source/messageId` of the event that caused it. */
  readonly cause: string
  readonly time: number
  /** When a person took it back; null = it stands. */
  readonly undone: number | null
}

interface MergeRow extends Omit<MergeRecord, 'identifiers'> {
  /** JSON list of identifier ids. */
  readonly identifiers: string
}

const columns = ['id', 'kept', 'merged', 'identifiers', 'cause', 'time', 'undone'] as const

/** The merges that made this customer, directly or through one that was merged into him; the latest first. */
export async function mergesOf(reader: Reader, customer: Pick<Identity, 'customer'>): Promise<MergeRecord[]> {
  const rows = new Map<number, MergeRow>()
  const visited = new Set<number>()
  let next = [customer.customer]
  while (next.length > 0) {
    const keys = next.map((id) => [id])
    for (const id of next) visited.add(id)
    const found = await selectByKeys<MergeRow>(reader, 'merges', ['kept'], keys, columns)
    for (const row of found) rows.set(row.id, row)
    const standing = found.filter(({ undone, merged }) => undone === null && !visited.has(merged))
    next = [...new Set(standing.map(({ merged }) => merged))]
  }
  const ids = [...rows.values()].flatMap(({ identifiers }) => JSON.parse(identifiers) as number[])
  const named = await identifiersById(reader, ids)
  return [...rows.values()]
    .sort((a, b) => b.time - a.time || b.id - a.id)
    .map((row) => ({
      ...row,
      identifiers: (JSON.parse(row.identifiers) as number[]).flatMap((id) => named.get(id) ?? []),
    }))
}

/**
 * Takes the merge `id` back: its identifiers return to the customer from whom they came, unless they have gone elsewhere
 * since, and no event joins the two sides again. `now` in milliseconds.
 * @throws HabitueError not_found, conflict (undone before)
 */
export async function undoMerge(tx: Tx, id: number, now: number): Promise<{ restored: number; from: number }> {
  const merge = await tx.k.selectFrom('merges').selectAll().where('id', '=', id).executeTakeFirst()
  if (!merge) throw new HabitueError('not_found', `There is no merge ${id}.`)
  if (merge.undone !== null)
    throw new HabitueError('conflict', `The merge ${id} was undone before, at ${new Date(merge.undone).toISOString()}.`)
  const from = await presentOf(tx, merge.kept)
  if (tx.engine === 'postgres')
    await tx.k
      .selectFrom('customers')
      .select('id')
      .where('id', 'in', [from, merge.merged])
      .orderBy('id')
      .forUpdate()
      .execute()
  const moved = JSON.parse(merge.identifiers) as number[]
  for (const identifier of moved)
    await tx.k
      .updateTable('identifiers')
      .set({ customer: merge.merged })
      .where('id', '=', identifier)
      .where('customer', '=', from)
      .execute()
  await tx.k.updateTable('merges').set({ undone: now }).where('id', '=', id).execute()
  // A stamp that no other act has: see `customers.links`.
  const links = now * 4096 + (id % 4096)
  await tx.k.updateTable('customers').set({ links }).where('id', 'in', [from, merge.merged]).execute()
  await touchCustomers(tx, [from, merge.merged])
  return { restored: merge.merged, from }
}

/** Where the identifiers of a customer are now: he may have been merged into another since. */
async function presentOf(tx: Tx, customer: number): Promise<number> {
  let present = customer
  for (;;) {
    const later = await tx.k
      .selectFrom('merges')
      .select('kept')
      .where('merged', '=', present)
      .where('undone', 'is', null)
      .orderBy('id', 'desc')
      .executeTakeFirst()
    if (!later) return present
    present = later.kept
  }
}

async function identifiersById(reader: Reader, ids: readonly number[]): Promise<Map<number, Identifier>> {
  const keys = ids.map((id) => [id])
  const rows = await selectByKeys<Identifier & { id: number }>(reader, 'identifiers', ['id'], keys, [
    'id',
    'kind',
    'value',
  ])
  return new Map(rows.map(({ id, kind, value }) => [id, { kind, value }]))
}
