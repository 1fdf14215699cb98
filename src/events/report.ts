/** Figures about what was stored, for `habitue doctor` and for the schedule of trainings. */
import { sql } from 'kysely'
import type { Reader } from '../db/database.ts'

/** The newest sequence number; 0 = there is no event. */
export async function newestEvent(reader: Reader): Promise<number> {
  const row = await reader.k
    .selectFrom('events')
    .select((eb) => eb.fn.max('seq').as('seq'))
    .executeTakeFirst()
  return row?.seq ?? 0
}

export interface EventReport {
  readonly stored: number
  readonly newest: number | null
  /** Items that recent events name. */
  readonly itemNames: number
  /** Of those, ones that the catalogue does not describe. */
  readonly unknownItems: number
  /** Median of arrival minus own time of recent events that were not imported, milliseconds; null = there are none. */
  readonly skewMs: number | null
}

/** How many of the newest events are looked at. */
const looked = 2000

/** @param described whether the catalogue describes the internal item id */
export async function eventReport(reader: Reader, described: (item: number) => boolean): Promise<EventReport> {
  const counted = await reader.k
    .selectFrom('events')
    .select(sql<number>`count(*)`.as('stored'))
    .executeTakeFirstOrThrow()
  const recent = await reader.k
    .selectFrom('events')
    .select(['time', 'received', 'body'])
    .orderBy('seq', 'desc')
    .limit(looked)
    .execute()
  const bodies = recent.map(({ body }) => JSON.parse(body) as { items?: number[]; historical?: true })
  const items = new Set(bodies.flatMap((body) => body.items ?? []))
  const late = recent.flatMap(({ time, received }, i) => (bodies[i].historical ? [] : [received - time]))
  late.sort((a, b) => a - b)
  return {
    stored: Number(counted.stored),
    newest: recent[0]?.time ?? null,
    itemNames: items.size,
    unknownItems: [...items].filter((item) => !described(item)).length,
    skewMs: late.length > 0 ? late[late.length >> 1] : null,
  }
}
