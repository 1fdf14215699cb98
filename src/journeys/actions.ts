/**
 * What a journey may do to the world, as the journeys see it: the composition root implements it with decisions, messages,
 * surveys, tasks and ingest.
 *
 * Every action has a `key`, the same whenever the same visit to the same step of the same instance is tried again. Whoever
 * implements an action keeps a row in which that key is unique, and only who inserted the row may act: so two runners can
 * never act twice, whatever becomes of leases and clocks.
 */

/** What became of an action. Anything thrown counts as a retry with back-off, so throw only what was surely not done. */
export type Outcome =
  /** `detail` becomes `data` of later steps: decided items, an id, an answer. JSON. */
  | { readonly kind: 'done'; readonly detail?: Readonly<Record<string, unknown>> }
  /** By consent, a cap, a complaint, a holdout, or because there was nothing to offer: the journey goes on. */
  | { readonly kind: 'suppressed'; readonly reason: string }
  /** Surely not done: quiet hours, or a server that is down. Tried again at `at`, milliseconds since 1970. */
  | { readonly kind: 'later'; readonly at: number; readonly reason: string }
  /** Cut off after it may have been taken: never repeated by itself, listed for a person. */
  | { readonly kind: 'in_doubt'; readonly reason: string }
  /** Will never succeed as it is: into the dead letter, for a person to look at and replay. */
  | { readonly kind: 'failed'; readonly reason: string }

export interface ActionContext {
  /** `<journey>/<instance>/<step>/<visit>`. */
  readonly key: string
  /** The customer as of now: merges may change the id, so store `identifier` where it lasts. */
  readonly customer: number
  readonly identifier: number
  readonly journey: string
  readonly version: number
  readonly instance: number
  /** Milliseconds since 1970. */
  readonly now: number
  /**
   * The event that began the instance: `{name, time, messageId, properties, items}` with `items` the shop's ids of its
   * products; null where a date, a segment or a schedule began it.
   */
  readonly event: Readonly<Record<string, unknown>> | null
  /** By name of an earlier step: what came of it (`detail` of its outcome, the event that a wait ended with). */
  readonly data: Readonly<Record<string, unknown>>
}

export interface DecideStep {
  /** A placement of decisions: `message`, `unavailable`, `usual`... */
  readonly placement: string
  readonly count: number
  /** The shop's id of an item to begin from; absent = the first of the event, where the placement needs one. */
  readonly item?: string
  /** For whom the customer buys: chosen by what he told of that person; '' or absent = for himself. */
  readonly recipient?: string
  /** With nothing to offer the outcome is `suppressed`, which ends the journey unless this is false. */
  readonly required?: boolean
}

export interface MessageStep {
  readonly channel: string
  readonly purpose: 'marketing' | 'service'
  readonly template: string
  /** `owner`, or the name of a sender; absent = the shop. */
  readonly from?: string
  /** 0 to 9; higher goes first where caps allow only some; 5 where absent. */
  readonly priority?: number
  /** Of an occasion: with a link to a page on which what was given last is ordered again (`reorder.url` in the template). */
  readonly reorder?: boolean
  /** Further values for the template. */
  readonly data?: Readonly<Record<string, unknown>>
}

export interface SurveyStep {
  readonly survey: string
  readonly channel: string
  readonly template?: string
  readonly from?: string
  readonly priority?: number
}

export interface TaskStep {
  readonly queue?: string
  readonly priority: number
  readonly reason: string
  readonly note?: string
}

export interface WebhookStep {
  readonly url: string
  /** Sent as JSON beside what every call holds. */
  readonly body?: Readonly<Record<string, unknown>>
}

export interface FactStep {
  /** The name of an own event (`Fact Told`, `Preference Told`), or of any custom one. */
  readonly event: string
  readonly properties: Readonly<Record<string, unknown>>
}

/** What each kind of step is given. The names are those of the definition's steps. */
export interface ActionSteps {
  readonly decide: DecideStep
  readonly message: MessageStep
  readonly survey: SurveyStep
  readonly task: TaskStep
  readonly webhook: WebhookStep
  readonly fact: FactStep
}

export const actionKinds = [
  'decide',
  'message',
  'survey',
  'task',
  'webhook',
  'fact',
] as const satisfies readonly (keyof ActionSteps)[]

export type ActionKind = keyof ActionSteps

export type Actions = {
  readonly [Kind in ActionKind]: (context: ActionContext, step: ActionSteps[Kind]) => Promise<Outcome>
}
