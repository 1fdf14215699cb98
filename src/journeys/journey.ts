/** A journey that is ready to run: names resolved, conditions compiled, spans of time read (`compile.ts` makes it). */

import type { DateRule } from '../calendar/date-rule.ts'
import type { Uses } from '../conditions/walk.ts'
import type { ActionKind, ActionSteps } from './actions.ts'
import type { Duration } from './duration.ts'
import type { Expression, Values } from './expression.ts'
import type { DefinitionForm } from './schema.ts'

export const END = 'end'
/** The wait of a trigger that is an absence, before the first step; and where it leads when what it waits for came. */
export const ABSENCE = '?absence'
export const NOT_ENTERED = '?not-entered'
/** The wait until an occasion is as near as the trigger says. */
export const LEAD = '?lead'

/** Events of these names for which the condition holds. */
export interface Match {
  readonly names: ReadonlySet<string>
  readonly when?: Expression
}

export type Wait =
  | { readonly kind: 'for'; readonly duration: Duration }
  | { readonly kind: 'until'; readonly at: string; readonly on: readonly string[] }
  | { readonly kind: 'date'; readonly date: Expression; readonly before: Duration | null }
  | {
      readonly kind: 'event'
      readonly match: Match
      /** The shop's id of an item that it must be about. */
      readonly item: Filled<string> | null
      readonly atMost: Duration
      /** The step that follows where it did not come in time. */
      readonly late: string
    }

export interface Named {
  readonly name: string
  /** The step that follows, or `end`. */
  readonly next: string
}

export type ActionStep = Named & {
  readonly kind: 'action'
  readonly action: ActionKind
  readonly options: Filled<ActionSteps[ActionKind]>
  /** The step that follows where it was suppressed. */
  readonly suppressed: string
}

export type Step =
  | (Named & { readonly kind: 'wait'; readonly wait: Wait })
  | (Named & {
      readonly kind: 'branch'
      readonly cases: readonly { readonly when: Expression; readonly next: string }[]
    })
  | (Named & { readonly kind: 'split'; readonly parts: readonly { readonly share: number; readonly next: string }[] })
  | (Named & { readonly kind: 'end'; readonly outcome: string })
  | ActionStep

/** Data in which texts that begin with `=` were expressions. @throws where one of them cannot be worked out */
export type Filled<T> = (values: Values) => T

/** What begins an instance. */
export type Trigger = {
  /** How old an event may be when it arrives; older ones begin nothing. Milliseconds. */
  readonly latestMs: number
  readonly historical: boolean
} & (
  | {
      readonly kind: 'event'
      /** In order; the last one begins the instance, the others must have come before, each after the one before it. */
      readonly sequence: readonly Match[]
      /** The how manieth of the last one within `within`; 1 = each. */
      readonly count: number
      readonly within: Duration | null
      /** Of an occasion: how long before its date the first step begins; null = when it is told. */
      readonly lead: Duration | null
      /** Only where this does not follow in time. */
      readonly absence: { readonly match: Match; readonly atMost: Duration } | null
    }
  | { readonly kind: 'segment'; readonly segment: string; readonly change: 'entered' | 'left' }
  | {
      readonly kind: 'every'
      /** `day`, `month`, a weekday, or a date that recurs by rule. */
      readonly every: string | DateRule
      /** Of a date: so many days before it. */
      readonly leadDays: number
      /** In the shop's zone. */
      readonly at: string
      /** '' = every customer. */
      readonly segment: string
    }
)

export interface Journey {
  readonly id: string
  readonly version: number
  readonly form: DefinitionForm
  readonly trigger: Trigger
  readonly purpose: 'service' | 'personalisation'
  readonly once: { readonly per: string } | { readonly key: Expression }
  readonly again: Duration | null
  /** 0 to 9: where several journeys turn to one customer at once, the higher goes first. */
  readonly priority: number
  /** The share that is entered and let alone, for comparison. */
  readonly holdout: number
  readonly exits: readonly Match[]
  readonly steps: ReadonlyMap<string, Step>
  readonly first: string
  /** Names of events that begin an instance, or may (`segment:<id>:entered` for changes of segments). */
  readonly triggers: ReadonlySet<string>
  /** Names of events that a running instance may hear. */
  readonly hears: ReadonlySet<string>
  /** What its conditions look at. */
  readonly uses: readonly Uses[]
  /** What needs a person's word before it is switched on. */
  readonly warnings: readonly string[]
}
