/** What somebody was shown and did not care for, so that the same list is not shown for ever to who ignores it. */
import type { Permit } from '../consent/permit.ts'
import type { Reader } from '../db/database.ts'
import { caring } from './feedback.ts'
import { decisionsOf } from './log.ts'
import type { PlacementName } from './request.ts'
import type { Ignored } from './tuned-list.ts'

const dayMs = 86_400_000
const reachMs = 14 * dayMs
const mostDecisions = 60
/** Lists within so long of each other are one visit: to reload a page is not to ignore it again. */
const visitMs = 30 * 60_000

/** Showings of each item in the placement since he last cared for it, one a visit. */
export async function ignoredOf(
  reader: Reader,
  permit: Permit,
  placement: PlacementName,
  now: number,
): Promise<Ignored> {
  const decisions = (await decisionsOf(reader, permit, mostDecisions)).filter(
    (one) => one.placement === placement && one.time >= now - reachMs,
  )
  const cared = new Map<number, number>()
  for (const { outcomes } of decisions)
    for (const { item, kind, time } of outcomes)
      if (caring.has(kind)) cared.set(item, Math.max(cared.get(item) ?? 0, time))
  const ignored = new Map<number, number>()
  const counted = new Map<number, number>()
  // The latest first; a showing before he cared is no showing that he ignored.
  for (const { time, items } of decisions) {
    for (const [item] of JSON.parse(items) as [number][]) {
      if (time <= (cared.get(item) ?? 0)) continue
      const later = counted.get(item)
      if (later !== undefined && later - time < visitMs) continue
      counted.set(item, time)
      ignored.set(item, (ignored.get(item) ?? 0) + 1)
    }
  }
  return ignored
}
