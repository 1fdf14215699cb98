/** Who enters: the same question for an event, a segment, a schedule and the simulation. Pure. */
import type { ConditionValues } from '../conditions/condition.ts'
import { stableShare } from '../world.ts'
import { after } from './duration.ts'
import type { Entry, Held } from './instance.ts'
import type { Journey } from './journey.ts'
import { type Advanced, advance, type Heard, initialState, shownEvent } from './step.ts'
import { entryKey } from './trigger.ts'

/** Somebody's earlier entry into the same journey. */
export interface Earlier {
  readonly entry: Entry
  readonly started: number
}

export interface Candidate {
  readonly journey: Journey
  readonly event: Heard | null
  readonly customer: number
  readonly zone: string
  readonly view: ConditionValues
  readonly earlier: readonly Earlier[]
  readonly now: number
  /** He gets no advertising at all, for comparison. */
  readonly isHeldOut: boolean
}

export interface Entered {
  readonly entry: Entry
  readonly held: Held
  readonly advanced: Advanced
}

/** Null where he is not to enter (again). */
export function entryFor({ journey, event, customer, zone, view, earlier, now }: Candidate): Entry | null {
  const began = event && shownEvent(event)
  const key = entryKey(journey, event, { roots: { ...view, event: began, began }, now }, zone)
  if (key === null) return null
  const same = earlier.filter(({ entry }) => entry.key === key)
  if (same.length > 0) {
    const last = Math.max(...same.map(({ started }) => started))
    if (journey.again === null || after(last, journey.again, zone) > now) return null
  }
  return { customer, key, n: same.length }
}

/** What takes no time is done at once, up to the first wait or action. */
export function enter({ journey, event, customer, zone, view, now, isHeldOut }: Candidate, entry: Entry): Entered {
  const held = heldOf(journey, customer, isHeldOut)
  const share = (word: string) => shareOf(journey.id, word, entry)
  const around = { now, zone, view, held: held > 0, share }
  return { entry, held, advanced: advance(journey, initialState(journey, event, now), { kind: 'due' }, around) }
}

/** What is done for service is held back from nobody, unless the journey itself asks for it. */
function heldOf({ id, holdout, purpose }: Journey, customer: number, isHeldOut: boolean): Held {
  if (purpose !== 'service' && isHeldOut) return 2
  return stableShare('holdout', id, customer) < holdout ? 1 : 0
}

/** From [0, 1), the same for this entry whenever it is asked. */
export function shareOf(journey: string, step: string, { customer, key }: Entry): number {
  return stableShare('split', journey, step, customer, key)
}
