/** Reading the catalogue for people: one item, a page of items, and how complete it is. */
import { type Expression, type SqlBool, sql } from 'kysely'
import { selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { ItemView } from './item.ts'
import { blankRow, type StoredItem, toView } from './row.ts'

export interface ItemQuery {
  /** Part of a title, or the whole of an id or a further identifier; upper and lower case are the same (ASCII). */
  readonly search?: string
  readonly category?: string
  readonly status?: 'sellable' | 'hidden' | 'provisional' | 'out-of-stock'
  /** `next` of the page before. */
  readonly after?: string
  /** 1 to 1000; default 100. */
  readonly limit?: number
}

export interface ItemPage {
  readonly items: readonly ItemView[]
  /** Absent on the last page. */
  readonly next?: string
}

/** An item by its id or a further identifier; null where nothing is called so, or it was deleted. */
export async function readItem(reader: Reader, name: string): Promise<ItemView | null> {
  const own = await reader.k.selectFrom('items').selectAll().where('item', '=', name).executeTakeFirst()
  const further = own
    ? own.same_as
    : (await reader.k.selectFrom('item_names').select('item').where('name', '=', name).executeTakeFirst())?.item
  const row = further
    ? await reader.k.selectFrom('items').selectAll().where('id', '=', further).executeTakeFirst()
    : own
  if (!row || (row.hidden === 1 && row.provisional === 1)) return null
  return (await views(reader, [row]))[0]
}

/** A page of items in the order in which they were first heard of. */
export async function listItems(reader: Reader, query: ItemQuery, now: number): Promise<ItemPage> {
  const limit = Math.max(1, Math.min(query.limit ?? 100, 1000))
  const after = Number(query.after ?? 0)
  const rows = await reader.k
    .selectFrom('items')
    .selectAll()
    .where('same_as', 'is', null)
    .where(sql<SqlBool>`not (hidden = 1 and provisional = 1)`)
    .where('id', '>', Number.isSafeInteger(after) ? after : 0)
    .where((eb) => eb.and(conditions(query, now)))
    .orderBy('id')
    .limit(limit + 1)
    .execute()
  const page = rows.slice(0, limit)
  const items = await views(reader, page)
  return rows.length > limit ? { items, next: String(page[page.length - 1].id) } : { items }
}

function conditions({ search, category, status }: ItemQuery, now: number): Expression<SqlBool>[] {
  const all: Expression<SqlBool>[] = []
  if (search) {
    const part = `%${search.toLowerCase().replaceAll(/[\\%_]/g, (c) => `\\${c}`)}%`
    all.push(
      sql<SqlBool>`(lower(title) like ${part} escape '\\' or item = ${search}
        or id in (select item from item_names where name = ${search}))`,
    )
  }
  if (category) {
    const part = `%${JSON.stringify(category).replaceAll(/[\\%_]/g, (c) => `\\${c}`)}%`
    all.push(sql<SqlBool>`categories like ${part} escape '\\'`)
  }
  if (status === 'hidden') all.push(sql<SqlBool>`hidden = 1`)
  if (status === 'provisional') all.push(sql<SqlBool>`provisional = 1`)
  if (status === 'out-of-stock') all.push(sql<SqlBool>`stock <= 0`)
  if (status === 'sellable') {
    all.push(sql<SqlBool>`hidden = 0 and (stock is null or stock > 0) and (available_from is null or available_from <= ${now})
      and (available_until is null or available_until > ${now})`)
  }
  return all
}

async function views(reader: Reader, rows: readonly StoredItem[]): Promise<ItemView[]> {
  if (rows.length === 0) return []
  const keys = rows.map(({ id }) => [id])
  const columns = ['item', 'name']
  const names = await selectByKeys<{ item: number; name: string }>(reader, 'item_names', ['item'], keys, columns)
  const byItem = Map.groupBy(names, ({ item }) => item)
  return rows.map((row) => toView(row, (byItem.get(row.id) ?? []).map(({ name }) => name).sort()))
}

/** The shop's ids of items; those that are gone are absent. */
export async function shopIds(reader: Reader, items: readonly number[]): Promise<Map<number, string>> {
  const keys = items.map((item) => [item])
  const rows = await selectByKeys<{ id: number; item: string }>(reader, 'items', ['id'], keys, ['id', 'item'])
  return new Map(rows.map(({ id, item }) => [id, item]))
}

/** Items by internal id; those that are gone are absent. */
export async function itemsWith(reader: Reader, ids: readonly number[]): Promise<Map<number, ItemView>> {
  return shownItems(reader, await rowsBy(reader, 'id', ids))
}

const itemColumns = ['id', ...Object.keys(blankRow('', 0))]

function rowsBy(reader: Reader, column: 'item' | 'id', values: readonly (string | number)[]): Promise<StoredItem[]> {
  const keys = values.map((value) => [value])
  return selectByKeys<StoredItem>(reader, 'items', [column], keys, itemColumns)
}

/** By internal id. */
async function shownItems(reader: Reader, rows: readonly StoredItem[]): Promise<Map<number, ItemView>> {
  const there = rows.filter(({ hidden, provisional }) => hidden === 0 || provisional === 0)
  return new Map((await views(reader, there)).map((view, i) => [there[i].id, view]))
}

/** Items by the shop's ids; one that is another's name is that one, and those that are gone are absent. */
export async function itemsNamed(reader: Reader, names: readonly string[]): Promise<Map<string, ItemView>> {
  const own = await rowsBy(reader, 'item', names)
  const others = await rowsBy(
    reader,
    'id',
    own.flatMap(({ same_as }) => same_as ?? []),
  )
  const byId = new Map(others.map((row) => [row.id, row]))
  const shown = await shownItems(
    reader,
    own.flatMap((row) => (row.same_as === null ? row : (byId.get(row.same_as) ?? []))),
  )
  return new Map(
    own.flatMap(({ id, item, same_as }) => {
      const view = shown.get(same_as ?? id)
      return view === undefined ? [] : [[item, view] as const]
    }),
  )
}

export interface CatalogueCounts {
  readonly items: number
  /** Seen in events only: the catalogue lacks them. */
  readonly provisional: number
  readonly hidden: number
  readonly outOfStock: number
  readonly withoutPrice: number
  readonly withoutTitle: number
}

/** For `doctor` and the metrics. */
export async function countItems(reader: Reader): Promise<CatalogueCounts> {
  const counts = await reader.k
    .selectFrom('items')
    .select([
      sql<number>`count(*)`.as('items'),
      sql<number>`coalesce(sum(provisional), 0)`.as('provisional'),
      sql<number>`coalesce(sum(hidden), 0)`.as('hidden'),
      sql<number>`coalesce(sum(case when stock <= 0 then 1 else 0 end), 0)`.as('outOfStock'),
      sql<number>`coalesce(sum(case when price is null then 1 else 0 end), 0)`.as('withoutPrice'),
      sql<number>`coalesce(sum(case when title is null then 1 else 0 end), 0)`.as('withoutTitle'),
    ])
    .where('same_as', 'is', null)
    .where(sql<SqlBool>`not (hidden = 1 and provisional = 1)`)
    .executeTakeFirstOrThrow()
  return Object.fromEntries(Object.entries(counts).map(([name, n]) => [name, Number(n)])) as unknown as CatalogueCounts
}

export function readCategoryAudiences(reader: Reader): Promise<{ category: string; audience: string }[]> {
  return reader.k.selectFrom('category_audiences').selectAll().orderBy('category').execute()
}

/** What conditions and sums over orders look at of an item. */
export interface ItemFacts {
  /** The shop's own id. */
  readonly item: string
  readonly title: string | null
  readonly categories: readonly string[]
  readonly brand: string | null
  /** Minor units. */
  readonly price: number | null
  readonly cost: number | null
  readonly currency: string | null
}

/** Items by internal id; one that is another's name counts as that. */
export async function itemFacts(reader: Reader, ids: readonly number[]): Promise<ReadonlyMap<number, ItemFacts>> {
  type Row = Omit<ItemFacts, 'categories' | 'brand'> & {
    id: number
    categories: string
    attributes: string
    same_as: number | null
  }
  const columns = ['id', 'item', 'title', 'categories', 'attributes', 'price', 'cost', 'currency', 'same_as']
  const read = (wanted: readonly number[]) =>
    selectByKeys<Row>(
      reader,
      'items',
      ['id'],
      wanted.map((id) => [id]),
      columns,
    )
  const rows = new Map((await read([...new Set(ids)])).map((row) => [row.id, row]))
  const others = [...rows.values()].flatMap(({ same_as }) => (same_as !== null && !rows.has(same_as) ? [same_as] : []))
  for (const row of await read(others)) rows.set(row.id, row)
  return new Map(
    [...rows.values()].map((own) => {
      const { categories, attributes, ...row } = (own.same_as !== null && rows.get(own.same_as)) || own
      const { brand } = JSON.parse(attributes) as Record<string, unknown>
      return [
        own.id,
        { ...row, categories: JSON.parse(categories) as string[], brand: typeof brand === 'string' ? brand : null },
      ]
    }),
  )
}

/** The internal ids that turned out to be other names of `id`, and itself: rows of memory keep the one they came with. */
export async function sameItems(reader: Reader, id: number): Promise<number[]> {
  const rows = await reader.k.selectFrom('items').select('id').where('same_as', '=', id).execute()
  return [id, ...rows.map((row) => row.id)]
}
