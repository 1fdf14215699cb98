/**
 * Orders of which one customer's several identifiers speak (the page anonymously, the server by user id): joined when they
 * are read, so that merging two customers, and undoing it, changes no row. What one order counts for is then not the sum
 * of what its rows count for, and the columns of orders of the items concerned are counted anew.
 */
import { selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { InteractionRow, OrderLineRow, OrderRow } from '../db/tables.ts'
import { emptyRow, rowKey } from './interactions.ts'
import { addLine, linesByItem } from './order-changes.ts'
import { lineFields, orderFields } from './order-store.ts'
import { decodeParts, mergeParts, type OrderPart, orderState } from './orders.ts'

/** Rows with the columns of orders alone, for each (customer, recipient, item) that a joined order concerns. */
export type JoinedOrders = ReadonlyMap<number, readonly InteractionRow[]>

const none: JoinedOrders = new Map()

/** `customerOf`: the identifiers of the customers in question, those with several identifiers only. */
export async function joinedOrders(reader: Reader, customerOf: ReadonlyMap<number, number>): Promise<JoinedOrders> {
  const identifiers = [...customerOf.keys()].map((identifier) => [identifier])
  const numbers = await selectByKeys<Pick<OrderRow, 'identifier' | 'number'>>(
    reader,
    'orders',
    ['identifier'],
    identifiers,
    ['identifier', 'number'],
  )
  const shared = sharedRows(numbers, customerOf)
  if (shared.length === 0) return none
  const keys = shared.map(({ identifier, number }) => [identifier, number])
  const rows = await selectByKeys<OrderRow>(reader, 'orders', ['identifier', 'number'], keys, orderFields)
  return countAnew(reader, customerOf, rows)
}

/** Those of `rows` whose number another identifier of the same customer has too. */
function sharedRows<T extends Pick<OrderRow, 'identifier' | 'number'>>(
  rows: readonly T[],
  customerOf: ReadonlyMap<number, number>,
): T[] {
  const orders = Map.groupBy(rows, (row) => orderText(row, customerOf))
  return [...orders.values()].filter((same) => same.length > 1).flat()
}

const orderText = ({ identifier, number }: Pick<OrderRow, 'identifier' | 'number'>, of: ReadonlyMap<number, number>) =>
  `${of.get(identifier)} ${number}`

async function countAnew(
  reader: Reader,
  customerOf: ReadonlyMap<number, number>,
  shared: readonly OrderRow[],
): Promise<JoinedOrders> {
  const customerAt = (identifier: number) => customerOf.get(identifier) as number
  const fresh = new Map<string, InteractionRow>()
  const freshRow = (customer: number, { recipient, item }: Pick<OrderLineRow, 'recipient' | 'item'>) => {
    const key = rowKey(customer, recipient, item)
    const row = fresh.get(key) ?? emptyRow(customer, recipient, item)
    return fresh.set(key, row) && row
  }
  for (const rows of Map.groupBy(shared, (row) => orderText(row, customerOf)).values()) {
    const [{ identifier, number }] = rows
    const customer = customerAt(identifier)
    for (const row of rows) {
      const apart = linesByItem(customer, number, orderState(decodeParts(row.parts)))
      for (const line of apart.values()) freshRow(customer, line)
    }
    for (const line of linesByItem(customer, number, orderState(joinParts(rows))).values()) {
      addLine(freshRow(customer, line), line)
    }
  }
  const isShared = new Set(shared.map((row) => orderText(row, customerOf)))
  const items = Map.groupBy(fresh.values(), (row) => row.identifier)
  const keys = [...customerOf].flatMap(([identifier, customer]) =>
    [...new Set((items.get(customer) ?? []).map(({ item }) => item))].map((item) => [identifier, item]),
  )
  const lines = await selectByKeys<OrderLineRow>(reader, 'order_lines', ['identifier', 'item'], keys, lineFields)
  for (const line of lines) {
    if (isShared.has(orderText(line, customerOf))) continue
    const row = fresh.get(rowKey(customerAt(line.identifier), line.recipient, line.item))
    if (row) addLine(row, line)
  }
  return Map.groupBy(fresh.values(), (row) => row.identifier)
}

/** All that several identifiers said of one order. */
export function joinParts(rows: readonly Pick<OrderRow, 'parts'>[]): OrderPart[] {
  return rows.reduce<OrderPart[]>((parts, row) => mergeParts(parts, decodeParts(row.parts)), [])
}
