/** Where orders and their lines are read and written in the transaction of their events. */
import { sql } from 'kysely'
import { deleteByKeys, heldQuery, selectByKeys, upsertFold, upsertRows } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import type { InteractionRow, OrderLineRow, OrderRow } from '../db/tables.ts'
import {
  emptyRow,
  type InteractionRows,
  interactionColumns,
  interactionKey,
  isBlank,
  orderColumns,
  rowKey,
} from './interactions.ts'
import type { ItemDays } from './item-days.ts'
import { addLine, COUNTED_ROWS, type OrderChanges, type OrderEvent, orderChanges } from './order-changes.ts'

export const orderFields = ['identifier', 'number', 'time', 'state', 'total', 'currency', 'rank', 'parts'] as const
const orderKey = ['identifier', 'number'] as const
const lineKey = ['identifier', 'item', 'number', 'recipient'] as const
export const lineFields = [
  ...lineKey,
  'quantity',
  'price',
  'returned',
  'return_last',
  'excused',
  'state',
  'time',
] as const

/** PostgreSQL holds an advisory lock for each of this many classes of order numbers. */
const LOCK_CLASSES = 64
/** Names the advisory locks of this file. */
const LOCK_SPACE = 0x0d3b

/**
 * Folds a batch's order events: writes orders and lines, adds to `interactions` and `days`, and returns the keys of
 * interactions that are to be counted anew once `interactions` are written.
 */
export async function foldOrders(
  tx: Tx,
  events: readonly OrderEvent[],
  interactions: InteractionRows,
  days: ItemDays,
): Promise<OrderChanges['recount']> {
  const numbers = [...new Set(events.map(({ number }) => number))].sort()
  await lockNumbers(tx, numbers)
  const stored = await storedOrders(tx, numbers, events)
  const changes = orderChanges(events, stored, interactions, days)
  const orders = changes.orders.map((row) => orderFields.map((field) => row[field]))
  await upsertRows(tx, 'orders', orderKey, orderFields, orders)
  if (changes.droppedLines.length > 0) {
    const dropped = changes.droppedLines.map((line) => lineKey.map((field) => line[field]))
    await deleteByKeys(tx, 'order_lines', lineKey, dropped)
  }
  const lines = changes.lines.map((line) => lineFields.map((field) => line[field]))
  if (lines.length > 0) await upsertRows(tx, 'order_lines', lineKey, lineFields, lines)
  return changes.recount
}

const columns = orderFields.join(', ')
const firstOf = `select ${columns} from orders where number = ? order by rank, identifier limit ${COUNTED_ROWS}`
const firstOfEach = `select o.* from unnest(?::text[]) as wanted (number) cross join lateral
  (select ${columns} from orders where orders.number = wanted.number order by rank, identifier limit ${COUNTED_ROWS}) o`

/**
 * Of each number the rows that count in the days of items, and the rows of the events' own identifiers. Never all of a
 * number: strangers can make any number of rows of it.
 */
async function storedOrders(tx: Tx, numbers: readonly string[], events: readonly OrderEvent[]): Promise<OrderRow[]> {
  const stored: OrderRow[] = []
  if (tx.engine === 'postgres') stored.push(...(await heldQuery<OrderRow>(tx, firstOfEach, [numbers])))
  else for (const number of numbers) stored.push(...(await heldQuery<OrderRow>(tx, firstOf, [number])))
  const rows = Map.groupBy(stored, ({ number }) => number)
  const missing = events.filter(({ identifier, number }) => {
    const same = rows.get(number) ?? []
    return same.length === COUNTED_ROWS && same.every((row) => row.identifier !== identifier)
  })
  if (missing.length === 0) return stored
  const keys = missing.map(({ identifier, number }) => [identifier, number])
  return [...stored, ...(await selectByKeys<OrderRow>(tx, 'orders', orderKey, keys, orderFields))]
}

/**
 * Two transactions that speak of one number for different customers must see each other, because a number counts once
 * in the days of items. SQLite has one writer; PostgreSQL takes locks, few, and in one order.
 */
export async function lockNumbers(tx: Tx, numbers: readonly string[]): Promise<void> {
  if (tx.engine === 'postgres')
    await lockClasses(
      tx,
      [...new Set(numbers.map(classOf))].sort((a, b) => a - b),
    )
}

/** Waits for every fold of orders under way, and lets none begin before the end of this transaction. */
export async function lockAllNumbers(tx: Tx): Promise<void> {
  if (tx.engine === 'postgres') await lockClasses(tx, [...Array(LOCK_CLASSES).keys()])
}

async function lockClasses(tx: Tx, classes: readonly number[]): Promise<void> {
  const list = sql.join(classes)
  await sql`select pg_advisory_xact_lock(${LOCK_SPACE}::int, c) from unnest(array[${list}]::int[]) as c`.execute(tx.k)
}

function classOf(number: string): number {
  let hash = 0
  for (let i = 0; i < number.length; i++) hash = (Math.imul(hash, 31) + number.charCodeAt(i)) >>> 0
  return hash % LOCK_CLASSES
}

/** Counts the columns of orders anew from the order lines, exactly; a row of which nothing is left is dropped. */
export async function recountOrders(tx: Tx, recount: OrderChanges['recount']): Promise<void> {
  if (recount.length === 0) return
  const fresh = new Map<string, InteractionRow>()
  for (const { identifier, recipient, item } of recount) {
    fresh.set(rowKey(identifier, recipient, item), emptyRow(identifier, recipient, item))
  }
  const items = [...fresh.values()].map(({ identifier, item }) => [identifier, item])
  const lines = await selectByKeys<OrderLineRow>(tx, 'order_lines', ['identifier', 'item'], items, lineFields)
  for (const line of lines) {
    const row = fresh.get(rowKey(line.identifier, line.recipient, line.item))
    if (row) addLine(row, line)
  }
  await upsertFold(tx, 'interactions', { key: interactionKey, set: orderColumns }, [...fresh.values()])
  const keys = [...fresh.values()].map((row) => interactionKey.map((column) => row[column]))
  const now = await selectByKeys<InteractionRow>(tx, 'interactions', interactionKey, keys, interactionColumns)
  const blank = now.filter(isBlank).map((row) => interactionKey.map((column) => row[column]))
  if (blank.length > 0) await deleteByKeys(tx, 'interactions', interactionKey, blank)
}
