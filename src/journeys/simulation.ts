/**
 * A definition over the recorded past, nothing sent: who would have entered, what would have been sent when, and what
 * consent, caps and quiet hours would have stopped. Reads what the runners read, as of each time; `play.ts` does the rest.
 */
import { shopIds } from '../catalog/read.ts'
import type { Condition, ConditionValues } from '../conditions/condition.ts'
import type { Config } from '../config.ts'
import { Person } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import type { Reader } from '../db/database.ts'
import type { AdmittedEvent } from '../events/event.ts'
import { eventsOf } from '../events/store.ts'
import { countCustomers, customersAfter } from '../identity/population.ts'
import { isHeldOut } from '../messages/prepare.ts'
import { customerViews, type Subject, subjectsOf, type Wanted, wantedBy } from '../segments/customer-view.ts'
import { compiledCondition } from '../segments/definition.ts'
import type { Levels } from '../segments/levels.ts'
import { segmentNamed } from '../segments/store.ts'
import { levelsOf } from '../segments/survey.ts'
import { nextOnSchedule } from './duration.ts'
import { nameOf } from './fold.ts'
import { itemsFor } from './items.ts'
import type { Journey } from './journey.ts'
import { Past } from './past.ts'
import { readPeople, whoAre } from './people.ts'
import { type PlayedInstance, play } from './play.ts'
import { Restraint } from './restraint.ts'
import type { Heard } from './state.ts'
import { scheduleEvent, segmentEvent } from './trigger-form.ts'

export interface Simulated {
  /** Customers that were looked at, and all there are. */
  readonly looked: number
  readonly customers: number
  /** Of those looked at, whom consent does not reach. */
  readonly withheld: number
  readonly instances: readonly (PlayedInstance & { readonly customer: number })[]
}

export interface SimulationNeeds {
  readonly policy: Policy
  readonly config: Pick<Config, 'timeZone' | 'currency' | 'messages'>
  /** Milliseconds; `from` < `to`. */
  readonly from: number
  readonly to: number
  /** Customers at most. */
  readonly most: number
  /** Asked often: lets whoever else asks this process go on, and throws where nobody waits for the answer any more. */
  pause(): Promise<void>
  /** Told at first and after each customer. */
  progress?(at: { readonly looked: number; readonly of: number }): void
}

const piece = 100
/** Of a customer the latest; what was before is not looked at. */
const mostEvents = 10_000

/** @throws HabitueError not_found where a segment of the definition is */
export async function simulate(reader: Reader, journey: Journey, needs: SimulationNeeds): Promise<Simulated> {
  const simulation = await Simulation.of(reader, journey, needs)
  const instances: (PlayedInstance & { customer: number })[] = []
  const all = await countCustomers(reader)
  const of = Math.min(all, needs.most)
  needs.progress?.({ looked: 0, of })
  let looked = 0
  let withheld = 0
  for (let after = 0; looked < needs.most; ) {
    const customers = await customersAfter(reader, after, Math.min(piece, needs.most - looked))
    for (const subject of await subjectsOf(reader, needs.policy, customers, journey.purpose, needs.to)) {
      looked++
      if (subject.permit === null) withheld++
      else for (const one of await simulation.customer(subject)) instances.push({ ...one, customer: subject.customer })
      needs.progress?.({ looked, of })
      await needs.pause()
    }
    const last = customers.at(-1)
    if (last === undefined) break
    after = last
  }
  return { looked, customers: all, withheld, instances }
}

interface Watched {
  readonly condition: Condition
  readonly levels: Levels
}

class Simulation {
  readonly #reader: Reader
  readonly #journey: Journey
  readonly #needs: SimulationNeeds
  readonly #wanted: Wanted
  readonly #segment: Watched | null

  private constructor(reader: Reader, journey: Journey, needs: SimulationNeeds, segment: Watched | null) {
    this.#reader = reader
    this.#journey = journey
    this.#needs = needs
    this.#segment = segment
    this.#wanted = wantedBy(segment ? [...journey.uses, segment.condition.uses] : journey.uses)
  }

  static async of(reader: Reader, journey: Journey, needs: SimulationNeeds): Promise<Simulation> {
    const name = journey.trigger.kind === 'event' ? '' : journey.trigger.segment
    if (name === '') return new Simulation(reader, journey, needs, null)
    const { condition } = await segmentNamed(reader, name)
    const segment = { condition: compiledCondition(condition), levels: await levelsOf(reader) }
    return new Simulation(reader, journey, needs, segment)
  }

