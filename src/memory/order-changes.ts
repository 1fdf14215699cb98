/**
 * A batch's order events and the orders as they stand -> what must be written. Pure.
 *
 * An order belongs to the identifier that its events came with, as all memory does: what another customer says of the
 * same number is a row of his own and changes nobody else's. Where one customer speaks of an order under several
 * identifiers (the page anonymously, the server by user id), the rows are joined when they are read (order-joins.ts).
 * In the counts of items, which know no customers, an item of a number counts once.
 */
import { isCurrency, MAX_MINOR, toMinorUnits } from '../catalog/money.ts'
import type { InteractionRow, OrderLineRow, OrderRow } from '../db/tables.ts'
import type { AdmittedEvent } from '../events/event.ts'
import { type InteractionRows, type orderColumns, rowKey, rowOf } from './interactions.ts'
import { countOrders, type ItemDays } from './item-days.ts'
import { orderContext } from './order-context.ts'
import {
  decodeParts,
  encodeParts,
  mergeParts,
  type OrderPart,
  type OrderState,
  orderState,
  type PartKind,
} from './orders.ts'
import { isExcused } from './return-reasons.ts'

/** The identifier of orders of nobody. */
export const NOBODY = 0

/** Begins the number of what has none of its own: a return or an order without an order id. */
const UNNUMBERED = 'message '
const MAX_NUMBER = 255

const partKinds: Readonly<Record<string, PartKind>> = {
  'Order Completed': 'completed',
  'Order Updated': 'updated',
  'Order Cancelled': 'cancelled',
  'Order Refunded': 'refunded',
  'Product Returned': 'returned',
}

/** Whether an event of this name says something of an order. */
export function isOrderEvent(name: string): boolean {
  return Object.hasOwn(partKinds, name)
}

/** Names of the events that speak of orders. */
export const orderEventNames = Object.keys(partKinds)

/** What one event says of one order. */
export interface OrderEvent {
  readonly identifier: number
  readonly number: string
  readonly part: OrderPart
}

export interface OrderChanges {
  readonly orders: OrderRow[]
  /** Lines to be written, over what may be there. */
  readonly lines: OrderLineRow[]
  readonly droppedLines: Pick<OrderLineRow, 'identifier' | 'item' | 'number' | 'recipient'>[]
  /** Keys of interactions to be counted anew from their order lines; those of new orders are only added to. */
  readonly recount: { readonly identifier: number; readonly item: number; readonly recipient: string }[]
}

/** The orders that `events` speak of. */
export function orderEvents(events: readonly AdmittedEvent[]): OrderEvent[] {
  return events.flatMap((event) => {
    const kind = partKinds[event.name]
    const number = kind && orderNumber(event, kind)
    if (!number) return []
    return [{ identifier: event.identifier ?? NOBODY, number, part: partOf(event, kind) }]
  })
}

function orderNumber(event: AdmittedEvent, kind: PartKind): string | null {
  const given = event.properties.order_id ?? event.properties.orderId
  const number = typeof given === 'number' ? String(given) : typeof given === 'string' ? given.trim() : ''
  if (number !== '' && number.length <= MAX_NUMBER) return number
  // An update or a cancellation of nothing says nothing; the others stand for themselves.
  return kind === 'updated' || kind === 'cancelled' ? null : `${UNNUMBERED}${event.source}/${event.messageId}`
}

/** The shop's own number, or null for what stands for itself. */
export function shownNumber(number: string): string | null {
  return number.startsWith(UNNUMBERED) ? null : number
}

function partOf(event: AdmittedEvent, kind: PartKind): OrderPart {
  const { properties, products } = event
  const given = typeof properties.currency === 'string' ? properties.currency.trim().toUpperCase() : ''
  const currency = isCurrency(given) ? given : (products[0]?.currency ?? null)
  return {
    kind,
    time: event.time,
    message: event.messageId,
    total: totalOf(properties, currency),
    currency,
    reason: typeof properties.reason === 'string' ? properties.reason.slice(0, 500) : null,
    lines: event.items.map((item, i) => {
      const { quantity, price, recipient } = products[i]
      return { item, quantity, price, recipient }
    }),
    // When it was ordered is what counts; what comes after is done anywhere.
    context: kind === 'completed' || kind === 'updated' ? orderContext(event.context) : null,
  }
}

/** What the order or the refund came to in minor units, where it is an amount that can be believed. */
function totalOf({ total, revenue, value }: AdmittedEvent['properties'], currency: string | null): number | null {
  const given = [total, revenue, value].find((amount) => amount !== undefined && amount !== null && amount !== '')
  const amount = typeof given === 'number' || typeof given === 'string' ? Number(given) : Number.NaN
  const minor = Number.isFinite(amount) ? toMinorUnits(amount, currency) : Number.NaN
  return Math.abs(minor) <= MAX_MINOR ? minor : null
}

interface Known {
  readonly identifier: number
  parts: readonly OrderPart[]
  /** What the batch adds. */
  readonly added: OrderPart[]
  readonly before: OrderState | null
  after: OrderState | null
}

/**
 * Folds `events` into the orders. `stored`: of each number the rows that count and those of the events' own identifiers. What new orders add to
 * interactions is added to `interactions`, what changes in the items' counts to `days`.
 */
