/** Stored events: a customer's timeline, replay in stored order, and the end of views when their retention is over. */
import type { Permit } from '../consent/permit.ts'
import { deleteByKeys, heldQuery, inChunks } from '../db/batch.ts'
import type { Reader, Tx } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import { identifiersWith } from '../identity/store.ts'
import { StoredEvent } from './admitted.ts'
import type { AdmittedEvent, EventBody, EventType, Product } from './event.ts'
import { kindOf, viewNames } from './kinds.ts'
import { decisionIdOf } from './message.ts'
import { productsOf } from './products.ts'

export interface EventRow {
  readonly seq: number
  readonly source: string
  readonly message: string
  readonly type: string
  readonly name: string
  readonly time: number
  readonly received: number
  readonly identifier: number | null
  readonly body: string
}

export const columns = ['seq', 'source', 'message', 'type', 'name', 'time', 'received', 'identifier', 'body'] as const

export interface TimelineEntry {
  readonly type: EventType
  readonly name: string
  readonly time: number
  readonly received: number
  readonly source: string
  readonly messageId: string
  /** `purpose:basis`, the consent decision of its arrival. */
  readonly basis: string
  /** An `EventBody`. */
  readonly body: Readonly<Record<string, unknown>>
}

export interface TimelinePage {
  readonly events: readonly TimelineEntry[]
  /** For `before`, to go on; null = that was all. */
  readonly next: string | null
}

/**
 * A customer's events, the latest first; `before` = the `next` of the page before.
 * @throws HabitueError invalid_option where `before` is none
 */
export async function timeline(
  reader: Reader,
  permit: Permit,
  { before, limit }: { before?: string; limit: number },
): Promise<TimelinePage> {
  if (permit.identifiers.length === 0) return { events: [], next: null }
  let query = reader.k
    .selectFrom('events')
    .select([...columns, 'basis'])
    .where('identifier', 'in', permit.identifiers)
  if (before !== undefined) {
    const { time, seq } = cursorOf(before)
    query = query.where((row) =>
      row.or([row('time', '<', time), row.and([row('time', '=', time), row('seq', '<', seq)])]),
    )
  }
  const rows = await query
    .orderBy('time', 'desc')
    .orderBy('seq', 'desc')
    .limit(limit + 1)
    .execute()
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    events: page.map(({ seq: _, type, message, identifier: __, body, ...row }) => ({
      ...row,
      type: type as EventType,
      messageId: message,
      body: JSON.parse(body) as Record<string, unknown>,
    })),
    next: rows.length > limit && last ? `${last.time}.${last.seq}` : null,
  }
}

function cursorOf(before: string): { time: number; seq: number } {
  const match = /^(-?\d{1,16})\.(\d{1,16})$/.exec(before)
  if (match === null)
    throw new HabitueError(
      'invalid_option',
      `\`before\` is ${JSON.stringify(before)}; expected the \`next\` of a page.`,
    )
  return { time: Number(match[1]), seq: Number(match[2]) }
}

export interface Replayed {
  readonly events: readonly AdmittedEvent[]
  /** The highest seq looked at: give it to the next call. Null = there are no more. */
  readonly next: number | null
}

/** Up to `limit` stored events after `seq`, in stored order, as they were admitted; `customer` is the present one. */
export async function replay(reader: Reader, seq: number, limit: number): Promise<Replayed> {
  const rows = await reader.k
    .selectFrom('events')
    .select(columns)
    .where('seq', '>', seq)
    .orderBy('seq')
    .limit(limit)
    .execute()
  return { events: await admittedAgain(reader, rows), next: rows.length < limit ? null : rows[limit - 1].seq }
}

/** Where a page of events ended; the next one goes on before it. */
export interface EventCursor {
  readonly time: number
  readonly seq: number
}

export interface EventsAsked {
  /** Only those that had happened by then. */
  readonly until?: number
  /** Only those before it, in order of time. */
  readonly before?: EventCursor
  /** Only those of these names or types. */
  readonly only?: { readonly names: readonly string[]; readonly types: readonly EventType[] }
  readonly limit: number
}

/** The latest `limit` events of a customer, in order of time, as they were admitted. */
export async function eventsOf(
  reader: Reader,
  permit: Permit,
  asked: Pick<EventsAsked, 'until' | 'limit'>,
): Promise<AdmittedEvent[]> {
  return (await eventsPage(reader, permit, asked)).events
}

