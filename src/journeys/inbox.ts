/**
 * Looks at the events that some journey wants: ends waits, and lets customers in. It acts on nothing: whoever enters goes as
 * far as takes no time, and what he is to do then is done by `turns.ts`.
 */
import { setImmediate } from 'node:timers/promises'
import { shopIds } from '../catalog/read.ts'
import { type PastEvent, pastEvents } from '../events/store.ts'
import { isHeldOut } from '../messages/prepare.ts'
import { type Candidate, enter, entryFor, shareOf } from './enter.ts'
import type { Noted } from './fold.ts'
import type { Entering, Entry, Instance } from './instance.ts'
import { itemsFor } from './items.ts'
import type { Journey } from './journey.ts'
import type { RunnerNeeds } from './needs.ts'
import { readPeople, type Somebody, type Who, whoAre } from './people.ts'
import { activeJourneys } from './shelf.ts'
import type { Heard, State } from './state.ts'
import { advance } from './step.ts'
import { instancesByIds, nextEvent, type Trace, tracesOf } from './store.ts'
import { asksOfPast, begins, mayBegin, pastNeeded } from './trigger.ts'
import type { Items } from './values.ts'
import type { Claim, Counted, InboxRow, Matched } from './write.ts'

/** Events looked at together: while many come in, what is done with them waits for their commit, once a piece. */
const piece = 500
/** Of them so many hold up others. */
const slice = 50
/** How long a claim holds: far longer than looking takes. */
const leaseMs = 30_000
/** How long an event that somebody busy is to hear waits. */
const busyMs = 500

export class Inbox {
  readonly name = 'journeys: events'
  readonly #needs: RunnerNeeds
  #claims = 0
  /** The piece that was claimed with the outcome of the one before it: a commit is waited for once a piece. */
  #claimed: { readonly claim: Claim; readonly rows: readonly InboxRow[] } | null = null

  constructor(needs: RunnerNeeds) {
    this.#needs = needs
  }

  async settle(now: number): Promise<{ done: number; next: number | null }> {
    const { db, world } = this.#needs
    let { claim, rows } = this.#claimed ?? { claim: this.#claim(now), rows: [] }
    this.#claimed = null
    if (rows.length === 0 || claim.until <= now) {
      const due = await nextEvent(db)
      if (due === null || due > now) return { done: 0, next: due }
      claim = this.#claim(now)
      rows = await db.write<InboxRow[]>('journeys.claimEvents', claim)
    }
    if (rows.length === 0) return { done: 0, next: await nextEvent(db) }
    const outcome = await this.#look(rows, claim.claim, now)
    const next = this.#claim(world.now())
    const more = await db.write<InboxRow[]>('journeys.matched', { ...outcome, next } satisfies Matched)
    if (more.length === 0) return { done: rows.length, next: await nextEvent(db) }
    this.#claimed = { claim: next, rows: more }
    return { done: rows.length, next: now }
  }

  #claim(now: number): Claim {
    return { now, limit: piece, claim: `${this.#needs.runner}.e${this.#claims++}`, until: now + leaseMs }
  }

  async #look(rows: readonly InboxRow[], claim: string, now: number): Promise<Omit<Matched, 'next'>> {
    const { db, shelf, policy, config } = this.#needs
    const { timeZone, currency } = config
    const who = await whoAre(
      db,
      rows.flatMap(({ identifier }) => identifier ?? []),
    )
    const events = new Set(rows.map(({ name }) => name))
    const { entries, hearing } = await this.#instances(who, rows)
    const journeys = await activeJourneys(db, shelf)
    const running = [...hearing.values()].flat().map(({ journey }) => journey)
    const isAsked = ({ triggers }: Journey) => [...triggers].some((name) => events.has(name))
    const asking = new Set([...journeys.filter(isAsked), ...running])
    const people = await readPeople(db, who, { policy, timeZone, currency, now, journeys: asking })
    const names = await shopIds(
      db,
      rows.flatMap(({ body }) => (JSON.parse(body) as Noted).items),
    )
    const heard = rows.map((row) => heardOf(row, names))
    const began = [...hearing.values()].flat().map(({ state }) => state.event)
    const items = await itemsFor(db, asking, [...heard, ...began], { currency, now })
    const look = new Look(this.#needs, { journeys, entries, hearing, items, now })
    for (const [i, row] of rows.entries()) {
      const somebody = row.identifier === null ? undefined : people.get(who.customerOf.get(row.identifier) ?? 0)
      if (somebody) await look.at(row, heard[i], somebody)
      if (i % slice === slice - 1) await setImmediate()
    }
    return look.result(rows, claim, now + busyMs)
  }

  /** By customer into what he ever entered, and of his instances those that hear any of his events. */
  async #instances(
    { names, customerOf: now }: Who,
    rows: readonly InboxRow[],
  ): Promise<Pick<Known, 'entries' | 'hearing'>> {
    const { db, shelf } = this.#needs
    const customerOf = new Map([...names].flatMap(([customer, own]) => own.map(({ id }) => [id, customer] as const)))
    const whose = ({ identifier }: Pick<Instance, 'identifier'>) => customerOf.get(identifier) as number
    const events = Map.groupBy(rows, ({ identifier }) => now.get(identifier ?? 0))
    const traces = await tracesOf(db, [...customerOf.keys()])
    const found: number[] = []
    for (const trace of traces) {
      const journey = trace.hasEnded ? null : await shelf.get(db, trace.journey, trace.version)
      if (journey && events.get(whose(trace))?.some(({ name }) => journey.hears.has(name))) found.push(trace.id)
    }
    const held: (Held & { readonly customer: number })[] = []
    for (const instance of await instancesByIds(db, found)) {
      const journey = await shelf.get(db, instance.journey, instance.version)
      if (journey) held.push({ customer: whose(instance), instance, journey, state: instance.state, rows: [] })
    }
    return { entries: Map.groupBy(traces, whose), hearing: Map.groupBy(held, ({ customer }) => customer) }
  }
}

