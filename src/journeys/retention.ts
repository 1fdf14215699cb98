/**
 * What is kept of instances that have ended: that somebody was in a journey, from when to when, held out or not. So nobody
 * enters twice and reports stay true; what began it and what came of its steps is dropped.
 */
import { heldQuery, updateByKeys } from '../db/batch.ts'
import type { Handlers } from '../db/database.ts'
import { emptyState } from './instance.ts'

export const retentionHandlers: Handlers = {
  /** Of those that ended before; answers how many. */
  'journeys.retain': async (tx, { before, limit }: { readonly before: number; readonly limit: number }) => {
    const rows = await heldQuery<{ id: number }>(tx, overdue, [before, limit])
    await updateByKeys(
      tx,
      'journey_instances',
      ['id'],
      ['state'],
      rows.map(({ id }) => [id, emptyState]),
    )
    return rows.length
  },
}

/** The index on them goes by these very words. */
const overdue = `select id from journey_instances where ended < ? and state <> '${emptyState}' order by ended limit ?`
