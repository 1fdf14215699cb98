/** Troubles of which the operator was told: once when one begins, and once when it has ended. */
import type { Handler, Handlers, Reader } from '../db/database.ts'

export interface Trouble {
  /** The same as long as it is the same trouble. */
  readonly name: string
  /** One sentence. */
  readonly detail: string
  /** What to do. */
  readonly mend: string
}

export interface Told {
  readonly begun: readonly Trouble[]
  readonly ended: readonly { readonly name: string; readonly since: number; readonly detail: string }[]
}

/** A trouble has ended when it was not seen for as long: one that comes and goes is one. */
const endsAfterMs = 10 * 60_000

/** Whoever commits the change tells of it, so several processes tell once. `told` = when it was last seen. */
const note: Handler<{ troubles: readonly Trouble[]; now: number }, Told> = async (tx, { troubles, now }) => {
  const begun: Trouble[] = []
  for (const trouble of troubles) {
    const { name, detail } = trouble
    const fresh = { since: now, told: now, ended: null, detail }
    const inserted = await tx.k
      .insertInto('alarms')
      .values({ name, ...fresh })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(fresh).where('alarms.ended', 'is not', null))
      .executeTakeFirst()
    if ((inserted.numInsertedOrUpdatedRows ?? 0n) > 0n) begun.push(trouble)
    else await tx.k.updateTable('alarms').set({ told: now, detail }).where('name', '=', name).execute()
  }
  const over = await tx.k
    .updateTable('alarms')
    .set({ ended: now })
    .where('ended', 'is', null)
    .where('told', '<=', now - endsAfterMs)
    .returning(['name', 'since', 'detail'])
    .execute()
  return { begun, ended: over }
}

export const alarmHandlers: Handlers = { 'messages.alarms': note }

/** What goes on now, the longest first. */
export function openAlarms(reader: Reader): Promise<{ name: string; since: number; detail: string }[]> {
  return reader.k
    .selectFrom('alarms')
    .select(['name', 'since', 'detail'])
    .where('ended', 'is', null)
    .orderBy('since')
    .execute()
}

export interface MailHealth {
  readonly inDoubt: number
  /** Of the last 24 hours: messages that were taken, of any channel. */
  readonly sent: number
  /** Mails among them. */
  readonly mails: number
  /** Those that nobody took. */
  readonly failed: number
  /** Those that were taken and came back, from addresses that still work. */
  readonly returned: number
  /** Addresses that were found not to work. */
  readonly bounced: number
  /** Mails that were tried and wait, since the first of them was made; null = none does. */
  readonly waitingSince: number | null
  readonly waitingReason: string
  readonly lastSent: number | null
}

const dayMs = 86_400_000
const mailChannels = ['email', 'staff-email']

export async function mailHealth(reader: Reader, now: number): Promise<MailHealth> {
  const since = now - dayMs
  const counts = await reader.k
    .selectFrom('messages')
    .select((eb) => ['state', 'settled', 'channel', eb.fn.countAll<number>().as('n')])
    .where('created', '>=', since)
    .where('state', 'in', ['sent', 'failed'])
    .groupBy(['state', 'settled', 'channel'])
    .execute()
  const of = (wanted: (one: (typeof counts)[number]) => boolean) =>
    counts.filter(wanted).reduce((sum, { n }) => sum + Number(n), 0)
  const isTaken = (one: (typeof counts)[number]) => one.state === 'sent' || isReturned(one)
  const cameBack = of(isReturned)
  const doubts = await reader.k
    .selectFrom('messages')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('state', '=', 'in_doubt')
    .executeTakeFirstOrThrow()
  const waiting = await reader.k
    .selectFrom('messages')
    .select(['created', 'reason'])
    .where('state', '=', 'planned')
    .where('channel', 'in', mailChannels)
    .where('attempts', '>', 0)
    .orderBy('created')
    .limit(1)
    .executeTakeFirst()
  const last = await reader.k
    .selectFrom('messages')
    .select((eb) => eb.fn.max('sent').as('sent'))
    .where('created', '>=', since)
    .where('channel', 'in', mailChannels)
    .executeTakeFirst()
  const bounced = await reader.k
    .selectFrom('mail_addresses')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('time', '>=', since)
    .where('state', '=', 'bounced')
    .executeTakeFirstOrThrow()
  const dead = cameBack === 0 ? 0 : await returnedFromDead(reader, since)
  return {
    inDoubt: Number(doubts.n),
    sent: of(isTaken),
    mails: of((one) => isTaken(one) && mailChannels.includes(one.channel)),
    failed: of((one) => one.state === 'failed' && !isReturned(one)),
    returned: cameBack - dead,
    bounced: Number(bounced.n),
    waitingSince: waiting?.created ?? null,
    waitingReason: waiting?.reason ?? '',
    lastSent: last?.sent ?? null,
  }
}

/** A notice said that a mail which had been taken came back. */
const isReturned = ({ state, settled }: { readonly state: string; readonly settled: string | null }) =>
  state === 'failed' && settled === 'notice'

/** How many of them came back from addresses that do not work. */
async function returnedFromDead(reader: Reader, since: number): Promise<number> {
  const { n } = await reader.k
    .selectFrom('messages as m')
    .innerJoin('mail_addresses as a', 'a.identifier', 'm.identifier')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('m.created', '>=', since)
    .where('m.state', '=', 'failed')
    .where('m.settled', '=', 'notice')
    .where('a.state', '=', 'bounced')
    .executeTakeFirstOrThrow()
  return Number(n)
}
