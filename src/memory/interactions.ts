/**
 * Events -> rows of `interactions`: what one identifier did with one item, for himself or for a recipient. All columns
 * are sums, minima, maxima or the latest by (time, message), so the order of arrival does not matter and a batch may
 * be summed up before it is written. The columns of orders are kept by orders (order-changes.ts).
 */
import type { InteractionRow } from '../db/tables.ts'
import type { AdmittedEvent, Product } from '../events/event.ts'

/** `bought_first` of what was never bought: the neutral element of a minimum. */
export const NEVER = Number.MAX_SAFE_INTEGER

export const interactionKey = ['identifier', 'recipient', 'item'] as const
export const addColumns = ['views', 'carts', 'bought', 'orders', 'returned', 'wished', 'refused', 'excused'] as const
export const minColumns = ['bought_first'] as const
export const maxColumns = ['view_last', 'cart_last', 'bought_last', 'return_last', 'wish_last', 'refused_last'] as const
export const ratingColumns = ['rating', 'rating_time', 'rating_message'] as const

export const interactionColumns = [
  ...interactionKey,
  ...addColumns,
  ...minColumns,
  ...maxColumns,
  ...ratingColumns,
] as const

/** The columns that are a function of `order_lines`. */
export const orderColumns = [
  'bought',
  'orders',
  'bought_first',
  'bought_last',
  'returned',
  'return_last',
  'excused',
] as const

type Count = (row: InteractionRow, event: AdmittedEvent, product: Product) => void

const view: Count = (row, { time }) => {
  row.views += 1
  row.view_last = Math.max(row.view_last, time)
}

const cart: Count = (row, { time }) => {
  row.carts += 1
  row.cart_last = Math.max(row.cart_last, time)
}

const rate: Count = (row, event) => {
  const rating = ratingOf(event)
  if (rating !== null) takeRating(row, rating, event.time, event.messageId)
}

/** What each event counts as. A removal takes one back, whether it arrives before or after what it takes back. */
const counts: Readonly<Record<string, Count>> = {
  'Product Viewed': view,
  'Product Clicked': view,
  'Product Added': cart,
  'Wishlist Product Added to Cart': cart,
  'Product Added to Wishlist': (row, { time }) => {
    row.wished += 1
    row.wish_last = Math.max(row.wish_last, time)
  },
  'Product Removed from Wishlist': (row) => {
    row.wished -= 1
  },
  'Product Refused': (row, { time }) => {
    row.refused += 1
    row.refused_last = Math.max(row.refused_last, time)
  },
  'Product Refusal Withdrawn': (row) => {
    row.refused -= 1
  },
  'Product Rated': rate,
  'Product Reviewed': rate,
}

/** Does a track of this name say of the items it names that they were chosen? */
export function countsForItems(name: string): boolean {
  return counts[name] !== undefined || name === 'Order Completed'
}

/** Rows by `rowKey`, summed up over a batch. */
export type InteractionRows = Map<string, InteractionRow>

/** Adds what `events` did with items to `rows`; events of nobody leave nothing here. */
export function countInteractions(rows: InteractionRows, events: readonly AdmittedEvent[]): void {
  for (const event of events) {
    const count = counts[event.name]
    if (count === undefined || event.identifier === null) continue
    for (let i = 0; i < event.items.length; i++) {
      const product = event.products[i]
      if (count === rate && ratingOf(event) === null) continue
      count(rowOf(rows, event.identifier, product.recipient, event.items[i]), event, product)
    }
  }
}

/** Stars as a number, from a number or a string (`Product Reviewed` has a string); null = none that can be read. */
export function ratingOf(event: Pick<AdmittedEvent, 'properties'>): number | null {
  const given = event.properties.rating
  if (typeof given !== 'number' && (typeof given !== 'string' || given.trim() === '')) return null
  const rating = Number(given)
  return Number.isFinite(rating) ? rating : null
}

/** The row of a key, made empty where it is new. */
export function rowOf(rows: InteractionRows, identifier: number, recipient: string, item: number): InteractionRow {
  const key = rowKey(identifier, recipient, item)
  let row = rows.get(key)
  if (row === undefined) {
    row = emptyRow(identifier, recipient, item)
    rows.set(key, row)
  }
  return row
}

export function rowKey(identifier: number, recipient: string, item: number): string {
  return `${identifier} ${item} ${recipient}`
}

export function emptyRow(identifier: number, recipient: string, item: number): InteractionRow {
  return {
    identifier,
    recipient,
    item,
    views: 0,
    view_last: 0,
    carts: 0,
    cart_last: 0,
    bought: 0,
    orders: 0,
    bought_first: NEVER,
    bought_last: 0,
    returned: 0,
    return_last: 0,
    wished: 0,
    wish_last: 0,
    refused: 0,
    refused_last: 0,
    excused: 0,
    rating: null,
    rating_time: 0,
    rating_message: '',
  }
}

/** Folds `from` into `into`, as the database does: this is how a customer's several identifiers are read as one. */
export function combine(into: InteractionRow, from: Readonly<InteractionRow>): void {
  for (const column of addColumns) into[column] += from[column]
  for (const column of minColumns) into[column] = Math.min(into[column], from[column])
  for (const column of maxColumns) into[column] = Math.max(into[column], from[column])
  if (from.rating !== null) takeRating(into, from.rating, from.rating_time, from.rating_message)
}

function takeRating(row: InteractionRow, rating: number, time: number, message: string): void {
  if (row.rating !== null && !isLater(time, message, row.rating_time, row.rating_message)) return
  row.rating = rating
  row.rating_time = time
  row.rating_message = message
}

/** Is (time, message) after the other? Equal is not after. */
export function isLater(time: number, message: string, thanTime: number, thanMessage: string): boolean {
  return time > thanTime || (time === thanTime && message > thanMessage)
}

/** Does the row say nothing? Such a row is not kept. */
export function isBlank(row: Readonly<InteractionRow>): boolean {
  return (
    row.rating === null &&
    row.bought_first === NEVER &&
    addColumns.every((column) => row[column] === 0) &&
    maxColumns.every((column) => row[column] === 0)
  )
}
