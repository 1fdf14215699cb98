/**
 * Gives instances their turn: claims those whose time has come, takes each step, and does what it says. What is under way
 * holds up only itself: the rest goes on while a mail server thinks.
 */
import type { ActionContext, Outcome } from './actions.ts'
import { shareOf } from './enter.ts'
import { type Instance, instanceOf, type StoredInstance } from './instance.ts'
import { itemsFor } from './items.ts'
import type { Journey } from './journey.ts'
import type { TurnNeeds } from './needs.ts'
import { readPeople, type Somebody, whoAre } from './people.ts'
import { type Act, type Advanced, actKey, type Input, type Note, type State } from './state.ts'
import { advance } from './step.ts'
import { nextInstances } from './store.ts'
import type { Items } from './values.ts'
import type { Changed, Counted, Settled } from './write.ts'

/** Instances claimed at once, and actions under way at once. */
const piece = 200
const mostUnderWay = 64
/** A claim that its runner does not renew, because it died or stands still, is over after so long; what was done twice then is
 * done once, by its key. */
const leaseMs = 30_000
const renewMs = 10_000
/** What is done within so long of each other is written together. */
const gatherMs = 20
/** Actions of one instance without a wait between them. */
const mostActions = 100

interface Turn {
  readonly instance: Instance
  readonly journey: Journey
  readonly somebody: Somebody
  readonly items: Items
}

/** Something that was done, to be written. */
interface Done extends Changed {
  readonly claim: string
  readonly counted: readonly Counted[]
}

export class Turns {
  readonly name = 'journeys: steps'
  readonly #needs: TurnNeeds
  readonly #underWay = new Set<Promise<void>>()
  /** Instance -> claim, as long as its action is under way. */
  readonly #claimed = new Map<number, string>()
  #done: Done[] = []
  #claims = 0
  #renewed = 0

  constructor(needs: TurnNeeds) {
    this.#needs = needs
  }

