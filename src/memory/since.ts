/**
 * What was bought before a refusal, or while it stood, is not used again when the customer agrees anew: his rows are counted
 * without it. (What had been gathered for personalisation alone was deleted when he refused.) An order of which several of his
 * identifiers speak counts once for each here: who refused and agreed again is worth no further statement.
 */
import { selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { InteractionRow, OrderLineRow } from '../db/tables.ts'
import { emptyRow, isBlank, NEVER, rowKey } from './interactions.ts'
import { addLine } from './order-changes.ts'
import { lineFields } from './order-store.ts'

/** `rows` without what each identifier did before its time of `since`. */
export async function usableRows(
  reader: Reader,
  rows: readonly InteractionRow[],
  since: ReadonlyMap<number, number>,
): Promise<InteractionRow[]> {
  const sinceOf = ({ identifier }: Pick<InteractionRow, 'identifier'>) => since.get(identifier) ?? 0
  const isEarly = (row: InteractionRow) => row.bought_first !== NEVER && row.bought_first < sinceOf(row)
  const early = rows.filter(isEarly)
  const keys = early.map(({ identifier, item }) => [identifier, item])
  const lines = await selectByKeys<OrderLineRow>(reader, 'order_lines', ['identifier', 'item'], keys, lineFields)
  const counted = new Map(
    early.map(({ identifier, recipient, item }) => [
      rowKey(identifier, recipient, item),
      emptyRow(identifier, recipient, item),
    ]),
  )
  for (const line of lines) {
    const row = counted.get(rowKey(line.identifier, line.recipient, line.item))
    if (row && line.time >= sinceOf(line)) addLine(row, line)
  }
  return rows.flatMap((row) => {
    if (!isEarly(row)) return [row]
    const { bought, orders, bought_first, bought_last, returned, return_last } = counted.get(
      rowKey(row.identifier, row.recipient, row.item),
    ) as InteractionRow
    const usable = { ...row, bought, orders, bought_first, bought_last, returned, return_last }
    return isBlank(usable) ? [] : [usable]
  })
}
