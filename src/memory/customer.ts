/** What the pages of one customer show: his profile, his orders, his open cart. */
import type { Permit } from '../consent/permit.ts'
import { selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { OrderRow } from '../db/tables.ts'
import { type CartLine, cartLines, decodeCart, emptyCart, mergeCarts } from './carts.ts'
import { history } from './history.ts'
import { shownNumber } from './order-changes.ts'
import { joinParts } from './order-joins.ts'
import { orderFields } from './order-store.ts'
import { type OrderState, orderState } from './orders.ts'
import { combineTraits, type ToldTrait } from './traits.ts'

export interface CustomerOrder extends OrderState {
  /** The shop's own number; null for a return or an order that came without one. */
  readonly number: string | null
}

/** The customer's orders, newest first; `before` = only those placed before this time. */
export async function orders(
  reader: Reader,
  permit: Permit,
  { before = Number.POSITIVE_INFINITY, limit = 100 }: { before?: number; limit?: number } = {},
): Promise<CustomerOrder[]> {
  const rows = await selectByKeys<OrderRow>(reader, 'orders', ['identifier'], keysOf(permit), orderFields)
  return [...Map.groupBy(rows, (row) => row.number)]
    .map(([number, same]) => ({ number, ...orderState(joinParts(same)) }))
    .filter((order) => order.time < before)
    .sort((a, b) => b.time - a.time || (a.number < b.number ? -1 : 1))
    .slice(0, limit)
    .map((order) => ({ ...order, number: shownNumber(order.number) }))
}

export interface Cart {
  readonly lines: readonly CartLine[]
  /** Time of its latest event; 0 = there was none. */
  readonly updated: number
  /** Left for longer than the time asked for: shown, but no longer taken as what the customer is about to buy. */
  readonly stale: boolean
}

const MS_A_DAY = 86_400_000

/** How long a cart is open when nothing happens to it. */
export const OPEN_CART_MS = 30 * MS_A_DAY

/** The customer's open cart at the time `now`. */
export async function cart(reader: Reader, permit: Permit, now: number, openMs = OPEN_CART_MS): Promise<Cart> {
  const rows = await selectByKeys<{ state: string; updated: number }>(reader, 'carts', ['identifier'], keysOf(permit), [
    'state',
    'updated',
  ])
  const state = rows.map((row) => decodeCart(row.updated, row.state)).reduce(mergeCarts, emptyCart)
  return { lines: cartLines(state), updated: state.updated, stale: now - state.updated > openMs }
}

export interface Profile {
  /** By name the latest told. */
  readonly traits: Readonly<Record<string, unknown>>
  readonly counts: {
    /** Items of which something is remembered. */
    readonly items: number
    readonly views: number
    readonly carts: number
    readonly wished: number
    readonly rated: number
    readonly refused: number
    readonly orders: number
    readonly cancelled: number
    readonly bought: number
    readonly returned: number
  }
  /** Spent on what was neither cancelled nor returned, minor units by currency; `''` where none was given. */
  readonly spent: Readonly<Record<string, number>>
  readonly firstOrder: number | null
  readonly lastOrder: number | null
  /** For whom else he buys. */
  readonly recipients: readonly string[]
}

/** By name the latest that was told of the customer himself. */
export async function traitsOf(reader: Reader, permit: Permit): Promise<Readonly<Record<string, unknown>>> {
  const columns = ['name', 'value', 'time', 'message']
  return combineTraits(await selectByKeys<ToldTrait>(reader, 'traits', ['identifier'], keysOf(permit), columns))
}

/** What memory knows of the customer; who he is (identifiers, first and last seen) is identity's to say. */
export async function profile(reader: Reader, permit: Permit): Promise<Profile> {
  const { self, recipients } = await history(reader, permit)
  const rows = [self, ...recipients.values()].flat()
  const placed = await orders(reader, permit, { limit: Number.POSITIVE_INFINITY })
  const kept = placed.filter((order) => order.state === 'placed' || order.state === 'refunded')
  const sum = (column: 'views' | 'carts' | 'bought' | 'returned') => rows.reduce((total, row) => total + row[column], 0)
  return {
    traits: await traitsOf(reader, permit),
    counts: {
      items: new Set(rows.map((row) => row.item)).size,
      views: sum('views'),
      carts: sum('carts'),
      wished: rows.filter((row) => row.wished > 0).length,
      rated: rows.filter((row) => row.rating !== null).length,
      refused: rows.filter((row) => row.refused > 0).length,
      orders: kept.length,
      cancelled: placed.filter((order) => order.state === 'cancelled').length,
      bought: sum('bought'),
      returned: sum('returned'),
    },
    spent: spentOn(kept),
    firstOrder: kept.at(-1)?.time ?? null,
    lastOrder: kept[0]?.time ?? null,
    recipients: [...recipients.keys()].sort(),
  }
}

function spentOn(placed: readonly OrderState[]): Record<string, number> {
  const spent: Record<string, number> = {}
  for (const { lines, currency } of placed) {
    const amount = lines.reduce((sum, line) => sum + (line.price ?? 0) * Math.max(0, line.quantity - line.returned), 0)
    if (amount > 0) spent[currency ?? ''] = (spent[currency ?? ''] ?? 0) + amount
  }
  return spent
}

function keysOf(permit: Permit): number[][] {
  return permit.identifiers.map((identifier) => [identifier])
}
