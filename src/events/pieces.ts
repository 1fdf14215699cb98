/** All stored events of some identifiers, so many at once that neither memory nor the database minds. */
import type { Reader } from '../db/database.ts'
import { columns, type EventRow } from './store.ts'

const piece = 1000

/** Identifier after identifier, in the order in which they were stored. What is changed meanwhile is as it was read. */
export async function* rowsInPieces(reader: Reader, identifiers: readonly number[]): AsyncGenerator<EventRow[]> {
  for (const identifier of identifiers) {
    for (let after = 0; ; ) {
      const rows: EventRow[] = await reader.k
        .selectFrom('events')
        .select(columns)
        .where('identifier', '=', identifier)
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(piece)
        .execute()
      if (rows.length > 0) yield rows
      if (rows.length < piece) break
      after = rows[rows.length - 1].seq
    }
  }
}
