/** Marking that something about a customer changed. */
import { inChunks } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'

/** Marks customers as changed: their versions rise, and whoever holds a copy is told after the commit. */
export async function touchCustomers(tx: Tx, customers: readonly number[]): Promise<void> {
  const sorted = [...new Set(customers)].sort((a, b) => a - b)
  for (const chunk of inChunks(sorted, 1000))
    await tx.k
      .updateTable('customers')
      .set((row) => ({ version: row('version', '+', 1) }))
      .where('id', 'in', chunk)
      .execute()
  for (const id of sorted) tx.changed('customers', id)
}

/**
 * Those of these customers whom nobody else is changing now; nobody will, before the end of this transaction. It waits for
 * nobody, so it can be held up by nobody. SQLite has one writer: all of them.
 */
export async function lockFree(tx: Tx, customers: readonly number[]): Promise<Set<number>> {
  if (tx.engine === 'sqlite') return new Set(customers)
  const free = new Set<number>()
  for (const chunk of inChunks([...new Set(customers)], 1000)) {
    const query = tx.k.selectFrom('customers').select('id').where('id', 'in', chunk).orderBy('id')
    for (const { id } of await query.forUpdate().skipLocked().execute()) free.add(id)
  }
  return free
}
