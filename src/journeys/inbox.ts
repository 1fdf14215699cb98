/**
 * Looks at the events that some journey wants: ends waits, and lets customers in. It acts on nothing: whoever enters goes as
 * far as takes no time, and what he is to do then is done by `turns.ts`.
 */
import { shopIds } from '../catalog/read.ts'
import { eventsNamed } from '../events/store.ts'
import { isHeldOut } from '../messages/prepare.ts'
import { enter, shareOf } from './enter.ts'
import type { Noted } from './fold.ts'
import { nameOf } from './fold.ts'
import type { Instance } from './instance.ts'
import type { Journey } from './journey.ts'
import type { RunnerNeeds } from './needs.ts'
import { readPeople, type Somebody, type Who, whoAre } from './people.ts'
import { activeJourneys } from './shelf.ts'
import { advance, type Heard, type State } from './step.ts'
import { instancesOf, nextEvent } from './store.ts'
import { begins, pastNeeded } from './trigger.ts'
import type { Counted, Entering, InboxRow, Matched } from './write.ts'

/** Events looked at together. */
const piece = 200
/** How long a claim holds: far longer than looking takes. */
const leaseMs = 60_000
/** How long an event that somebody busy is to hear waits. */
const busyMs = 500

export class Inbox {
  readonly name = 'journeys: events'
  readonly #needs: RunnerNeeds
  #claims = 0

  constructor(needs: RunnerNeeds) {
    this.#needs = needs
  }

  async settle(now: number): Promise<{ done: number; next: number | null }> {
    const { db, runner } = this.#needs
    const due = await nextEvent(db)
    if (due === null || due > now) return { done: 0, next: due }
    const claim = `${runner}.e${this.#claims++}`
    const rows = await db.write<InboxRow[]>('journeys.claimEvents', { now, limit: piece, claim, until: now + leaseMs })
    if (rows.length > 0) await db.write('journeys.matched', await this.#look(rows, claim, now))
    return { done: rows.length, next: await nextEvent(db) }
  }

  async #look(rows: readonly InboxRow[], claim: string, now: number): Promise<Matched> {
    const { db, shelf, policy, config } = this.#needs
    const { timeZone, currency } = config
    const who = await whoAre(
      db,
      rows.flatMap(({ identifier }) => identifier ?? []),
    )
    const instances = await this.#instances(who)
    const journeys = await activeJourneys(db, shelf)
    const running = [...instances.values()].flat().map(({ journey }) => journey)
    const events = new Set(rows.map(({ name }) => name))
    const isAsked = ({ triggers, hears }: Journey) => [...triggers, ...hears].some((name) => events.has(name))
    const asking = new Set([...journeys, ...running].filter(isAsked))
    const people = await readPeople(db, who, { policy, timeZone, currency, now, journeys: asking })
    const names = await shopIds(
      db,
      rows.flatMap(({ body }) => (JSON.parse(body) as Noted).items),
    )
    const look = new Look(this.#needs, { journeys, instances, now })
    for (const row of rows) {
      const somebody = row.identifier === null ? undefined : people.get(who.customerOf.get(row.identifier) ?? 0)
      if (somebody) await look.at(row, heardOf(row, names), somebody)
    }
    return look.result(rows, claim, now + busyMs)
  }

  /** By customer all his instances, ended ones too, with their journeys. */
  async #instances({ names }: Who): Promise<Map<number, Held[]>> {
    const { db, shelf } = this.#needs
    const customerOf = new Map([...names].flatMap(([customer, own]) => own.map(({ id }) => [id, customer] as const)))
    const found = await instancesOf(db, [...customerOf.keys()])
    const held = new Map<number, Held[]>()
    for (const instance of found) {
      const journey = await shelf.get(db, instance.journey, instance.version)
      const customer = customerOf.get(instance.identifier) as number
      const list = held.get(customer) ?? []
      if (journey) list.push({ instance, journey, state: instance.state, rows: [] })
      held.set(customer, list)
    }
    return held
  }
}

/** An instance while events of one piece change it. */
interface Held {
  readonly instance: Pick<Instance, 'journey' | 'entry' | 'held' | 'started' | 'claim'> & Partial<Instance>
  readonly journey: Journey
  state: State
  /** The events of this piece that it heard. */
  readonly rows: number[]
}

interface Known {
  readonly journeys: readonly Journey[]
  readonly instances: ReadonlyMap<number, Held[]>
  readonly now: number
}

