/**
 * A customer who stays away for longer than is his way: who comes into the segment `lapsed` (segments/) at the minute at which
 * time alone brings him there. Who comes into it because an old order came in late has lapsed long ago, and is no news.
 */

import type { Config } from '../config.ts'
import { permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import type { Handler, Tx } from '../db/database.ts'
import type { IncomingEvent, IngestAnswer, IngestRequest } from '../events/event.ts'
import { orders } from '../memory/customer.ts'
import { intervalOf, type Levels } from '../segments/levels.ts'
import type { SegmentChange, SegmentHook } from '../segments/settle.ts'
import { levelsOf } from '../segments/survey.ts'
import { type Behind, peopleBehind } from './behind.ts'
import { derived, derivedId, derivedSource } from './derived.ts'

const hour = 3_600_000
const day = 24 * hour

interface Needs {
  readonly config: Pick<Config, 'moments'>
  readonly policy: Policy
  readonly currency: string
  readonly ingest: Handler<IngestRequest, IngestAnswer>
}

export function lapsedHook({ config, policy, currency, ingest }: Needs): SegmentHook {
  return async (tx, changes) => {
    const lapsed = changes.filter(({ segment, entered, live }) => segment === 'lapsed' && entered && live)
    if (lapsed.length === 0) return
    const now = Math.max(...lapsed.map(({ time }) => time))
    const identifiers = lapsed.map(({ identifier }) => identifier)
    const telling = { levels: await levelsOf(tx), oldestHours: config.moments.oldestHours, currency }
    const people = await peopleBehind(tx, policy, identifiers, now)
    const events: IncomingEvent[] = []
    for (const change of lapsed) {
      const behind = people.get(change.identifier)
      if (behind !== undefined) events.push(...(await eventsOf(tx, change, behind, telling)))
    }
    if (events.length === 0) return
    await ingest(tx, { source: derivedSource, received: now, trust: 'verified', historical: false, events })
  }
}

interface Telling {
  readonly levels: Levels
  readonly oldestHours: number
  readonly currency: string
}

/** Told once for each order that nothing followed. */
async function eventsOf(
  tx: Tx,
  { time }: SegmentChange,
  { person, who, first }: Behind,
  telling: Telling,
): Promise<IncomingEvent[]> {
  const allowed = permit(person, 'personalisation')
  if (allowed === null) return []
  const placed = await orders(tx, allowed, { limit: Number.POSITIVE_INFINITY })
  const times = placed.flatMap((order) => (order.state === 'cancelled' ? [] : [order.time])).sort((a, b) => a - b)
  const last = times.at(-1)
  if (last === undefined) return []
  const interval = intervalOf(times, telling.levels)
  if (time - (last + 2 * interval * day) > telling.oldestHours * hour) return []
  const properties = {
    orders: times.length,
    last_order: new Date(last).toISOString(),
    days: Math.floor((time - last) / day),
    interval: Math.round(interval * 10) / 10,
  }
  const messageId = derivedId('customer-lapsed', first, last)
  return derived({ name: 'Customer Lapsed', who, messageId, time, properties }, telling.currency)
}
