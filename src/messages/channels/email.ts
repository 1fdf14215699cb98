/** E-mail by SMTP: composed and signed first, then handed to a connection that is ready for it. */
import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import addressparser from 'nodemailer/lib/addressparser'
import DKIM from 'nodemailer/lib/dkim'
import MailComposer from 'nodemailer/lib/mail-composer'
import type { Config } from '../../config.ts'
import { HabitueError } from '../../errors.ts'
import type { World } from '../../world.ts'
import type { Channel, Parcel } from './channel.ts'
import { mailFolder } from './mail-folder.ts'
import { type SmtpPool, smtpPool } from './smtp-pool.ts'

export interface Mailbox {
  readonly name: string
  readonly address: string
}

/** What mail has beside its words. */
export interface MailHead {
  readonly from: Mailbox
  readonly to: Mailbox
  readonly replyTo: string | null
  /** To where a mail server sends what it could not deliver. */
  readonly bounceTo: string
  /** Advertising only: the address at which one POST ends it (RFC 8058), and the mail that does. */
  readonly unsubscribe: { readonly url: string; readonly mail: string | null } | null
}

export interface MailParcel extends Parcel {
  readonly mail: MailHead
}

export interface MailChannel extends Channel {
  /** The mail as it goes over the line. */
  compose(parcel: MailParcel): Promise<Uint8Array>
}

type Settings = Pick<Config, 'messages'>

/** Milliseconds: to connect and be greeted, and of silence in a conversation; a mail altogether takes no longer than is set. */
const connectMs = 15_000
const silenceMs = 60_000

/** How long a mail may be under way before nobody knows what became of it; longer than any mail can take. */
export function mailLeaseMs({ messages }: Settings): number {
  return 2 * messages.smtpTimeout * 1000
}

/** @throws HabitueError invalid_config */
export function mailChannel({ messages }: Settings, world: World): MailChannel {
  const { smtpUrl: url, smtpConnections: connections, smtpCaFile: caFile } = messages
  const message = messages.smtpTimeout * 1000
  const timeouts = { connect: Math.min(connectMs, message), silence: Math.min(silenceMs, message), message }
  let pool: SmtpPool | null = null
  // Only where mail is sent is a mail server spoken to; an unusable address is told at start all the same.
  const opened = () => {
    if (url === null) throw new Error('no mail server is set')
    pool ??= url.startsWith('file:') ? mailFolder(url, world) : smtpPool({ url, connections, caFile, timeouts })
    return pool
  }
  if (url !== null) opened()
  const signer = signerOf(messages)
  const compose = async (parcel: MailParcel): Promise<Uint8Array> => {
    const plain = await new MailComposer(mailOf(parcel, world.now())).compile().build()
    return signer ? buffer(signer.sign(plain)) : plain
  }
  return {
    name: 'email',
    addressKind: 'email',
    repeatable: false,
    compose,
    async deliver(parcel, begin) {
      const mail = parcel as MailParcel
      const bytes = await compose(mail)
      let line: Awaited<ReturnType<SmtpPool['acquire']>>
      try {
        line = await opened().acquire()
      } catch (error) {
        return { kind: 'not_sent', reason: (error as Error).message.slice(0, 500) }
      }
      let attempt: Awaited<ReturnType<typeof begin>> = null
      try {
        attempt = await begin()
      } finally {
        if (attempt === null) line.release()
      }
      return attempt === null
        ? 'taken'
        : line.send({ from: mail.mail.bounceTo, to: mail.mail.to.address }, bytes, attempt)
    },
    close: async () => pool?.close(),
  }
}

function mailOf({ rendered, mail, token, request }: MailParcel, now: number) {
  const { from, to, replyTo, unsubscribe } = mail
  const list = unsubscribe
    ? {
        'List-Unsubscribe': [
          `<${unsubscribe.url}>`,
          ...(unsubscribe.mail ? [`<mailto:${unsubscribe.mail}>`] : []),
        ].join(', '),
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      }
    : {}
  return {
    from,
    to,
    replyTo: replyTo ?? undefined,
    subject: rendered.subject,
    text: rendered.text,
    html: rendered.html === '' ? undefined : rendered.html,
    date: new Date(now),
    messageId: `<${token}@${domainOf(from.address)}>`,
    headers: { ...list, ...(request.automatic === false ? {} : { 'Auto-Submitted': 'auto-generated' }) },
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** A mail that is about no customer and has no row: to the operator. False = it was not taken. */
export async function plainMail(
  mail: MailChannel,
  head: Pick<MailHead, 'from' | 'to'>,
  words: PlainWords,
): Promise<boolean> {
  const { token, subject, text, now } = words
  const request = { key: token, customer: 0, channel: 'email', purpose: 'service', template: '', now } as const
  const rendered = {
    template: '',
    version: 0,
    language: 'en',
    subject,
    html: '',
    text,
    onSite: null,
    url: '',
    payload: '',
  }
  const parcel: MailParcel = {
    ...{ request, token, address: head.to.address, rendered },
    mail: { ...head, replyTo: null, bounceTo: head.from.address, unsubscribe: null },
  }
  const delivery = await mail.deliver(parcel, async () => ({ holds: () => true }))
  // Where nobody knows whether it arrived, it is not said twice.
  return delivery !== 'taken' && (delivery.kind === 'sent' || delivery.kind === 'in_doubt')
}

export interface PlainWords {
  readonly token: string
  readonly subject: string
  readonly text: string
  readonly now: number
}

/** Mail to people of the shop about a customer: the same road, another address. */
export function staffChannel(mail: MailChannel): Channel {
  return { ...mail, name: 'staff-email', addressKind: null, close: async () => {} }
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase()
}

/** `Shop <hello@shop.example>`. @throws HabitueError invalid_config */
export function mailboxOf(text: string): Mailbox {
  const [first, ...more] = addressparser(text)
  const address = first && 'address' in first ? (first.address ?? '') : ''
  if (more.length > 0 || !/^[^\s@<>]+@[^\s@<>]+$/.test(address))
    throw new HabitueError(
      'invalid_config',
      `The setting messages.from is ${JSON.stringify(text)}; expected one sender such as Shop <hello@shop.example>.`,
      { name: 'messages.from' },
    )
  return { name: first.name ?? '', address }
}

function signerOf({ dkim, from }: Config['messages']): DKIM | null {
  if (dkim.keyFile === null) return null
  let privateKey: string
  try {
    privateKey = readFileSync(dkim.keyFile, 'utf8')
  } catch (cause) {
    const message = `The setting messages.dkim.keyFile: ${(cause as Error).message}; expected a private key (PEM).`
    throw new HabitueError('invalid_config', message, { name: 'messages.dkim.keyFile' }, { cause })
  }
  const domainName = dkim.domain ?? (from === null ? '' : domainOf(mailboxOf(from).address))
  return new DKIM({ domainName, keySelector: dkim.selector, privateKey, headerFieldNames: signedHeaders })
}

/** RFC 6376, 5.4.1; and what one click to unsubscribe needs (RFC 8058, 4). */
const signedHeaders = [
  ...['From', 'Reply-To', 'Subject', 'Date', 'Message-ID', 'To', 'MIME-Version', 'Content-Type'],
  ...['Content-Transfer-Encoding', 'Auto-Submitted', 'List-Unsubscribe', 'List-Unsubscribe-Post'],
].join(':')