  async settle(now: number): Promise<{ done: number; next: number | null }> {
    await this.#renew(now)
    const nexts = await nextInstances(this.#needs.db)
    const due = nexts.filter((one) => one.due <= now).map(({ id }) => id)
    // For one or two it would be asked as often as there are instances.
    if (due.length > 0 && this.#underWay.size <= mostUnderWay / 2) await this.#claim(due, now)
    if (this.#underWay.size > 0 && this.#done.length === 0) await this.#somethingDone()
    const written = await this.#write(now)
    if (this.#underWay.size > 0 || written > 0 || due.length > 0) return { done: written, next: now }
    return { done: 0, next: nexts.length > 0 ? Math.min(...nexts.map((one) => one.due)) : null }
  }

  /** Whoever is done first makes room; soon others are. Where nothing is done, claims want renewing. */
  async #somethingDone(): Promise<void> {
    await atMost(renewMs, Promise.race(this.#underWay))
    if (this.#done.length > 0 && this.#underWay.size > 0) await atMost(gatherMs, Promise.all(this.#underWay))
  }

  async #renew(now: number): Promise<void> {
    if (this.#claimed.size === 0 || now < this.#renewed + renewMs) return
    this.#renewed = now
    await this.#needs.db.write('journeys.renew', { claimed: [...this.#claimed], until: now + leaseMs })
  }

  async #claim(journeys: readonly string[], now: number): Promise<void> {
    const { db, runner, shelf, policy, config } = this.#needs
    if (this.#underWay.size === 0) this.#renewed = now
    const claim = `${runner}.i${this.#claims++}`
    const limit = Math.min(piece, 4 * (mostUnderWay - this.#underWay.size))
    const request = { now, limit, claim, until: now + leaseMs, journeys: rotated(journeys, this.#claims) }
    const rows = await db.write<StoredInstance[]>('journeys.claimInstances', request)
    const instances = rows.map(instanceOf)
    const found = await Promise.all(instances.map((one) => shelf.get(db, one.journey, one.version)))
    const asking = new Set(found.filter((journey) => journey !== null))
    const who = await whoAre(
      db,
      instances.map(({ identifier }) => identifier),
    )
    const { timeZone, currency } = config
    const people = await readPeople(db, who, { policy, timeZone, currency, now, journeys: asking })
    const events = instances.map(({ state }) => state.event)
    const items = await itemsFor(db, asking, events, { currency, now })
    const turns = instances.flatMap((instance, i): Turn[] => {
      const journey = found[i]
      const somebody = people.get(who.customerOf.get(instance.identifier) ?? 0)
      // Who was erased is in no journey: his rows are about to go, or are gone.
      return journey && somebody ? [{ instance, journey, somebody, items }] : []
    })
    const own = Map.groupBy(turns, ({ somebody }) => somebody.customer)
    for (const same of own.values()) this.#begin(same, claim, now)
  }

  /** The turns of one customer: what is more important goes first, and takes the room that caps leave. */
  #begin(turns: readonly Turn[], claim: string, now: number): void {
    const acting: { readonly turn: Turn; readonly first: Advanced }[] = []
    for (const turn of turns.toSorted((a, b) => b.journey.priority - a.journey.priority)) {
      const first = this.#advance(turn, turn.instance.state, { kind: 'due' }, now)
      if (first.act === null) this.#note(turn, claim, first.state, first.notes)
      else acting.push({ turn, first })
    }
    if (acting.length === 0) return
    const all = async () => {
      for (const { turn, first } of acting) {
        await this.#act(turn, claim, first).catch((error: unknown) => this.#needs.onError(error))
        this.#claimed.delete(turn.instance.id)
      }
    }
    for (const { turn } of acting) this.#claimed.set(turn.instance.id, claim)
    const running = all().finally(() => this.#underWay.delete(running))
    this.#underWay.add(running)
  }

  #advance({ instance, journey, somebody, items }: Turn, state: State, input: Input, now: number): Advanced {
    const { zone } = somebody
    const view = somebody.view(journey.purpose)
    const share = (word: string) => shareOf(journey.id, word, instance.entry)
    return advance(journey, state, input, { now, zone, view, items, held: instance.held > 0, share })
  }

  /** One action after another, until it waits or ends. */
  async #act(turn: Turn, claim: string, first: Advanced): Promise<void> {
    const { world } = this.#needs
    const notes: Note[] = [...first.notes]
    let { state, act } = first
    for (let n = 0; act !== null && n < mostActions; n++) {
      const outcome = await this.#do(turn, state, act)
      const next = this.#advance(turn, state, { kind: 'outcome', outcome }, world.now())
      notes.push(...next.notes)
      state = next.state
      act = next.act
    }
    this.#note(turn, claim, state, notes)
  }

  async #do(turn: Turn, state: State, act: Act): Promise<Outcome | { kind: 'threw'; reason: string }> {
    const { instance, journey, somebody } = turn
    const { actions, world } = this.#needs
    const context: ActionContext = {
      key: actKey(journey.id, instance.id, { step: act.step, visit: state.visit }),
      customer: somebody.customer,
      identifier: instance.identifier,
      journey: journey.id,
      version: journey.version,
      instance: instance.id,
      now: world.now(),
      event: state.event === null ? null : { ...state.event },
      data: state.data,
    }
    try {
      const action = actions[act.action] as (context: ActionContext, options: Act['options']) => Promise<Outcome>
      return await action(context, act.options)
    } catch (error) {
      return { kind: 'threw', reason: error instanceof Error ? error.message : String(error) }
    }
  }

  #note({ instance, journey }: Turn, claim: string, state: State, notes: readonly Note[]): void {
    const { held, id, turn } = instance
    const counted = notes.map((note) => ({ ...note, journey: journey.id, version: journey.version, held }))
    this.#done.push({ id, turn, state, claim, counted })
  }

  async #write(now: number): Promise<number> {
    const done = this.#done
    this.#done = []
    for (const [claim, same] of Map.groupBy(done, (one) => one.claim)) {
      const changed = same.map(({ id, turn, state, counted }) => ({ id, turn, state, counted }))
      const settled: Settled = { now, claim, changed }
      await this.#needs.db.write('journeys.settled', settled)
    }
    return done.length
  }
}

function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    work.then(() => resolve(), reject).finally(() => clearTimeout(timer))
  })
}

/** Each time another journey is first in turn. */
function rotated(journeys: readonly string[], by: number): string[] {
  const start = by % journeys.length
  return [...journeys.slice(start), ...journeys.slice(0, start)]
}
