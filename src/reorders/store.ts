/** Reading what may be ordered again. */
import { selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { Tables } from '../db/tables.ts'

export type Reorder = Tables['reorders']

export async function reorderNamed(reader: Reader, id: string): Promise<Reorder | null> {
  return (await reader.k.selectFrom('reorders').selectAll().where('id', '=', id).executeTakeFirst()) ?? null
}

/** Those to be handed to the shop by `now`, the earliest first. */
export async function dueReorders(reader: Reader, now: number, limit: number): Promise<Reorder[]> {
  const due = reader.k.selectFrom('reorders').selectAll().where('due', '<=', now)
  return due.orderBy('due').limit(limit).execute()
}

/** When the next one is due; null = none is. */
export async function nextReorder(reader: Reader): Promise<number | null> {
  const query = reader.k.selectFrom('reorders').select('due').where('due', 'is not', null)
  return (await query.orderBy('due').limit(1).executeTakeFirst())?.due ?? null
}

/** Was the shop handed an order of one of these? */
export async function wasHanded(reader: Reader, identifiers: readonly number[]): Promise<boolean> {
  const keys = identifiers.map((identifier) => [identifier])
  const rows = await selectByKeys<Pick<Reorder, 'handed'>>(reader, 'reorders', ['identifier'], keys, ['handed'])
  return rows.some(({ handed }) => handed !== null)
}
