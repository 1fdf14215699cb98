/**
 * One customer's past played through a definition, with the very functions that the runners use and a clock of its own:
 * pure, so that years take milliseconds. Nothing is sent; whoever calls it says what would have come of each act.
 */
import type { ConditionValues } from '../conditions/condition.ts'
import type { Outcome } from './actions.ts'
import { enter, entryFor, shareOf } from './enter.ts'
import type { Entry, Held } from './instance.ts'
import { type Journey, NOT_ENTERED } from './journey.ts'
import type { Act, Advanced, Heard, Note, State } from './state.ts'
import { advance } from './step.ts'
import { begins, mayBegin, pastNeeded } from './trigger.ts'
import type { Items } from './values.ts'

export interface Played {
  readonly customer: number
  /** Where he was at a time. */
  zone(at: number): string
  /** All that he did until `to`, in order of time; what was before `from` counts as his past only. */
  readonly events: readonly Heard[]
  /** Times at which a segment's change or a schedule would have begun it; with the event that says so. */
  readonly moments: readonly Heard[]
  readonly from: number
  readonly to: number
  readonly isHeldOut: boolean
  /** Those that his events are about, as they are today. */
  readonly items: Items
  /** What conditions could have known of him at a time. */
  view(at: number): Promise<ConditionValues>
  /** What would have come of an act. */
  outcome(act: Act, at: number): Outcome
}

export interface PlayedAct extends Act {
  readonly time: number
  readonly outcome: Outcome
}

export interface PlayedInstance {
  readonly entered: number
  readonly held: boolean
  readonly acts: readonly PlayedAct[]
  readonly notes: readonly (Note & { readonly time: number })[]
  readonly state: State
}

interface Live {
  readonly entry: Entry
  readonly held: Held
  readonly started: number
  readonly acts: PlayedAct[]
  readonly notes: (Note & { readonly time: number })[]
  state: State
}

/** Who goes round for ever with short waits is left after so many turns. */
const mostTurns = 20_000

export async function play(journey: Journey, played: Played): Promise<PlayedInstance[]> {
  const player = new Player(journey, played)
  await player.run()
  return player.result()
}

class Player {
  readonly #journey: Journey
  readonly #played: Played
  #instances: Live[] = []

  constructor(journey: Journey, played: Played) {
    this.#journey = journey
    this.#played = played
  }

  async run(): Promise<void> {
    const { events, moments, from, to } = this.#played
    const ahead = [...events.filter(({ time }) => time >= from), ...moments].sort((a, b) => a.time - b.time)
    let next = 0
    for (let turns = 0; turns < mostTurns; turns++) {
      const event = ahead[next]
      const due = this.#nextDue()
      if (due !== null && (due.state.due as number) <= (event?.time ?? to)) {
        await this.#take(due, { kind: 'due' }, due.state.due as number)
      } else if (event !== undefined) {
        next++
        await this.#happen(event)
      } else return
    }
  }

  result(): PlayedInstance[] {
    return this.#instances
      .filter(({ state }) => state.reason !== NOT_ENTERED)
      .map(({ started, held, acts, notes, state }) => ({ entered: started, held: held > 0, acts, notes, state }))
  }

  #nextDue(): Live | null {
    let first: Live | null = null
    for (const one of this.#instances)
      if (one.state.due !== null && (first === null || one.state.due < (first.state.due as number))) first = one
    return first
  }

  async #take(live: Live, input: Parameters<typeof advance>[2], now: number): Promise<void> {
    const { view, items, outcome } = this.#played
    const zone = this.#played.zone(now)
    const share = (word: string) => shareOf(this.#journey.id, word, live.entry)
    const around = { now, zone, view: await view(now), items, held: live.held > 0, share }
    this.#keep(live, advance(this.#journey, live.state, input, around), now, (act) => {
      const came = outcome(act, now)
      live.acts.push({ ...act, time: now, outcome: came })
      return advance(this.#journey, live.state, { kind: 'outcome', outcome: came }, around)
    })
  }

  /** Does what is to be done, one after another, at once. */
  #keep(live: Live, first: Advanced, now: number, act: (act: Act) => Advanced): void {
    for (let { state, act: wanted, notes } = first; ; ) {
      live.state = state
      live.notes.push(...notes.map((note) => ({ ...note, time: now })))
      if (wanted === null) return
      ;({ state, act: wanted, notes } = act(wanted))
    }
  }

  async #happen(event: Heard): Promise<void> {
    const { hears, triggers } = this.#journey
    if (hears.has(event.name))
      for (const live of this.#instances)
        if (live.state.phase !== 'ended') await this.#take(live, { kind: 'event', event }, event.time)
    if (triggers.has(event.name)) await this.#begin(event)
  }

  async #begin(event: Heard): Promise<void> {
    const { customer, events, items, isHeldOut } = this.#played
    const now = event.time
    const zone = this.#played.zone(now)
    const asked = { view: await this.#played.view(now), items, now, zone }
    const { trigger } = this.#journey
    if (!mayBegin(trigger, event, asked)) return
    const earlier = this.#instances.filter(({ state }) => state.reason !== NOT_ENTERED)
    const candidate = { journey: this.#journey, event, customer, earlier, isHeldOut, ...asked }
    const possible = entryFor(candidate)
    if (possible === null) return
    const since = pastNeeded(trigger, event)
    const past = since === null ? [] : events.filter(({ time }) => time >= since && time <= now)
    if (!begins(trigger, event, past, asked)) return
    const entered = enter(candidate, possible)
    const { entry, held, advanced } = entered
    const live: Live = { entry, held, started: now, acts: [], notes: [], state: advanced.state }
    this.#instances.push(live)
    live.notes.push(...advanced.notes.map((note) => ({ ...note, time: now })))
    // What takes no time was done; what is to be done now is due now.
  }
}
