/**
 * The rows that make the guarantee. Every change of a row's state is one of the handlers here and in settling.ts and says
 * from which state it goes; the right to act is the row's `holder`, a random mark that only the attempt knows which moved it
 * to `sending`.
 */
import { sql } from 'kysely'
import type { Policy } from '../consent/policy.ts'
import { personOf } from '../consent/store.ts'
import type { Handler, Handlers, Tx } from '../db/database.ts'
import type { MessageRow } from '../db/message-row.ts'
import type { Identity } from '../identity/identity.ts'
import { type Caps, type CapVerdict, capOf } from './caps.ts'
import type { MessagePurpose, MessageState } from './message.ts'
import { noteReceiver } from './receivers.ts'
import { messageByKey, type NewMessage, type Shown, type StoredMessage } from './store.ts'

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

/**
 * Commits the attempt before anything can be seen of it outside. A message that is new, as most are, is one statement: on
 * PostgreSQL each costs a way to the server and back while a connection to the mail server waits.
 */
const begin =
  (policy: Policy): Handler<Begin, Begun> =>
  async (tx, payload) => {
    const { message, shown, holder, now, lease, customer, identifiers, caps } = payload
    await lockCustomer(tx, identifiers)
    const refused = await refusal(tx, policy, message, { customer, identifiers }, now)
    if (refused) return { go: false, refused }
    const cap = await capOf(tx, message, identifiers, caps, now)
    if (cap) return { go: false, cap }
    const sending = { ...shown, state: 'sending', holder, lease, due: null, reason: null }
    const id = (await insert(tx, message, { ...sending, attempts: 1 })) ?? (await resume(tx, message, sending, now))
    if (typeof id !== 'number') return { go: false, row: id }
    if (message.channel === 'webhook' && shown.address !== null)
      await noteReceiver(tx, { identifier: message.identifier, url: shown.address, now })
    return { go: true, id }
  }

/** Of a row that is there: its id where it waited for this attempt, else the row. */
async function resume(
  tx: Tx,
  { key }: NewMessage,
  sending: Partial<StoredMessage>,
  now: number,
): Promise<number | StoredMessage> {
  const row = await locked(tx, key)
  if (row.state !== 'planned' || (row.due !== null && row.due > now)) return row
  await tx.k
    .updateTable('messages')
    .set({ ...sending, attempts: row.attempts + 1 })
    .where('id', '=', row.id)
    .execute()
  return row.id
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

/** Its id; null where there is one of its key. */
async function insert(tx: Tx, message: NewMessage, state: Partial<StoredMessage>): Promise<number | null> {
  const { key, token, identifier, address, channel, purpose, template, journey, instance } = message
  const { priority, request, created } = message
  const about = { key, token, identifier, address, channel, purpose, template }
  const own = { ...about, journey, instance, priority, request, created }
  const row = await tx.k
    .insertInto('messages')
    .values({ ...blank, ...own, ...state })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('id')
    .executeTakeFirst()
  return row ? Number(row.id) : null
}

/** Nobody else changes it before this transaction has ended. */
async function locked(tx: Tx, key: string): Promise<StoredMessage> {
  const query = tx.k.selectFrom('messages').selectAll().where('key', '=', key)
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
  await insert(tx, message, {})
  const row = await locked(tx, message.key)
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

export function attemptHandlers(policy: Policy): Handlers {
  return {
    'messages.begin': begin(policy),
    'messages.finish': finish,
    'messages.put': put,
    'messages.expire': expire,
  }
}
