/** Taking the words out of stored events: that something was said stays, what was said is gone. */
import type { Tx } from '../db/database.ts'
import type { EventBody } from './event.ts'

/** By what an event is found: whose row it has, and its message id. */
export interface SaidBy {
  readonly identifier: number
  readonly message: string
}

/** Empties the properties of these events where `concerns` their names; the rest of the body stays. */
export async function redactEvents(
  tx: Tx,
  events: readonly SaidBy[],
  concerns: (name: string) => boolean,
): Promise<void> {
  for (const { identifier, message } of events) {
    const rows = await tx.k
      .selectFrom('events')
      .select(['seq', 'name', 'body'])
      .where('identifier', '=', identifier)
      .where('message', '=', message)
      .execute()
    for (const { seq, name, body } of rows) {
      if (!concerns(name)) continue
      const redacted: EventBody = {
        ...(JSON.parse(body) as EventBody),
        properties: kept(JSON.parse(body) as EventBody),
      }
      await tx.k
        .updateTable('events')
        .set({ body: JSON.stringify(redacted) })
        .where('seq', '=', seq)
        .execute()
    }
  }
}

/** That a question was answered is remembered, or it would be asked again. */
function kept({ properties }: EventBody): NonNullable<EventBody['properties']> {
  const question = properties?.question
  return { redacted: true, ...(typeof question === 'string' ? { question } : {}) }
}
