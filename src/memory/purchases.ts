/** A customer's orders from his events, each with what its events said besides the lines. Pure. */
import type { AdmittedEvent } from '../events/event.ts'
import { orderEvents, shownNumber } from './order-changes.ts'
import { mergeParts, type OrderState, orderState } from './orders.ts'

export interface Purchase extends OrderState {
  /** The shop's own number; null = none. */
  readonly number: string | null
  /** The message that placed it, else the first that spoke of it. */
  readonly message: string
  /** Of the event that placed it. */
  readonly properties: Readonly<Record<string, unknown>>
}

/** In order of time. All events are taken for one customer's, whatever identifiers they came with. */
export function purchasesOf(events: readonly AdmittedEvent[]): Purchase[] {
  const byMessage = new Map(events.map((event) => [event.messageId, event]))
  const orders = Map.groupBy(orderEvents(events), ({ number }) => number)
  const found = [...orders].map(([number, said]): Purchase => {
    const parts = mergeParts(
      [],
      said.map(({ part }) => part),
    )
    const placed = parts.find(({ kind }) => kind === 'completed') ?? parts[0]
    const properties = byMessage.get(placed.message)?.properties ?? {}
    return { ...orderState(parts), number: shownNumber(number), message: placed.message, properties }
  })
  return found.sort((a, b) => a.time - b.time || (a.message < b.message ? -1 : 1))
}
