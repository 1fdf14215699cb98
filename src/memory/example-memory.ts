/** For tests: arbitrary events that meet in few items, orders and identifiers, and what memory made of them. */
import fc from 'fast-check'
import type { Permit, PopulationPermit } from '../consent/permit.ts'
import type { Handlers, Reader } from '../db/database.ts'
import type { AdmittedEvent } from '../events/event.ts'
import { exampleNow } from '../events/testing.ts'
import { exampleEvent } from './example-events.ts'
import { memoryFolds } from './fold.ts'
import { clearMemory, memoryTableNames } from './rebuild.ts'

const day = 86_400_000

const item = fc.record({
  item: fc.integer({ min: 1, max: 4 }),
  quantity: fc.integer({ min: 1, max: 3 }),
  price: fc.option(fc.integer({ min: 0, max: 900 }), { nil: null }),
  recipient: fc.constantFrom('', '', '', 'Ann', 'someone'),
})

const browsing = fc.record({
  name: fc.constantFrom(
    'Product Viewed',
    'Product Clicked',
    'Product Added',
    'Product Removed',
    'Cart Viewed',
    'Product Added to Wishlist',
    'Product Removed from Wishlist',
    'Product Refused',
    'Product Refusal Withdrawn',
    'Product Rated',
    'Product List Viewed',
    'Product Forgotten',
    'Product Remembered',
  ),
  items: fc.array(item, { minLength: 1, maxLength: 2 }),
  properties: fc.record({ rating: fc.constantFrom(1, 2.5, '4', 'none') }),
})

const ordering = fc.record({
  name: fc.constantFrom(
    'Order Completed',
    'Order Completed',
    'Order Updated',
    'Order Cancelled',
    'Order Refunded',
    'Product Returned',
  ),
  items: fc.array(item, { maxLength: 3 }),
  properties: fc.record(
    {
      order_id: fc.constantFrom('o1', 'o2', 'o3', 4),
      total: fc.constantFrom(1, 5, '9.5'),
      currency: fc.constant('EUR'),
      reason: fc.constantFrom('late', 'broken'),
    },
    { requiredKeys: [] },
  ),
})

const speaking = fc.record({
  name: fc.constantFrom('Fact Told', 'Fact Inferred', 'Preference Told', 'Complaint Received', 'Question Answered'),
  items: fc.constant([]),
  properties: fc.record({
    kind: fc.constantFrom('size', 'recipient', 'none'),
    subject: fc.constantFrom('shirts', 'Ann'),
    value: fc.constantFrom('M', { relation: 'sister' }),
    preference: fc.constantFrom('tea', 'milk'),
    complaint_id: fc.constantFrom('c1', 'c2'),
    question: fc.constantFrom('size:shirts', 'taste:tea'),
  }),
})

const telling = fc.record({
  type: fc.constant('identify' as const),
  properties: fc.record(
    { name: fc.constantFrom('Zoë', 'Bo'), city: fc.constantFrom('Ulm', null) },
    { requiredKeys: [] },
  ),
})

/** Events of identifiers 1 to 3 and of nobody; each has a message id of its own. */
export const anyEvents: fc.Arbitrary<AdmittedEvent[]> = fc
  .array(
    fc.record({
      what: fc.oneof({ weight: 3, arbitrary: browsing }, { weight: 4, arbitrary: ordering }, speaking, telling),
      time: fc.integer({ min: 1, max: 12 }).map((days) => days * day),
      identifier: fc.constantFrom(1, 2, 3, null),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((events) =>
    events.map(({ what, ...rest }, i) => exampleEvent({ ...what, ...rest, message: `m${(i * 7) % 41}` })),
  )

const people: readonly Readonly<Record<string, string>>[] = [
  { userId: 'u1' },
  { anonymousId: 'a1' },
  { userId: 'u1', anonymousId: 'a1' },
  { userId: 'u2' },
  { anonymousId: 'a3' },
]

/**
 * Messages of the tracking API from people whose identifiers never conflict. A function of a number, which is in the
 * names of people, orders and messages, so that runs on one database do not meet (they share items and days).
 */
export const anyMessages = fc
  .array(
    fc.record({
      what: fc.oneof({ weight: 3, arbitrary: browsing }, { weight: 4, arbitrary: ordering }, speaking, telling),
      time: fc.integer({ min: 1, max: 30 }).map((days) => exampleNow - days * day),
      who: fc.constantFrom(...people),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((events) => (run: number) => ({
    messages: events.map(({ what, time, who }, i) => messageOf(what, { time, who, run, i })),
    people: [
      { kind: 'user', value: `u1-${run}` },
      { kind: 'user', value: `u2-${run}` },
      { kind: 'anonymous', value: `a3-${run}` },
    ],
  }))

interface About {
  readonly time: number
  readonly who: Readonly<Record<string, string>>
  readonly run: number
  readonly i: number
}

type What = { name: string; items: readonly Item[]; properties: object } | { type: 'identify'; properties: object }
type Item = { item: number; quantity: number; price: number | null; recipient: string }

function messageOf(what: What, { time, who, run, i }: About): Record<string, unknown> {
  const named = Object.fromEntries(Object.entries(who).map(([kind, value]) => [kind, `${value}-${run}`]))
  const head = { ...named, messageId: `${run}-${(i * 7) % 31}`, timestamp: new Date(time).toISOString() }
  if (!('name' in what)) return { ...head, type: what.type, traits: what.properties }
  const given = what.properties as Record<string, unknown>
  const products = what.items.map(({ item, ...rest }) => ({ product_id: `p${item}`, ...rest }))
  const own = given.order_id === undefined ? {} : { order_id: `${given.order_id}-${run}` }
  const one = what.name.startsWith('Product ') && !what.name.startsWith('Product List') ? products[0] : undefined
  return { ...head, type: 'track', event: what.name, properties: { ...given, ...own, ...(one ?? { products }) } }
}

/** Cut at random into batches. */
export function inBatches<T>(list: readonly T[], random: () => number): T[][] {
  const batches: T[][] = [[]]
  for (const one of list) {
    if (random() < 0.3) batches.push([])
    batches.at(-1)?.push(one)
  }
  return batches.filter((batch) => batch.length > 0)
}

/** The same in another order, cut into other batches. */
export function shuffled(events: readonly AdmittedEvent[], random: () => number): AdmittedEvent[][] {
  const order = events.map((event) => ({ event, rank: random() })).sort((a, b) => a.rank - b.rank)
  return inBatches(
    order.map(({ event }) => event),
    random,
  )
}

/** Folds batches into an emptied memory. */
export const foldHandlers: Handlers = {
  'test.fold': async (tx, batches: AdmittedEvent[][]) => {
    await clearMemory(tx)
    for (const batch of batches) for (const fold of memoryFolds) await fold.apply(tx, batch)
  },
}

/** Every row of memory, sorted: equal text means equal memory. */
export async function dump(reader: Reader): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {}
  for (const table of memoryTableNames) {
    const rows = await reader.k.selectFrom(table).selectAll().execute()
    all[table] = rows.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort()
  }
  return all
}

/** As consent would grant it. */
export function examplePermit(customer: number, identifiers: readonly number[]): Permit {
  return { customer, identifiers, purpose: 'service', ceiling: 'known', since: null } as unknown as Permit
}

export const everybody = { purpose: 'training', now: 0, majority: 18, of: examplePermit } as unknown as PopulationPermit