type Entered = Pick<Trace, 'journey' | 'entry' | 'started'>

/** An instance while events of one piece change it. */
interface Held {
  readonly instance: Pick<Instance, 'journey' | 'entry' | 'held' | 'claim'> & Partial<Instance>
  readonly journey: Journey
  state: State
  /** The events of this piece that it heard. */
  readonly rows: number[]
}

/** Whom an event may let in, if what he did before is as it should be. */
interface Possible extends Candidate {
  readonly event: Heard
  readonly entry: Entry
  readonly since: number | null
}

interface Known {
  readonly journeys: readonly Journey[]
  readonly entries: ReadonlyMap<number, readonly Entered[]>
  readonly hearing: ReadonlyMap<number, readonly Held[]>
  readonly items: Items
  readonly now: number
}

/** One piece of events, one after another; an event sees what the one before it changed. */
class Look {
  readonly #needs: RunnerNeeds
  readonly #known: Known
  readonly #byName: ReadonlyMap<string, readonly Journey[]>
  readonly #entries: Map<number, readonly Entered[]>
  readonly #hearing: Map<number, readonly Held[]>
  readonly #entering: { readonly held: Held; readonly identifier: number; readonly version: number }[] = []
  readonly #again: { row: number; journeys: string[] }[] = []
  readonly #counted: Counted[] = []

  constructor(needs: RunnerNeeds, known: Known) {
    this.#needs = needs
    this.#known = known
    this.#byName = journeysByName(known.journeys)
    this.#entries = new Map(known.entries)
    this.#hearing = new Map(known.hearing)
  }

  async at(row: InboxRow, event: Heard, somebody: Somebody): Promise<void> {
    const only = row.only_for === null ? null : new Set(JSON.parse(row.only_for) as string[])
    this.#hear(row, event, somebody, only)
    if (only !== null) return
    const journeys = this.#byName.get(row.name) ?? []
    const candidates = journeys.flatMap((journey) => this.#candidate(row, event, somebody, journey) ?? [])
    const pasts = await this.#pasts(event, somebody, candidates)
    for (const candidate of candidates) this.#begin(row, candidate, pasts.get(candidate.journey.purpose) ?? [])
  }

  #hear(row: InboxRow, event: Heard, somebody: Somebody, only: ReadonlySet<string> | null): void {
    const busy = new Set<string>()
    for (const held of this.#hearing.get(somebody.customer) ?? []) {
      const { journey, state, instance } = held
      if (state.phase === 'ended' || !journey.hears.has(event.name) || only?.has(journey.id) === false) continue
      // Somebody is at it this moment: what it waits for may be just this.
      if (instance.claim !== null) busy.add(journey.id)
      else this.#tell(held, row, event, somebody)
    }
    if (busy.size > 0) this.#again.push({ row: row.id, journeys: [...busy] })
  }

