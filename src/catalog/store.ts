/**
 * Writing the catalogue. An upsert lays items over what is stored, many at once; what says nothing new writes nothing,
 * so a feed that is sent every night costs its differences. Names are looked after in names.ts.
 */
import { deleteByKeys, inChunks, insertRows, selectByKeys, upsertRows } from '../db/batch.ts'
import type { Handler, Tx } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'
import type { Item, ItemPatch } from './item.ts'
import { type NameConflict, planNames, writeNames } from './names.ts'
import { type ItemChange, type ItemWatch, notePrices } from './prices.ts'
import { blankRow, type Description, mergeRow, type StoredItem, sameDescription } from './row.ts'
import { categoriesKey } from './snapshot-read.ts'

export interface CatalogSettings {
  readonly world: World
  /** The shop's currency, for prices that come without one. */
  readonly currency: string
  /** Is told what each upsert changed. */
  readonly watch?: ItemWatch
}

export interface UpsertRequest {
  /** As `parseItem` gives them. Of two with the same id both are applied, in order. */
  readonly items: readonly Item[]
  /** `merge` (default): fields that an item does not have keep their value; `replace`: they are cleared. */
  readonly mode?: 'merge' | 'replace'
  /** Of the process that asks, milliseconds; absent = the writer's. */
  readonly now?: number
}

export interface UpsertAnswer {
  readonly created: number
  readonly updated: number
  /** Items that said nothing new. */
  readonly unchanged: number
  /** Further identifiers that were not taken, because they mean another item. The items themselves are stored. */
  readonly conflicts: readonly NameConflict[]
}

export interface RemoveRequest {
  readonly ids: readonly string[]
  /**
   * `hide`: kept, never recommended. `delete`: the description is erased too; the bare id stays, so that what customers
   * did with it still has something to point to, and an old event does not bring the item back.
   */
  readonly mode: 'hide' | 'delete'
}

export interface RemoveAnswer {
  readonly removed: number
  readonly unknown: readonly string[]
}

const columns = Object.keys(blankRow('', 0)) as (keyof Description)[]

/** 'catalog.upsert' */
export function upsertHandler(settings: CatalogSettings): Handler<UpsertRequest, UpsertAnswer> {
  const { world } = settings
  return (tx, { items, mode = 'merge', now = world.now() }) => upsert(tx, items, { ...settings, mode, now })
}

/** 'catalog.patch': some fields of one item, found by its id or a further identifier. @throws unknown_item */
export function patchHandler(
  settings: CatalogSettings,
): Handler<{ readonly id: string; readonly patch: ItemPatch; readonly now?: number }, UpsertAnswer> {
  const { world } = settings
  return async (tx, { id, patch, now = world.now() }) => {
    const found = (await findItems(tx, [id])).get(id)
    if (!found) throw new HabitueError('unknown_item', `No item is called ${JSON.stringify(id)}.`, { item: id })
    return upsert(tx, [{ ...patch, id: found.item }], { ...settings, mode: 'merge', now })
  }
}

/** 'catalog.remove' */
export function removeHandler({ world }: CatalogSettings): Handler<RemoveRequest, RemoveAnswer> {
  return async (tx, { ids, mode }) => {
    const found = await findItems(tx, ids)
    const now = world.now()
    const next = [...new Map([...found.values()].map((row) => [row.id, row])).values()]
      .map((row) => ({ row, to: mode === 'hide' ? hidden(row, now) : erased(row, now) }))
      .filter(({ row, to }) => !sameDescription(row, to))
    await writeRows(
      tx,
      next.map(({ row, to }) => ({ ...to, id: row.id })),
    )
    for (const { row } of next) tx.changed('items', row.id)
    if (mode === 'delete') await eraseNames(tx, [...found.values()])
    return { removed: next.length, unknown: ids.filter((id) => !found.has(id)) }
  }
}

function hidden(row: StoredItem, now: number): Description {
  return { ...row, hidden: 1, provisional: 0, updated: now }
}

function erased({ item, created }: StoredItem, now: number): Description {
  return { ...blankRow(item, now), created, hidden: 1, provisional: 1 }
}

/** Takes the further identifiers of erased items away; what was seen under those names goes with the item. */
async function eraseNames(tx: Tx, rows: readonly StoredItem[]): Promise<void> {
  for (const { id } of rows) {
    await tx.k.deleteFrom('item_prices').where('item', '=', id).execute()
    await tx.k.deleteFrom('item_names').where('item', '=', id).execute()
    const others = await tx.k.selectFrom('items').select('id').where('same_as', '=', id).execute()
    for (const other of others) tx.changed('items', other.id)
    await tx.k.updateTable('items').set({ same_as: null, hidden: 1 }).where('same_as', '=', id).execute()
  }
}

/** 'catalog.audiences': the audience rating of whole categories; null takes it away. */
export const audiencesHandler: Handler<
  readonly { readonly category: string; readonly audience: string | null }[],
  void
> = async (tx, stated) => {
  for (const { category, audience } of stated) {
    if (audience === null) await tx.k.deleteFrom('category_audiences').where('category', '=', category).execute()
  }
  const rows = stated.filter(({ audience }) => audience !== null).map(({ category, audience }) => [category, audience])
  await upsertRows(tx, 'category_audiences', ['category'], ['category', 'audience'], rows)
  if (stated.length > 0) tx.changed('items', categoriesKey)
}

/** 'catalog.sensitive': which categories are sensitive; those that are not named stay as they are. */
export const sensitiveHandler: Handler<
  readonly { readonly category: string; readonly sensitive: boolean }[],
  void
