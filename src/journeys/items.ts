/** The items that conditions of journeys ask for. */
import type { Reader } from '../db/database.ts'
import { type ItemOptions, itemViews } from '../segments/item-view.ts'
import type { Journey } from './journey.ts'
import type { Items, Looked } from './values.ts'

const nothing: Items = new Map()

/** Those that the events are about; nothing is read where no condition asks. */
export async function itemsFor(
  reader: Reader,
  journeys: Iterable<Pick<Journey, 'uses'>>,
  events: Iterable<Pick<Looked, 'items'> | null>,
  options: ItemOptions,
): Promise<Items> {
  if (![...journeys].some(({ uses }) => uses.some(({ roots }) => roots.has('item')))) return nothing
  const names = new Set([...events].flatMap((event) => event?.items?.slice(0, 1) ?? []))
  return names.size === 0 ? nothing : itemViews(reader, [...names], options)
}
