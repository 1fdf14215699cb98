/** Items that turned out to be others. */
import { selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'

/** Internal ids of items that turned out to be one of `items`, and which: memory's rows keep the id that they came with. */
export async function aliasesOf(reader: Reader, items: readonly number[]): Promise<Map<number, number>> {
  const keys = items.map((item) => [item])
  const columns = ['id', 'same_as'] as const
  const rows = await selectByKeys<{ id: number; same_as: number }>(reader, 'items', ['same_as'], keys, columns)
  return new Map(rows.map(({ id, same_as }) => [id, same_as]))
}
