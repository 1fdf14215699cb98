/** Who waits for which item, and why: from what he asked for, wished, left in a cart, or could not have. */
import { toMinorUnits } from '../catalog/money.ts'
import { type FoldSpec, selectByKeys, upsertFold } from '../db/batch.ts'
import type { Reader, Tx } from '../db/database.ts'
import type { Tables } from '../db/tables.ts'
import type { AdmittedEvent } from '../events/event.ts'

/** In the order in which one is given as the reason where several hold. */
export const waitReasons = ['asked', 'watch', 'wished', 'unavailable', 'abandoned'] as const
export type WaitReason = (typeof waitReasons)[number]
export type Wait = Tables['item_waits'] & { readonly reason: WaitReason }

/** Asked for in so many words, so it rests on his request and not on what was seen of him; told once. */
export const askedFor: ReadonlySet<WaitReason> = new Set<WaitReason>(['asked', 'watch'])

const key = ['item', 'identifier', 'reason'] as const
const said = ['waits', 'below', 'currency'] as const
const columns = [...key, ...said, 'time', 'message'] as const
const spec: FoldSpec = { key, latest: { columns: said, by: ['time', 'message'] } }

const meanings: Readonly<Record<string, readonly [reason: WaitReason, waits: 0 | 1]>> = {
  'Product Added to Wishlist': ['wished', 1],
  'Product Removed from Wishlist': ['wished', 0],
  'Cart Abandoned': ['abandoned', 1],
  'Product Unavailable': ['unavailable', 1],
  'Back In Stock Requested': ['asked', 1],
  'Back In Stock Request Withdrawn': ['asked', 0],
  'Price Watch Set': ['watch', 1],
  'Price Watch Removed': ['watch', 0],
}

/** Whether an event of this name may change who waits: asked of each event. */
export function speaksOfWaiting(name: string): boolean {
  return Object.hasOwn(meanings, name)
}

/** What events (of identifiers) say. `currency` = the shop's. */
export function waitsOf(events: readonly AdmittedEvent[], currency: string): Wait[] {
  return events.flatMap((event) => {
    const [reason, waits] = meanings[event.name]
    const { time, messageId: message, items, properties } = event
    const stated = typeof properties.currency === 'string' ? properties.currency.toUpperCase() : currency
    const below = reason === 'watch' ? amountOf(properties.below, stated) : null
    const identifier = event.identifier as number
    return [...new Set(items)].map((item) => {
      return { item, identifier, reason, waits, below, currency: below === null ? null : stated, time, message }
    })
  })
}

function amountOf(given: unknown, currency: string): number | null {
  const amount = typeof given === 'string' && given.trim() !== '' ? Number(given) : given
  return typeof amount === 'number' && Number.isFinite(amount) && amount > 0 ? toMinorUnits(amount, currency) : null
}

export async function writeWaits(tx: Tx, waits: readonly Wait[]): Promise<void> {
  const sorted = waits.toSorted((a, b) => a.item - b.item || a.identifier - b.identifier)
  if (sorted.length > 0) await upsertFold(tx, 'item_waits', spec, sorted)
}

/** Those of `items` that somebody waits for. */
export async function waitedFor(reader: Reader, items: readonly number[]): Promise<number[]> {
  const rows = await reader.k
    .selectFrom('item_waits')
    .select('item')
    .where('item', 'in', items)
    .where('waits', '=', 1)
    .distinct()
    .execute()
  return rows.map(({ item }) => item)
}

/** The next who wait for any of `items` (names of one), whole identifiers in order, after `told`; at most about `limit` rows. */
export async function nextWaiting(
  reader: Reader,
  items: readonly number[],
  { told, limit, reasons }: { told: number; limit: number; reasons: readonly WaitReason[] },
): Promise<{ waits: Wait[]; isLast: boolean }> {
  const rows = (await reader.k
    .selectFrom('item_waits')
    .select(columns)
    .where('item', 'in', items)
    .where('identifier', '>', told)
    .where('waits', '=', 1)
    .where('reason', 'in', reasons)
    .orderBy('identifier')
    .limit(limit)
    .execute()) as Wait[]
  if (rows.length < limit) return { waits: rows, isLast: true }
  const last = (rows.at(-1) as Wait).identifier
  const whole = rows.filter(({ identifier }) => identifier !== last)
  return { waits: whole.length > 0 ? whole : rows, isLast: false }
}

/** All that these identifiers wait for of `items`. */
export async function waitsFor(
  reader: Reader,
  items: readonly number[],
  identifiers: readonly number[],
): Promise<Wait[]> {
  const keys = items.flatMap((item) => identifiers.map((identifier) => [item, identifier]))
  const rows = await selectByKeys<Wait>(reader, 'item_waits', ['item', 'identifier'], keys, columns)
  return rows.filter(({ waits }) => waits === 1)
}

/** Drops what was last said before `before`, a piece at a call. @returns how many */
export async function retainWaits(tx: Tx, { before, limit }: { before: number; limit: number }): Promise<number> {
  const old = await tx.k
    .selectFrom('item_waits')
    .select(key)
    .where('time', '<', before)
    .orderBy('time')
    .limit(limit)
    .execute()
  for (const { item, identifier, reason } of old)
    await tx.k
      .deleteFrom('item_waits')
      .where('item', '=', item)
      .where('identifier', '=', identifier)
      .where('reason', '=', reason)
      .execute()
  return old.length
}

/** Lets go of what rests on what was seen of them; what they asked for stays. */
export async function forgetWaits(tx: Tx, identifiers: readonly number[]): Promise<void> {
  await tx.k
    .deleteFrom('item_waits')
    .where('identifier', 'in', identifiers)
    .where('reason', 'not in', [...askedFor])
    .execute()
}
