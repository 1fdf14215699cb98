/** What a customer chose, when, and in which context: the lines of his orders that were for himself. */
import type { Permit } from '../consent/permit.ts'
import { selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { OrderRow } from '../db/tables.ts'
import type { OrderContext } from './order-context.ts'
import { joinParts } from './order-joins.ts'
import { orderFields } from './order-store.ts'
import { orderState } from './orders.ts'

export interface PlacedChoice {
  /** Internal id, as it was ordered. */
  readonly item: number
  /** Milliseconds. */
  readonly time: number
  readonly context: OrderContext
  /** Id of the message that told of the order first. */
  readonly message: string
}

/** In the order of time. Gifts and cancelled orders say nothing of his habits; what came back does. */
export async function choices(reader: Reader, permit: Permit): Promise<PlacedChoice[]> {
  const keys = permit.identifiers.map((identifier) => [identifier])
  const stored = await selectByKeys<OrderRow>(reader, 'orders', ['identifier'], keys, orderFields)
  const rows = stored.filter(({ identifier, time }) => time >= (permit.since?.get(identifier) ?? 0))
  const found: PlacedChoice[] = []
  for (const same of Map.groupBy(rows, ({ number }) => number).values()) {
    const parts = joinParts(same)
    const { state, time, context, lines } = orderState(parts)
    const { message } = parts.find(({ kind }) => kind === 'completed') ?? parts[0]
    if (state === 'cancelled') continue
    const own = lines.filter(({ recipient, quantity }) => recipient === '' && quantity > 0)
    for (const item of new Set(own.map((line) => line.item)))
      found.push({ item, time, context: context ?? {}, message })
  }
  return found.sort((a, b) => a.time - b.time || a.item - b.item)
}
