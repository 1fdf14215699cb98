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
