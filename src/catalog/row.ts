/** Between the item of the API and its row: money in minor units, times in milliseconds, lists and objects as JSON. */
import type { Selectable } from 'kysely'
import type { ItemRow } from '../db/tables.ts'
import type { Item, ItemPatch, ItemView } from './item.ts'
import { fromMinorUnits, toMinorUnits } from './money.ts'

export type StoredItem = Selectable<ItemRow>
/** What describes an item; not its internal id. */
export type Description = Omit<StoredItem, 'id'>

export interface MergeOptions {
  /** `replace`: fields that are absent are cleared; `merge`: they are kept. */
  readonly mode: 'replace' | 'merge'
  /** The shop's currency, for a price that comes without one. */
  readonly currency: string
  readonly now: number
}

/** Column of a field that is stored as it comes. */
const plain: readonly (readonly [keyof ItemPatch, keyof Description])[] = [
  ['title', 'title'],
  ['text', 'text'],
  ['stock', 'stock'],
  ['audience', 'audience'],
  ['image', 'image'],
  ['url', 'url'],
  ['deliveryDays', 'delivery_days'],
  ['group', 'grouping'],
]

/** The row of an item of which nothing is known but its id. */
export function blankRow(id: string, now: number): Description {
  return {
    item: id,
    title: null,
    text: null,
    categories: '[]',
    attributes: '{}',
    price: null,
    currency: null,
    cost: null,
    stock: null,
    audience: null,
    image: null,
    url: null,
    available_from: null,
    available_until: null,
    delivery_days: null,
    grouping: null,
    hidden: 0,
    provisional: 0,
    same_as: null,
    created: now,
    updated: now,
  }
}

/**
 * `item` laid over the row that is stored (null = none). A described item is no longer provisional. A new currency
 * without a new price keeps the decimal amount: 12 EUR becomes 12 JPY, not 1200.
 */
export function mergeRow(old: Description | null, item: Item | ({ id: string } & ItemPatch), options: MergeOptions) {
  const { mode, now } = options
  const base = old && mode === 'merge' ? old : { ...blankRow(item.id, now), created: old?.created ?? now }
  const row: Description = { ...base, item: item.id, provisional: 0, same_as: null, updated: now }
  for (const [field, column] of plain) {
    if (item[field] !== undefined) Object.assign(row, { [column]: item[field] })
  }
  if (item.categories !== undefined) row.categories = JSON.stringify(item.categories ?? [])
  if (item.attributes !== undefined) row.attributes = JSON.stringify(item.attributes ?? {})
  if (item.availableFrom !== undefined) row.available_from = time(item.availableFrom)
  if (item.availableUntil !== undefined) row.available_until = time(item.availableUntil)
  if (item.hidden !== undefined) row.hidden = item.hidden ? 1 : 0
  mergeMoney(row, item, options.currency)
  return row
}

function mergeMoney(row: Description, item: ItemPatch, shopCurrency: string): void {
  const before = row.currency ?? shopCurrency
  const currency = (item.currency === undefined ? row.currency : item.currency) ?? shopCurrency
  for (const field of ['price', 'cost'] as const) {
    const given = item[field]
    const kept = row[field]
    if (given !== undefined) row[field] = given === null ? null : toMinorUnits(given, currency)
    else if (kept !== null && before !== currency) row[field] = toMinorUnits(fromMinorUnits(kept, before), currency)
  }
  // The currency is kept with the amount, so that another default later does not change what a price means.
  row.currency = row.price === null && row.cost === null ? (item.currency ?? row.currency) : currency
}

function time(value: string | null): number | null {
  return value === null ? null : Date.parse(value)
}

const iso = (value: number | null) => (value === null ? undefined : new Date(value).toISOString())

/** The item as the API shows it, without its cost; fields that are not known are left out. */
export function toView(row: Description, names: readonly string[]): ItemView {
  const categories = JSON.parse(row.categories) as string[]
  const attributes = JSON.parse(row.attributes) as NonNullable<Item['attributes']>
  const view: ItemView = {
    id: row.item,
    title: row.title ?? undefined,
    text: row.text ?? undefined,
    categories: categories.length > 0 ? categories : undefined,
    attributes: Object.keys(attributes).length > 0 ? attributes : undefined,
    price: row.price === null ? undefined : fromMinorUnits(row.price, row.currency),
    currency: row.currency ?? undefined,
    stock: row.stock ?? undefined,
    audience: row.audience ?? undefined,
    image: row.image ?? undefined,
    url: row.url ?? undefined,
    availableFrom: iso(row.available_from),
    availableUntil: iso(row.available_until),
    deliveryDays: row.delivery_days ?? undefined,
    group: row.grouping ?? undefined,
    names: names.length > 0 ? [...names] : undefined,
    hidden: row.hidden === 1 ? true : undefined,
    provisional: row.provisional === 1 ? true : undefined,
    updated: new Date(row.updated).toISOString(),
  }
  return Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined)) as ItemView
}

const compared = Object.keys(blankRow('', 0)).filter((column) => column !== 'created' && column !== 'updated')

/** Does `b` say nothing that `a` does not? Then nothing is written, and nobody's cache grows old. */
export function sameDescription(a: Description, b: Description): boolean {
  return compared.every((column) => a[column as keyof Description] === b[column as keyof Description])
}
