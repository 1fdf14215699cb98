/** Taking the words out of stored events: that something was said stays, what was said is gone. */
import type { Tx } from '../db/database.ts'
import type { AdmittedEvent, EventBody } from './event.ts'
import { rowsInPieces } from './pieces.ts'
import { admittedAgain, type EventRow } from './store.ts'

/** By what an event is found: whose row it has, and its message id. */
export interface SaidBy {
  readonly identifier: number
  readonly message: string
}

/**
 * Writes the properties of these identifiers' events anew; `rewritten` answers null where they stay as they are. Gives each
 * event that was changed as it is now, in pieces.
 */
export async function* rewriteEvents(
  tx: Tx,
  identifiers: readonly number[],
  rewritten: (event: AdmittedEvent) => EventBody['properties'] | null,
): AsyncGenerator<AdmittedEvent[]> {
  for await (const rows of rowsInPieces(tx, identifiers)) {
    const changed: EventRow[] = []
    for (const [i, event] of (await admittedAgain(tx, rows)).entries()) {
      const properties = rewritten(event)
      if (properties === null) continue
      const body = JSON.stringify({ ...(JSON.parse(rows[i].body) as EventBody), properties })
      await tx.k.updateTable('events').set({ body }).where('seq', '=', rows[i].seq).execute()
      changed.push({ ...rows[i], body })
    }
    if (changed.length > 0) yield await admittedAgain(tx, changed)
  }
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

/** The same of all events of a name that an identifier sent about an item. */
export async function redactAbout(
  tx: Tx,
  name: string,
  about: readonly { readonly identifier: number; readonly item: number }[],
): Promise<void> {
  for (const { identifier, item } of about) {
    const rows = await tx.k
      .selectFrom('events')
      .select(['message', 'body'])
      .where('identifier', '=', identifier)
      .where('name', '=', name)
      .execute()
    const told = rows.filter(({ body }) => (JSON.parse(body) as EventBody).items?.includes(item))
    const events = told.map(({ message }) => ({ identifier, message }))
    await redactEvents(tx, events, (one) => one === name)
  }
}

/** That a question was answered is remembered, or it would be asked again; so are the stars of what was said of an item. */
function kept({ properties }: EventBody): NonNullable<EventBody['properties']> {
  const { question, rating } = properties ?? {}
  return {
    redacted: true,
    ...(typeof question === 'string' ? { question } : {}),
    ...(rating === undefined ? {} : { rating }),
  }
}
