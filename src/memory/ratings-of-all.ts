/** Every rating that customers gave, with whether they are known to have bought the item: what rankings are made of. */
import { setImmediate } from 'node:timers/promises'
import type { PopulationPermit } from '../consent/permit.ts'
import { heldQuery, selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { InteractionRow } from '../db/tables.ts'
import { identifiersOfAll, identifiersWith } from '../identity/store.ts'
import { isLater } from './interactions.ts'

/** A customer's latest rating of an item. */
export interface CustomerRating {
  readonly customer: number
  /** Internal id. */
  readonly item: number
  readonly stars: number
  readonly time: number
  readonly message: string
  /** One of his orders has it, whoever it was for, and whether or not it came back. */
  readonly bought: boolean
}

type RatedRow = Pick<InteractionRow, 'identifier' | 'item' | 'rating_time' | 'rating_message' | 'bought'> & {
  readonly rating: number
}

const piece = 2000
const query = `select identifier, item, rating, rating_time, rating_message, bought from interactions
  where rating is not null and recipient = '' and (item, identifier) > (?, ?) order by item, identifier limit ${piece}`

/** `canonical`: the item that another name turned out to be. A customer whom the permit does not reach is left out. */
export async function ratingsOfAll(
  reader: Reader,
  permit: PopulationPermit,
  canonical: (item: number) => number,
): Promise<CustomerRating[]> {
  const rows = await allRated(reader)
  const owners = await ownersOf(reader, [...new Set(rows.map(({ identifier }) => identifier))])
  const allowed = new Map<number, boolean>()
  const latest = new Map<string, RatedRow & { customer: number; canonical: number }>()
  for (const row of rows) {
    const owner = owners.get(row.identifier)
    if (owner === undefined) continue
    const { customer, identifiers } = owner
    if (!allowed.has(customer)) allowed.set(customer, permit.of(customer, identifiers) !== null)
    if (!allowed.get(customer)) continue
    const item = canonical(row.item)
    const key = `${customer} ${item}`
    const known = latest.get(key)
    const bought = Math.max(row.bought, known?.bought ?? 0)
    const holds =
      !known || isLater(row.rating_time, row.rating_message, known.rating_time, known.rating_message) ? row : known
    latest.set(key, { ...holds, customer, bought, canonical: item })
  }
  const open = [...latest.values()].filter(({ bought }) => bought <= 0)
  const proved = await boughtByOthers(reader, open, owners)
  return [...latest].map(([key, row]) => ({
    customer: row.customer,
    item: row.canonical,
    stars: row.rating,
    time: row.rating_time,
    message: row.rating_message,
    bought: row.bought > 0 || proved.has(key),
  }))
}

async function allRated(reader: Reader): Promise<RatedRow[]> {
  const rows: RatedRow[] = []
  for (let after: [number, number] = [0, 0]; ; ) {
    const chunk = await heldQuery<RatedRow>(reader, query, after)
    rows.push(...chunk)
    if (chunk.length < piece) return rows
    const last = chunk[chunk.length - 1]
    after = [last.item, last.identifier]
    // Decisions go on meanwhile.
    await setImmediate()
  }
}

interface Owner {
  readonly customer: number
  readonly identifiers: readonly number[]
}

/** By identifier, the customer to whom it is linked and all that are linked to him. */
export async function ownersOf(reader: Reader, identifiers: readonly number[]): Promise<Map<number, Owner>> {
  const owners = new Map<number, Owner>()
  for (let start = 0; start < identifiers.length; start += piece) {
    const links = await identifiersWith(reader, identifiers.slice(start, start + piece))
    const all = await identifiersOfAll(reader, [...new Set(links.map(({ customer }) => customer))])
    for (const [customer, own] of Map.groupBy(all, (one) => one.customer)) {
      const owner = { customer, identifiers: own.map(({ id }) => id) }
      for (const { id } of own) owners.set(id, owner)
    }
  }
  return owners
}

interface RatedBy {
  readonly identifier: number
  readonly item: number
  readonly canonical: number
}

/** `customer item` of those of `rows` whose item another of his identifiers, or he for somebody else, has bought. */
async function boughtByOthers(
  reader: Reader,
  rows: readonly RatedBy[],
  owners: ReadonlyMap<number, Owner>,
): Promise<Set<string>> {
  const canonical = new Map(rows.flatMap((row) => [[row.item, row.canonical] as const, [row.canonical, row.canonical]]))
  const pairs = rows.flatMap(({ identifier, item, canonical: other }) =>
    (owners.get(identifier)?.identifiers ?? []).flatMap((own) =>
      (item === other ? [item] : [item, other]).map((one) => [own, one] as const),
    ),
  )
  const found = new Set<string>()
  for (const { identifier, item } of await boughtPairs(reader, pairs))
    found.add(`${owners.get(identifier)?.customer} ${canonical.get(item)}`)
  return found
}

/** Those of the pairs (identifier, item) that were bought. */
export async function boughtPairs(
  reader: Reader,
  pairs: readonly (readonly [identifier: number, item: number])[],
): Promise<{ readonly identifier: number; readonly item: number }[]> {
  const found: { identifier: number; item: number }[] = []
  for (let start = 0; start < pairs.length; start += piece) {
    const rows = await selectByKeys<Pick<InteractionRow, 'identifier' | 'item' | 'bought'>>(
      reader,
      'interactions',
      ['identifier', 'item'],
      pairs.slice(start, start + piece),
      ['identifier', 'item', 'bought'],
    )
    found.push(...rows.filter(({ bought }) => bought > 0))
  }
  return found
}
