/** What an instance is, what may happen to it, and what it may look at (step.ts says what becomes of it). */
import type { ConditionValues } from '../conditions/condition.ts'
import type { ActionKind, ActionSteps, Outcome } from './actions.ts'
import type { Journey } from './journey.ts'
import type { Items } from './values.ts'

export type Phase = 'ready' | 'acting' | 'waiting' | 'in_doubt' | 'failed' | 'ended'

/** An event as conditions see it: names of items are the shop's. JSON. */
export interface Heard {
  readonly name: string
  readonly time: number
  readonly received: number
  readonly messageId: string
  readonly properties: Readonly<Record<string, unknown>>
  readonly items: readonly string[]
  /** Where and with what it was done; only where some journey asks for it. */
  readonly context?: Readonly<Record<string, unknown>>
}

/** All that an instance is, besides whom it is about. JSON. */
export interface State {
  readonly phase: Phase
  /** The step that is next, under way, or was the last. */
  readonly step: string
  /** Rises whenever a step is entered. */
  readonly visit: number
  /** How often the action under way has thrown. */
  readonly attempt: number
  /** Events that were received earlier end no wait: when the last action began, or the instance. */
  readonly since: number
  /** When it goes on by itself; null = by an event or a person only, or never. */
  readonly due: number | null
  /** The item that an event must be about to end the wait. */
  readonly item: string | null
  /** What began it; null = a date, a segment, a schedule. */
  readonly event: Heard | null
  readonly data: Readonly<Record<string, unknown>>
  /** Why it ended, failed, or is in doubt. */
  readonly reason: string
}

export type Input =
  /** Its time has come, or a runner begins with it. */
  | { readonly kind: 'due' }
  | { readonly kind: 'event'; readonly event: Heard }
  /** What became of the action under way. */
  | { readonly kind: 'outcome'; readonly outcome: Outcome | { readonly kind: 'threw'; readonly reason: string } }
  /** A person: what was in doubt did happen (`happened`), or did not and is to be done now (`again`). */
  | { readonly kind: 'settle'; readonly as: 'happened' | 'again' }

/** What of the world a step may look at. */
export interface Surroundings {
  readonly now: number
  /** Where the customer is. */
  readonly zone: string
  /** What is remembered of the customer, as conditions see it. */
  readonly view: ConditionValues
  /** By the shop's id the items that conditions ask for, as they are now. */
  readonly items?: Items
  /** Held out for comparison: goes all the way, and does nothing. */
  readonly held: boolean
  /** From [0, 1), the same for this instance's customer and this word. */
  share(word: string): number
}

export interface Act {
  readonly step: string
  readonly action: ActionKind
  readonly options: ActionSteps[ActionKind]
}

/** What is counted for the report. */
export interface Note {
  readonly step: string
  readonly outcome: 'done' | 'suppressed' | 'failed' | 'in_doubt' | 'late' | 'heard' | 'exited' | 'ended'
  readonly reason: string
}

export interface Advanced {
  readonly state: State
  /** With `state.phase` `acting`: do it, then give its outcome. */
  readonly act: Act | null
  readonly notes: readonly Note[]
}

/** Of the action under way: the same for every try. */
export function actKey(journey: string, instance: number, { step, visit }: Pick<State, 'step' | 'visit'>): string {
  return `${journey}/${instance}/${step}/${visit}`
}

/** Before anything was done; due at once. */
export function initialState(journey: Journey, event: Heard | null, now: number): State {
  const since = event?.received ?? now
  return {
    phase: 'ready',
    step: journey.first,
    visit: 1,
    attempt: 0,
    since,
    due: now,
    item: null,
    event,
    data: {},
    reason: '',
  }
}
