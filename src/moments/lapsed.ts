/**
 * A customer who stays away for longer than is his way: who comes into the segment `lapsed` as it happens (segments/), at the
 * minute at which time alone brings him there.
 */
import { permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import type { Handler, Tx } from '../db/database.ts'
import type { IncomingEvent, IngestAnswer, IngestRequest } from '../events/event.ts'
import { orders } from '../memory/customer.ts'
import type { SegmentChange, SegmentHook } from '../segments/settle.ts'
import { type Behind, peopleBehind } from './behind.ts'
import { derived, derivedId, derivedSource } from './derived.ts'

const day = 86_400_000

interface Needs {
  readonly policy: Policy
  readonly currency: string
  readonly ingest: Handler<IngestRequest, IngestAnswer>
}

export function lapsedHook({ policy, currency, ingest }: Needs): SegmentHook {
  return async (tx, changes) => {
    const lapsed = changes.filter(({ segment, entered, live }) => segment === 'lapsed' && entered && live)
    if (lapsed.length === 0) return
    const now = Math.max(...lapsed.map(({ time }) => time))
    const identifiers = lapsed.map(({ identifier }) => identifier)
    const people = await peopleBehind(tx, policy, identifiers, now)
    const events: IncomingEvent[] = []
    for (const change of lapsed) {
      const behind = people.get(change.identifier)
      const event = behind === undefined ? null : await eventOf(tx, change, behind, currency)
      if (event !== null) events.push(event)
    }
    if (events.length === 0) return
    await ingest(tx, { source: derivedSource, received: now, trust: 'verified', historical: false, events })
  }
}

/** Told once for each order that nothing followed. */
async function eventOf(tx: Tx, { time }: SegmentChange, { person, who, first }: Behind, currency: string) {
  const allowed = permit(person, 'personalisation')
  if (allowed === null) return null
  const placed = (await orders(tx, allowed, { limit: Number.POSITIVE_INFINITY })).filter(
    ({ state }) => state !== 'cancelled',
  )
  if (placed.length === 0) return null
  const last = placed[0].time
  const properties = {
    orders: placed.length,
    last_order: new Date(last).toISOString(),
    days: Math.floor((time - last) / day),
  }
  const messageId = derivedId('customer-lapsed', first, last)
  return derived({ name: 'Customer Lapsed', who, messageId, time, properties }, currency)
}
