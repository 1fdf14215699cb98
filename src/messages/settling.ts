/** Ends that others bring: a notice of the mail server, an answer of the customer, a person who looked. */
import type { Handler, Handlers } from '../db/database.ts'
import { messageById, type StoredMessage } from './store.ts'

export type Settlement = 'sent' | 'failed' | 'again'

/** Ends a doubt: by a notice of the mail server, or by a person who looked. `again` lets it be sent once more. */
const settle: Handler<
  { id: number; as: Settlement; by: string; reason: string | null; now: number },
  StoredMessage | null
> = async (tx, { id, as, by, reason, now }) => {
  const changes = {
    sent: { state: 'sent', sent: now, due: null, request: null },
    failed: { state: 'failed', due: null },
    again: { state: 'planned', due: now },
  } as const
  // Who held it holds it no more: what he may still do, he may not.
  const { numUpdatedRows } = await tx.k
    .updateTable('messages')
    .set({ ...changes[as], reason, settled: by, holder: null, lease: null })
    .where('id', '=', id)
    .where('state', '=', 'in_doubt')
    .executeTakeFirst()
  return numUpdatedRows === 1n ? messageById(tx, id) : null
}

/** A mail server says that it could not deliver what it had taken. */
const returned: Handler<{ id: number; reason: string }, void> = async (tx, { id, reason }) => {
  const change = { state: 'failed', reason, settled: 'notice', holder: null, lease: null, due: null }
  const mayHaveBeen = ['sent', 'in_doubt', 'sending']
  await tx.k.updateTable('messages').set(change).where('id', '=', id).where('state', 'in', mayHaveBeen).execute()
}

const replied: Handler<{ id: number; now: number }, void> = async (tx, { id, now }) => {
  await tx.k.updateTable('messages').set({ replied: now }).where('id', '=', id).where('replied', 'is', null).execute()
}

/** A dead letter is tried again. */
const replay: Handler<{ id: number; now: number; by: string }, boolean> = async (tx, { id, now, by }) => {
  const { numUpdatedRows } = await tx.k
    .updateTable('messages')
    .set({ state: 'planned', due: now, attempts: 0, created: now, settled: by, holder: null })
    .where('id', '=', id)
    .where('state', '=', 'failed')
    .where('request', 'is not', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const settlingHandlers: Handlers = {
  'messages.settle': settle,
  'messages.replay': replay,
  'messages.returned': returned,
  'messages.replied': replied,
}
