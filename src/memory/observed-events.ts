/**
 * The events that a picture of a customer is made of, however long his history is, in bounded memory: the latest of any kind,
 * and before them what does not grow old by what came after it: orders and what became of them, and the latest word of each trait.
 */
import type { Permit } from '../consent/permit.ts'
import type { Reader } from '../db/database.ts'
import type { AdmittedEvent } from '../events/event.ts'
import { type EventCursor, eventsPage } from '../events/store.ts'
import { orderEventNames } from './order-changes.ts'

/** Of any kind. What he looked at before so many later events says nothing of him any more. */
export const mostObserved = 3000
/** Orders and what became of them, before those; nobody has more, and each is small. */
const mostOrders = 20_000
const piece = 1000

/** In order of time; `until` = only what had happened by then. */
export async function observedEvents(reader: Reader, permit: Permit, until?: number): Promise<AdmittedEvent[]> {
  const { events, next } = await eventsPage(reader, permit, { until, limit: mostObserved })
  return next === null ? events : [...(await older(reader, permit, next, traitsOf(events))), ...events]
}

/** Read from the latest backwards; of what an `identify` said only what no later one said is kept. */
async function older(
  reader: Reader,
  permit: Permit,
  from: EventCursor,
  known: Set<string>,
): Promise<readonly AdmittedEvent[]> {
  const only = { names: orderEventNames, types: ['identify'] as const }
  const kept: AdmittedEvent[] = []
  let orders = 0
  for (let before: EventCursor | null = from; before !== null && orders < mostOrders; ) {
    const page: Awaited<ReturnType<typeof eventsPage>> = await eventsPage(reader, permit, {
      before,
      only,
      limit: piece,
    })
    for (const event of page.events.toReversed()) {
      if (event.type !== 'identify') orders++
      else if (!saysMore(event, known)) continue
      kept.push(event)
    }
    before = page.next
  }
  return kept.reverse()
}

function traitsOf(events: readonly AdmittedEvent[]): Set<string> {
  const known = new Set<string>()
  for (const event of events) if (event.type === 'identify') saysMore(event, known)
  return known
}

/** Does it tell a trait that is not among `known`? Then it is from now on. */
function saysMore({ properties }: AdmittedEvent, known: Set<string>): boolean {
  const fresh = Object.keys(properties).filter((name) => !known.has(name))
  for (const name of fresh) known.add(name)
  return fresh.length > 0
}
