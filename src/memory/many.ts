/** What memory holds of many customers at once, each under his own permit: for what looks at everybody in pieces. */
import type { Permit } from '../consent/permit.ts'
import { selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { FactRow, OrderRow, TombstoneRow } from '../db/tables.ts'
import { type CartLine, cartLines, decodeCart, emptyCart, mergeCarts } from './carts.ts'
import type { CustomerOrder } from './customer.ts'
import { decodeFact } from './fact.ts'
import { FORGOTTEN } from './fact-events.ts'
import { currentFacts, type FactView } from './fact-view.ts'
import { factColumns, tombstoneColumns } from './facts-fold.ts'
import { shownNumber } from './order-changes.ts'
import { joinParts } from './order-joins.ts'
import { orderFields } from './order-store.ts'
import { orderState } from './orders.ts'
import { combineTraits, type ToldTrait } from './traits.ts'

type Owned = { readonly identifier: number }

/** Rows of a table by customer; `time` = when what the row says happened, to leave out what was refused since. */
async function rowsOf<T extends Owned>(
  read: (keys: readonly number[][]) => Promise<T[]>,
  permits: readonly Permit[],
  time?: (row: T) => number,
): Promise<Map<number, T[]>> {
  const permitOf = new Map(permits.flatMap((permit) => permit.identifiers.map((id) => [id, permit] as const)))
  const rows = permits.length === 0 ? [] : await read([...permitOf.keys()].map((id) => [id]))
  const used = rows.filter((row) => {
    const since = permitOf.get(row.identifier)?.since?.get(row.identifier) ?? 0
    return time === undefined || time(row) >= since
  })
  return Map.groupBy(used, ({ identifier }) => (permitOf.get(identifier) as Permit).customer)
}

function mapped<A, B>(rows: ReadonlyMap<number, A>, act: (value: A) => B): Map<number, B> {
  return new Map([...rows].map(([customer, value]) => [customer, act(value)]))
}

/** Each customer's orders, newest first. */
export async function ordersOfMany(
  reader: Reader,
  permits: readonly Permit[],
): Promise<ReadonlyMap<number, CustomerOrder[]>> {
  const read = (keys: readonly number[][]) =>
    selectByKeys<OrderRow>(reader, 'orders', ['identifier'], keys, orderFields)
  return mapped(await rowsOf(read, permits, ({ time }) => time), (rows) =>
    [...Map.groupBy(rows, ({ number }) => number)]
      .map(([number, same]) => ({ ...orderState(joinParts(same)), number: shownNumber(number) }))
      .sort((a, b) => b.time - a.time || ((a.number ?? '') < (b.number ?? '') ? -1 : 1)),
  )
}

/** The traits that hold of each. */
export async function traitsOfMany(
  reader: Reader,
  permits: readonly Permit[],
): Promise<ReadonlyMap<number, Readonly<Record<string, unknown>>>> {
  const columns = ['identifier', 'name', 'value', 'time', 'message']
  const read = (keys: readonly number[][]) =>
    selectByKeys<ToldTrait & Owned>(reader, 'traits', ['identifier'], keys, columns)
  return mapped(await rowsOf(read, permits), combineTraits)
}

/** What is in the open cart of each, and when it was last changed. */
export async function cartsOfMany(
  reader: Reader,
  permits: readonly Permit[],
): Promise<ReadonlyMap<number, { readonly lines: readonly CartLine[]; readonly updated: number }>> {
  type Row = Owned & { state: string; updated: number }
  const columns = ['identifier', 'state', 'updated']
  const read = (keys: readonly number[][]) => selectByKeys<Row>(reader, 'carts', ['identifier'], keys, columns)
  return mapped(await rowsOf(read, permits, ({ updated }) => updated), (rows) => {
    const state = rows.map((row) => decodeCart(row.updated, row.state)).reduce(mergeCarts, emptyCart)
    return { lines: cartLines(state), updated: state.updated }
  })
}

/** The kept facts of each that hold at `now`. */
export async function factsOfMany(
  reader: Reader,
  permits: readonly Permit[],
  now: number,
): Promise<ReadonlyMap<number, FactView[]>> {
  const facts = (keys: readonly number[][]) => selectByKeys<FactRow>(reader, 'facts', ['identifier'], keys, factColumns)
  const rows = await rowsOf(facts, permits)
  const telling = permits.filter(({ customer }) => rows.has(customer))
  const barred = (keys: readonly number[][]) =>
    selectByKeys<TombstoneRow>(reader, 'fact_tombstones', ['identifier'], keys, tombstoneColumns)
  const tombstones = await rowsOf(barred, telling)
  return new Map(
    [...rows].map(([customer, own]) => {
      const statements = own.filter(({ kind }) => kind !== FORGOTTEN).map(decodeFact)
      return [customer, currentFacts({ statements, tombstones: tombstones.get(customer) ?? [] }, now)]
    }),
  )
}
