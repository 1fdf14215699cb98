/**
 * The rows that make the guarantee. Every change of a row's state is one of the handlers below and says from which state
 * it goes; the right to act is the row's `holder`, a random mark that only the attempt knows which moved it to `sending`.
 */
import { sql } from 'kysely'
import type { Policy } from '../consent/policy.ts'
import { personOf } from '../consent/store.ts'
import { heldQuery } from '../db/batch.ts'
import type { Handler, Handlers, Reader, Tx } from '../db/database.ts'
import type { MessageRow } from '../db/message-row.ts'
import type { Identity } from '../identity/identity.ts'
import { type Caps, type CapVerdict, capOf } from './caps.ts'
import type { MessagePurpose, MessageState, Outcome } from './message.ts'

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

export interface Begin {
  readonly message: NewMessage
  readonly shown: Shown
  readonly holder: string
  readonly now: number
  readonly lease: number
  readonly customer: number
  /** All identifiers of the customer: caps are his, not those of one address. */
  readonly identifiers: readonly number[]
  readonly caps: Caps
}

/** `go` = the one who asked may act; else what stands in the row, or why not now. */
export type Begun =
  | { readonly go: true; readonly id: number }
  | { readonly go: false; readonly row: StoredMessage }
  | { readonly go: false; readonly cap: CapVerdict }
  | { readonly go: false; readonly refused: string }

/** Commits the attempt before anything can be seen of it outside. */
const begin =
  (policy: Policy): Handler<Begin, Begun> =>
  async (tx, payload) => {
    const { message, shown, holder, now, lease, customer, identifiers, caps } = payload
    await lockCustomer(tx, identifiers)
    const row = await insertOrRead(tx, message)
    if (row.state !== 'planned' || (row.due !== null && row.due > now)) return { go: false, row }
    const refused = await refusal(tx, policy, row, { customer, identifiers }, now)
    if (refused) return { go: false, refused }
    const cap = await capOf(tx, row, identifiers, caps, now)
    if (cap) return { go: false, cap }
    const change = { ...shown, state: 'sending', holder, lease, due: null, attempts: row.attempts + 1, reason: null }
    const { numUpdatedRows } = await tx.k
      .updateTable('messages')
      .set(change)
      .where('id', '=', row.id)
      .where('state', '=', 'planned')
      .executeTakeFirst()
    return numUpdatedRows === 1n ? { go: true, id: row.id } : { go: false, row: await readById(tx, row.id) }
  }

/** He may have refused since the message was written: the last word is read in the transaction that lets it go. */
async function refusal(
  tx: Tx,
  policy: Policy,
  { purpose, channel }: Pick<MessageRow, 'purpose' | 'channel'>,
  identity: Identity,
  now: number,
): Promise<string | null> {
  const { standing, allowed } = (await personOf(tx, policy, identity, now)).ruling(
    purpose as MessagePurpose,
    purpose === 'marketing' ? channel : '',
  )
  // A soft opt-in was looked at with his orders before; nothing but a refusal changes it.
  return !allowed && standing.answer === 'denied' ? 'consent: denied' : null
}

/** PostgreSQL: two messages to one customer are counted one after the other. On SQLite there is one writer. */
async function lockCustomer(tx: Tx, identifiers: readonly number[]): Promise<void> {
  if (tx.engine === 'sqlite') return
  const first = Math.min(...identifiers)
  await sql`select pg_advisory_xact_lock(hashtext('habitue.messages'), ${first % 2_000_000_000}::int)`.execute(tx.k)
}

async function insertOrRead(tx: Tx, message: NewMessage): Promise<StoredMessage> {
  const { key, token, identifier, address, channel, purpose, template, journey, instance } = message
  const { priority, request, created } = message
  const own = {
    key,
    token,
    identifier,
    address,
    channel,
    purpose,
    template,
    journey,
    instance,
    priority,
    request,
    created,
  }
  await tx.k
    .insertInto('messages')
    .values({ ...own, ...blank })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute()
  const query = tx.k.selectFrom('messages').selectAll().where('key', '=', message.key)
  return (await (tx.engine === 'postgres' ? query.forUpdate() : query).executeTakeFirstOrThrow()) as StoredMessage
}

const blank = {
  version: null,
  sender: null,
  subject: null,
  state: 'planned',
  reason: null,
  response: null,
  attempts: 0,
  due: null,
  lease: null,
  holder: null,
  sent: null,
  settled: null,
  links: null,
  items: null,
  content: null,
  seen: null,
  dismissed: null,
  replied: null,
} as const

export interface Finish {
  readonly key: string
  readonly holder: string
  readonly state: Exclude<MessageState, 'sending' | 'suppressed'>
  readonly reason: string | null
  readonly response: string | null
  readonly due: number | null
  readonly now: number
}

/**
 * What whoever acted knows of it. Also where its lease ended meanwhile: it knows better than the clock. Answers the row as
 * it is then; null = the customer was erased.
 */
const finish: Handler<Finish, StoredMessage | null> = async (
  tx,
  { key, holder, state, reason, response, due, now },
) => {
  const sent = state === 'sent' ? { sent: now, request: null } : {}
  const row = await tx.k
    .updateTable('messages')
    .set({ state, reason, response, due, lease: null, ...sent })
    .where('key', '=', key)
    .where('holder', '=', holder)
    .where('state', 'in', ['sending', 'in_doubt'])
    .returningAll()
    .executeTakeFirst()
  return (row as StoredMessage | undefined) ?? messageByKey(tx, key)
}

export interface Put {
  readonly message: NewMessage
  readonly state: 'planned' | 'suppressed' | 'failed'
  readonly reason: string
  readonly due: number | null
  /** It counts as a try: the other side could not be reached. */
  readonly tried: boolean
}

