/**
 * One instance of a journey as a pure function: (journey, state, input) -> state, and at most one thing to do.
 *
 *   ready ──(branch, split: at once)──> ready
 *     ├──(wait)──> waiting ──(its time has come, what it waits for came)──> ready
 *     ├──(an action)──> acting ──done, suppressed──> ready
 *     │                   ├──later, thrown──> acting, due again later
 *     │                   ├──in doubt──> in_doubt ──(a person: it happened)──> ready; (it did not)──> ready, the step anew
 *     │                   └──failed, thrown too often──> failed ──(a person: replay)──> ready, the step anew
 *     └──(end, the last step, an exit)──> ended
 *
 * Whoever calls it keeps the state and does what is to be done; nothing here knows a clock, a database or a network. A
 * step that is entered has a `visit` of its own, so that the key of an action is the same for every try and for no other.
 */
import type { ConditionValues } from '../conditions/condition.ts'
import { eventView } from '../segments/event-view.ts'
import type { ActionKind, ActionSteps, Outcome } from './actions.ts'
import { after, nextTimeOfDay, timeOf } from './duration.ts'
import { holds, type Values } from './expression.ts'
import { type ActionStep, END, type Journey, type Match, type Step } from './journey.ts'

export type Phase = 'ready' | 'acting' | 'waiting' | 'in_doubt' | 'failed' | 'ended'

/** An event as conditions see it: names of items are the shop's. JSON. */
export interface Heard {
  readonly name: string
  readonly time: number
  readonly received: number
  readonly messageId: string
  readonly properties: Readonly<Record<string, unknown>>
  readonly items: readonly string[]
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

/** An action that throws is tried again after half a minute, then twice as long each time up to an hour, for about a day. */
const mostAttempts = 30
const backOffMs = (attempt: number) => Math.min(3_600_000, 30_000 * 2 ** Math.min(attempt - 1, 10))

/** Steps that take no time, one after another; a definition that needs more goes round (`flow.ts` refuses what it can see). */
const mostAtOnce = 500

export function advance(journey: Journey, state: State, input: Input, around: Surroundings): Advanced {
  return new Walk(journey, state, around).take(input)
}

class Walk {
  readonly #journey: Journey
  readonly #around: Surroundings
  #state: State
  readonly #notes: Note[] = []

  constructor(journey: Journey, state: State, around: Surroundings) {
    this.#journey = journey
    this.#state = state
    this.#around = around
  }

  take(input: Input): Advanced {
    const { phase } = this.#state
    if (phase === 'ended') return this.#rest()
    if (input.kind === 'event') return this.#hear(input.event)
    if (input.kind === 'settle') return this.#settle(input.as)
    if (input.kind === 'outcome') return phase === 'acting' ? this.#outcome(input.outcome) : this.#rest()
    if (phase === 'ready') return this.#walk()
    if (phase === 'acting') return this.#actAgain()
    if (phase === 'waiting' && this.#isDue()) return this.#timeIsUp()
    return this.#rest()
  }

  /** A clock that was set back makes nothing due. */
  #isDue(): boolean {
    return this.#state.due !== null && this.#state.due <= this.#around.now
  }

  #rest(): Advanced {
    return { state: this.#state, act: null, notes: this.#notes }
  }

  #note(outcome: Note['outcome'], reason = ''): void {
    this.#notes.push({ step: this.#state.step, outcome, reason })
  }

