/**
 * What memory holds of a customer, for export and erasure. What names nobody stays: how often each item was looked at and
 * bought on each day keeps its sums (the checkpoint takes what the events leave, so that a rebuild still finds it), and
 * what the law makes a shop keep of an order (date, goods, amounts) stays without number, person and words.
 */
import { upsertFold } from '../db/batch.ts'
import type { Reader, Tx } from '../db/database.ts'
import { type DataSubject, type HeldRow, type Holder, heldRows } from '../db/personal.ts'
import type { OrderRow } from '../db/tables.ts'
import { admittedOf } from '../events/personal.ts'
import { countItemDays, countOrders, type ItemDays, itemDayCounts, itemDayKey } from './item-days.ts'
import { keepOrders } from './kept-orders.ts'
import { COUNTED_ROWS, shownNumber } from './order-changes.ts'
import { joinParts } from './order-joins.ts'
import { lockNumbers, orderFields } from './order-store.ts'
import { decodeParts, orderState } from './orders.ts'

/** Order numbers looked at in one statement. */
const numbersAtOnce = 500

const orderRows = heldRows({ table: 'orders', title: '', identifier: 'identifier', shown: [...orderFields] })

async function ordersOf(reader: Reader, person: DataSubject): Promise<Map<string, OrderRow[]>> {
  const rows: OrderRow[] = []
  for await (const row of orderRows.read(reader, person)) rows.push(row as unknown as OrderRow)
  return Map.groupBy(rows, ({ number }) => number)
}

const orders: Holder = {
  ...orderRows,
  title: 'Your orders',
  shown: ['number', 'time', 'state', 'total', 'currency'],
  columns: { times: ['time'] },
  async *read(reader, person): AsyncGenerator<HeldRow> {
    for (const [number, rows] of await ordersOf(reader, person)) {
      const { time, state, total, currency } = orderState(joinParts(rows))
      yield { number: shownNumber(number), time, state, total, currency }
    }
  },
  async erase(tx, person) {
    const found = await ordersOf(tx, person)
    await lockNumbers(tx, [...found.keys()].sort())
    const days: ItemDays = new Map()
    for await (const events of admittedOf(tx, person)) countItemDays(days, events)
    await takeOrders(tx, [...found.keys()], new Set(person.identifiers), days)
    await keepCounts(tx, days)
    await keepOrders(
      tx,
      [...found.values()].map((rows) => orderState(joinParts(rows))),
    )
    return orderRows.erase(tx, person)
  },
}

/** Adds to `days` what these numbers count for with the rows of `identifiers`, less what they count for without. */
async function takeOrders(
  tx: Tx,
  numbers: readonly string[],
  identifiers: ReadonlySet<number>,
  days: ItemDays,
): Promise<void> {
  for (let start = 0; start < numbers.length; start += numbersAtOnce) {
    const rows = await tx.k
      .selectFrom('orders')
      .select(['identifier', 'number', 'parts'])
      .where('number', 'in', numbers.slice(start, start + numbersAtOnce))
      .orderBy('rank')
      .orderBy('identifier')
      .execute()
    for (const same of Map.groupBy(rows, ({ number }) => number).values()) {
      const others = same.filter(({ identifier }) => !identifiers.has(identifier))
      const states = (list: typeof same) =>
        list.slice(0, COUNTED_ROWS).map(({ parts }) => orderState(decodeParts(parts)))
      countOrders(days, states(same), 1)
      countOrders(days, states(others), -1)
    }
  }
}

async function keepCounts(tx: Tx, days: ItemDays): Promise<void> {
  const rows = [...days.values()].filter((row) => itemDayCounts.some((column) => row[column] !== 0))
  if (rows.length > 0) await upsertFold(tx, 'item_days_checkpoint', { key: itemDayKey, add: itemDayCounts }, rows)
}

export const memoryData: readonly Holder[] = [
  orders,
  heldRows({
    table: 'order_lines',
    title: 'What you ordered',
    identifier: 'identifier',
    shown: ['number', 'item', 'recipient', 'quantity', 'price', 'returned', 'return_last', 'state', 'time'],
    orderBy: ['time', 'number', 'item'],
    times: ['time', 'return_last'],
    items: ['item'],
  }),
  heldRows({
    table: 'interactions',
    title: 'What you did with each item',
    identifier: 'identifier',
    shown: [
      'item',
      'recipient',
      'views',
      'view_last',
      'carts',
      'cart_last',
      'bought',
      'orders',
      'bought_last',
      'returned',
      'return_last',
      'wished',
      'wish_last',
      'refused',
      'refused_last',
      'rating',
      'rating_time',
    ],
    orderBy: ['item', 'recipient'],
    times: ['view_last', 'cart_last', 'bought_last', 'return_last', 'wish_last', 'refused_last', 'rating_time'],
    items: ['item'],
  }),
  heldRows({
    table: 'interactions_checkpoint',
    title: 'Of these, views whose details are gone',
    identifier: 'identifier',
    shown: ['item', 'recipient', 'views', 'view_last'],
    orderBy: ['item', 'recipient'],
    times: ['view_last'],
    items: ['item'],
  }),
  heldRows({
    table: 'carts',
    title: 'Your cart',
    identifier: 'identifier',
    shown: ['state', 'updated'],
    times: ['updated'],
    json: ['state'],
  }),
  heldRows({
    table: 'carts_checkpoint',
    title: 'Of your cart, what was said in events whose details are gone',
    identifier: 'identifier',
    shown: ['state', 'updated'],
    times: ['updated'],
    json: ['state'],
  }),
  heldRows({
    table: 'traits',
    title: 'What was told about you',
    identifier: 'identifier',
    shown: ['name', 'value', 'time'],
    orderBy: ['name'],
    times: ['time'],
    json: ['value'],
  }),
  heldRows({
    table: 'facts',
    title: 'What is remembered of you',
    identifier: 'identifier',
    shown: ['kind', 'subject', 'recipient', 'doc', 'time', 'expires'],
    orderBy: ['kind', 'time'],
    times: ['time', 'expires'],
    json: ['doc'],
  }),
  heldRows({
    table: 'fact_tombstones',
    title: 'What was deleted or corrected and does not come back',
    identifier: 'identifier',
    shown: ['cause', 'time'],
    orderBy: ['time'],
    times: ['time'],
  }),
]
