/**
 * The open cart of an identifier: the latest *reset* (Cart Viewed says what is in it; Order Completed empties it) and
 * the changes since. Which events are kept depends on the set of events alone, never on their order of arrival:
 * the greatest reset, and of the changes after it the latest `MAX_CHANGES` within `WINDOW_MS` of the latest event.
 */
import type { AdmittedEvent } from '../events/event.ts'
import { isLater } from './interactions.ts'

const day = 86_400_000
const WINDOW_MS = 90 * day
const MAX_CHANGES = 200

/** Items with quantities; of a change, the quantity is what it adds, or takes away where negative. */
type Quantities = readonly (readonly [item: number, quantity: number])[]
type Entry = readonly [time: number, message: string, items: Quantities]

export interface CartState {
  /** Time of the latest event. */
  readonly updated: number
  readonly reset: Entry | null
  /** Sorted by (time, message), all after the reset. */
  readonly changes: readonly Entry[]
}

export interface CartLine {
  readonly item: number
  readonly quantity: number
}

export const emptyCart: CartState = { updated: 0, reset: null, changes: [] }

const cartNames = new Set([
  ...['Product Added', 'Wishlist Product Added to Cart', 'Product Removed', 'Cart Viewed', 'Order Completed'],
])

/** Whether an event of this name may say something of the open cart. */
export function isCartEvent(name: string): boolean {
  return cartNames.has(name)
}

/** What an event says of the open cart, or null where it says nothing. */
export function cartOf(event: AdmittedEvent): CartState | null {
  const change = (sign: number): CartState | null => {
    const items = event.items.map((item, i) => [item, sign * event.products[i].quantity] as const)
    return items.length === 0
      ? null
      : { updated: event.time, reset: null, changes: [[event.time, event.messageId, items]] }
  }
  const reset = (items: Quantities): CartState => ({
    updated: event.time,
    reset: [event.time, event.messageId, items],
    changes: [],
  })
  switch (event.name) {
    case 'Product Added':
    case 'Wishlist Product Added to Cart':
      return change(1)
    case 'Product Removed':
      return change(-1)
    case 'Cart Viewed': {
      if (!Array.isArray(event.properties.products) && event.items.length === 0) return null
      return reset(event.items.map((item, i) => [item, event.products[i].quantity] as const))
    }
    case 'Order Completed':
      return reset([])
    default:
      return null
  }
}

/** Two carts as one: a join of sets, so it is associative, commutative and idempotent. */
export function mergeCarts(a: CartState, b: CartState): CartState {
  const updated = Math.max(a.updated, b.updated)
  const reset = a.reset === null || (b.reset !== null && compare(b.reset, a.reset) > 0) ? b.reset : a.reset
  const sorted = [...a.changes, ...b.changes].sort(compare)
  const changes = sorted.filter(
    (entry, i) =>
      entry[0] >= updated - WINDOW_MS &&
      (reset === null || compare(entry, reset) > 0) &&
      (i === 0 || compare(entry, sorted[i - 1]) !== 0),
  )
  return { updated, reset, changes: changes.slice(-MAX_CHANGES) }
}

function compare(a: Entry, b: Entry): number {
  if (isLater(a[0], a[1], b[0], b[1])) return 1
  return isLater(b[0], b[1], a[0], a[1]) ? -1 : 0
}

/** What is in the cart, in the order in which it was put in. Nothing can be taken out that is not in it. */
export function cartLines(state: CartState): CartLine[] {
  const quantities = new Map<number, number>()
  const change = (item: number, by: number) => {
    const quantity = (quantities.get(item) ?? 0) + by
    if (quantity > 0) quantities.set(item, quantity)
    else quantities.delete(item)
  }
  for (const [item, quantity] of state.reset?.[2] ?? []) change(item, quantity)
  for (const [, , items] of state.changes) for (const [item, quantity] of items) change(item, quantity)
  return [...quantities].map(([item, quantity]) => ({ item, quantity }))
}

export function encodeCart({ reset, changes }: CartState): string {
  return JSON.stringify([reset, changes])
}

export function decodeCart(updated: number, json: string): CartState {
  const [reset, changes] = JSON.parse(json) as [CartState['reset'], CartState['changes']]
  return { updated, reset, changes }
}
