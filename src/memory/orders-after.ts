/** What customers ordered in a window of their own, after cancellations and returns: what an experiment is judged by. */
import type { PopulationPermit } from '../consent/permit.ts'
import { inChunks, selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { OrderLineRow } from '../db/tables.ts'
import { ownersOf } from './ratings-of-all.ts'

/** One thing bought and kept. */
export interface KeptLine {
  /** Internal id. */
  readonly item: number
  /** The number of the order. */
  readonly number: string
  readonly quantity: number
  /** Price paid for one, minor units. */
  readonly price: number | null
}

export interface Window {
  /** By which he was met. */
  readonly identifier: number
  readonly from: number
  readonly until: number
}

export interface OrdersAfter {
  readonly customer: number
  /** Of the window that holds. */
  readonly identifier: number
  readonly from: number
  readonly lines: readonly KeptLine[]
}

const customersAtOnce = 500

/**
 * Of each customer in the order of `windows` (the first window of a customer holds): his lines in it that are not cancelled, less
 * what came back until now. An order of which several of his identifiers speak counts once.
 */
export async function* ordersAfter(
  reader: Reader,
  permits: (identifiers: readonly number[]) => Promise<PopulationPermit | null>,
  windows: readonly Window[],
): AsyncGenerator<OrdersAfter> {
  const met = new Set<number>()
  for (const chunk of inChunks(windows, customersAtOnce)) {
    const owners = await ownersOf(reader, [...new Set(chunk.map(({ identifier }) => identifier))])
    const permit = await permits([...owners.keys()])
    const keys = [...owners.keys()].map((identifier) => [identifier])
    const rows = await selectByKeys<OrderLineRow>(reader, 'order_lines', ['identifier'], keys, [
      ...['identifier', 'item', 'number', 'recipient', 'quantity', 'price', 'returned', 'state', 'time'],
    ])
    const byCustomer = Map.groupBy(rows, ({ identifier }) => owners.get(identifier)?.customer)
    for (const { identifier, from, until } of chunk) {
      const owner = owners.get(identifier)
      if (!owner || met.has(owner.customer) || !permit?.of(owner.customer, owner.identifiers)) continue
      met.add(owner.customer)
      const own = (byCustomer.get(owner.customer) ?? []).filter(({ time }) => time >= from && time < until)
      yield { customer: owner.customer, identifier, from, lines: keptLines(own) }
    }
  }
}

function keptLines(rows: readonly OrderLineRow[]): KeptLine[] {
  const once = new Map(rows.map((row) => [`${row.number}\n${row.item}\n${row.recipient}`, row]))
  return [...once.values()].flatMap(({ item, number, quantity, returned, price, state }) => {
    const kept = state === 'cancelled' ? 0 : quantity - returned
    return kept > 0 ? [{ item, number, quantity: kept, price }] : []
  })
}
