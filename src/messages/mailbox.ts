/**
 * A mailbox that is read over IMAP (RFC 9051): replies, bounces and unsubscribe mails, where no provider's webhook brings
 * them. One connection is kept; between looks it idles (RFC 2177), so that mail is taken as it comes. What becomes of a mail:
 *
 *   unseen ──(about a message of ours)──> \Seen
 *     ├─────(nobody's, or unreadable)───> \Seen \Flagged: a person looks
 *     └─────(could not be stored)───────> unseen, and taken at the next look
 *
 * Whoever takes a mail twice (a crash before the flag, two processes) knows it by its Message-ID.
 */
import { readFileSync } from 'node:fs'
import { ImapFlow } from 'imapflow'
import { HabitueError } from '../errors.ts'
import type { MailServerUrl } from './mail-server-url.ts'
import type { DueWork } from './messenger.ts'

export interface MailboxOptions {
  readonly server: MailServerUrl
  readonly caFile: string | null
  /** Takes one whole mail; `known` = it was about a message of ours. @throws HabitueError invalid_body where nobody can read it */
  take(mail: Uint8Array): Promise<{ readonly known: boolean }>
  readonly log: { info(about: object, text: string): void; warn(about: object, text: string): void }
}

export interface Mailbox extends DueWork {
  /** Null = all is well. */
  trouble(): MailboxTrouble | null
  close(): Promise<void>
}

export interface MailboxTrouble {
  /** Milliseconds. */
  readonly since: number
  readonly reason: string
  /** The mailbox is well, and what was read cannot be stored. */
  readonly isRead: boolean
}

/** It is looked at so often at least; where the server says that mail came, at once. */
const everyMs = 60_000
const longestPauseMs = 5 * 60_000
const timeoutMs = 30_000
/** In one look. */
const atOnce = 50
/** The mail is there, and could not be stored: nothing is wrong with the mailbox. */
class NotStored extends Error {}

/** A larger mail is nothing that a customer wrote: a person looks. */
const mostBytes = 10 * 1024 * 1024
const forPeople = ['\\Seen', '\\Flagged']

export function createMailbox({ server, caFile, take, log }: MailboxOptions): Mailbox {
  const ca = caFile === null ? undefined : readFileSync(caFile)
  const folder = server.path === '' ? 'INBOX' : server.path
  let client: ImapFlow | null = null
  let hasMail = false
  let next = 0
  let failures = 0
  let trouble: MailboxTrouble | null = null
  const connected = async (): Promise<ImapFlow> => {
    if (client?.usable) return client
    const fresh = new ImapFlow({ ...connection(server), ...(ca === undefined ? {} : { tls: { ca } }) })
    // What ends the connection is told to who uses it; while it idles the next look opens another.
    fresh.on('error', () => {})
    fresh.on('exists', () => {
      hasMail = true
    })
    await fresh.connect()
    client = fresh
    return fresh
  }
  const look = async (): Promise<number> => {
    const open = await connected()
    const lock = await open.getMailboxLock(folder)
    try {
      hasMail = false
      const unseen = (await open.search({ seen: false }, { uid: true })) || []
      let failed: NotStored | null = null
      for (const uid of unseen.slice(0, atOnce)) {
        const flags = await taken(open, uid)
        // One that fails holds up no other; where storage is away they all would.
        if (flags instanceof NotStored) failed ??= flags
        else await open.messageFlagsAdd(String(uid), flags, { uid: true })
        if (failed?.cause instanceof HabitueError) break
      }
      if (failed !== null) throw failed
      hasMail ||= unseen.length > atOnce
      return Math.min(unseen.length, atOnce)
    } finally {
      lock.release()
    }
  }
  const taken = async (open: ImapFlow, uid: number): Promise<string[] | NotStored> => {
    const size = ((await open.fetchOne(String(uid), { size: true }, { uid: true })) || null)?.size ?? 0
    if (size > mostBytes) {
      log.warn({ uid, bytes: size }, 'a mail of the mailbox is too large to be read; it is flagged')
      return forPeople
    }
    const mail = (await open.fetchOne(String(uid), { source: true }, { uid: true })) || null
    if (!mail?.source) return forPeople
    try {
      const { known } = await take(mail.source)
      return known ? ['\\Seen'] : forPeople
    } catch (error) {
      if (!(error instanceof HabitueError) || error.status >= 500)
        return new NotStored((error as Error).message, { cause: error })
      log.warn({ uid, code: error.code }, 'a mail of the mailbox is nothing that can be kept; it is flagged')
      return forPeople
    }
  }
  return {
    name: 'mailbox',
    async settle(now) {
      if (now < next && !(hasMail && failures === 0)) return { done: 0, next: null }
      try {
        const done = await look()
        if (trouble !== null) log.info({}, 'the mailbox is read again')
        trouble = null
        failures = 0
        next = now + everyMs
        return { done, next: hasMail && done > 0 ? now : null }
      } catch (error) {
        const isRead = error instanceof NotStored
        if (!isRead) {
          client?.close()
          client = null
        }
        const reason = reasonOf(error)
        const words = isRead ? 'mail of the mailbox cannot be stored' : 'the mailbox cannot be read'
        if (trouble === null) log.warn({ reason }, `${words}; it is tried again`)
        trouble = { since: trouble?.since ?? now, reason, isRead }
        next = now + Math.min(longestPauseMs, everyMs * 2 ** failures++)
        return { done: 0, next: null }
      }
    },
    trouble: () => trouble,
    async close() {
      const open = client
      client = null
      if (!open?.usable) return open?.close()
      const patience = new Promise((resolve) => setTimeout(resolve, 2000).unref())
      await Promise.race([open.logout().catch(() => {}), patience])
      open.close()
    },
  }
}

function connection({ host, port, secure, requireTLS, auth }: MailServerUrl) {
  return {
    host,
    port,
    secure,
    ...(requireTLS ? { doSTARTTLS: true } : {}),
    auth: auth ?? { user: 'anonymous', pass: '' },
    logger: false as const,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: 3 * timeoutMs,
    maxIdleTime: timeoutMs,
  }
}

/** What the server said, never what was said to it. */
function reasonOf(error: unknown): string {
  const { responseText, code, message } = error as { responseText?: string; code?: string; message: string }
  return [code, responseText ?? message].filter(Boolean).join(': ')
}