> = async (tx, stated) => {
  const keys = (sensitive: boolean) =>
    stated.filter((one) => one.sensitive === sensitive).map(({ category }) => [category])
  await deleteByKeys(tx, 'sensitive_categories', ['category'], [...keys(false), ...keys(true)])
  await insertRows(tx, 'sensitive_categories', ['category'], distinct(keys(true)))
  if (stated.length > 0) tx.changed('items', categoriesKey)
}

const distinct = (keys: readonly string[][]) => [...new Set(keys.map(([category]) => category))].map((one) => [one])

interface Upserting extends CatalogSettings {
  readonly mode: 'merge' | 'replace'
  readonly now: number
}

async function upsert(tx: Tx, given: readonly Item[], options: Upserting): Promise<UpsertAnswer> {
  const { mode, watch, now } = options
  const items = combine(given, mode)
  const ids = items.map(({ id }) => id)
  const stored = await readRows(tx, ids)
  const plan = await planNames(tx, items, stored, mode)
  for (const [id, row] of plan.adopted) stored.set(id, row)
  const next = items.map((item) => ({
    old: stored.get(item.id),
    to: mergeRow(base(stored.get(item.id)), item, options),
  }))
  const changed = next.filter(({ old, to }) => !old || !sameDescription(old, to))
  const updates = changed.flatMap(({ old, to }) => (old ? [{ ...to, id: old.id }] : []))
  await writeRows(tx, updates)
  const created = changed.flatMap(({ old, to }) => (old ? [] : [to]))
  await insertItems(tx, created)
  const internal = await internalIds(tx, stored, ids)
  const touched = await writeNames(tx, plan, internal)
  for (const { to } of changed) touched.add(internal.get(to.item)!)
  const changes: ItemChange[] = changed.map(({ old = null, to }) => {
    // What an event said of an item is no price that the shop asked.
    return { item: internal.get(to.item)!, before: old?.provisional === 0 ? old : null, after: to }
  })
  await watch?.(tx, changes, now)
  await notePrices(tx, changes, now)
  for (const id of touched) tx.changed('items', id)
  const updated = items.filter(({ id }) => stored.has(id) && touched.has(internal.get(id)!)).length
  const unchanged = items.length - created.length - updated
  // The request may have had an item twice; what it sees is the position in what it sent.
  const positionOf = (id: string) => given.findLastIndex((item) => item.id === id)
  const conflicts = plan.conflicts.map((conflict) => ({ ...conflict, index: positionOf(conflict.id) }))
  return { created: created.length, updated, unchanged, conflicts }
}

/** One item for each id; of several, later fields win (`merge`), or the last item (`replace`). */
function combine(items: readonly Item[], mode: 'merge' | 'replace'): Item[] {
  const byId = new Map<string, Item>()
  for (const item of items) byId.set(item.id, mode === 'merge' ? { ...byId.get(item.id), ...item } : item)
  return [...byId.values()]
}

/** The row as a base to merge into: one that was deleted is as good as none. */
function base(row: StoredItem | undefined): Description | null {
  if (!row) return null
  return row.hidden === 1 && row.provisional === 1 ? blankRow(row.item, row.created) : row
}

/** Rows by shop id; on PostgreSQL held until the commit, so that two patches of one item do not undo each other. */
async function readRows(tx: Tx, ids: readonly string[]): Promise<Map<string, StoredItem>> {
  if (tx.engine === 'postgres') {
    for (const chunk of inChunks([...new Set(ids)].sort(), 1000)) {
      await tx.k.selectFrom('items').select('id').where('item', 'in', chunk).orderBy('item').forUpdate().execute()
    }
  }
  const keys = ids.map((id) => [id])
  const rows = await selectByKeys<StoredItem>(tx, 'items', ['item'], keys, ['id', ...columns])
  return new Map(rows.map((row) => [row.item, row]))
}

/** Overwrites rows by internal id: by shop id, PostgreSQL would use up an internal id at every update. */
async function writeRows(tx: Tx, rows: readonly StoredItem[]): Promise<void> {
  const all = ['id', ...columns] as const
  const values = rows.map((row) => all.map((column) => row[column]))
  await upsertRows(tx, 'items', ['id'], all, values)
}

/** New rows; one that another node has created meanwhile is overwritten. */
async function insertItems(tx: Tx, rows: readonly Description[]): Promise<void> {
  const values = rows.map((row) => columns.map((column) => row[column]))
  await upsertRows(tx, 'items', ['item'], columns, values)
}

async function internalIds(
  tx: Tx,
  stored: ReadonlyMap<string, StoredItem>,
  items: readonly string[],
): Promise<Map<string, number>> {
  const keys = items.filter((item) => !stored.has(item)).map((item) => [item])
  const rows = await selectByKeys<{ id: number; item: string }>(tx, 'items', ['item'], keys, ['id', 'item'])
  const ids = new Map(rows.map(({ id, item }) => [item, id]))
  for (const [item, { id }] of stored) ids.set(item, id)
  return ids
}

/** Name -> the row of the item that is called so, by its id or a further identifier. */
async function findItems(tx: Tx, names: readonly string[]): Promise<Map<string, StoredItem>> {
  const own = await readRows(tx, names)
  const rest = names.filter((name) => !own.has(name)).map((name) => [name])
  const further = await selectByKeys<{ name: string; item: number }>(tx, 'item_names', ['name'], rest, ['name', 'item'])
  const target = new Map(further.map(({ name, item }) => [name, item]))
  for (const [name, { same_as }] of own) if (same_as !== null) target.set(name, same_as)
  const keys = [...target.values()].map((id) => [id])
  const rows = await selectByKeys<StoredItem>(tx, 'items', ['id'], keys, ['id', ...columns])
  const byId = new Map(rows.map((row) => [row.id, row]))
  const found = new Map(own)
  for (const [name, id] of target) {
    const row = byId.get(id)
    if (row) found.set(name, row)
  }
  return found
}
