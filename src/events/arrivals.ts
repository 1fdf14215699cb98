/** When events came in. They are numbered as they arrive, so a time is found among the numbers by halving. */
import type { Reader } from '../db/database.ts'

/** When the last event came in, milliseconds; null = there is none. */
export async function lastArrival(reader: Reader): Promise<number | null> {
  const row = await reader.k.selectFrom('events').select('received').orderBy('seq', 'desc').limit(1).executeTakeFirst()
  return row?.received ?? null
}

/** How many events came in from `from` until before `to`, counting no further than `most`. */
export async function arrivedBetween(reader: Reader, from: number, to: number, most: number): Promise<number> {
  const first = await firstSince(reader, from)
  if (first === null) return 0
  const rows = await reader.k
    .selectFrom('events')
    .select('received')
    .where('seq', '>=', first)
    .orderBy('seq')
    .limit(most)
    .execute()
  return rows.filter(({ received }) => received < to).length
}

/** The number of the first event that came in at `time` or later; null = none did. */
async function firstSince(reader: Reader, time: number): Promise<number | null> {
  const { low, high } = await reader.k
    .selectFrom('events')
    .select((eb) => [eb.fn.min('seq').as('low'), eb.fn.max('seq').as('high')])
    .executeTakeFirstOrThrow()
  if (low === null || high === null) return null
  let [from, to] = [Number(low), Number(high) + 1]
  while (from < to) {
    const middle = Math.floor((from + to) / 2)
    // Numbers have gaps: the next event from there on.
    const row = await reader.k
      .selectFrom('events')
      .select(['seq', 'received'])
      .where('seq', '>=', middle)
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst()
    if (!row || row.received >= time) to = middle
    else from = Number(row.seq) + 1
  }
  return from > Number(high) ? null : from
}
