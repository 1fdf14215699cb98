/**
 * What events call a product -> internal item ids, inside the transaction that remembers them. A name is an item's id
 * before it is a further identifier of another. A product that nobody knows becomes a *provisional* item, with what the
 * event said of it, so that a shop can start without a catalogue.
 *
 * A name that turned out to mean another item (`same_as`) still gives its own row: memory's rows keep the id that they
 * were written with, a replay writes the same rows again, and readers see through it (`Catalogue.canonical`).
 */
import { inChunks, selectByKeys } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'

/** A product as an event names it; the best name first. */
export interface NamedProduct {
  readonly names: readonly string[]
  readonly title: string | null
  readonly category: string | null
  /** Minor units of `currency`. */
  readonly price: number | null
  readonly currency: string | null
}

/** Rows a statement of the rare insert; 10 values each, far below both engines' limits. */
const INSERT = 100

export interface ResolvedProducts {
  /** The internal id of each product, in order. */
  readonly ids: number[]
  /** Those of them that are counted, and of which none is left. */
  readonly soldOut: ReadonlySet<number>
}

/** @throws HabitueError invalid_event for a product without a name */
export async function resolveProducts(
  tx: Tx,
  products: readonly NamedProduct[],
  world: World,
): Promise<ResolvedProducts> {
  const seen: Seen = { soldOut: new Set(), aliases: new Map() }
  const ids = await idsOf(tx, products, world, seen)
  if (seen.aliases.size > 0) await lookThrough(tx, seen)
  return { ids, soldOut: seen.soldOut }
}

/** What looking items up told besides. */
interface Seen {
  readonly soldOut: Set<number>
  /** Items that turned out to be others, and which. */
  readonly aliases: Map<number, number>
}

/** Of another name of an item, the item's own row counts what is left. */
async function lookThrough(tx: Tx, { soldOut, aliases }: Seen): Promise<void> {
  const keys = [...new Set(aliases.values())].map((id) => [id])
  const rows = await selectByKeys<LookedUp>(tx, 'items', ['id'], keys, lookedUp)
  const gone = new Set(rows.filter(isSoldOut).map(({ id }) => id))
  for (const [alias, id] of aliases) if (gone.has(id)) soldOut.add(alias)
}

/** The same look tells which are sold out. */
async function idsOf(tx: Tx, products: readonly NamedProduct[], world: World, seen: Seen): Promise<number[]> {
  const known = await lookUp(
    tx,
    products.map(({ names }) => first(names)),
    seen,
  )
  // The second look is for products whose best name is no item's id: rare once the catalogue is there.
  const rest = products.filter(({ names }) => !known.has(names[0]))
  if (rest.length === 0) return products.map(({ names }) => known.get(names[0])!)
  const others = await lookUpAny(
    tx,
    rest.flatMap(({ names }) => names),
    seen,
  )
  const find = ({ names }: NamedProduct) => {
    const name = names.find((candidate) => known.has(candidate) || others.has(candidate))
    return name === undefined ? undefined : (known.get(name) ?? others.get(name))
  }
  const missing = rest.filter((product) => find(product) === undefined)
  if (missing.length > 0) for (const [name, id] of await createProvisional(tx, missing, world)) known.set(name, id)
  return products.map((product) => find(product)!)
}

function first(names: readonly string[]): string {
  if (names.length === 0) {
    throw new HabitueError('invalid_event', 'A product of the event has no name; expected a product_id or a sku.')
  }
  return names[0]
}

/** Ids of the items that are called so by their own id. */
async function lookUp(tx: Tx, names: readonly string[], seen: Seen): Promise<Map<string, number>> {
  const keys = [...new Set(names)].map((name) => [name])
  const rows = await selectByKeys<LookedUp>(tx, 'items', ['item'], keys, lookedUp)
  note(rows, seen)
  return new Map(rows.map(({ id, item }) => [item, id]))
}

type LookedUp = { id: number; item: string; stock: number | null; same_as: number | null }
const lookedUp = ['id', 'item', 'stock', 'same_as'] as const
const isSoldOut = ({ stock }: LookedUp) => stock !== null && stock <= 0

function note(rows: readonly LookedUp[], { soldOut, aliases }: Seen): void {
  for (const row of rows) {
    if (isSoldOut(row)) soldOut.add(row.id)
    if (row.same_as !== null) aliases.set(row.id, row.same_as)
  }
}

/** Ids of the items that are called so in any way; an item's own id wins over another's further identifier. */
async function lookUpAny(tx: Tx, names: readonly string[], seen: Seen): Promise<Map<string, number>> {
  const keys = [...new Set(names)].map((name) => [name])
  const further = await selectByKeys<{ name: string; item: number }>(tx, 'item_names', ['name'], keys, ['name', 'item'])
  const ids = further.map(({ item }) => [item])
  if (ids.length > 0) note(await selectByKeys<LookedUp>(tx, 'items', ['id'], ids, lookedUp), seen)
  const own = await lookUp(tx, names, seen)
  return new Map([...further.map(({ name, item }) => [name, item] as const), ...own])
}

async function createProvisional(
  tx: Tx,
  products: readonly NamedProduct[],
  world: World,
): Promise<Map<string, number>> {
  const now = world.now()
  const rows = new Map<string, ReturnType<typeof provisionalRow>>()
  for (const product of products) {
    const row = provisionalRow(product, now)
    rows.set(row.item, more(rows.get(row.item), row))
  }
  // Sorted: on PostgreSQL two transactions that create the same items wait for each other in one order.
  const sorted = [...rows.values()].sort((a, b) => (a.item < b.item ? -1 : 1))
  for (const chunk of inChunks(sorted, INSERT)) {
    // Another node may be creating the same item right now; then this waits for it, and finds its row below.
    await tx.k
      .insertInto('items')
      .values(chunk)
      .onConflict((conflict) => conflict.column('item').doNothing())
      .execute()
  }
  const created = await lookUp(tx, [...rows.keys()], { soldOut: new Set(), aliases: new Map() })
  for (const id of created.values()) tx.changed('items', id)
  return created
}

/** Of two mentions of one product, what the first says, and what only the second does. */
function more(a: ReturnType<typeof provisionalRow> | undefined, b: ReturnType<typeof provisionalRow>) {
  if (!a) return b
  const price = a.price === null ? b : a
  return {
    ...a,
    title: a.title ?? b.title,
    categories: a.categories === '[]' ? b.categories : a.categories,
    price: price.price,
    currency: price.currency,
  }
}

function provisionalRow(product: NamedProduct, now: number) {
  return {
    item: product.names[0],
    title: product.title,
    categories: product.category === null ? '[]' : JSON.stringify([product.category]),
    attributes: '{}',
    price: product.price,
    currency: product.price === null ? null : product.currency,
    hidden: 0,
    provisional: 1,
    created: now,
    updated: now,
  }
}
