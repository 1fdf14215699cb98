/**
 * One instance of a journey as a pure function: (journey, state, input) -> state, and at most one thing to do.
 *
 *   ready ──(branch, split: at once)──> ready
 *     ├──(wait)──> waiting ──(its time has come, what it waits for came)──> ready
 *     ├──(an action)──> acting ──done, suppressed──> ready
 *     │                   ├──later, thrown──> acting, due again later
 *     │                   ├──in doubt──> in_doubt ──(a person: it happened)──> ready; (it did not)──> ready, the step anew
 *     │                   │                 └──(its outcome is known after all)──> as from acting
 *     │                   └──failed, thrown too often──> failed ──(a person: replay)──> ready, the step anew
 *     └──(end, the last step, an exit)──> ended
 *
 * Whoever calls it keeps the state and does what is to be done; nothing here knows a clock, a database or a network. A
 * step that is entered has a `visit` of its own, so that the key of an action is the same for every try and for no other.
 */
import { holds, type Values } from './expression.ts'
import { type ActionStep, END, type Journey, type Step } from './journey.ts'
import type { Advanced, Heard, Input, Note, State, Surroundings } from './state.ts'
import { matches, valuesOf } from './values.ts'
import { waiting } from './waiting.ts'

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
    if (input.kind === 'outcome' && phase === 'in_doubt') return this.#knownAfterAll(input.outcome)
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

  /** The steps that follow are taken by a runner. */
  #knownAfterAll(outcome: Extract<Input, { kind: 'outcome' }>['outcome']): Advanced {
    this.#state = { ...this.#state, phase: 'acting' }
    return this.#outcome(outcome, () => this.#rest())
  }

  #outcome(outcome: Extract<Input, { kind: 'outcome' }>['outcome'], goOn = () => this.#walk()): Advanced {
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
    return goOn()
  }

  /** Null where the time has come already, and the next step was entered. */
  #wait({ next, wait }: Extract<Step, { kind: 'wait' }>): Advanced | null {
    const { now, zone } = this.#around
    let found: ReturnType<typeof waiting>
    try {
      found = waiting(wait, this.#values(), zone)
    } catch (error) {
      return this.#fail(`It cannot be told until when to wait: ${(error as Error).message.split('\n')[0]}`)
    }
    if (found.due <= now) {
      this.#enter(next)
      return null
    }
    this.#state = { ...this.#state, phase: 'waiting', ...found }
    return this.#rest()
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
    const { event: began, data } = this.#state
    return valuesOf(this.#around, event, { began, data })
  }
}
