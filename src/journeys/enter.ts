/** Who enters: the same question for an event, a segment, a schedule and the simulation. Pure. */
import { stableShare } from '../world.ts'
import { after } from './duration.ts'
import type { Entry, Held } from './instance.ts'
import type { Journey } from './journey.ts'
import { type Advanced, type Heard, initialState } from './state.ts'
import { advance } from './step.ts'
import { entryKey } from './trigger.ts'
import { type Around, valuesOf } from './values.ts'

/** Somebody's earlier entry into the same journey. */
export interface Earlier {
  readonly entry: Entry
  readonly started: number
}

export interface Candidate extends Around {
  readonly journey: Journey
  readonly event: Heard | null
  readonly customer: number
  readonly zone: string
  readonly earlier: readonly Earlier[]
  /** He gets no advertising at all, for comparison. */
  readonly isHeldOut: boolean
}

export interface Entered {
  readonly entry: Entry
  readonly held: Held
  readonly advanced: Advanced
}

/** Null where he is not to enter (again). */
export function entryFor(candidate: Candidate): Entry | null {
  const { journey, event, customer, zone, earlier, now } = candidate
  const key = entryKey(journey, event, valuesOf(candidate, event, { began: event }), zone)
  if (key === null) return null
  const same = earlier.filter(({ entry }) => entry.key === key)
  if (same.length > 0) {
    const last = Math.max(...same.map(({ started }) => started))
    if (journey.again === null || after(last, journey.again, zone) > now) return null
  }
  return { customer, key, n: same.length }
}

/** What takes no time is done at once, up to the first wait or action. */
export function enter(
  { journey, event, customer, zone, view, items, now, isHeldOut }: Candidate,
  entry: Entry,
): Entered {
  const held = heldOf(journey, customer, isHeldOut)
  const share = (word: string) => shareOf(journey.id, word, entry)
  const around = { now, zone, view, items, held: held > 0, share }
  return { entry, held, advanced: advance(journey, initialState(journey, event, now), { kind: 'due' }, around) }
}

/** What is done for service is held back from nobody, unless the journey itself asks for it. */
function heldOf({ id, holdout, purpose }: Journey, customer: number, isHeldOut: boolean): Held {
  if (purpose !== 'service' && isHeldOut) return 2
  return holdout > 0 && stableShare('holdout', id, customer) < holdout ? 1 : 0
}

/** From [0, 1), the same for this entry whenever it is asked. */
export function shareOf(journey: string, step: string, { customer, key }: Entry): number {
  return stableShare('split', journey, step, customer, key)
}
