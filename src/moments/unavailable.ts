/** An item that somebody wanted, and that was sold out: told once a day, whatever he does with it. */
import { dayAt } from '../calendar/zone.ts'
import type { Reader } from '../db/database.ts'
import type { Behind } from './behind.ts'
import { derived, derivedId, productOf } from './derived.ts'
import type { Moment } from './due.ts'
import type { Look, Looking } from './look.ts'
import { waitsFor } from './waits.ts'

const nothing: Look = { events: [], next: null }

export async function lookAtMissing(
  reader: Reader,
  looking: Looking,
  behind: Behind,
  { item, due }: Moment,
): Promise<Look> {
  const { catalogue, config } = looking
  const day = dayAt(due, config.timeZone).toString()
  const product = productOf(catalogue, item)
  if (product === null) return nothing
  // The shop may tell it itself.
  const known = await waitsFor(reader, [item], behind.identity.identifiers)
  if (known.some(({ reason, time }) => reason === 'unavailable' && dayAt(time, config.timeZone).toString() === day))
    return nothing
  return { events: [unavailableEvent(looking, behind, item, day, due)], next: null }
}

/** `day` in the shop's zone. */
export function unavailableEvent(
  { catalogue, config }: Pick<Looking, 'catalogue' | 'config'>,
  { who, first }: Pick<Behind, 'who' | 'first'>,
  item: number,
  day: string,
  time: number,
) {
  const canonical = catalogue.canonical(item)
  const messageId = derivedId('product-unavailable', first, canonical, day)
  const properties = { ...productOf(catalogue, canonical), wanted: 1 }
  return derived({ name: 'Product Unavailable', who, messageId, time, properties }, config.currency)
}
