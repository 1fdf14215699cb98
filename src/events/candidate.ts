/** An event on its way through the gate. */
import type { Policy, Purpose } from '../consent/policy.ts'
import type { Given } from './answers-given.ts'
import type { IncomingEvent, IngestRequest } from './event.ts'
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
export function isConditional({ purpose }: Candidate, { bases }: Policy): boolean {
  return purpose !== 'service' || bases.service !== 'contract'
}

/** Did it come with a signal of the browser? */
export function signalled({ event, derived }: Candidate, request: IngestRequest): boolean {
  return !derived && (event.signals !== undefined || request.gpc === true)
}
