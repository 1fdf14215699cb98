/** The one door for mail that comes back: replies, bounces, complaints, unsubscribe mails. */
import { hash } from 'node:crypto'
import type { Logger } from 'pino'
import { listPeople } from '../access/people.ts'
import { permit } from '../consent/permit.ts'
import { personOf } from '../consent/store.ts'
import type { InboundAnswer, InboundFields } from '../engine-api/mail-doors.ts'
import { HabitueError } from '../errors.ts'
import type { IdentifierRecord } from '../identity/store.ts'
import { identifiersOf, identifiersWith } from '../identity/store.ts'
import { traitsOf } from '../memory/customer.ts'
import { builtInNames } from '../messages/built-in.ts'
import type { Bounce, Bounced } from '../messages/handover.ts'
import { type InboundMail, ownWords, readMail } from '../messages/inbound-mail.ts'
import type { Messenger } from '../messages/messenger.ts'
import type { PrepareNeeds } from '../messages/prepare.ts'
import { messageByToken, type StoredMessage } from '../messages/store.ts'
import { recordOwn } from './facts.ts'
import { teller } from './own-events.ts'

export interface InboundNeeds {
  readonly means: PrepareNeeds
  readonly messenger: Messenger
  readonly log: Logger
  readonly bounced: (message: Bounced, bounce: Bounce) => Promise<void>
}

export function inboundDoor({ means, messenger, log, bounced }: InboundNeeds) {
  const { db, world } = means
  const said = (name: string, who: IdentifierRecord, id: string, properties: Record<string, unknown>) =>
    recordOwn(means, [{ name, who, messageId: id, time: world.now(), properties }], teller)

  const replied = async (mail: InboundMail, row: StoredMessage, who: IdentifierRecord, id: string): Promise<void> => {
    const { subject, text } = mail
    const about = { channel: 'email', message: row.token, journey: row.journey ?? undefined, template: row.template }
    await said('Support Contacted', who, id, { ...about, reply: true, subject, text })
    await db.write('messages.replied', { id: row.id, now: world.now() })
    await forwarded({ means, messenger, log }, { mail, row, who, id })
  }
  const act: Readonly<
    Record<
      InboundMail['kind'],
      (mail: InboundMail, row: StoredMessage, who: IdentifierRecord, id: string) => Promise<unknown>
    >
  > = {
    reply: replied,
    automatic: async () => {},
    async delivered(_, row, who, id) {
      await db.write('messages.settle', { id: row.id, as: 'sent', by: 'notice', reason: null, now: world.now() })
      await said('Email Delivered', who, id, { email_id: row.token, email_subject: row.subject ?? undefined })
    },
    async bounce({ reason, permanent }, row) {
      await db.write('messages.returned', { id: row.id, reason: `came back: ${reason}` })
      await bounced(row, { reason, permanent, now: world.now() })
    },
    async complaint({ reason }, row, who, id) {
      const { identifier, token } = row
      await db.write('messages.markAddress', { identifier, state: 'complained', reason, time: world.now() })
      await said('Email Marked as Spam', who, id, { email_id: token, email_subject: row.subject ?? undefined })
    },
    unsubscribe: (_, row, who, id) => said('Unsubscribed', who, id, { channel: row.channel, email_id: row.token }),
  }

  return async (given: Uint8Array | InboundFields): Promise<InboundAnswer> => {
    const mail = given instanceof Uint8Array ? await read(given) : mailOfFields(given)
    const row = mail.token === null ? null : await messageByToken(db, mail.token)
    const [who] = row ? await identifiersWith(db, [row.identifier]) : []
    // A stranger's mail is nobody's: it is not kept, and whoever sent it here keeps it.
    if (!row || !who) return { kind: mail.kind, known: false }
    const bytes = given instanceof Uint8Array ? given : Buffer.from(JSON.stringify(given))
    const id = `inbound:${hash('sha256', mail.messageId === '' ? bytes : mail.messageId, 'hex').slice(0, 40)}`
    await act[mail.kind](mail, row, who, id)
    return { kind: mail.kind, known: true }
  }
}

/** @throws HabitueError invalid_body where nobody could read it */
async function read(raw: Uint8Array): Promise<InboundMail> {
  try {
    return await readMail(raw)
  } catch (cause) {
    throw new HabitueError('invalid_body', `The mail cannot be read: ${(cause as Error).message}`, {}, { cause })
  }
}

/** As a provider's webhook gives it, already taken apart. */
function mailOfFields(fields: InboundFields): InboundMail {
  const { to, from, subject = '', text = '', messageId = '', kind = 'reply', reason = '', permanent = false } = fields
  const [, purpose, token = null] = /\b(reply|bounce|unsubscribe)\+([\w-]{10,64})@/i.exec(to) ?? []
  const meant = purpose?.toLowerCase() === 'unsubscribe' && kind === 'reply' ? 'unsubscribe' : kind
  return { kind: meant, token, from, subject, text: ownWords(text), messageId, reason, permanent }
}

interface Forwarded {
  readonly mail: InboundMail
  readonly row: StoredMessage
  readonly who: IdentifierRecord
  readonly id: string
}

/** To the person who wrote, or to whom the customer belongs; else to the shop's own address. */
async function forwarded(
  { means, messenger, log }: Omit<InboundNeeds, 'bounced'>,
  { mail, row, who, id }: Forwarded,
): Promise<void> {
  const { db, policy, world, config, speakers } = means
  const now = world.now()
  const names = await identifiersOf(db, who)
  const identity = { customer: who.customer, identifiers: names.map((one) => one.id).sort((a, b) => a - b) }
  const allowed = permit(await personOf(db, policy, identity, now), 'service')
  const traits = allowed ? await traitsOf(db, allowed) : {}
  const writer = (await listPeople(db)).find((one) => one.id === row.sender && one.removed === null && one.email)
  const { speaks } = await speakers.ownerOf({ identity, traits, permit: allowed }, now)
  const to = writer?.email ?? speaks?.email ?? config.messages.operator
  if (!to) {
    log.warn({ message: row.id }, 'a customer replied, and nobody is set to whom it could be forwarded')
    return
  }
  const user = names.find(({ kind }) => kind === 'user') ?? who
  const base = config.page.url?.replace(/\/+$/, '')
  const page = base ? `${base}/desk/customers/${encodeURIComponent(user.value)}?kind=${user.kind}` : ''
  await messenger.send({
    key: `forward:${id}`,
    customer: who.customer,
    channel: 'staff-email',
    purpose: 'service',
    template: builtInNames.reply,
    automatic: false,
    repeat: true,
    now,
    data: { to, replyTo: mail.from, subject: mail.subject, text: mail.text, about: row.subject ?? row.template, page },
  })
}
