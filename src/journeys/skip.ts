/** What was due while nothing acted, passed over: whoever waits in a journey for it is out, and what had happened begins none. */
import type { Tx } from '../db/database.ts'
import { skippedSchedule } from './schedule.ts'

/** Of who is out because of it. */
export const SKIPPED = 'skipped after a restore'

/** Answers how many instances and events there were. */
export async function skipJourneys(tx: Tx, until: number, now: number): Promise<Readonly<Record<string, number>>> {
  const inbox = await tx.k.deleteFrom('journey_inbox').where('due', '<=', until).executeTakeFirst()
  const ended = await tx.k
    .updateTable('journey_instances')
    .set((row) => ({
      phase: 'ended',
      due: null,
      claim: null,
      item: null,
      reason: SKIPPED,
      ended: now,
      turn: row('turn', '+', 1),
    }))
    .where('due', '<=', until)
    .where('phase', '!=', 'ended')
    .executeTakeFirst()
  await tx.k
    .updateTable('journey_schedules')
    .set((row) => ({ ...skippedSchedule(now), turn: row('turn', '+', 1) }))
    .where('due', '<=', until)
    .execute()
  return { journey_inbox: Number(inbox.numDeletedRows), journey_instances: Number(ended.numUpdatedRows) }
}
