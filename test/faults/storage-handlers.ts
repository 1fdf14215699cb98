/** The handlers of the storage tests: a small ingest (a key seen once, a count folded with it), and ways to break. */
import { setImmediate } from 'node:timers/promises'
import { insertNew, insertRows, upsertFold } from '../../src/db/batch.ts'
import type { Handlers, Tx } from '../../src/db/database.ts'
import { HabitueError } from '../../src/errors.ts'

export interface AddRequest {
  /** Each counts one view of `item` on day 0, once ever. */
  readonly messages: readonly string[]
  readonly item: number
  /** Throws after everything was written. */
  readonly fail?: boolean
}

export async function add(tx: Tx, { messages, item, fail }: AddRequest): Promise<{ added: number }> {
  const isNew = await insertNew(
    tx,
    'seen',
    'key',
    messages.map((message) => Buffer.from(message)),
  )
  const added = isNew.filter(Boolean).length
  await upsertFold(tx, 'item_days', { key: ['item', 'day'], add: ['views'] }, [{ item, day: 0, views: added }])
  tx.changed('items', item)
  if (fail) throw new HabitueError('invalid_event', 'This request was told to fail.', { item })
  return { added }
}

export const storageHandlers: Handlers = {
  add,
  /** Fails in a way that has no code. */
  stumble: async () => {
    throw new TypeError('a mistake of the program')
  },
  /** From now on the file may have no more pages than it has, plus `spare`. */
  limit: async (tx, { spare }: { spare: number | null }) => {
    if (tx.connection.engine !== 'sqlite') throw new Error('SQLite only')
    const [{ page_count: pages }] = tx.connection.all<{ page_count: number }>('pragma page_count')
    tx.connection.all(`pragma max_page_count = ${spare === null ? 1_000_000 : pages + spare}`)
  },
  /** Writes `bytes`; where the disk is full, goes on as if nothing had happened. */
  stuff: async (tx, { bytes, swallow }: { bytes: number; swallow?: boolean }) => {
    const row = ['k', 'x'.repeat(bytes)]
    try {
      await insertRows(tx, 'meta', ['key', 'value'], [[`stuff ${bytes} ${swallow}`, row[1]]])
    } catch (error) {
      if (!swallow) throw error
      await insertRows(tx, 'meta', ['key', 'value'], [['after a swallowed error', 'x']])
    }
  },
  /** Ends the thread in the middle of a transaction. */
  die: async (tx) => {
    await insertRows(tx, 'meta', ['key', 'value'], [['dying', 'x']])
    process.exit(3)
  },
  /** A handler that does not stay within microtasks; messages that arrive meanwhile may not be lost. */
  dawdle: async (tx, { key }: { key: string }) => {
    await setImmediate()
    await insertRows(tx, 'meta', ['key', 'value'], [[key, 'x']])
    await setImmediate()
  },
  nothing: async () => null,
}
