/** For tests: arbitrary events that meet in few items, orders and identifiers, and what memory made of them. */
import fc from 'fast-check'
import type { Permit, PopulationPermit } from '../consent/permit.ts'
import type { Handlers, Reader } from '../db/database.ts'
import type { Tables } from '../db/tables.ts'
import type { AdmittedEvent } from '../events/event.ts'
import { exampleEvent } from './example-events.ts'
import { memoryFolds } from './fold.ts'
import { clearMemory } from './rebuild.ts'

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
      what: fc.oneof({ weight: 3, arbitrary: browsing }, { weight: 4, arbitrary: ordering }, telling),
      time: fc.integer({ min: 1, max: 12 }).map((days) => days * day),
      identifier: fc.constantFrom(1, 2, 3, null),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((events) =>
    events.map(({ what, ...rest }, i) => exampleEvent({ ...what, ...rest, message: `m${(i * 7) % 41}` })),
  )

/** The same in another order, cut into other batches. */
export function shuffled(events: readonly AdmittedEvent[], random: () => number): AdmittedEvent[][] {
  const order = events.map((event) => ({ event, rank: random() })).sort((a, b) => a.rank - b.rank)
  const batches: AdmittedEvent[][] = [[]]
  for (const { event } of order) {
    if (random() < 0.3) batches.push([])
    batches.at(-1)?.push(event)
  }
  return batches
}

/** Folds batches into an emptied memory. */
export const foldHandlers: Handlers = {
  'test.fold': async (tx, batches: AdmittedEvent[][]) => {
    await clearMemory(tx)
    for (const batch of batches) for (const fold of memoryFolds) await fold.apply(tx, batch)
  },
}

const tables = ['interactions', 'item_days', 'traits', 'orders', 'order_lines', 'carts'] as const

/** Every row of memory, sorted: equal text means equal memory. */
export async function dump(reader: Reader): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {}
  for (const table of tables) {
    const rows = await reader.k
      .selectFrom(table as keyof Tables)
      .selectAll()
      .execute()
    all[table] = rows.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort()
  }
  return all
}

/** As consent would grant it. */
export function examplePermit(customer: number, identifiers: readonly number[]): Permit {
  return { customer, identifiers, purpose: 'service', ceiling: 'known' } as Permit
}

export const everybody = { purpose: 'training' } as PopulationPermit
