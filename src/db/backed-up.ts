/** When the database was last copied by `habitue backup`. */
import type { Handler, Handlers, Reader } from './database.ts'

const key = 'backed_up'

const note: Handler<{ now: number }, void> = async (tx, { now }) => {
  const value = String(now)
  await tx.k
    .insertInto('meta')
    .values({ key, value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute()
}

export const backupHandlers: Handlers = { 'db.backedUp': note }

/** Milliseconds; null = it never was. */
export async function lastBackup(reader: Reader): Promise<number | null> {
  const row = await reader.k.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst()
  return row ? Number(row.value) : null
}