  async customer(subject: Subject): Promise<PlayedInstance[]> {
    const { from, to, policy, config } = this.#needs
    const allowed = subject.permit
    if (allowed === null) return []
    const admitted = await eventsOf(this.#reader, allowed, { until: to, limit: mostEvents })
    const names = await shopIds(this.#reader, [...new Set(admitted.flatMap(({ items }) => items))])
    const asks = this.#journey.uses.some(({ context }) => context)
    const events = admitted.map((event) => ({ ...heardOf(event, names), ...(asks ? { context: event.context } : {}) }))
    const { timeZone, currency } = config
    const who = await whoAre(this.#reader, [subject.names[0].id])
    const people = await readPeople(this.#reader, who, { policy, timeZone, currency, now: to, journeys: [] })
    const past = new Past(admitted, { shop: timeZone, now: people.get(subject.customer)?.zone ?? timeZone })
    const view = this.#viewer(subject, past)
    const moments = await this.#moments(events, view)
    if (moments.length === 0 && !events.some(({ name, time }) => time >= from && this.#journey.triggers.has(name)))
      return []
    const zone = past.zone.bind(past)
    const { answers, identity } = subject.person
    const personAt = (at: number) =>
      new Person(
        policy,
        identity,
        answers.filter(({ time }) => time <= at),
        at,
      )
    const restraint = new Restraint({ config, zone, personAt, events })
    const heldOut = isHeldOut(allowed.identifiers, config.messages.holdout)
    const outcome = restraint.outcome.bind(restraint)
    const items = await itemsFor(this.#reader, [this.#journey], events, { currency, now: to })
    return play(this.#journey, {
      customer: subject.customer,
      zone,
      events,
      moments,
      from,
      to,
      isHeldOut: heldOut,
      items,
      view,
      outcome,
    })
  }

  /** What conditions could have known of him at a time; asked once for each. */
  #viewer(subject: Subject, past: Past): (at: number) => Promise<ConditionValues> {
    const { config, pause } = this.#needs
    const asks = ['customer', 'orders', 'events', 'cart'].some((root) => this.#wanted.roots.has(root))
    let held: { at: number; view: ConditionValues } | null = null
    return async (at) => {
      await pause()
      if (!asks) return {}
      if (held?.at !== at) {
        const carts = new Map([[subject.customer, past.cart(at)]])
        const options = { currency: config.currency, now: at, asOf: at, carts, levels: this.#segment?.levels }
        const views = await customerViews(this.#reader, [subject], this.#wanted, options)
        held = { at, view: views.get(subject.customer) ?? {} }
      }
      return held.view
    }
  }

  /** When a schedule or a change of the segment would have begun it. */
  async #moments(events: readonly Heard[], view: (at: number) => Promise<ConditionValues>): Promise<Heard[]> {
    const { trigger, id } = this.#journey
    const { from, to, config } = this.#needs
    if (trigger.kind === 'event') return []
    const isIn = async (at: number) => {
      if (this.#segment === null) return { value: true, until: null }
      const { condition, levels } = this.#segment
      return condition.evaluate({ ...(await view(at)), params: levels }, at)
    }
    const found: Heard[] = []
    if (trigger.kind === 'every') {
      for (let at = nextOnSchedule(from - 1, trigger, config.timeZone); at <= to; ) {
        const name = scheduleEvent(id)
        if ((await isIn(at)).value) found.push(momentOf(name, at, `${name}:${at}`))
        at = nextOnSchedule(at, trigger, config.timeZone)
      }
      return found
    }
    const name = segmentEvent(trigger.segment, trigger.change)
    const times = events.map(({ time }) => time)
    let before = await isIn(from)
    for (let at = from; ; ) {
      const event = times.find((time) => time > at) ?? Number.POSITIVE_INFINITY
      at = Math.min(event, before.until !== null && before.until > at ? before.until : Number.POSITIVE_INFINITY)
      if (at > to) return found
      const now = await isIn(at)
      if (now.value !== before.value && now.value === (trigger.change === 'entered'))
        found.push(momentOf(name, at, `${name}:${at}`))
      before = now
    }
  }
}

function momentOf(name: string, time: number, messageId: string): Heard {
  return { name, time, received: time, messageId, properties: {}, items: [] }
}

/** As if it had arrived when it happened. */
function heardOf(event: AdmittedEvent, names: ReadonlyMap<number, string>): Heard {
  const { time, messageId, properties, items } = event
  const shown = items.flatMap((item) => names.get(item) ?? [])
  return { name: nameOf(event), time, received: time, messageId, properties, items: shown }
}
