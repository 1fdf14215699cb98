/**
 * A customer as conditions see him: what memory holds of him under his permit, amounts in major units of the shop's
 * currency. Read for many at once, and only what the conditions in question look at.
 */
import { currencyExponent } from '../catalog/money.ts'
import { type ItemFacts, itemFacts } from '../catalog/read.ts'
import type { ConditionValues, Uses } from '../conditions/condition.ts'
import { type Permit, Person, permit } from '../consent/permit.ts'
import { type Policy, type Purpose, profileChannel, purposes, textOfPurpose } from '../consent/policy.ts'
import { peopleOf } from '../consent/store.ts'
import type { Reader } from '../db/database.ts'
import { eventsOfMany } from '../events/many.ts'
import { type IdentifierRecord, identifiersOfAll } from '../identity/store.ts'
import { isOpenComplaint } from '../memory/complaints.ts'
import type { CustomerOrder } from '../memory/customer.ts'
import type { FactView } from '../memory/fact-view.ts'
import { cartsOfMany, factsOfMany, ordersOfMany, traitsOfMany } from '../memory/many.ts'
import { eventView } from './event-view.ts'
import { type Levels, unknownLevels } from './levels.ts'
import { cartValue, orderSums, orderValue } from './order-values.ts'

/** Somebody who may be looked at. */
export interface Subject {
  readonly customer: number
  readonly names: readonly IdentifierRecord[]
  readonly person: Person
  /** Null = consent does not reach him. */
  readonly permit: Permit | null
}

/** The customers of these ids with their permits for `purpose`; one who has no identifier any more is absent. */
export async function subjectsOf(
  reader: Reader,
  policy: Policy,
  customers: readonly number[],
  purpose: Purpose,
  now: number,
): Promise<Subject[]> {
  const linked = Map.groupBy(await identifiersOfAll(reader, [...new Set(customers)]), ({ customer }) => customer)
  const identities = [...linked].map(([customer, names]) => ({ customer, identifiers: names.map(({ id }) => id) }))
  const people = await peopleOf(reader, policy, identities, now)
  return people.map((person, i) => {
    const { customer } = identities[i]
    return { customer, names: linked.get(customer) ?? [], person, permit: permit(person, purpose) }
  })
}

export interface ViewOptions {
  /** Of the shop. */
  readonly currency: string
  readonly now: number
  /** What is so only by comparison with all; where absent, what is usual. */
  readonly levels?: Levels
  /** Names of segments by customer, where they are asked for. */
  readonly segments?: ReadonlyMap<number, readonly string[]>
  /**
   * What happened later is left out: orders, events and facts as of this time. What became of an order since is as it is
   * today; so are carts, unless `carts` gives them.
   */
  readonly asOf?: number
  /** By customer. */
  readonly carts?: Awaited<ReturnType<typeof cartsOfMany>>
}

const otherTypes = ['page', 'screen', 'identify', 'group', 'alias']

/** What all of these conditions together look at. */
export interface Wanted {
  readonly roots: ReadonlySet<string>
  readonly customer: ReadonlySet<string>
  /** Null = no events; names null = of every name; reach null = as far back as there are any. */
  readonly events: { readonly names: readonly string[] | null; readonly reach: number | null } | null
  readonly lines: boolean
  readonly margin: boolean
}

export function wantedBy(uses: readonly Uses[]): Wanted {
  const counting = uses.filter(({ roots }) => roots.has('events'))
  // Only a track has its name in a column of its own.
  const isOpen = (names: ReadonlySet<string> | null) => names === null || otherTypes.some((type) => names.has(type))
  const isAll = counting.some(({ eventNames }) => isOpen(eventNames))
  const isEndless = counting.some(({ reach }) => reach === null)
  return {
    roots: new Set(uses.flatMap(({ roots }) => [...roots])),
    customer: new Set(uses.flatMap(({ customer }) => [...customer])),
    events:
      counting.length === 0
        ? null
        : {
            names: isAll ? null : [...new Set(counting.flatMap(({ eventNames }) => [...(eventNames ?? [])]))],
            reach: isEndless ? null : Math.max(...counting.map(({ reach }) => reach ?? 0)),
          },
    lines: uses.some(({ lines }) => lines),
    margin: uses.some(({ margin }) => margin),
  }
}

/** As many as conditions look at (docs/conditions.md). */
const mostEvents = 1000
const ofOrders = ['orders', 'firstOrder', 'lastOrder', 'revenue', 'bought', 'returned', 'interval', 'recipients']
const ofFacts = ['facts', 'openComplaint', 'lastComplaint']

