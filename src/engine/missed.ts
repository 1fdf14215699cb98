/**
 * A page that asks what to offer instead of an item has told that the item was wanted. Where none is left of it, that is
 * remembered of who asked, after the answer: once a day, through the same door as every event.
 */

import { dayAt } from '../calendar/zone.ts'
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import type { DecisionRequest } from '../decisions/request.ts'
import type { IngestAnswer, IngestRequest } from '../events/event.ts'
import { resolve } from '../identity/store.ts'
import { derivedSource } from '../moments/derived.ts'
import type { Derived } from '../moments/handlers.ts'
import { unavailableEvent } from '../moments/unavailable.ts'
import type { World } from '../world.ts'

interface Needs {
  readonly db: Database
  readonly catalogue: Catalogue
  readonly config: Config
  readonly world: World
  readonly note: (derived: Derived, now: number) => void
  readonly onError: (error: unknown) => void
}

/** Takes each request after it was answered. */
export function missedItems(needs: Needs): (request: DecisionRequest) => void {
  return (request) => {
    if (isAbout(request)) void remember(request, needs).catch(needs.onError)
  }
}

type Missed = DecisionRequest & { readonly customer: object; readonly item: string }

function isAbout(request: DecisionRequest): request is Missed {
  if (request.log === false || request.customer === null || request.item === undefined) return false
  return request.ceiling !== 'anonymous' && request.placements.some(({ name }) => name === 'unavailable')
}

async function remember(
  { customer, item: name }: Missed,
  { db, catalogue, config, world, note }: Needs,
): Promise<void> {
  const item = catalogue.idOf(name)
  if (customer === null || item === undefined || catalogue.stock(item) !== 0) return
  // Asking about somebody makes nobody known.
  const found = await resolve(db, customer)
  if (found === null) return
  const now = world.now()
  const day = dayAt(now, config.timeZone).toString()
  const behind = { who: customer, first: Math.min(...found.identifiers) }
  const events = unavailableEvent({ catalogue, config }, behind, { item, day, time: now, stage: 'shop' })
  const request: IngestRequest = {
    ...{ source: derivedSource, received: now, trust: 'verified', historical: false },
    events,
  }
  note({ events, answer: await db.write<IngestAnswer>('events.ingest', request) }, now)
}
