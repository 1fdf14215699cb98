/** What a customer did with each item, over all his identifiers; what was for others apart from what was for himself. */
import type { Permit } from '../consent/permit.ts'
import type { Reader } from '../db/database.ts'
import type { InteractionRow } from '../db/tables.ts'
import { interactionRows } from './interaction-rows.ts'
import { combine, isBlank, NEVER, orderColumns, rowKey } from './interactions.ts'
import { joinedOrders } from './order-joins.ts'
import { usableRows } from './since.ts'

/** One item's row. `bought_first` is 0 where it was never bought. */
export type HistoryRow = Omit<InteractionRow, 'identifier' | 'recipient'>

export interface History {
  readonly self: readonly HistoryRow[]
  /** By name of the recipient (`someone` for a gift without a name). */
  readonly recipients: ReadonlyMap<string, readonly HistoryRow[]>
}

/** The rows of the customer of `permit`, by ascending item. `passing`: rows of his that are in no table; they are changed. */
export async function history(
  reader: Reader,
  permit: Permit,
  passing: readonly InteractionRow[] = [],
): Promise<History> {
  const { identifiers } = permit
  const stored = await interactionRows(reader, identifiers)
  if (passing.length > 0) {
    const usable = permit.since === null ? stored : await usableRows(reader, stored, permit.since)
    return historyOf([...usable, ...passing])
  }
  if (permit.since !== null) return apart(combined(await usableRows(reader, stored, permit.since), []))
  if (identifiers.length === 1) return apart(stored)
  const customerOf = new Map(identifiers.map((identifier) => [identifier, permit.customer]))
  const joined = await joinedOrders(reader, customerOf)
  return apart(combined(stored, joined.get(permit.customer) ?? []))
}

/** What rows of one person come to; they are changed. */
export function historyOf(rows: readonly InteractionRow[]): History {
  return apart(combined(rows, []))
}

/**
 * Rows of several identifiers of one customer as rows of the customer. `joined`: rows whose columns of orders hold
 * instead of the sums.
 */
export function combined(stored: readonly InteractionRow[], joined: readonly InteractionRow[]): InteractionRow[] {
  const rows = new Map<string, InteractionRow>()
  for (const row of stored) {
    const key = rowKey(0, row.recipient, row.item)
    const known = rows.get(key)
    if (known) combine(known, row)
    else rows.set(key, row)
  }
  for (const counted of joined) {
    const row = rows.get(rowKey(0, counted.recipient, counted.item))
    if (row) for (const column of orderColumns) row[column] = counted[column]
    else rows.set(rowKey(0, counted.recipient, counted.item), counted)
  }
  return [...rows.values()].filter((row) => !isBlank(row))
}

function apart(rows: InteractionRow[]): History {
  const self: InteractionRow[] = []
  const recipients = new Map<string, InteractionRow[]>()
  for (const row of rows) {
    if (row.bought_first === NEVER) row.bought_first = 0
    if (row.recipient === '') self.push(row)
    else if (recipients.get(row.recipient)?.push(row) === undefined) recipients.set(row.recipient, [row])
  }
  const byItem = (a: HistoryRow, b: HistoryRow) => a.item - b.item
  for (const list of recipients.values()) list.sort(byItem)
  return { self: self.sort(byItem), recipients }
}
