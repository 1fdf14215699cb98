/** Figures about orders and the items that events named, for `habitue doctor`. */
import { sql } from 'kysely'
import type { Reader } from '../db/database.ts'
import { NOBODY } from './order-changes.ts'

export interface OrderReport {
  readonly orders: number
  /** Orders that name nobody: they feed aggregates only. */
  readonly withoutCustomer: number
}

export async function orderReport(reader: Reader): Promise<OrderReport> {
  const row = await reader.k
    .selectFrom('orders')
    .select([
      sql<number>`count(*)`.as('orders'),
      sql<number>`coalesce(sum(case when identifier = ${NOBODY} then 1 else 0 end), 0)`.as('without'),
    ])
    .executeTakeFirstOrThrow()
  return { orders: Number(row.orders), withoutCustomer: Number(row.without) }
}

/** The internal ids of all items that were ever looked at, put into a cart, bought or returned, by anybody. */
export async function touchedItems(reader: Reader): Promise<number[]> {
  const rows = await reader.k.selectFrom('item_days').select('item').distinct().execute()
  return rows.map(({ item }) => item)
}
