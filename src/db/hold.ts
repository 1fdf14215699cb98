/**
 * A restored database has forgotten what was done since its backup: what is overdue in it may have been done. So nothing that
 * acts by itself goes on until somebody says what is to become of that.
 */
import type { Database, Handler, Handlers, Reader, Tx } from './database.ts'

const key = 'held'
const topic = 'hold'

/** Since when the engine acts no more by itself, milliseconds; null = it does. */
export async function heldSince(reader: Reader): Promise<number | null> {
  const row = await reader.k.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst()
  return row ? Number(row.value) : null
}

/** The same, asked of the database only after it changed: whoever acts many times a second asks each time. */
export function holdWatch(db: Pick<Database, 'onChange'> & Reader): () => Promise<number | null> {
  let known: Promise<number | null> | null = null
  db.onChange((changes) => {
    if (changes.has(topic)) known = null
  })
  return () => {
    known ??= heldSince(db).catch((error) => {
      known = null
      throw error
    })
    return known
  }
}

export const holdHandlers: Handlers = {
  'engine.hold': async (tx, { now }: { now: number }) => {
    await release(tx)
    await tx.k
      .insertInto('meta')
      .values({ key, value: String(now) })
      .execute()
    tx.changed(topic, 0)
  },
}

async function release(tx: Tx): Promise<void> {
  await tx.k.deleteFrom('meta').where('key', '=', key).execute()
  tx.changed(topic, 0)
}

type Skip = (tx: Tx, until: number, now: number) => Promise<Readonly<Record<string, number>>>

/**
 * The handler `engine.resume`: answers what was passed over, by table. Only what was due when it began to wait may have been
 * done before the restore; what became due since is late, and is done.
 */
export function resumeHandler(
  skips: readonly Skip[],
): Handler<{ overdue: 'skip' | 'send'; now: number }, Record<string, number>> {
  return async (tx, { overdue, now }) => {
    const skipped: Record<string, number> = {}
    const held = await heldSince(tx)
    if (overdue === 'skip' && held !== null) for (const skip of skips) Object.assign(skipped, await skip(tx, held, now))
    await release(tx)
    return skipped
  }
}
