/** What many customers did, each under his own permit: for what looks at everybody in pieces. */
import type { Permit } from '../consent/permit.ts'
import { heldQuery } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { AdmittedEvent } from './event.ts'
import { admittedOf, columns, type EventRow } from './store.ts'

export interface EventsWanted {
  /** Canonical names; null = of every name and type. */
  readonly names: readonly string[] | null
  readonly since: number
  /** Of each identifier, the latest. */
  readonly limit: number
}

const wanted = `select ${columns.join(', ')} from events where identifier = `
const latest = 'order by time desc limit ?'
const onSqlite = {
  all: `${wanted}? and time >= ? ${latest}`,
  named: `${wanted}? and time >= ? and name in (select value from json_each(?)) ${latest}`,
}
const ofEach = (where: string) => `select e.* from unnest(?::bigint[]) as wanted (id)
  cross join lateral (${wanted}wanted.id and time >= ?${where} ${latest}) e`
const onPostgres = { all: ofEach(''), named: ofEach(' and name = any(?::text[])') }

/** What many customers did, each under his own permit, the latest first, by customer. */
export async function eventsOfMany(
  reader: Reader,
  permits: readonly Permit[],
  { names, since, limit }: EventsWanted,
): Promise<ReadonlyMap<number, AdmittedEvent[]>> {
  const permitOf = new Map(permits.flatMap((permit) => permit.identifiers.map((id) => [id, permit] as const)))
  const rows: EventRow[] = []
  if (reader.engine === 'postgres') {
    const text = names === null ? onPostgres.all : onPostgres.named
    rows.push(
      ...(await heldQuery<EventRow>(reader, text, [
        [...permitOf.keys()],
        since,
        ...(names === null ? [] : [names]),
        limit,
      ])),
    )
  } else {
    const text = names === null ? onSqlite.all : onSqlite.named
    const rest = names === null ? [limit] : [JSON.stringify(names), limit]
    for (const id of permitOf.keys()) rows.push(...(await heldQuery<EventRow>(reader, text, [id, since, ...rest])))
  }
  const used = rows.filter(({ identifier, time }) => {
    const refused = permitOf.get(identifier as number)?.since?.get(identifier as number) ?? 0
    return time >= refused
  })
  const byCustomer = Map.groupBy(used, ({ identifier }) => (permitOf.get(identifier as number) as Permit).customer)
  return new Map(
    [...byCustomer].map(([customer, own]) => {
      own.sort((a, b) => b.time - a.time || b.seq - a.seq)
      return [customer, own.slice(0, limit).map((row) => admittedOf(row, customer))]
    }),
  )
}
