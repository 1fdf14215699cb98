/** Figures about orders and the items that events named, for `habitue doctor`. */
import { sql } from 'kysely'
import type { Reader } from '../db/database.ts'
import { NOBODY } from './order-changes.ts'

export interface OrderReport {
  /** Orders that were placed, each once however many identifiers speak of it. */
  readonly orders: number
  /** Of those, orders that name nobody: they feed aggregates only. */
  readonly withoutCustomer: number
  /** Returns and cancellations of orders that were never heard of. */
  readonly ofUnknownOrders: number
}

export async function orderReport(reader: Reader): Promise<OrderReport> {
  const placed = sql`state <> 'unknown'`
  const row = await reader.k
    .selectFrom('orders')
    .select([
      sql<number>`count(distinct case when ${placed} then number end)`.as('orders'),
      sql<number>`count(distinct case when ${placed} and identifier <> ${NOBODY} then number end)`.as('withCustomer'),
      sql<number>`count(distinct case when state = 'unknown' then number end)`.as('ofUnknownOrders'),
    ])
    .executeTakeFirstOrThrow()
  const [orders, withCustomer] = [Number(row.orders), Number(row.withCustomer)]
  return { orders, withoutCustomer: orders - withCustomer, ofUnknownOrders: Number(row.ofUnknownOrders) }
}

/** The internal ids of all items that were ever looked at, put into a cart, bought or returned, by anybody. */
export async function touchedItems(reader: Reader): Promise<number[]> {
  const rows = await reader.k.selectFrom('item_days').select('item').distinct().execute()
  return rows.map(({ item }) => item)
}