/** One piece of events, one after another; an event sees what the one before it changed. */
class Look {
  readonly #needs: RunnerNeeds
  readonly #known: Known
  readonly #instances: Map<number, Held[]>
  readonly #entering: { readonly held: Held; readonly identifier: number; readonly version: number }[] = []
  readonly #again: { row: number; journeys: string[] }[] = []
  readonly #counted: Counted[] = []

  constructor(needs: RunnerNeeds, known: Known) {
    this.#needs = needs
    this.#known = known
    this.#instances = new Map(known.instances)
  }

  async at(row: InboxRow, event: Heard, somebody: Somebody): Promise<void> {
    const only = row.only_for === null ? null : new Set(JSON.parse(row.only_for) as string[])
    this.#hear(row, event, somebody, only)
    if (only !== null) return
    for (const journey of this.#known.journeys)
      if (journey.triggers.has(row.name)) await this.#begin(row, event, somebody, journey)
  }

  #hear(row: InboxRow, event: Heard, somebody: Somebody, only: ReadonlySet<string> | null): void {
    const busy = new Set<string>()
    for (const held of this.#instances.get(somebody.customer) ?? []) {
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
    const { now } = this.#known
    const share = (word: string) => shareOf(journey.id, word, instance.entry)
    const { zone } = somebody
    const around = { now, zone, view: somebody.view(journey.purpose), held: instance.held > 0, share }
    const { state, notes } = advance(journey, held.state, { kind: 'event', event }, around)
    if (state === held.state) return
    held.state = state
    held.rows.push(row.id)
    this.#count(journey, instance.held, notes)
  }

  async #begin(row: InboxRow, event: Heard, somebody: Somebody, journey: Journey): Promise<void> {
    const { now } = this.#known
    const { db, config } = this.#needs
    const { trigger } = journey
    if (row.historical === 1 ? !trigger.historical : event.received - event.time > trigger.latestMs) return
    const { zone, customer } = somebody
    const view = somebody.view(journey.purpose)
    const permit = somebody.permit(journey.purpose)
    const needed = pastNeeded(trigger, event, zone)
    const past = needed && permit ? (await eventsNamed(db, permit, { ...needed, until: event.time })).map(pastOf) : []
    if (!begins(trigger, event, past, { view, now, zone })) return
    if (permit === null) return this.#refuse(journey, 'consent')
    const own = this.#instances.get(customer) ?? []
    const earlier = own
      .filter(({ instance }) => instance.journey === journey.id)
      .map(({ instance }) => ({ entry: instance.entry, started: instance.started }))
    const heldOut = isHeldOut(somebody.identifiers, config.messages.holdout)
    const entered = enter({ journey, event, customer, zone, view, earlier, now, isHeldOut: heldOut })
    if (entered === null) return
    const { entry, held: isHeld, advanced } = entered
    const instance = { journey: journey.id, entry, held: isHeld, started: now, claim: null }
    const held: Held = { instance, journey, state: advanced.state, rows: [] }
    this.#instances.set(customer, [...own, held])
    this.#entering.push({ held, identifier: row.identifier as number, version: journey.version })
    this.#count(journey, isHeld, [{ step: '', outcome: 'entered', reason: '' }, ...advanced.notes])
  }

  #refuse(journey: Journey, reason: string): void {
    this.#count(journey, 0, [{ step: '', outcome: 'refused', reason }])
  }

  #count(
    { id, version }: Journey,
    held: Counted['held'],
    notes: readonly Pick<Counted, 'step' | 'outcome' | 'reason'>[],
  ) {
    for (const note of notes) this.#counted.push({ ...note, journey: id, version, held })
  }

  result(rows: readonly InboxRow[], claim: string, after: number): Matched {
    const entering: Entering[] = this.#entering.map(({ held: { instance, journey, state }, identifier, version }) => {
      const { entry, held } = instance
      return { journey: journey.id, version, identifier, entry, held, state }
    })
    const changed = [...this.#instances.values()].flat().flatMap(({ instance, journey, state, rows: heard }) =>
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

function heardOf({ name, body }: InboxRow, names: ReadonlyMap<number, string>): Heard {
  const { items, ...noted } = JSON.parse(body) as Noted
  return { ...noted, name, items: items.flatMap((item) => names.get(item) ?? []) }
}

function pastOf(
  event: Parameters<typeof nameOf>[0] & Pick<Heard, 'time' | 'received' | 'messageId' | 'properties'>,
): Heard {
  const { time, received, messageId, properties } = event
  return { name: nameOf(event), time, received, messageId, properties, items: [] }
}