export function orderChanges(
  events: readonly OrderEvent[],
  stored: readonly OrderRow[],
  interactions: InteractionRows,
  days: ItemDays,
): OrderChanges {
  const byNumber = new Map<string, Map<number, Known>>()
  const orderOf = (number: string) => {
    const known = byNumber.get(number) ?? new Map<number, Known>()
    return byNumber.set(number, known) && known
  }
  for (const { identifier, number, parts: json } of stored) {
    const parts = decodeParts(json)
    const state = orderState(parts)
    orderOf(number).set(identifier, { identifier, parts, added: [], before: state, after: state })
  }
  for (const known of byNumber.values()) countOrders(days, statesOf(known), -1)
  for (const { identifier, number, part } of events) {
    const known = orderOf(number)
    const order = known.get(identifier) ?? { identifier, parts: [], added: [], before: null, after: null }
    order.added.push(part)
    known.set(identifier, order)
  }
  const changes: OrderChanges = { orders: [], lines: [], droppedLines: [], recount: [] }
  for (const [number, known] of byNumber) {
    for (const order of known.values()) {
      if (order.added.length === 0) continue
      order.parts = mergeParts(order.parts, order.added)
      changeOrder(changes, interactions, number, order)
    }
    countOrders(days, statesOf(known), 1)
  }
  return changes
}

/** How many rows of one number count in the days of items, those that rank first: it bounds what one event reads. */
export const COUNTED_ROWS = 4

/** The orders of one number that count, the first in rank first. */
function statesOf(known: ReadonlyMap<number, Known>): OrderState[] {
  const orders = [...known.values()].filter(({ parts }) => parts.length > 0)
  if (orders.length > 1) {
    // As the database compares: bytes, then ids.
    const ranks = new Map(orders.map((order) => [order, Buffer.from(rankOf(order.parts))]))
    const rank = (order: Known) => ranks.get(order) as Buffer
    orders.sort((a, b) => Buffer.compare(rank(a), rank(b)) || a.identifier - b.identifier)
  }
  return orders.slice(0, COUNTED_ROWS).flatMap(({ after }) => after ?? [])
}

/** Completed before not, then the earlier by (time, message). More parts only ever raise it. */
function rankOf(parts: readonly OrderPart[]): string {
  const completed = parts.find((part) => part.kind === 'completed')
  const { time, message } = completed ?? parts[0]
  return `${completed ? 'a' : 'b'}${String(time).padStart(16, '0')} ${message}`
}

function changeOrder(changes: OrderChanges, interactions: InteractionRows, number: string, order: Known): void {
  const { identifier, parts, before } = order
  const state = orderState(parts)
  order.after = state
  const { time, state: name, total, currency } = state
  changes.orders.push({
    identifier,
    number,
    time,
    state: name,
    total,
    currency,
    rank: rankOf(parts),
    parts: encodeParts(parts),
  })
  if (identifier === NOBODY) return
  const lines = linesByItem(identifier, number, state)
  changes.lines.push(...lines.values())
  if (before === null) {
    for (const line of lines.values()) addLine(rowOf(interactions, identifier, line.recipient, line.item), line)
    return
  }
  const affected = new Map([...linesByItem(identifier, number, before), ...lines])
  for (const [key, line] of affected) {
    const { item, recipient } = line
    changes.recount.push({ identifier, item, recipient })
    if (!lines.has(key)) changes.droppedLines.push({ identifier, item, number, recipient })
  }
}

/** An order's lines, one for each item and recipient; the price is that of the first. */
export function linesByItem(identifier: number, number: string, order: OrderState): Map<string, OrderLineRow> {
  const rows = new Map<string, OrderLineRow>()
  for (const { item, recipient, quantity, price, returned, returnedAt, reason, state } of order.lines) {
    const excused = isExcused(reason) ? returned : 0
    const key = rowKey(identifier, recipient, item)
    const row = rows.get(key)
    if (!row) {
      const { time } = order
      const fresh = {
        identifier,
        item,
        number,
        recipient,
        quantity,
        price,
        returned,
        return_last: returnedAt,
        excused,
        state,
        time,
      }
      rows.set(key, fresh)
      continue
    }
    row.quantity += quantity
    row.price ??= price
    row.returned += returned
    row.excused += excused
    row.return_last = Math.max(row.return_last, returnedAt)
    if (row.state !== state) row.state = row.state === 'cancelled' ? state : 'bought'
  }
  return rows
}

/** What one line counts for in the columns of orders. */
export function addLine(
  row: Pick<InteractionRow, (typeof orderColumns)[number]>,
  line: Pick<OrderLineRow, 'state' | 'quantity' | 'time' | 'returned' | 'return_last' | 'excused'>,
): void {
  if (line.state === 'cancelled') return
  row.returned += line.returned
  row.excused += line.excused
  row.return_last = Math.max(row.return_last, line.return_last)
  if (line.quantity <= 0) return
  row.bought += line.quantity
  row.orders += 1
  row.bought_first = Math.min(row.bought_first, line.time)
  row.bought_last = Math.max(row.bought_last, line.time)
}
