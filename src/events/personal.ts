/** The stored events of a customer, for export and erasure. Their keys in `seen` stay: those name nobody. */
import type { Reader } from '../db/database.ts'
import { type DataSubject, type HeldRow, type Holder, heldRows } from '../db/personal.ts'
import type { AdmittedEvent, EventBody } from './event.ts'
import { rowsInPieces } from './pieces.ts'
import { admittedAgain } from './store.ts'

/** Events read at once. */
const piece = 1000

interface ShownEvent {
  readonly seq: number
  readonly type: string
  readonly name: string
  readonly time: number
  readonly received: number
  readonly source: string
  readonly message: string
  readonly basis: string
  readonly body: string
}

async function* rowsOf(reader: Reader, identifier: number): AsyncGenerator<ShownEvent> {
  const shown = ['seq', 'type', 'name', 'time', 'received', 'source', 'message', 'basis', 'body'] as const
  const query = reader.k
    .selectFrom('events')
    .select(shown)
    .where('identifier', '=', identifier)
    .orderBy('time')
    .orderBy('seq')
    .limit(piece)
  let page = await query.execute()
  for (;;) {
    yield* page
    if (page.length < piece) return
    const { time, seq } = page[page.length - 1]
    page = await query
      .where('time', '>=', time)
      .where((row) => row.or([row('time', '>', time), row('seq', '>', seq)]))
      .execute()
  }
}

/** What a body says (`EventBody`) to people. */
const bodyFields: readonly (keyof EventBody)[] = [
  ...(['user', 'anonymous', 'identifiers', 'previous', 'claimed', 'historical', 'answer', 'currency'] as const),
  ...(['properties', 'context'] as const),
]

/** The body without what it means inside the engine only: the internal ids of items. */
function exported({ seq: _, body, ...row }: ShownEvent): HeldRow {
  const { items: __, ...rest } = JSON.parse(body) as Record<string, unknown>
  return { ...row, ...rest }
}

const whole = heldRows({ table: 'events', title: '', identifier: 'identifier', shown: [] })

const events: Holder = {
  ...whole,
  title: 'Everything that happened, as it was told to us',
  shown: ['type', 'name', 'time', 'received', 'source', 'message', 'basis', ...bodyFields],
  columns: { times: ['time', 'received'] },
  async *read(reader, person) {
    for (const identifier of person.identifiers) for await (const row of rowsOf(reader, identifier)) yield exported(row)
  },
}

export const eventsData: readonly Holder[] = [events]

/** The events of `person` as they were admitted, in pieces, for what must be counted before they go. */
export async function* admittedOf(reader: Reader, person: DataSubject): AsyncGenerator<readonly AdmittedEvent[]> {
  for await (const rows of rowsInPieces(reader, person.identifiers)) yield await admittedAgain(reader, rows)
}
