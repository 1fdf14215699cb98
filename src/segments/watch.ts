/**
 * Which events may change who is in which segment, as one small value that ingest reads: what matters to no definition
 * costs nothing. Orders, complaints and answers about consent always matter, because of the segments that are built in.
 */
import type { Uses } from '../conditions/condition.ts'
import type { AdmittedEvent } from '../events/event.ts'
import { isCartEvent } from '../memory/carts.ts'
import { speaksOfFacts } from '../memory/fact-events.ts'
import { isOrderEvent } from '../memory/order-changes.ts'

export interface Watch {
  /** Every event matters. */
  readonly all: boolean
  /** Names of events that conditions count. */
  readonly names: readonly string[]
  readonly traits: boolean
  readonly carts: boolean
  /** Somebody may be in a segment of whom nothing of all this was heard. */
  readonly newcomers: boolean
}

/** Only a track has a name. */
const otherTypes = ['page', 'screen', 'identify', 'group', 'alias']

export const leastWatch: Watch = { all: false, names: [], traits: false, carts: false, newcomers: false }

/** What is said of somebody before anything is remembered of him. */
const ofIdentity = ['since', 'lastSeen', 'known', 'identifiers', 'consent', 'interval']

/** `holdsForNobody`: it is true, or may become so, for somebody of whom nothing is remembered. */
export function watchOf(conditions: readonly { readonly uses: Uses; readonly holdsForNobody: boolean }[]): Watch {
  const names = new Set<string>()
  let { all, traits, carts, newcomers } = leastWatch
  for (const { uses, holdsForNobody } of conditions) {
    if (uses.roots.has('events')) {
      if (uses.eventNames === null || otherTypes.some((type) => uses.eventNames?.has(type))) all = true
      else for (const name of uses.eventNames) names.add(name)
    }
    all ||= uses.customer.has('lastSeen')
    traits ||= uses.customer.has('traits')
    carts ||= uses.roots.has('cart')
    newcomers ||= holdsForNobody || ofIdentity.some((field) => uses.customer.has(field))
  }
  return { all, names: [...names].sort(), traits, carts, newcomers }
}

export function matters(watch: Watch, names: ReadonlySet<string>, event: AdmittedEvent): boolean {
  const { name } = event
  return (
    watch.all ||
    isOrderEvent(name) ||
    event.answer !== undefined ||
    speaksOfFacts(name) ||
    (watch.traits && event.type === 'identify') ||
    (watch.carts && isCartEvent(name)) ||
    names.has(name)
  )
}
