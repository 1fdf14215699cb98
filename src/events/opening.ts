/** How customers came: the first events under each identifier, and the latest, as little of them as is asked. */
import type { Permit } from '../consent/permit.ts'
import { heldQuery } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { EventType } from './event.ts'

/** What a session is known by. */
export interface SessionEvent {
  readonly identifier: number
  readonly type: EventType
  readonly name: string
  readonly time: number
  /** JSON of an `EventBody`. */
  readonly body: string
}

const columns = 'identifier, type, name, time, body'
const most = 30
const firstOfOne = `select ${columns} from events where identifier = ? order by time, seq limit ${most}`
const firstOfMany = `select e.* from unnest(?::bigint[]) as i(id) cross join lateral
  (select ${columns} from events where identifier = i.id order by time, seq limit ${most}) e`
const latestOfOne = `select ${columns} from events where identifier = ? order by time desc, seq desc limit ${most}`

/** The first 30 events under each of `identifiers`, those of one in order of time. */
export async function firstEvents(reader: Reader, identifiers: readonly number[]): Promise<SessionEvent[]> {
  if (reader.engine === 'postgres') return heldQuery<SessionEvent>(reader, firstOfMany, [identifiers])
  const rows: SessionEvent[] = []
  for (const identifier of identifiers) rows.push(...(await heldQuery<SessionEvent>(reader, firstOfOne, [identifier])))
  return rows
}

/** The latest 30 events or more of a customer, in order of time. */
export async function latestEvents(reader: Reader, permit: Permit): Promise<SessionEvent[]> {
  const rows: SessionEvent[] = []
  for (const identifier of permit.identifiers) {
    const since = permit.since?.get(identifier) ?? 0
    const own = await heldQuery<SessionEvent>(reader, latestOfOne, [identifier])
    rows.push(...own.filter(({ time }) => time >= since))
  }
  return rows.sort((a, b) => a.time - b.time)
}
