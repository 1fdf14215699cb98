/**
 * What a visitor's session comes to: its events folded as memory folds those of customers, into rows that stand in no table.
 */
import type { InteractionRow } from '../db/tables.ts'
import { StoredEvent } from '../events/admitted.ts'
import type { IncomingEvent } from '../events/event.ts'
import { type CartLine, cartLines, cartOf, emptyCart, mergeCarts } from './carts.ts'
import { countInteractions, type InteractionRows, isBlank } from './interactions.ts'

export interface PassingMemory {
  /** What it was made of. */
  readonly events: readonly IncomingEvent[]
  readonly rows: readonly InteractionRow[]
  /** What the cart holds, null where no event was about it. */
  readonly cart: readonly CartLine[] | null
}

/** `itemOf` = the internal id of what the catalogue knows under one of these names. What it does not know teaches nothing. */
export function passingMemory(
  events: readonly IncomingEvent[],
  itemOf: (names: readonly string[]) => number | undefined,
): PassingMemory {
  const told = events.map((event) => knownOf(event, itemOf))
  const rows: InteractionRows = new Map()
  countInteractions(rows, told)
  const carts = told.map(cartOf).filter((state) => state !== null)
  return {
    events,
    rows: [...rows.values()].filter((row) => !isBlank(row)),
    cart: carts.length === 0 ? null : cartLines(carts.reduce(mergeCarts, emptyCart)),
  }
}

/** The event as if it had been admitted, with the products that are known; of nobody, whose row is 0. */
function knownOf(event: IncomingEvent, itemOf: (names: readonly string[]) => number | undefined): StoredEvent {
  const found = event.products.map(({ names }) => itemOf(names))
  const products = event.products.filter((_, i) => found[i] !== undefined)
  const items = found.filter((item) => item !== undefined)
  return new StoredEvent(
    { ...event, products },
    {
      source: '',
      received: event.time,
      identifier: 0,
      customer: null,
      items,
      historical: false,
      body: event.body,
      claimed: undefined,
    },
  )
}
