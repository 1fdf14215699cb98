/** Where open carts are read and written in the transaction of their events. */
import { selectByKeys, upsertRows } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import type { AdmittedEvent } from '../events/event.ts'
import { type CartState, cartOf, decodeCart, encodeCart, mergeCarts } from './carts.ts'

/** Joins what `events` say of carts with what `table` holds. */
export async function writeCarts(
  tx: Tx,
  table: 'carts' | 'carts_checkpoint',
  events: readonly AdmittedEvent[],
): Promise<void> {
  const carts = new Map<number, CartState>()
  for (const event of events) {
    const cart = event.identifier === null ? null : cartOf(event)
    if (cart === null) continue
    const identifier = event.identifier as number
    const known = carts.get(identifier)
    carts.set(identifier, known ? mergeCarts(known, cart) : cart)
  }
  if (carts.size === 0) return
  const keys = [...carts.keys()].sort((a, b) => a - b).map((identifier) => [identifier])
  const columns = ['identifier', 'state', 'updated'] as const
  const stored = await selectByKeys<{ identifier: number; state: string; updated: number }>(
    tx,
    table,
    ['identifier'],
    keys,
    columns,
  )
  for (const { identifier, state, updated } of stored) {
    carts.set(identifier, mergeCarts(decodeCart(updated, state), carts.get(identifier) as CartState))
  }
  const rows = [...carts].map(([identifier, cart]) => [identifier, encodeCart(cart), cart.updated])
  await upsertRows(tx, table, ['identifier'], columns, rows)
}