/** The same a page at a time, from the latest backwards; `next` = null where there are no more. */
export async function eventsPage(
  reader: Reader,
  permit: Permit,
  { until, before, only, limit }: EventsAsked,
): Promise<{ readonly events: AdmittedEvent[]; readonly next: EventCursor | null }> {
  if (permit.identifiers.length === 0) return { events: [], next: null }
  let query = reader.k.selectFrom('events').select(columns).where('identifier', 'in', permit.identifiers)
  if (until !== undefined) query = query.where('time', '<=', until)
  if (only !== undefined)
    query = query.where((row) => row.or([row('name', 'in', only.names), row('type', 'in', only.types)]))
  if (before !== undefined)
    query = query
      .where('time', '<=', before.time)
      .where((row) => row.or([row('time', '<', before.time), row('seq', '<', before.seq)]))
  const rows = await query.orderBy('time', 'desc').orderBy('seq', 'desc').limit(limit).execute()
  const last = rows.length < limit ? undefined : rows.at(-1)
  // What was refused since is not used again, whatever it is kept for.
  const used = rows.filter(({ identifier, time }) => time >= (permit.since?.get(identifier as number) ?? 0))
  const events = await admittedAgain(reader, used.reverse())
  return { events, next: last ? { time: last.time, seq: last.seq } : null }
}

/** One event of the customer, by the source and the id of its message; null where he has none, or it may not be used. */
export async function eventOf(
  reader: Reader,
  permit: Permit,
  { source, message }: { readonly source: string; readonly message: string },
): Promise<AdmittedEvent | null> {
  const row = await reader.k
    .selectFrom('events')
    .select(columns)
    .where('identifier', 'in', permit.identifiers)
    .where('message', '=', message)
    .where('source', '=', source)
    .executeTakeFirst()
  // What was refused since is not used again.
  if (!row || row.time < (permit.since?.get(row.identifier as number) ?? 0)) return null
  return (await admittedAgain(reader, [row]))[0]
}

const isView = (row: Pick<EventRow, 'type' | 'name'>) => viewTypes.has(row.type) || viewKinds.has(row.name)
const viewTypes: ReadonlySet<string> = new Set(['page', 'screen'])
const viewKinds: ReadonlySet<string> = new Set(viewNames)

/**
 * Deletes what is only a view and older than `before` among the next `limit` events after `seq`, and returns it, for memory to
 * put its counts into the checkpoint in the same transaction. Their keys in `seen` stay, so none can come in again.
 * It goes by `seq` and in steps, because the table has no index on time: one would be paid for at each event.
 */
export async function dropViews(tx: Tx, before: number, limit: number, seq = 0): Promise<Replayed> {
  const looked = await tx.k
    .selectFrom('events')
    .select(['seq', 'type', 'name', 'time'])
    .where('seq', '>', seq)
    .orderBy('seq')
    .limit(limit)
    .execute()
  const dropped = looked.filter((row) => row.time < before && isView(row)).map((row) => row.seq)
  const rows: EventRow[] = []
  for (const chunk of inChunks(dropped, 1000))
    rows.push(...(await tx.k.selectFrom('events').select(columns).where('seq', 'in', chunk).orderBy('seq').execute()))
  const events = await admittedAgain(tx, rows)
  await deleteByKeys(
    tx,
    'events',
    ['seq'],
    dropped.map((one) => [one]),
  )
  return { events, next: looked.length < limit ? null : looked[limit - 1].seq }
}

/** Stored rows as the events that were admitted. */
/** Deletes the events that were kept for personalisation under these identifiers; orders and what else service needs stay. */
export async function dropPersonal(tx: Tx, identifiers: readonly number[]): Promise<void> {
  for (const chunk of inChunks(identifiers, 500))
    await tx.k
      .deleteFrom('events')
      .where('identifier', 'in', chunk)
      .where('basis', 'like', 'personalisation:%')
      .execute()
}

/** The orders that these identifiers placed: what is kept for service and empties a cart. */
export async function ordersPlaced(reader: Reader, identifiers: readonly number[]): Promise<AdmittedEvent[]> {
  const rows = await reader.k
    .selectFrom('events')
    .select(columns)
    .where('identifier', 'in', identifiers)
    .where('name', '=', 'Order Completed')
    .orderBy('seq')
    .execute()
  return admittedAgain(reader, rows)
}

/** How many events of these names these identifiers have, since a time. Within a fold: what is to be told is not read. */
export async function countNamed(
  tx: Tx,
  identifiers: readonly number[],
  names: readonly string[],
  since: number,
): Promise<number> {
  const row = await tx.k
    .selectFrom('events')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('identifier', 'in', identifiers)
    .where('name', 'in', names)
    .where('time', '>=', since)
    .executeTakeFirst()
  return Number(row?.count ?? 0)
}

