/** The end of messages. What was asked of a customer for his agreement stays: it is the proof, and is not asked again. */
import { deleteByKeys } from '../db/batch.ts'
import type { Handler, Reader } from '../db/database.ts'
import { builtInNames } from './built-in.ts'

export interface RetainMessages {
  /** Messages that were written down before. */
  readonly before: number
  /** At most so many in one call. */
  readonly limit: number
}

/**
 * Answers how many were dropped. A message that may still go out, is in doubt, or belongs to a step that has not ended (by
 * `unfinished`: which of these instances of journeys) is what keeps it from being sent twice, so it stays.
 */
export function retainMessages(
  unfinished: (reader: Reader, instances: readonly number[]) => Promise<ReadonlySet<number>>,
): Handler<RetainMessages, number> {
  return async (tx, { before, limit }) => {
    const found = await tx.k
      .selectFrom('messages')
      .select(['id', 'instance'])
      .where('created', '<', before)
      .where('state', 'in', ['sent', 'failed', 'suppressed'])
      .where('template', '!=', builtInNames.optIn)
      .orderBy('created')
      .limit(limit)
      .execute()
    const held = await unfinished(
      tx,
      found.flatMap(({ instance }) => instance ?? []),
    )
    const keys = found.flatMap(({ id, instance }) => (instance !== null && held.has(instance) ? [] : [[Number(id)]]))
    await deleteByKeys(tx, 'message_clicks', ['message'], keys)
    await deleteByKeys(tx, 'messages', ['id'], keys)
    return keys.length
  }
}
