/** Items as conditions see them: as the catalogue has them now. */
import type { ItemView } from '../catalog/item.ts'
import { itemsNamed } from '../catalog/read.ts'
import type { Reader } from '../db/database.ts'

export interface ItemOptions {
  /** Of the shop: prices in another are missing. */
  readonly currency: string
  readonly now: number
}

/** By the name that was asked for; what the catalogue does not know is absent. */
export async function itemViews(
  reader: Reader,
  names: readonly string[],
  options: ItemOptions,
): Promise<Map<string, Readonly<Record<string, unknown>>>> {
  const found = await itemsNamed(reader, names)
  return new Map([...found].map(([name, item]) => [name, itemView(item, options)]))
}

function itemView(item: ItemView, { currency, now }: ItemOptions): Readonly<Record<string, unknown>> {
  const { id, title = null, categories, price, stock = null, hidden } = item
  const attributes = item.attributes ?? {}
  const isOwn = (item.currency ?? currency) === currency
  const isWithin =
    (item.availableFrom == null || Date.parse(item.availableFrom) <= now) &&
    (item.availableUntil == null || Date.parse(item.availableUntil) > now)
  const { brand, listPrice, rating } = attributes
  const number = (value: unknown) => (typeof value === 'number' ? value : null)
  return {
    id,
    title,
    brand: typeof brand === 'string' ? brand : null,
    categories: categories ?? [],
    price: isOwn ? (price ?? null) : null,
    listPrice: isOwn ? number(listPrice) : null,
    available: hidden !== true && isWithin && (stock === null || stock > 0),
    stock,
    rating: number(rating),
    attributes,
  }
}
