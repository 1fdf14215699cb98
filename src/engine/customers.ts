/** What is remembered of one customer, as HTTP and the command line show it. */
import type { Catalogue } from '../catalog/catalogue.ts'
import { type Permit, permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { personOf } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import { type DecisionRecord, decisionsOf } from '../decisions/log.ts'
import type {
  CartView,
  CustomerSummary,
  CustomersApi,
  CustomerView,
  DecisionView,
  InteractionView,
} from '../engine-api.ts'
import { timeline } from '../events/store.ts'
import { claimsOf } from '../identity/claims.ts'
import type { Identifier } from '../identity/identity.ts'
import { mergesOf } from '../identity/merges.ts'
import { customerRow, customersNamed, identifiersOf, resolve } from '../identity/store.ts'
import { type Cart, cart, orders, profile } from '../memory/customer.ts'
import { findByName, findByOrder } from '../memory/find.ts'
import { type HistoryRow, history } from '../memory/history.ts'
import { timeOf } from '../memory/signals.ts'
import type { World } from '../world.ts'

interface Needs {
  readonly db: Database
  readonly catalogue: Catalogue
  readonly policy: Policy
  readonly world: World
}

export function customersApi({ db, catalogue, policy, world }: Needs): CustomersApi {
  /** Showing what is stored is what the shop's own people and the customer ask for: service. */
  const permitFor = async (who: Identifier): Promise<Permit | null> => {
    const identity = await resolve(db, who)
    return identity && permit(await personOf(db, policy, identity, world.now()), 'service', { ceiling: 'intimate' })
  }
  const item = (id: number) => {
    const canonical = catalogue.canonical(id)
    return { item: catalogue.shopId(canonical) ?? '', title: catalogue.title(canonical) }
  }
  const upToDate = () => catalogue.upToDate(db)
  const summary = async (customer: number): Promise<CustomerSummary> => {
    const { identifiers, permit: allowed } = await described(customer)
    const traits = allowed ? (await profile(db, allowed)).traits : {}
    return { customer, identifiers, name: nameOf(traits) }
  }
  const described = async (customer: number) => {
    const identifiers = await identifiersOf(db, { customer })
    const created = (await customerRow(db, customer))?.created ?? 0
    const identity = { customer, identifiers: identifiers.map(({ id }) => id) }
    const person = await personOf(db, policy, identity, world.now())
    return { identifiers, created, permit: permit(person, 'service', { ceiling: 'intimate' }) }
  }

  return {
    async find({ identifier, order, name, limit }) {
      const customers =
        identifier !== undefined
          ? await customersNamed(db, identifier, limit)
          : order !== undefined
            ? await findByOrder(db, order, limit)
            : await findByName(db, name ?? '', limit)
      return Promise.all(customers.map(summary))
    },
    async get(who): Promise<CustomerView | null> {
      const allowed = await permitFor(who)
      if (!allowed) return null
      await upToDate()
      const { identifiers, created } = await described(allowed.customer)
      const { traits } = await profile(db, allowed)
      const { self, recipients } = await history(db, allowed)
      const views = [
        ...self.map((row) => interaction(row, '', item(row.item))),
        ...[...recipients].flatMap(([recipient, rows]) =>
          rows.map((row) => interaction(row, recipient, item(row.item))),
        ),
      ]
      return {
        customer: allowed.customer,
        identifiers,
        created,
        name: nameOf(traits),
        traits,
        interactions: views.sort((a, b) => b.last - a.last),
        claims: await claimsOf(db, allowed),
      }
    },
    async timeline(who, { before, limit }) {
      const allowed = await permitFor(who)
      return allowed && timeline(db, allowed, { before, limit })
    },
    async orders(who) {
      const allowed = await permitFor(who)
      if (!allowed) return null
      await upToDate()
      const found = await orders(db, allowed, { limit: 1000 })
      return found.map((order) => ({
        number: order.number ?? '',
        time: order.time,
        state: order.state,
        total: order.total,
        currency: order.currency,
        lines: order.lines.map((line) => ({ ...line, ...item(line.item) })),
      }))
    },
    async cart(who) {
      const allowed = await permitFor(who)
      if (!allowed) return null
      await upToDate()
      return cartView(await cart(db, allowed, world.now()), catalogue)
    },
    async merges(who) {
      const allowed = await permitFor(who)
      return allowed && mergesOf(db, allowed)
    },
    async decisions(who, limit) {
      const allowed = await permitFor(who)
      if (!allowed) return null
      await upToDate()
      return (await decisionsOf(db, allowed, limit)).map((record) => decisionView(record, (id) => item(id).item))
    },
    async undoMerge(id) {
      await db.write('identity.undoMerge', { id, now: world.now() })
    },
  }
}

function cartView({ lines, updated }: Cart, catalogue: Catalogue): CartView {
  const cards = lines.map(({ item, quantity }) => ({ quantity, card: catalogue.card(catalogue.canonical(item)) }))
  return {
    updated: updated || null,
    currency: cards[0]?.card.currency ?? null,
    lines: cards.map(({ quantity, card: { id, title, price } }) => ({ item: id, title, quantity, price })),
  }
}

function decisionView(record: DecisionRecord, nameOf: (id: number) => string): DecisionView {
  const { id, time, placement, model, items, outcomes } = record
  const shown = JSON.parse(items) as [number, number, string][]
  return {
    decisionId: id,
    time,
    placement,
    model,
    items: shown.map(([item, score, reason]) => ({ item: nameOf(item), score, reason })),
    outcomes: outcomes.map((outcome) => ({ ...outcome, item: nameOf(outcome.item) })),
  }
}

function interaction(
  row: HistoryRow,
  recipient: string,
  named: { item: string; title: string | null },
): InteractionView {
  const { views, carts, bought, orders: inOrders, returned, wished, refused, rating } = row
  return {
    ...named,
    recipient,
    views,
    carts,
    bought,
    orders: inOrders,
    returned,
    wished,
    refused,
    rating,
    last: timeOf(row),
  }
}

/** The name that a person would call the customer by. */
export function nameOf(traits: Readonly<Record<string, unknown>>): string | null {
  const text = (name: string) =>
    typeof traits[name] === 'string' && traits[name] !== '' ? (traits[name] as string) : null
  const parts = [text('firstName') ?? text('first_name'), text('lastName') ?? text('last_name')].filter(Boolean)
  return text('name') ?? (parts.length > 0 ? parts.join(' ') : null)
}
