/** Messages that were waiting while nothing acted, not sent. */
import type { Tx } from '../db/database.ts'

/** Answers how many there were. What was cut off while it was being sent is in doubt, as always. */
export async function skipMessages(tx: Tx, until: number): Promise<Readonly<Record<string, number>>> {
  const { numUpdatedRows } = await tx.k
    .updateTable('messages')
    .set({ state: 'suppressed', reason: 'skipped', due: null, lease: null, holder: null, request: null })
    .where('state', '=', 'planned')
    .where((row) => row.or([row.and([row('due', 'is', null), row('created', '<=', until)]), row('due', '<=', until)]))
    .executeTakeFirst()
  return { messages: Number(numUpdatedRows) }
}