/** At most so many events of an identifier are looked through for a count or a sequence: the latest. */
const mostPast = 5000

/** What happened, as far as counting asks; its properties are read from its body when somebody asks for them. */
export class PastEvent {
  /** Of a track its own name, else the type. */
  readonly name: string
  readonly time: number
  readonly received: number
  readonly messageId: string
  readonly #body: string
  #properties: Readonly<Record<string, unknown>> | undefined

  constructor({ name, type, time, received, message, body }: Omit<EventRow, 'seq' | 'source' | 'identifier'>) {
    this.name = name === '' ? type : name
    this.time = time
    this.received = received
    this.messageId = message
    this.#body = body
  }

  get properties(): Readonly<Record<string, unknown>> {
    this.#properties ??= (JSON.parse(this.#body) as EventBody).properties ?? {}
    return this.#properties
  }

  get context(): Readonly<Record<string, unknown>> {
    return (JSON.parse(this.#body) as EventBody).context ?? {}
  }
}

const pastQuery = (body: string) => `select name, type, time, received, message, ${body} as body from events
  where identifier = ? and time >= ? and time <= ? order by time desc limit ${mostPast}`
const wholePast = pastQuery('body')
/** Where nobody asks what was said in them; the bodies are most of what is read. */
const barePast = pastQuery("'{}'")

export interface PastSpan {
  readonly since: number
  readonly until: number
  /** False = their properties and context are not asked for, and are empty. */
  readonly whole: boolean
}

/** What a customer did between two times, in order of time and then of message id. */
export async function pastEvents(
  reader: Reader,
  permit: Permit,
  { since, until, whole }: PastSpan,
): Promise<PastEvent[]> {
  const found: PastEvent[] = []
  for (const identifier of permit.identifiers) {
    // What was refused since is not used again, whatever it is kept for.
    const from = Math.max(since, permit.since?.get(identifier) ?? 0)
    const rows = await heldQuery<EventRow>(reader, whole ? wholePast : barePast, [identifier, from, until])
    for (const row of rows) found.push(new PastEvent(row))
  }
  return found.sort((a, b) => a.time - b.time || (a.messageId < b.messageId ? -1 : 1))
}

/** What `dropPersonal` would delete, in pieces. */
export async function* personalEvents(reader: Reader, identifiers: readonly number[]): AsyncGenerator<AdmittedEvent[]> {
  const limit = 1000
  for (const identifier of identifiers) {
    for (let after = 0; ; ) {
      const rows = await reader.k
        .selectFrom('events')
        .select(columns)
        .where('identifier', '=', identifier)
        .where('basis', 'like', 'personalisation:%')
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(limit)
        .execute()
      if (rows.length > 0) yield await admittedAgain(reader, rows)
      if (rows.length < limit) break
      after = rows[rows.length - 1].seq
    }
  }
}

export async function admittedAgain(reader: Reader, rows: readonly EventRow[]): Promise<AdmittedEvent[]> {
  const ids = new Set(rows.map(({ identifier }) => identifier).filter((id) => id !== null))
  const known = await identifiersWith(reader, [...ids])
  const customers = new Map(known.map(({ id, customer }) => [id, customer]))
  return rows.map((row) => {
    const customer = row.identifier === null ? null : (customers.get(row.identifier) ?? null)
    return admittedOf(row, customer)
  })
}

const unnamed: Product = {
  ...{ names: [], title: null, category: null, price: null, currency: null },
  ...{ quantity: 1, gift: false, recipient: '' },
}

/** A stored row as the event that was admitted. */
export function admittedOf(row: EventRow, customer: number | null): AdmittedEvent {
  const { source, received, identifier, name, time, body } = row
  const parsed = JSON.parse(body) as EventBody
  const kind = kindOf(name)
  // What has the currency of the shop says so in `currency`; nothing else asks for one.
  const named = kind && parsed.items ? productsOf(kind, parsed.properties ?? {}, parsed.currency ?? '') : []
  // Of what was redacted only which items it was about is left.
  const products = named.length > 0 ? named : (parsed.items ?? []).map(() => unnamed)
  const head = {
    messageId: row.message,
    type: row.type as EventType,
    name,
    time,
    userId: parsed.user ?? null,
    anonymousId: parsed.anonymous ?? null,
    identifiers: parsed.identifiers ?? [],
    previousId: parsed.previous ?? null,
    products,
    decisionId: decisionIdOf(parsed.properties ?? {}, parsed.context ?? {}),
  }
  const { items = [], historical = false, claimed, answer } = parsed
  return new StoredEvent(head, { source, received, identifier, customer, items, historical, body, claimed, answer })
}
