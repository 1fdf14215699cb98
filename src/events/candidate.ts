/** An event on its way through the gate. */
import type { Policy, Purpose } from '../consent/policy.ts'
import type { Given } from './answers-given.ts'
import type { IncomingEvent, IngestRequest } from './event.ts'
import { kindOf } from './kinds.ts'
import type { Believed } from './party.ts'

export interface Candidate {
  /** Of the event in its request. */
  readonly index: number
  /** Orders answers of one request: what an event's signals say comes before the event itself. */
  readonly position: number
  readonly event: IncomingEvent
  readonly believed: Believed
  readonly purpose: Purpose
  /** What it answers. */
  readonly given: readonly Given[]
  /** The shop's server says it, or the customer with his token. */
  readonly verified: boolean
  /** Made here of what another event's context says: it is not counted in the answer. */
  readonly derived: boolean
  /** What its context says of a consent banner was heard. */
  readonly heard?: boolean
}

/** Does it hang on the answers of its customer whether it is stored? */
export function isConditional(candidate: Candidate, { bases, beforeLogin }: Policy): boolean {
  if (candidate.purpose !== 'service' || bases.service !== 'contract') return true
  return beforeLogin !== 'remember' && isPassing(candidate)
}

/**
 * Is it what a visitor does in passing, before anybody knows who he is? What he does on purpose (an order, a complaint, an
 * answer about consent or age, a fact that he tells) is none of it: that is kept, for it was asked to be.
 */
export function isPassing({ believed, event, purpose, given, derived }: Candidate): boolean {
  const { trusted, previous } = believed
  if (derived || given.length > 0 || previous !== null || trusted.length === 0) return false
  if (trusted.some(({ kind }) => kind !== 'anonymous')) return false
  return purpose !== 'service' || event.type !== 'track' || kindOf(event.name)?.retention === 'view'
}

/** Did it come with a signal of the browser? */
export function signalled({ event, derived }: Candidate, request: IngestRequest): boolean {
  return !derived && (event.signals !== undefined || request.gpc === true)
}
