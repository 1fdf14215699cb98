/** Messages as rows, and reading them. What may change a row: attempt.ts, settling.ts. */
import { heldQuery, selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { MessageRow } from '../db/message-row.ts'
import type { MessageState, Outcome } from './message.ts'

export type StoredMessage = Omit<MessageRow, 'id'> & { readonly id: number }

/** What a row is made of before anything became of it. */
export type NewMessage = Pick<
  MessageRow,
  | 'key'
  | 'token'
  | 'identifier'
  | 'address'
  | 'channel'
  | 'purpose'
  | 'template'
  | 'journey'
  | 'instance'
  | 'priority'
  | 'request'
  | 'created'
>

/** What was sent, as far as it is kept. */
export type Shown = Pick<MessageRow, 'version' | 'sender' | 'subject' | 'links' | 'items' | 'content' | 'address'>

export async function messageByKey(reader: Reader, key: string): Promise<StoredMessage | null> {
  const [row = null] = await heldQuery<StoredMessage>(reader, 'select * from messages where key = ?', [key])
  return row
}

/** The same, mostly of keys of which there is none yet: that is asked for many at once. */
export async function knownMessage(reader: Reader, key: string): Promise<StoredMessage | null> {
  if (reader.engine === 'postgres' && (await messagesByKeys(reader, [key])).length === 0) return null
  return messageByKey(reader, key)
}

export async function messageByToken(reader: Reader, token: string): Promise<StoredMessage | null> {
  const row = await reader.k.selectFrom('messages').selectAll().where('token', '=', token).executeTakeFirst()
  return (row as StoredMessage | undefined) ?? null
}

export async function messageById(reader: Reader, id: number): Promise<StoredMessage | null> {
  const row = await reader.k.selectFrom('messages').selectAll().where('id', '=', id).executeTakeFirst()
  return (row as StoredMessage | undefined) ?? null
}

export interface MessageQuery {
  readonly state?: MessageState
  readonly channel?: string
  readonly journey?: string
  /** Of these identifiers alone. */
  readonly identifiers?: readonly number[]
  /** `next` of the page before. */
  readonly before?: number
  readonly limit: number
}

/** The newest first. */
export async function listMessages(reader: Reader, query: MessageQuery): Promise<StoredMessage[]> {
  const { state, channel, journey, identifiers, before, limit } = query
  let rows = reader.k.selectFrom('messages').selectAll().orderBy('id', 'desc').limit(limit)
  if (state) rows = rows.where('state', '=', state)
  if (channel) rows = rows.where('channel', '=', channel)
  if (journey) rows = rows.where('journey', '=', journey)
  if (identifiers) rows = rows.where('identifier', 'in', [...identifiers, -1])
  if (before !== undefined) rows = rows.where('id', '<', before)
  return (await rows.execute()) as StoredMessage[]
}

/** What the messenger itself has to try again by now, the most important first. */
export async function dueMessages(reader: Reader, now: number, limit: number): Promise<StoredMessage[]> {
  const rows = await reader.k
    .selectFrom('messages')
    .selectAll()
    .where('state', '=', 'planned')
    .where('request', 'is not', null)
    .where('due', '<=', now)
    .orderBy('priority', 'desc')
    .orderBy('due')
    .limit(limit)
    .execute()
  return rows as StoredMessage[]
}

/** Has the lease of any attempt ended? Asked often, so writing waits for the answer. */
export async function isAnyLost(reader: Reader, now: number): Promise<boolean> {
  const text = `select 1 from messages where state = 'sending' and lease < ? limit 1`
  return (await heldQuery(reader, text, [now])).length > 0
}

/** Keys of which there is no row are absent. For whoever waits for a doubt to be settled. */
export function messagesByKeys(reader: Reader, keys: readonly string[]): Promise<OutcomeRow[]> {
  const tuples = keys.map((key) => [key])
  return selectByKeys<OutcomeRow>(reader, 'messages', ['key'], tuples, outcomeColumns)
}

/** Whose attempt each of these is, if anybody's. */
export function holdersOf(reader: Reader, keys: readonly string[]): Promise<Holder[]> {
  const tuples = keys.map((key) => [key])
  return selectByKeys<Holder>(reader, 'messages', ['key'], tuples, ['id', 'key', 'state', 'holder'])
}

export type Holder = Pick<StoredMessage, 'id' | 'key' | 'state' | 'holder'>

const outcomeColumns = ['id', 'key', 'token', 'state', 'reason', 'created', 'due', 'lease', 'subject'] as const
export type OutcomeRow = Pick<StoredMessage, (typeof outcomeColumns)[number]>

/** What a row says to whoever asked for the message. */
export function outcomeOf(row: OutcomeRow): Outcome {
  const reason = row.reason ?? ''
  const detail = { message: row.id, token: row.token }
  const outcomes: Record<MessageState, () => Outcome> = {
    sent: () => ({ kind: 'done', detail }),
    planned: () => ({ kind: 'later', at: row.due ?? row.created, reason }),
    sending: () => ({ kind: 'later', at: row.lease ?? row.created, reason: 'it is being sent' }),
    in_doubt: () => ({ kind: 'in_doubt', reason }),
    failed: () => ({ kind: 'failed', reason }),
    suppressed: () => ({ kind: 'suppressed', reason }),
  }
  return outcomes[row.state as MessageState]()
}
