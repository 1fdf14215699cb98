/** What would have come about while nothing acted, left untold. */
import type { Tx } from '../db/database.ts'

/** Answers how many moments there were. */
export async function skipMoments(tx: Tx, until: number): Promise<Readonly<Record<string, number>>> {
  const { numDeletedRows } = await tx.k.deleteFrom('moments').where('due', '<=', until).executeTakeFirst()
  return { moments: Number(numDeletedRows) }
}
