/**
 * What items cost when. A price that is called reduced is measured by the lowest of the days before it (Directive 98/6/EC,
 * article 6a, as of 2019/2161: thirty days), so every change is kept as long as that asks for.
 */
import { sql } from 'kysely'
import { selectByKeys, upsertRows } from '../db/batch.ts'
import type { Handler, Reader, Tx } from '../db/database.ts'
import type { Tables } from '../db/tables.ts'

type PriceRow = Tables['item_prices']
const columns = ['item', 'time', 'price', 'currency'] as const

/** An item, before and after a change, as far as it matters to who waits for it. */
export interface ItemState {
  readonly price: number | null
  readonly currency: string | null
  readonly stock: number | null
  readonly hidden: number
}

export interface ItemChange {
  /** Internal id. */
  readonly item: number
  /** Null = it is new. */
  readonly before: ItemState | null
  readonly after: ItemState
}

/** Told of each write of the catalogue what it changed, in its transaction. */
export type ItemWatch = (tx: Tx, changes: readonly ItemChange[], now: number) => Promise<void>

/** Notes the prices that are new at `now`. */
export async function notePrices(tx: Tx, changes: readonly ItemChange[], now: number): Promise<void> {
  const rows = changes.flatMap(({ item, before, after: { price, currency } }) =>
    price === null || (before?.price === price && before.currency === currency)
      ? []
      : [[item, now, price, currency ?? '']],
  )
  if (rows.length > 0) await upsertRows(tx, 'item_prices', ['item', 'time'], columns, rows)
}

/** By item the lowest price, minor units of its `currency`, that it had from `since` on, before `until`; absent = none is known. */
export async function lowestPrices(
  reader: Reader,
  items: readonly { readonly item: number; readonly currency: string | null }[],
  since: number,
  until: number,
): Promise<Map<number, number>> {
  const keys = items.map(({ item }) => [item])
  const rows = await selectByKeys<PriceRow>(reader, 'item_prices', ['item'], keys, columns)
  const byItem = Map.groupBy(rows, ({ item }) => item)
  const lowest = new Map<number, number>()
  for (const { item, currency } of items) {
    const known = (byItem.get(item) ?? []).filter(({ time }) => time < until).sort((a, b) => a.time - b.time)
    // What was asked when the days began counts from when it was set.
    const first = known.findLastIndex(({ time }) => time <= since)
    const counted = known.slice(Math.max(0, first)).filter((row) => row.currency === (currency ?? ''))
    if (counted.length > 0) lowest.set(item, Math.min(...counted.map(({ price }) => price)))
  }
  return lowest
}

/** 'catalog.retainPrices': drops prices that were over before `before`, a piece at a call. @returns how many */
export const retainPrices: Handler<{ before: number; limit: number }, number> = async (tx, { before, limit }) => {
  const old = await tx.k
    .selectFrom('item_prices as p')
    .select(['p.item', 'p.time'])
    .where('p.time', '<', before)
    .where((row) =>
      row.exists(
        row
          .selectFrom('item_prices as q')
          .select(sql`1`.as('one'))
          .whereRef('q.item', '=', 'p.item')
          .whereRef('q.time', '>', 'p.time')
          .where('q.time', '<=', before),
      ),
    )
    .limit(limit)
    .execute()
  for (const { item, time } of old)
    await tx.k.deleteFrom('item_prices').where('item', '=', item).where('time', '=', time).execute()
  return old.length
}
