/** Rebuilding memory from the events that are kept, and the checkpoint of those that are not. */
import { sql } from 'kysely'
import type { Tx } from '../db/database.ts'

const rebuilt = ['interactions', 'item_days', 'traits', 'orders', 'order_lines', 'carts'] as const

/** Empties the tables that the folds fill; checkpoints stay. */
export async function clearMemory(tx: Tx): Promise<void> {
  for (const table of rebuilt) await tx.k.deleteFrom(table).execute()
}

/** Begins with what the dropped events left. */
export async function restoreCheckpoint(tx: Tx): Promise<void> {
  const copies = [
    ['interactions', 'identifier, recipient, item, views, view_last'],
    ['item_days', 'day, item, views'],
    ['carts', 'identifier, state, updated'],
  ]
  for (const [table, columns] of copies) {
    await sql.raw(`insert into ${table} (${columns}) select ${columns} from ${table}_checkpoint`).execute(tx.k)
  }
}
