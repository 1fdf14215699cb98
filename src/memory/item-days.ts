/** Counts of each item and day over everybody and nobody: what is popular, and what is rising. Sums only. */
import type { ItemDayRow } from '../db/tables.ts'
import type { AdmittedEvent } from '../events/event.ts'
import type { OrderState } from './orders.ts'

const MS_A_DAY = 86_400_000
/** What one line is believed to bring, minor units: one absurd price must not spoil the sums of a day. */
const MAX_LINE = 1e11

export const itemDayKey = ['day', 'item'] as const
export const itemDayCounts = ['views', 'carts', 'bought', 'revenue', 'returned'] as const

const counted: Readonly<Record<string, 'views' | 'carts'>> = {
  'Product Viewed': 'views',
  'Product Clicked': 'views',
  'Product Added': 'carts',
  'Wishlist Product Added to Cart': 'carts',
}

export type ItemDays = Map<string, ItemDayRow>

/** Days since 1970, in UTC. */
export function dayOf(time: number): number {
  return Math.floor(time / MS_A_DAY)
}

export function itemDay(days: ItemDays, item: number, day: number): ItemDayRow {
  const key = `${day} ${item}`
  let row = days.get(key)
  if (row === undefined) {
    row = { item, day, views: 0, carts: 0, bought: 0, revenue: 0, returned: 0 }
    days.set(key, row)
  }
  return row
}

export function countItemDays(days: ItemDays, events: readonly AdmittedEvent[]): void {
  for (const event of events) {
    const column = counted[event.name]
    if (column === undefined) continue
    const day = dayOf(event.time)
    for (const item of event.items) itemDay(days, item, day)[column] += 1
  }
}

/**
 * Adds (`sign` 1) or takes back (-1) what the orders of one number count for, each on its day. Where several tell of the
 * number (the page and the server), an item counts in the first of `orders` that has it.
 */
export function countOrders(days: ItemDays, orders: readonly OrderState[], sign: 1 | -1): void {
  const counted = new Set<number>()
  for (const order of orders) {
    const day = dayOf(order.time)
    for (const line of order.lines) {
      if (line.state === 'cancelled' || counted.has(line.item)) continue
      const row = itemDay(days, line.item, day)
      row.bought += sign * line.quantity
      row.revenue += sign * Math.max(-MAX_LINE, Math.min(MAX_LINE, line.quantity * (line.price ?? 0)))
      row.returned += sign * line.returned
    }
    if (orders.length > 1) for (const line of order.lines) counted.add(line.item)
  }
}