/** Says of a message that was not shown to anybody what is to become of it. Leaves alone what somebody else is at. */
const put: Handler<Put, StoredMessage> = async (tx, { message, state, reason, due, tried }) => {
  const row = await insertOrRead(tx, message)
  if (row.state !== 'planned') return row
  const attempts = row.attempts + (tried ? 1 : 0)
  const change = { state, reason, due, attempts }
  await tx.k.updateTable('messages').set(change).where('id', '=', row.id).where('state', '=', 'planned').execute()
  return { ...row, ...change }
}

/**
 * What a crash or a cut left in `sending` past its lease: in doubt, or planned again where the other side knows a message by
 * its key. `everything` = nobody else can be at work (SQLite, at start), so no lease is waited for.
 */
const expire: Handler<{ now: number; everything: boolean; repeatable: readonly string[] }, number> = async (
  tx,
  { now, everything, repeatable },
) => {
  const reason = 'the process that was sending it ended without an answer'
  const due = tx.k.updateTable('messages').where('state', '=', 'sending')
  const lost = everything ? due : due.where('lease', '<', now)
  const again = await lost
    .where('channel', 'in', [...repeatable, ''])
    .set({ state: 'planned', due: now, lease: null, reason })
    .executeTakeFirst()
  const doubted = await lost
    .where('channel', 'not in', [...repeatable, ''])
    .set({ state: 'in_doubt', lease: null, reason })
    .executeTakeFirst()
  return Number(again.numUpdatedRows) + Number(doubted.numUpdatedRows)
}

export type Settlement = 'sent' | 'failed' | 'again'

/** Ends a doubt: by a notice of the mail server, or by a person who looked. `again` lets it be sent once more. */
const settle: Handler<
  { id: number; as: Settlement; by: string; reason: string | null; now: number },
  StoredMessage | null
> = async (tx, { id, as, by, reason, now }) => {
  const changes = {
    sent: { state: 'sent', sent: now, due: null, request: null },
    failed: { state: 'failed', due: null },
    again: { state: 'planned', due: now },
  } as const
  // Who held it holds it no more: what he may still do, he may not.
  const { numUpdatedRows } = await tx.k
    .updateTable('messages')
    .set({ ...changes[as], reason, settled: by, holder: null, lease: null })
    .where('id', '=', id)
    .where('state', '=', 'in_doubt')
    .executeTakeFirst()
  return numUpdatedRows === 1n ? readById(tx, id) : null
}

/** A mail server says that it could not deliver what it had taken. */
const returned: Handler<{ id: number; reason: string }, void> = async (tx, { id, reason }) => {
  const change = { state: 'failed', reason, settled: 'notice', holder: null, lease: null, due: null }
  const mayHaveBeen = ['sent', 'in_doubt', 'sending']
  await tx.k.updateTable('messages').set(change).where('id', '=', id).where('state', 'in', mayHaveBeen).execute()
}

const replied: Handler<{ id: number; now: number }, void> = async (tx, { id, now }) => {
  await tx.k.updateTable('messages').set({ replied: now }).where('id', '=', id).where('replied', 'is', null).execute()
}

/** A dead letter is tried again. */
const replay: Handler<{ id: number; now: number; by: string }, boolean> = async (tx, { id, now, by }) => {
  const { numUpdatedRows } = await tx.k
    .updateTable('messages')
    .set({ state: 'planned', due: now, attempts: 0, created: now, settled: by, holder: null })
    .where('id', '=', id)
    .where('state', '=', 'failed')
    .where('request', 'is not', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export function rowHandlers(policy: Policy): Handlers {
  return {
    'messages.begin': begin(policy),
    'messages.finish': finish,
    'messages.put': put,
    'messages.expire': expire,
    'messages.settle': settle,
    'messages.replay': replay,
    'messages.returned': returned,
    'messages.replied': replied,
  }
}

async function readById(reader: Reader, id: number): Promise<StoredMessage> {
  const row = await reader.k.selectFrom('messages').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  return row as StoredMessage
}

export async function messageByKey(reader: Reader, key: string): Promise<StoredMessage | null> {
  const [row = null] = await heldQuery<StoredMessage>(reader, 'select * from messages where key = ?', [key])
  return row
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

/** What became of messages, by key; keys of which there is no row are absent. For whoever waits for a doubt to be settled. */
export async function outcomesOf(reader: Reader, keys: readonly string[]): Promise<Map<string, Outcome>> {
  if (keys.length === 0) return new Map()
  const rows = await reader.k.selectFrom('messages').selectAll().where('key', 'in', keys).execute()
  return new Map(rows.map((row) => [row.key, outcomeOf(row as StoredMessage)]))
}

/** How many are in each state. */
export async function messageCounts(reader: Reader, since: number): Promise<Record<string, number>> {
  const rows = await reader.k
    .selectFrom('messages')
    .select((eb) => ['state', eb.fn.countAll<number>().as('n')])
    .where('created', '>=', since)
    .groupBy('state')
    .execute()
  return Object.fromEntries(rows.map(({ state, n }) => [state, Number(n)]))
}

/** What a row says to whoever asked for the message. */
export function outcomeOf(row: StoredMessage): Outcome {
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

/** To where other programs were told of a customer. */
export async function webhookAddresses(reader: Reader, identifiers: readonly number[]): Promise<string[]> {
  const rows = await reader.k
    .selectFrom('messages')
    .select('address')
    .distinct()
    .where('identifier', 'in', identifiers)
    .where('channel', '=', 'webhook')
    .where('attempts', '>', 0)
    .execute()
  return rows.flatMap(({ address }) => (address === null ? [] : [address]))
}
