/** How everybody's first session went, as models learn it: read from the stored events, and kept nowhere. */
import type { PopulationPermit } from '../consent/permit.ts'
import type { Reader } from '../db/database.ts'
import { firstEvents } from '../events/opening.ts'
import { identifiersByCustomer } from '../identity/population.ts'
import { openingStyle, type SessionStyle, type Unsaid } from './session-style.ts'

/** Of everybody whom the population permit reaches and whose first session shows anything; by customer. */
export async function trainingStyles(
  reader: Reader,
  permit: PopulationPermit,
  zone: string,
  unsaid: Unsaid,
): Promise<Map<number, SessionStyle>> {
  const found = new Map<number, SessionStyle>()
  for await (const links of identifiersByCustomer(reader)) {
    const ids = links.map(({ id }) => id)
    const events = Map.groupBy(await firstEvents(reader, ids), ({ identifier }) => identifier)
    for (const [customer, own] of Map.groupBy(links, (link) => link.customer)) {
      const first = own.flatMap(({ id }) => events.get(id) ?? [])
      const allowed =
        first.length === 0
          ? null
          : permit.of(
              customer,
              own.map(({ id }) => id),
            )
      if (allowed === null) continue
      const { identifiers, since } = allowed
      const usable = first.filter(
        ({ identifier, time }) => identifiers.includes(identifier) && time >= (since?.get(identifier) ?? 0),
      )
      const style = openingStyle(
        usable.sort((a, b) => a.time - b.time),
        zone,
        unsaid,
      )
      if (Object.keys(style).length > 0) found.set(customer, style)
    }
  }
  return found
}
