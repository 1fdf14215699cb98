/**
 * Further identifiers (sku, variant id, barcode). What a name meant before the catalogue said so:
 *
 * - a provisional item of that name, and no row yet for the item described: the provisional row *is* the item; it takes
 *   the item's id and keeps its internal id, and with it all that customers did;
 * - a provisional item of that name beside a row of the item: it becomes `same_as` that item. Its rows of memory keep
 *   their id, so a replay writes the same rows, and taking the name away again undoes it;
 * - an item that the shop describes, or a name that another item holds: the name is not taken, and the answer says so.
 */
import { deleteByKeys, selectByKeys, upsertRows } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import type { Item } from './item.ts'
import { blankRow, type StoredItem } from './row.ts'

export interface NameConflict {
  /** Position of the item in the request. */
  readonly index: number
  readonly id: string
  readonly name: string
  readonly code: 'conflict'
  readonly message: string
}

export interface NamesPlan {
  /** Shop id -> the provisional row that becomes this item. */
  readonly adopted: Map<string, StoredItem>
  /** Name -> shop id of the item that it now means. */
  readonly take: Map<string, string>
  /** Names that no longer mean anything. */
  readonly drop: Set<string>
  /** Internal id of a provisional row -> shop id of the item that it is; null = itself again. */
  readonly sameAs: Map<number, string | null>
  /** Internal ids of items from which a name was taken away. */
  readonly losers: Set<number>
  readonly conflicts: NameConflict[]
}

type NameRow = { name: string; item: number }

interface Known {
  readonly stored: ReadonlyMap<string, StoredItem>
  /** Name -> internal id that holds it. */
  readonly holders: ReadonlyMap<string, number>
  /** Internal id -> its names. */
  readonly heldBy: ReadonlyMap<number, readonly NameRow[]>
  /** Rows whose own id is one of the names. */
  readonly rows: ReadonlyMap<string, StoredItem>
  readonly described: ReadonlySet<string>
}

/** Decides what the names of `items` come to; writes nothing. */
export async function planNames(
  tx: Tx,
  items: readonly Item[],
  stored: ReadonlyMap<string, StoredItem>,
  mode: 'merge' | 'replace',
): Promise<NamesPlan> {
  const plan: NamesPlan = {
    adopted: new Map(),
    take: new Map(),
    drop: new Set(),
    sameAs: new Map(),
    losers: new Set(),
    conflicts: [],
  }
  const known = await readKnown(tx, items, stored)
  const named = items.filter((item) => item.names !== undefined || mode === 'replace')
  for (const { id } of items) {
    // An item's own id wins over a further identifier of another.
    const holder = known.holders.get(id)
    if (holder !== undefined) drop(plan, id, holder)
  }
  // All that is given up first, so that two items of one request can swap a name.
  for (const item of named) giveUp(plan, known, item)
  for (const item of named) takeOver(plan, known, item, items.indexOf(item))
  return plan
}

function drop(plan: NamesPlan, name: string, holder: number): void {
  plan.drop.add(name)
  plan.losers.add(holder)
}

function giveUp(plan: NamesPlan, known: Known, item: Item): void {
  const own = known.stored.get(item.id)?.id
  if (own === undefined) return
  for (const { name } of known.heldBy.get(own) ?? []) {
    if (item.names?.includes(name)) continue
    drop(plan, name, own)
    const row = known.rows.get(name)
    if (row?.same_as === own) plan.sameAs.set(row.id, null)
  }
}

function takeOver(plan: NamesPlan, known: Known, item: Item, index: number): void {
  const own = known.stored.get(item.id)?.id
  for (const name of item.names ?? []) {
    const refusal = name === item.id ? 'own' : whyNot(plan, known, item.id, name)
    if (refusal === 'own') continue
    if (refusal !== null) {
      const message = `The item ${item.id} is not also called ${JSON.stringify(name)}: ${refusal}.`
      plan.conflicts.push({ index, id: item.id, name, code: 'conflict', message })
      continue
    }
    const held = known.holders.get(name) === own && own !== undefined && !plan.drop.has(name)
    plan.drop.delete(name)
    if (!held) plan.take.set(name, item.id)
    const row = known.rows.get(name)
    if (row) absorb(plan, known, item.id, row)
  }
}

/** Why the item `id` cannot have the name; null = it can. */
function whyNot(plan: NamesPlan, known: Known, id: string, name: string): string | null {
  const taken = plan.take.get(name)
  if (taken !== undefined && taken !== id) return `in this request that is the item ${taken}`
  if (known.described.has(name)) return 'that is an item of its own'
  const holder = known.holders.get(name)
  if (holder !== undefined && holder !== known.stored.get(id)?.id && !plan.drop.has(name)) {
    return 'another item has this name'
  }
  return known.rows.get(name)?.provisional === 0 ? 'that is an item of its own' : null
}

/** A provisional row of a name that now means the item `id`. */
function absorb(plan: NamesPlan, known: Known, id: string, row: StoredItem): void {
  const isStored = known.stored.has(id) || plan.adopted.has(id)
  if (!isStored && row.hidden === 0) plan.adopted.set(id, row)
  else if (plan.adopted.get(id)?.id !== row.id) plan.sameAs.set(row.id, id)
}

async function readKnown(tx: Tx, items: readonly Item[], stored: ReadonlyMap<string, StoredItem>): Promise<Known> {
  const ids = new Set(items.map(({ id }) => id))
  const names = [...new Set(items.flatMap((item) => item.names ?? []))]
  const keys = [...new Set([...names, ...ids])].map((name) => [name])
  const held = await selectByKeys<NameRow>(tx, 'item_names', ['name'], keys, ['name', 'item'])
  const ownIds = [...stored.values()].map(({ id }) => [id])
  const own = await selectByKeys<NameRow>(tx, 'item_names', ['item'], ownIds, ['name', 'item'])
  const columns = ['id', ...Object.keys(blankRow('', 0))]
  const wanted = [...new Set([...names, ...own.map(({ name }) => name)])].map((name) => [name])
  const rows = await selectByKeys<StoredItem>(tx, 'items', ['item'], wanted, columns)
  return {
    stored,
    holders: new Map(held.map(({ name, item }) => [name, item])),
    heldBy: Map.groupBy(own, ({ item }) => item),
    rows: new Map(rows.map((row) => [row.item, row])),
    described: ids,
  }
}

/** Writes what was planned; `ids` = shop id -> internal id. Answers the internal ids of all items it touched. */
export async function writeNames(tx: Tx, plan: NamesPlan, ids: ReadonlyMap<string, number>): Promise<Set<number>> {
  const touched = new Set(plan.losers)
  await deleteByKeys(
    tx,
    'item_names',
    ['name'],
    [...plan.drop].map((name) => [name]),
  )
  const taken = [...plan.take].map(([name, item]) => [name, ids.get(item)!] as const)
  for (const [, id] of taken) touched.add(id)
  await upsertRows(tx, 'item_names', ['name'], ['name', 'item'], taken)
  for (const [row, item] of plan.sameAs) {
    const same_as = item === null ? null : ids.get(item)!
    await tx.k.updateTable('items').set({ same_as }).where('id', '=', row).execute()
    touched.add(row)
  }
  return touched
}
