/**
 * The rows that make the guarantee. Every change of a row's state is one of the handlers here and in settling.ts and says
 * from which state it goes; the right to act is the row's `holder`, a random mark that only the attempt knows which moved it
 * to `sending`.
 */
import { sql } from 'kysely'
import type { Person } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { peopleOf } from '../consent/store.ts'
import { commitLazily, insertMissing, updateByKeys } from '../db/batch.ts'
import type { Handler, Handlers, Tx } from '../db/database.ts'
import type { MessageRow } from '../db/message-row.ts'
import { type Caps, type CapVerdict, capFor, capVerdicts } from './caps.ts'
import type { MessagePurpose, MessageState } from './message.ts'
import { noteReceiver } from './receivers.ts'
import {
  type Holder,
  holdersOf,
  messagesByKeys,
  type NewMessage,
  type OutcomeRow,
  type Shown,
  type StoredMessage,
} from './store.ts'

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
 * Commits attempts before anything can be seen of them outside. Those that are begun at the same time are one transaction with a
 * statement a table: on PostgreSQL each is a way to the server and back while a connection to the mail server waits.
 */
const begin =
  (policy: Policy): Handler<readonly Begin[], Begun[]> =>
  async (tx, asked) => {
    await lockCustomers(tx, asked)
    const begun = new Map<Begin, Begun>()
    // Of one customer one after the other: each is counted for the next.
    const turns: Begin[][] = []
    const own = new Map<number, number>()
    for (const one of asked) {
      const first = Math.min(...one.identifiers)
      const turn = own.get(first) ?? 0
      own.set(first, turn + 1)
      turns[turn] = [...(turns[turn] ?? []), one]
    }
    for (const turn of turns) for (const [one, answer] of await beginTurn(tx, policy, turn)) begun.set(one, answer)
    return asked.map((one) => begun.get(one) as Begun)
  }

/** Of different customers. */
async function beginTurn(tx: Tx, policy: Policy, asked: readonly Begin[]): Promise<Map<Begin, Begun>> {
  const now = Math.max(...asked.map((one) => one.now))
  const { caps } = asked[0]
  const people = await peopleOf(tx, policy, asked, now)
  const verdicts = await capVerdicts(tx, asked, caps, now)
  const begun = new Map<Begin, Begun>()
  for (const [i, one] of asked.entries()) {
    const refused = refusal(people[i], one.message)
    const cap = verdicts[i]
    if (refused) begun.set(one, { go: false, refused })
    else if (cap) begun.set(one, { go: false, cap })
  }
  const free = asked.filter((one) => !begun.has(one))
  await insert(
    tx,
    free.map((one) => rowOf(one.message, { ...sendingOf(one), attempts: 1 })),
  )
  const keys = free.map(({ message }) => message.key)
  const rows = new Map((await holdersOf(tx, keys)).map((row) => [row.key, row]))
  for (const one of free.toSorted((a, b) => (a.message.key < b.message.key ? -1 : 1))) {
    const { id, state, holder } = rows.get(one.message.key) as Holder
    begun.set(one, state === 'sending' && holder === one.holder ? { go: true, id } : await resume(tx, one))
  }
  for (const one of free) {
    const { message, shown, now } = one
    if (begun.get(one)?.go && message.channel === 'webhook' && shown.address !== null)
      await noteReceiver(tx, { identifier: message.identifier, url: shown.address, now })
  }
  return begun
}

const sendingOf = ({ shown, holder, lease }: Begin) => ({
  ...shown,
  state: 'sending',
  holder,
  lease,
  due: null,
  reason: null,
})

/** Of a row that was there before: it goes where it waited for this attempt. */
async function resume(tx: Tx, one: Begin): Promise<Begun> {
  const row = await locked(tx, one.message.key)
  if (row.state !== 'planned' || (row.due !== null && row.due > one.now)) return { go: false, row }
  await tx.k
    .updateTable('messages')
    .set({ ...sendingOf(one), attempts: row.attempts + 1 })
    .where('id', '=', row.id)
    .execute()
  return { go: true, id: row.id }
}

/** He may have refused since the message was written: the last word is read in the transaction that lets it go. */
function refusal(person: Person, { purpose, channel }: Pick<MessageRow, 'purpose' | 'channel'>): string | null {
  const { standing, allowed } = person.ruling(purpose as MessagePurpose, purpose === 'marketing' ? channel : '')
  // A soft opt-in was looked at with his orders before; nothing but a refusal changes it.
  return !allowed && standing.answer === 'denied' ? 'consent: denied' : null
}

/** PostgreSQL: two messages to one customer are counted one after the other, where anything is. On SQLite there is one writer. */
async function lockCustomers(tx: Tx, asked: readonly Begin[]): Promise<void> {
  if (tx.engine === 'sqlite') return
  const counted = asked.filter(({ message, caps }) => capFor(message, caps) !== null)
  const firsts = counted.map(({ identifiers }) => Math.min(...identifiers) % 2_000_000_000).sort((a, b) => a - b)
  if (firsts.length === 0) return
  await sql`select pg_advisory_xact_lock(hashtext('habitue.messages'), c) from unnest(${firsts}::int[]) as c`.execute(
    tx.k,
  )
}

/** Leaves alone those of whose key there is one. */
async function insert(tx: Tx, rows: readonly Omit<StoredMessage, 'id'>[]): Promise<void> {
  if (rows.length === 0) return
  const columns = Object.keys(rows[0]) as (keyof (typeof rows)[number])[]
  const values = rows.map((row) => columns.map((column) => row[column]))
  await insertMissing(tx, 'messages', ['key'], columns, values)
}

function rowOf(message: NewMessage, state: Partial<StoredMessage>): Omit<StoredMessage, 'id'> {
  const { key, token, identifier, address, channel, purpose, template, journey, instance } = message
  const { priority, request, created } = message
  const about = { key, token, identifier, address, channel, purpose, template }
  return { ...blank, ...about, journey, instance, priority, request, created, ...state }
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
 * What those who acted know of it. Also where a lease ended meanwhile: they know better than the clock. Answers the rows as
 * they are then; null = the customer was erased.
 */
const finish: Handler<readonly Finish[], (OutcomeRow | null)[]> = async (tx, all) => {
  const sent = all.filter(({ state }) => state === 'sent')
  // Lost with the machine, such a mail is in doubt.
  if (sent.length === all.length) await commitLazily(tx)
  await finishSome(tx, sent, ['sent', 'request'], ({ now }) => [now, null])
  await finishSome(
    tx,
    all.filter(({ state }) => state !== 'sent'),
    [],
    () => [],
  )
  const rows = await messagesByKeys(
    tx,
    all.map(({ key }) => key),
  )
  const byKey = new Map(rows.map((row) => [row.key, row]))
  return all.map(({ key }) => byKey.get(key) ?? null)
}

async function finishSome(
  tx: Tx,
  all: readonly Finish[],
  more: readonly string[],
  valuesOf: (one: Finish) => unknown[],
): Promise<void> {
  const columns = ['state', 'reason', 'response', 'due', 'lease', ...more]
  let open = all
  for (const from of ['sending', 'in_doubt']) {
    if (open.length === 0) return
    const rows = open.map((one) => {
      const { key, holder, state, reason, response, due } = one
      return [key, holder, from, state, reason, response, due, null, ...valuesOf(one)]
    })
    const isDone = await updateByKeys(tx, 'messages', ['key', 'holder', 'state'], columns, rows)
    open = open.filter((_, i) => !isDone[i])
  }
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
  await insert(tx, [rowOf(message, {})])
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
