/** What people did with messages of journeys, as far as consent let it be counted. */
import type { Reader } from '../db/database.ts'

/** By journey how many of its messages had a link that a person followed. */
export async function clickedByJourney(reader: Reader): Promise<Map<string, number>> {
  const rows = await reader.k
    .selectFrom('message_clicks as c')
    .innerJoin('messages as m', 'm.id', 'c.message')
    .select((row) => ['m.journey', row.fn.count<number>('c.message').distinct().as('count')])
    .where('c.state', '=', 'counted')
    .where('m.journey', 'is not', null)
    .groupBy('m.journey')
    .execute()
  return new Map(rows.map(({ journey, count }) => [journey as string, Number(count)]))
}
