/**
 * Programs that were told of a customer hear of his erasure (GDPR 19), also where they are away for days or this process dies.
 * What they are told names him, so it is kept sealed, and only until they have heard it or a week is over.
 *
 *   due ──(claimed)──> tried ──(heard, refused, a week over)──> gone
 *    └────────────────(not reached: later)─────┘
 */
import { insertMissing } from '../db/batch.ts'
import type { Handlers, Reader, Tx } from '../db/database.ts'

export interface SealedNotice {
  readonly url: string
  readonly sealed: string
}

export interface DueNotice extends SealedNotice {
  readonly id: string
  readonly created: number
  /** This one included. */
  readonly tries: number
}

/** Longer than anything takes that tells of it. */
const claimMs = 10 * 60_000

/** In the transaction of the erasure. */
export async function keepNotices(
  tx: Tx,
  erasure: string,
  notices: readonly SealedNotice[],
  now: number,
): Promise<void> {
  if (notices.length === 0) return
  const columns = ['id', 'url', 'sealed', 'created', 'due', 'tries']
  const rows = notices.map(({ url, sealed }, n) => [`${erasure}:${n}`, url, sealed, now, now, 0])
  await insertMissing(tx, 'erasure_notices', ['id'], columns, rows)
}

export const noticeHandlers: Handlers = {
  /** Takes what is due, so that no other process tells it at the same time. */
  'consent.claimNotices': (tx, { now, limit }: { now: number; limit: number }): Promise<DueNotice[]> =>
    tx.k
      .updateTable('erasure_notices')
      .set((eb) => ({ due: now + claimMs, tries: eb('tries', '+', 1) }))
      .where('id', 'in', (eb) =>
        eb.selectFrom('erasure_notices').select('id').where('due', '<=', now).orderBy('due').limit(limit),
      )
      .returning(['id', 'url', 'sealed', 'created', 'tries'])
      .execute(),
  /** `due` = when it is tried again; null = it is over. */
  'consent.settleNotice': async (tx, { id, due }: { id: string; due: number | null }) => {
    if (due === null) await tx.k.deleteFrom('erasure_notices').where('id', '=', id).execute()
    else await tx.k.updateTable('erasure_notices').set({ due }).where('id', '=', id).execute()
  },
}

export async function isAnyNoticeDue(reader: Reader, now: number): Promise<boolean> {
  const row = await reader.k
    .selectFrom('erasure_notices')
    .select('id')
    .where('due', '<=', now)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