/** What is known of each subject who may be looked at, by customer. */
export async function customerViews(
  reader: Reader,
  subjects: readonly Subject[],
  wanted: Wanted,
  options: ViewOptions,
): Promise<Map<number, ConditionValues>> {
  const reached = subjects.filter((subject) => subject.permit !== null)
  const permits = reached.map((subject) => subject.permit as Permit)
  const { now, levels = unknownLevels, asOf = Number.POSITIVE_INFINITY } = options
  const asks = (fields: readonly string[]) => fields.some((field) => wanted.customer.has(field))
  const orders =
    wanted.roots.has('orders') || asks(['consent', ...ofOrders]) ? await ordersOfMany(reader, permits) : none
  const traits = asks(['traits']) ? await traitsOfMany(reader, permits) : none
  const facts = asks(ofFacts) ? await factsOfMany(reader, permits, now) : none
  const carts = wanted.roots.has('cart') ? (options.carts ?? (await cartsOfMany(reader, permits))) : none
  const { names, reach } = wanted.events ?? { names: [], reach: 0 }
  const since = reach === null ? 0 : now - reach
  const events = wanted.events ? await eventsOfMany(reader, permits, { names, since, limit: mostEvents }) : none
  const needsItems = wanted.lines || wanted.margin || wanted.roots.has('cart')
  const items: ReadonlyMap<number, ItemFacts> = needsItems
    ? await itemFacts(reader, itemIds(orders.values(), carts.values()))
    : none
  const shop = { ...options, items, scale: 10 ** currencyExponent(options.currency) }
  return new Map(
    reached.map((subject) => {
      const { customer } = subject
      const placed = (orders.get(customer) ?? []).filter(({ time }) => time <= asOf)
      const own = placed.flatMap((order) => orderValue(order, shop) ?? [])
      const told = (facts.get(customer) ?? []).filter(({ validFrom }) => validFrom <= asOf)
      const happened = (events.get(customer) ?? []).filter(({ time }) => time <= asOf)
      const view: ConditionValues = {
        orders: own,
        events: happened.map(eventView),
        cart: cartValue(carts.get(customer), shop),
        customer: {
          ...identityValue(subject, own.length > 0, wanted),
          ...orderSums(own, levels),
          ...factValues(told),
          traits: traits.get(customer) ?? {},
          segments: options.segments?.get(customer) ?? [],
        },
      }
      return [customer, view]
    }),
  )
}

const none: ReadonlyMap<number, never> = new Map<number, never>()

function itemIds(
  orders: Iterable<readonly CustomerOrder[]>,
  carts: Iterable<{ readonly lines: readonly { readonly item: number }[] }>,
): number[] {
  const ids = new Set<number>()
  for (const own of orders) for (const { lines } of own) for (const { item } of lines) ids.add(item)
  for (const { lines } of carts) for (const { item } of lines) ids.add(item)
  return [...ids]
}

function identityValue({ names, person }: Subject, hasBought: boolean, wanted: Wanted) {
  const seen = {
    since: Math.min(...names.map((one) => one.firstSeen)),
    lastSeen: Math.max(...names.map((one) => one.lastSeen)),
  }
  const kinds = [...new Set(names.map(({ kind }) => kind))]
  const known = kinds.some((kind) => kind !== 'anonymous' && kind !== 'claim')
  return {
    ...seen,
    known,
    identifiers: kinds,
    consent: wanted.customer.has('consent') ? agreed(person, hasBought) : [],
  }
}

/** Purposes, and channels of marketing, that he may be reached for now. */
function agreed(person: Person, hasBought: boolean): string[] {
  const { policy, identity, answers, now } = person
  const asked = new Person(policy, identity, answers, now, hasBought)
  const channels = [...new Set(['email', 'sms', 'push', profileChannel, ...Object.keys(policy.channels)])]
  return [
    ...purposes.filter((purpose) => asked.ruling(purpose).allowed),
    ...channels.filter((one) => asked.ruling('marketing', one).allowed).map((one) => textOfPurpose('marketing', one)),
  ]
}

function factValues(facts: readonly FactView[]) {
  const complaints = facts.filter(({ kind }) => kind === 'complaint')
  return {
    openComplaint: complaints.some(isOpenComplaint),
    lastComplaint: complaints.length === 0 ? null : Math.max(...complaints.map(({ confirmed }) => confirmed)),
    facts: facts.map(({ kind, subject, value, provenance, now, confirmed }) => ({
      kind,
      about: subject === '' ? null : subject,
      value: typeof value === 'object' ? null : String(value),
      data: typeof value === 'object' && value !== null ? value : {},
      source: provenance,
      confidence: now,
      time: confirmed,
    })),
  }
}