  #tell(held: Held, row: InboxRow, event: Heard, somebody: Somebody): void {
    const { journey, instance } = held
    const { now, items } = this.#known
    const share = (word: string) => shareOf(journey.id, word, instance.entry)
    const { zone } = somebody
    const around = { now, zone, view: somebody.view(journey.purpose), items, held: instance.held > 0, share }
    const { state, notes } = advance(journey, held.state, { kind: 'event', event }, around)
    if (state === held.state) return
    held.state = state
    held.rows.push(row.id)
    this.#count(journey, instance.held, notes)
  }

  /** Null where the event begins nothing in this journey, whatever was before. */
  #candidate(row: InboxRow, event: Heard, somebody: Somebody, journey: Journey): Possible | null {
    const { trigger, purpose } = journey
    if (row.historical === 1 ? !trigger.historical : event.received - event.time > trigger.latestMs) return null
    const { zone, customer, identifiers } = somebody
    const { now, items } = this.#known
    const asked = { view: somebody.view(purpose), items, now, zone }
    if (!mayBegin(trigger, event, asked)) return null
    const earlier = (this.#entries.get(customer) ?? []).filter((one) => one.journey === journey.id)
    const heldOut = isHeldOut(identifiers, this.#needs.config.messages.holdout)
    const candidate = { journey, event, customer, earlier, isHeldOut: heldOut, ...asked }
    const entry = entryFor(candidate)
    if (entry === null) return null
    if (somebody.permit(purpose) !== null) return { ...candidate, entry, since: pastNeeded(trigger, event) }
    this.#count(journey, 0, [{ step: '', outcome: 'refused', reason: 'consent' }])
    return null
  }

  /** What he did before, as far back as any of the journeys asks: read once for all of them. */
  async #pasts(event: Heard, somebody: Somebody, candidates: readonly Possible[]): Promise<Map<string, PastEvent[]>> {
    const pasts = new Map<string, PastEvent[]>()
    for (const purpose of ['service', 'personalisation'] as const) {
      const asking = candidates.filter(({ journey, since }) => journey.purpose === purpose && since !== null)
      const permit = somebody.permit(purpose)
      if (asking.length === 0 || permit === null) continue
      const since = Math.min(...asking.map((one) => one.since as number))
      const whole = asking.some(({ journey }) => asksOfPast(journey.trigger))
      pasts.set(purpose, await pastEvents(this.#needs.db, permit, { since, until: event.time, whole }))
    }
    return pasts
  }

  #begin(row: InboxRow, candidate: Possible, past: readonly PastEvent[]): void {
    const { journey, event, customer, now } = candidate
    if (!begins(journey.trigger, event, past, candidate)) return
    const { entry, held: isHeld, advanced } = enter(candidate, candidate.entry)
    const instance = { journey: journey.id, entry, held: isHeld, claim: null }
    const held: Held = { instance, journey, state: advanced.state, rows: [] }
    this.#entries.set(customer, [...(this.#entries.get(customer) ?? []), { ...instance, started: now }])
    this.#hearing.set(customer, [...(this.#hearing.get(customer) ?? []), held])
    this.#entering.push({ held, identifier: row.identifier as number, version: journey.version })
    this.#count(journey, isHeld, [{ step: '', outcome: 'entered', reason: '' }, ...advanced.notes])
  }

  #count(
    { id, version }: Journey,
    held: Counted['held'],
    notes: readonly Pick<Counted, 'step' | 'outcome' | 'reason'>[],
  ) {
    for (const note of notes) this.#counted.push({ ...note, journey: id, version, held })
  }

  result(rows: readonly InboxRow[], claim: string, after: number): Omit<Matched, 'next'> {
    const entering: Entering[] = this.#entering.map(({ held: { instance, journey, state }, identifier, version }) => {
      const { entry, held } = instance
      return { journey: journey.id, version, identifier, entry, held, state }
    })
    const changed = [...this.#hearing.values()].flat().flatMap(({ instance, journey, state, rows: heard }) =>
      instance.id === undefined || heard.length === 0
        ? []
        : [
            {
              id: instance.id,
              turn: instance.turn as number,
              state,
              journey: journey.id,
              rows: heard,
            },
          ],
    )
    const looked = rows.map(({ id }) => id)
    const { now } = this.#known
    return { now, claim, looked, entering, changed, again: this.#again, after, counted: this.#counted }
  }
}

/** By event the journeys that it may begin. */
function journeysByName(journeys: readonly Journey[]): Map<string, Journey[]> {
  const named = journeys.flatMap((journey) => [...journey.triggers].map((name) => ({ name, journey })))
  return new Map(
    [...Map.groupBy(named, ({ name }) => name)].map(([name, all]) => [name, all.map((one) => one.journey)]),
  )
}

function heardOf({ name, body }: InboxRow, names: ReadonlyMap<number, string>): Heard {
  const { items, ...noted } = JSON.parse(body) as Noted
  return { ...noted, name, items: items.flatMap((item) => names.get(item) ?? []) }
}
