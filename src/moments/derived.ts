/** Events as the engine derives them: with an id that is the same whenever the same thing is derived again. */

import { hash } from 'node:crypto'
import type { Catalogue } from '../catalog/catalogue.ts'
import { fromMinorUnits } from '../catalog/money.ts'
import { HabitueError } from '../errors.ts'
import type { IncomingEvent } from '../events/event.ts'
import { type OwnEvent, ownEvent } from '../events/own.ts'

/** Who sends what is derived. */
export const derivedSource = 'habitue'

/** `parts` tell it from every other of its kind. */
export function derivedId(kind: string, ...parts: readonly (string | number)[]): string {
  return `${kind}-${hash('sha256', parts.join('\0'), 'base64url').slice(0, 27)}`
}

/** The event; none where its content may not be in one (a title that is the number of a card): that stops nothing else. */
export function derived(event: OwnEvent, currency: string): IncomingEvent[] {
  try {
    return [ownEvent(event, currency)]
  } catch (error) {
    if (error instanceof HabitueError) return []
    throw error
  }
}

/** What an event says of an item that the catalogue knows; price as a decimal. Absent = unknown. */
export function productOf(catalogue: Catalogue, item: number): Readonly<Record<string, unknown>> | null {
  const { id, title, price, currency, url, image } = catalogue.card(catalogue.canonical(item))
  if (id === '') return null
  return {
    product_id: id,
    ...(title === null ? {} : { name: title }),
    ...(price === null ? {} : { price: fromMinorUnits(price, currency ?? '') }),
    ...(price === null || currency === null ? {} : { currency }),
    ...(url === null ? {} : { url }),
    ...(image === null ? {} : { image_url: image }),
  }
}
