/**
 * What stays of the orders of a customer who was erased: goods and amounts of a day, for the shop's books, without number,
 * person, words and time of day. Nothing leads from them to anybody, so they are neither replayed nor shown to models.
 */
import { insertRows } from '../db/batch.ts'
import type { Handlers, Reader, Tx } from '../db/database.ts'
import { dayOf } from './item-days.ts'
import type { OrderState } from './orders.ts'

const MS_A_DAY = 86_400_000

export interface KeptOrder {
  readonly id: number
  /** Its midnight (UTC), milliseconds. */
  readonly day: number
  readonly state: string
  /** Minor units. */
  readonly total: number | null
  readonly currency: string | null
  /** `item` internal; `price` of one, minor units. */
  readonly lines: readonly { item: number; quantity: number; price: number | null; returned: number }[]
}

type Line = readonly [item: number, quantity: number, price: number | null, returned: number]

/** Keeps what may be kept of these orders; returns of orders that were never heard of leave nothing. */
export async function keepOrders(tx: Tx, orders: readonly OrderState[]): Promise<void> {
  const rows = orders
    .filter(({ state }) => state !== 'unknown')
    .map(({ time, state, total, currency, lines }) => {
      const kept = lines.map(({ item, quantity, price, returned }): Line => [item, quantity, price, returned])
      return [dayOf(time) * MS_A_DAY, state, total, currency, JSON.stringify(kept)]
    })
  await insertRows(tx, 'kept_orders', ['day', 'state', 'total', 'currency', 'lines'], rows)
}

/** The oldest first. */
export async function keptOrders(reader: Reader, page: { after: number; limit: number }): Promise<KeptOrder[]> {
  const query = reader.k.selectFrom('kept_orders').selectAll().where('id', '>', page.after)
  const rows = await query.orderBy('id').limit(page.limit).execute()
  return rows.map(({ lines, ...row }) => ({
    ...row,
    lines: (JSON.parse(lines) as Line[]).map(([item, quantity, price, returned]) => ({
      item,
      quantity,
      price,
      returned,
    })),
  }))
}

export const keptOrderHandlers: Handlers = {
  /** @returns how many were dropped; fewer than `limit` = no more are due */
  'memory.retainKept': async (tx, { before, limit }: { before: number; limit: number }) => {
    const due = await tx.k.selectFrom('kept_orders').select('id').where('day', '<', before).limit(limit).execute()
    const ids = due.map(({ id }) => id)
    if (ids.length > 0) await tx.k.deleteFrom('kept_orders').where('id', 'in', ids).execute()
    return ids.length
  },
}
