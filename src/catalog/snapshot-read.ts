/** Reads what the catalogue in memory holds of each item: all of them in pages, or those that a commit changed. */
import type { Reader } from '../db/database.ts'
import type { StoredItem } from './row.ts'

const columns = [
  'id',
  'item',
  'title',
  'categories',
  'attributes',
  'price',
  'currency',
  'stock',
  'audience',
  'image',
  'url',
  'available_from',
  'available_until',
  'grouping',
  'hidden',
  'provisional',
  'same_as',
  'created',
] as const

export type SnapshotRow = Pick<StoredItem, (typeof columns)[number]> & { readonly names: readonly string[] }

/** The key of the topic `items` by which a change of what is stated for categories is told; items' keys are numbers. */
export const categoriesKey = 'categories'

const PAGE = 5000
/** Below the number of parameters that both engines take in one statement. */
const KEYS = 500

/** Rows of `ids` (default: all) in pages. */
export async function* readItems(reader: Reader, ids?: readonly number[]): AsyncGenerator<SnapshotRow[]> {
  if (ids) {
    for (let at = 0; at < ids.length; at += KEYS) yield readPage(reader, ids.slice(at, at + KEYS))
    return
  }
  let after = 0
  for (;;) {
    const rows = await reader.k
      .selectFrom('items')
      .select(columns)
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE)
      .execute()
    if (rows.length === 0) return
    const last = rows[rows.length - 1].id
    const names = await reader.k
      .selectFrom('item_names')
      .selectAll()
      .where('item', '>', after)
      .where('item', '<=', last)
      .execute()
    yield withNames(rows, names)
    after = last
  }
}

async function readPage(reader: Reader, ids: readonly number[]): Promise<SnapshotRow[]> {
  const rows = await reader.k.selectFrom('items').select(columns).where('id', 'in', ids).execute()
  const names = await reader.k.selectFrom('item_names').selectAll().where('item', 'in', ids).execute()
  return withNames(rows, names)
}

const noNames: readonly string[] = Object.freeze([])

function withNames(
  rows: readonly Omit<SnapshotRow, 'names'>[],
  names: readonly { name: string; item: number }[],
): SnapshotRow[] {
  const byItem = Map.groupBy(names, (row) => row.item)
  return rows.map((row) => ({ ...row, names: byItem.get(row.id)?.map((entry) => entry.name) ?? noNames }))
}

export async function readSensitive(reader: Reader): Promise<string[]> {
  const rows = await reader.k.selectFrom('sensitive_categories').select('category').orderBy('category').execute()
  return rows.map(({ category }) => category)
}

export function readAudiences(reader: Reader): Promise<{ category: string; audience: string }[]> {
  return reader.k.selectFrom('category_audiences').selectAll().execute()
}
