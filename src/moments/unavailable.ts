/** An item that somebody wanted, and that was sold out: told once a day that he looked for it, and once that it stopped his checkout. */
import { dayAt } from '../calendar/zone.ts'
import type { Reader } from '../db/database.ts'
import type { Behind } from './behind.ts'
import { derived, derivedId, productOf } from './derived.ts'
import type { Moment } from './due.ts'
import type { Look, Looking } from './look.ts'
import { waitsFor } from './waits.ts'

const nothing: Look = { events: [], next: null }

/** Where he was when it was missing. */
export type Stage = 'shop' | 'checkout'

export async function lookAtMissing(
  reader: Reader,
  looking: Looking,
  behind: Behind,
  { kind, item, due }: Moment,
): Promise<Look> {
  const { catalogue, config } = looking
  const day = dayAt(due, config.timeZone).toString()
  if (productOf(catalogue, item) === null) return nothing
  const known = await waitsFor(reader, [item], behind.identity.identifiers)
  const toldToday = known.some(
    ({ reason, time, message }) =>
      reason === 'unavailable' && !isDerived(message) && dayAt(time, config.timeZone).toString() === day,
  )
  // The shop tells it itself.
  if (toldToday) return nothing
  const stage = kind === 'blocked' ? 'checkout' : 'shop'
  return { events: unavailableEvent(looking, behind, { item, day, time: due, stage }), next: null }
}

const prefix = 'product-unavailable'
const isDerived = (message: string) => message.startsWith(`${prefix}-`)

interface Missing {
  readonly item: number
  /** In the shop's zone. */
  readonly day: string
  readonly time: number
  readonly stage: Stage
}

export function unavailableEvent(
  { catalogue, config }: Pick<Looking, 'catalogue' | 'config'>,
  { who, first }: Pick<Behind, 'who' | 'first'>,
  { item, day, time, stage }: Missing,
) {
  const canonical = catalogue.canonical(item)
  const messageId = derivedId(prefix, first, canonical, day, stage)
  const properties = { ...productOf(catalogue, canonical), wanted: 1, stage }
  return derived({ name: 'Product Unavailable', who, messageId, time, properties }, config.currency)
}