  #keep(what: unknown): Pick<State, 'data'> {
    return { data: { ...this.#state.data, [this.#state.step]: what } }
  }

  /** Enters a step, to be walked at once. */
  #enter(step: string): void {
    const { visit } = this.#state
    this.#state = {
      ...this.#state,
      phase: 'ready',
      step,
      visit: visit + 1,
      attempt: 0,
      due: this.#around.now,
      item: null,
      reason: '',
    }
  }

  #end(reason: string, outcome: 'ended' | 'exited' = 'ended'): Advanced {
    this.#note(outcome, reason)
    this.#state = { ...this.#state, phase: 'ended', due: null, item: null, reason }
    return this.#rest()
  }

  #fail(reason: string): Advanced {
    this.#note('failed', reason)
    this.#state = { ...this.#state, phase: 'failed', due: null, reason }
    return this.#rest()
  }

  /** From a step that is ready: through all that takes no time. */
  #walk(): Advanced {
    for (let n = 0; n < mostAtOnce; n++) {
      if (this.#state.step === END) return this.#end('')
      const step = this.#journey.steps.get(this.#state.step)
      if (step === undefined)
        return this.#fail(`There is no step ${this.#state.step} in version ${this.#journey.version}.`)
      if (step.kind === 'end') return this.#end(step.outcome)
      if (step.kind === 'branch') this.#enter(this.#branch(step))
      else if (step.kind === 'split') this.#enter(this.#split(step))
      else if (step.kind === 'action') {
        const acting = this.#act(step)
        if (acting !== null) return acting
      } else {
        const waiting = this.#wait(step)
        if (waiting !== null) return waiting
      }
    }
    return this.#fail(`It went through ${mostAtOnce} steps without a wait.`)
  }

  #branch({ cases, next }: Extract<Step, { kind: 'branch' }>): string {
    const values = this.#values()
    return cases.find(({ when }) => holds(when, values))?.next ?? next
  }

  #split({ name, parts, next }: Extract<Step, { kind: 'split' }>): string {
    const share = this.#around.share(name)
    let sum = 0
    for (const part of parts) {
      sum += part.share
      // Shares of a third each come to a little less than one.
      if (share < sum || (sum > 1 - 1e-9 && part === parts[parts.length - 1])) return part.next
    }
    return next
  }

  /** Null where nothing is to be done, and the next step was entered. */
  #act(step: ActionStep): Advanced | null {
    if (this.#around.held) {
      this.#note('suppressed', 'holdout')
      this.#state = { ...this.#state, ...this.#keep({ outcome: 'suppressed', reason: 'holdout' }) }
      // Not where suppression leads: it is to go as those go with whom it is compared.
      this.#enter(step.next)
      return null
    }
    this.#state = { ...this.#state, phase: 'acting', since: this.#around.now }
    return this.#begin(step)
  }

  #actAgain(): Advanced {
    if (!this.#isDue()) return this.#rest()
    const step = this.#journey.steps.get(this.#state.step)
    if (step?.kind !== 'action')
      return this.#fail(`The step ${this.#state.step} is no action in version ${this.#journey.version}.`)
    return this.#begin(step)
  }

  #begin({ name, action, options }: ActionStep): Advanced {
    try {
      return { state: this.#state, act: { step: name, action, options: options(this.#values()) }, notes: this.#notes }
    } catch (error) {
      return this.#fail(`A value of the step could not be worked out: ${(error as Error).message.split('\n')[0]}`)
    }
  }

  #outcome(outcome: Extract<Input, { kind: 'outcome' }>['outcome']): Advanced {
    const step = this.#journey.steps.get(this.#state.step)
    const { now } = this.#around
    if (outcome.kind === 'later') {
      this.#state = { ...this.#state, due: Math.max(outcome.at, now + 1000), reason: outcome.reason }
      return this.#rest()
    }
    if (outcome.kind === 'threw') {
      const attempt = this.#state.attempt + 1
      if (attempt >= mostAttempts) return this.#fail(outcome.reason)
      this.#state = { ...this.#state, attempt, due: now + backOffMs(attempt), reason: outcome.reason }
      return this.#rest()
    }
    if (outcome.kind === 'failed') return this.#fail(outcome.reason)
    if (outcome.kind === 'in_doubt') {
      this.#note('in_doubt', outcome.reason)
      this.#state = { ...this.#state, phase: 'in_doubt', due: null, reason: outcome.reason }
      return this.#rest()
    }
    const isDone = outcome.kind === 'done'
    this.#note(isDone ? 'done' : 'suppressed', isDone ? '' : outcome.reason)
    const kept = isDone ? { outcome: 'done', ...outcome.detail } : { outcome: 'suppressed', reason: outcome.reason }
    this.#state = { ...this.#state, ...this.#keep(kept) }
    const next = isDone || step?.kind !== 'action' ? step?.next : step.suppressed
    this.#enter(next ?? END)
    return this.#walk()
  }

  /** Null where the time has come already, and the next step was entered. */
  #wait({ next, wait }: Extract<Step, { kind: 'wait' }>): Advanced | null {
    const { now, zone } = this.#around
    let due = now
    let item: string | null = null
    try {
      if (wait.kind === 'for') due = after(now, wait.duration, zone)
      else if (wait.kind === 'until') due = nextTimeOfDay(now, wait.at, wait.on, zone)
      else if (wait.kind === 'date') due = this.#date(wait)
      else {
        due = after(now, wait.atMost, zone)
        item = wait.item === null ? null : String(wait.item(this.#values()))
      }
    } catch (error) {
      return this.#fail(`It cannot be told until when to wait: ${(error as Error).message.split('\n')[0]}`)
    }
    if (due <= now) {
      this.#enter(next)
      return null
    }
    this.#state = { ...this.#state, phase: 'waiting', due, item }
    return this.#rest()
  }

  #date({
    date,
    before,
  }: {
    date: { evaluate(values: Values): unknown }
    before: Parameters<typeof after>[1] | null
  }): number {
    const value = date.evaluate(this.#values())
    const time = typeof value === 'number' ? value : timeOf(String(value), this.#around.zone)
    if (!Number.isFinite(time)) throw new Error(`${JSON.stringify(value)} is no time`)
    return before === null ? time : after(time, before, this.#around.zone, -1)
  }

  #timeIsUp(): Advanced {
    const step = this.#journey.steps.get(this.#state.step)
    if (step?.kind !== 'wait')
      return this.#fail(`The step ${this.#state.step} is no wait in version ${this.#journey.version}.`)
    if (step.wait.kind !== 'event') this.#enter(step.next)
    else {
      this.#note('late')
      this.#state = { ...this.#state, ...this.#keep({ outcome: 'late' }) }
      this.#enter(step.wait.late)
    }
    return this.#walk()
  }

  #hear(event: Heard): Advanced {
    const { phase, step: name } = this.#state
    // What waits for a person is not to vanish from his list.
    if (phase === 'in_doubt' || phase === 'failed') return this.#rest()
    const values = this.#values(event)
    if (this.#journey.exits.some((exit) => matches(exit, event, values))) return this.#end(event.name, 'exited')
    const step = this.#journey.steps.get(name)
    if (phase !== 'waiting' || step?.kind !== 'wait' || step.wait.kind !== 'event') return this.#rest()
    const { item, since } = this.#state
    if (event.received < since || (item !== null && !event.items.includes(item))) return this.#rest()
    if (!matches(step.wait.match, event, values)) return this.#rest()
    this.#note('heard')
    this.#state = { ...this.#state, ...this.#keep({ outcome: 'event', event }) }
    this.#enter(step.next)
    return this.#walk()
  }

  #settle(as: 'happened' | 'again'): Advanced {
    const { phase, step } = this.#state
    if (phase !== 'in_doubt' && phase !== 'failed') return this.#rest()
    if (as === 'again') {
      this.#enter(step)
      return this.#rest()
    }
    this.#state = { ...this.#state, ...this.#keep({ outcome: 'done', settled: true }) }
    this.#enter(this.#journey.steps.get(step)?.next ?? END)
    return this.#rest()
  }

  /** `event` = the one that is looked at; absent = what began it. */
  #values(event = this.#state.event): Values {
    const { view, now } = this.#around
    const { event: began, data } = this.#state
    return { roots: { ...view, event: event && shownEvent(event), began: began && shownEvent(began), data }, now }
  }
}

/** As conditions see it. */
export function shownEvent({
  name,
  time,
  properties,
  items = [],
}: Pick<Heard, 'name' | 'time' | 'properties'> & Partial<Heard>): Readonly<Record<string, unknown>> {
  const type = name === 'identify' || name === 'page' || name === 'screen' ? name : 'track'
  return { ...eventView({ name, type, time, properties }), items }
}

export function matches({ names, when }: Match, event: Pick<Heard, 'name'>, values: Values): boolean {
  return names.has(event.name) && holds(when, values)
}
