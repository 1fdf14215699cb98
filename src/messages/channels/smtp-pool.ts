/**
 * A few connections to one mail server, kept open. nodemailer's own pool puts a message back into its queue when the
 * connection closes under it; whether that may be done is for the row of the message to say, so this one hands out
 * connections that are ready for a message, and tells of each message precisely what is known of it.
 */
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { type MailServerUrl, mailServerUrl } from '../mail-server-url.ts'
import type { Attempt, Delivery } from './channel.ts'
import { type SmtpFailure, told } from './smtp-outcome.ts'

export interface SmtpOptions {
  /** `smtp://` or `smtps://`, with user and password where the server wants them. */
  readonly url: string
  readonly connections: number
  /** Milliseconds: to connect and be greeted; of silence in a conversation; for one message altogether. */
  readonly timeouts: { readonly connect: number; readonly silence: number; readonly message: number }
  /** A file of certificates (PEM) to be believed beside the usual ones; null = none. */
  readonly caFile: string | null
}

export interface Envelope {
  readonly from: string
  readonly to: string
}

/** A connection ready for one message; it goes back by itself when the message is done, or by `release`. */
export interface Line {
  send(envelope: Envelope, message: Uint8Array, attempt: Attempt): Promise<Delivery>
  release(): void
}

export interface SmtpPool {
  /** Waits for a connection. @throws Error what kept it from being made; nothing was sent */
  acquire(): Promise<Line>
  close(): Promise<void>
}

interface Open {
  readonly connection: SMTPConnection
  isDead: boolean
  /** It carried a message before, so the server may have closed it meanwhile. */
  wasUsed: boolean
}

/** @throws HabitueError invalid_config */
export function smtpPool(options: SmtpOptions): SmtpPool {
  const target = targetOf(options)
  const idle: Open[] = []
  const all = new Set<Open>()
  const waiting: { resolve: (open: Open) => void; reject: (error: Error) => void }[] = []
  let busy = 0
  let isClosed = false

  const connect = async (): Promise<Open> => {
    const open = await connected(target, options)
    all.add(open)
    open.connection.once('end', () => all.delete(open))
    return open
  }
  const take = async (): Promise<Open> => {
    if (isClosed) throw new Error('the mail server is not spoken to any more')
    for (let open = idle.pop(); open; open = idle.pop()) if (!open.isDead) return reserved(open)
    if (busy >= options.connections) return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
    busy++
    try {
      return await connect()
    } catch (error) {
      freed()
      throw error
    }
  }
  const reserved = (open: Open): Open => {
    busy++
    return open
  }
  /** A place is free: whoever waits longest gets it. */
  const freed = (open?: Open): void => {
    busy--
    const next = waiting.shift()
    if (open && !open.isDead && !next) {
      if (isClosed) open.connection.quit()
      else idle.push(open)
      return
    }
    if (!next) return
    busy++
    if (open && !open.isDead) {
      next.resolve(open)
      return
    }
    connect().then(next.resolve, (error: Error) => {
      freed()
      next.reject(error)
    })
  }
  return {
    async acquire() {
      const open = await take()
      return {
        release: () => freed(open),
        async send(envelope, message, attempt) {
          const delivery = await spoken(open, envelope, message, attempt, options.timeouts.message)
          const isStale = open.wasUsed && open.isDead && delivery.kind === 'not_sent'
          open.wasUsed = true
          freed(open)
          if (!isStale || isClosed) return delivery
          // The server had closed a connection that rested: nothing of this message was said on it.
          const other = await take().catch((error: Error) => error)
          if (other instanceof Error) return { kind: 'not_sent', reason: other.message }
          const second = await spoken(other, envelope, message, attempt, options.timeouts.message)
          other.wasUsed = true
          freed(other)
          return second
        },
      }
    },
    async close() {
      isClosed = true
      for (const { reject } of waiting.splice(0)) reject(new Error('the process is stopping'))
      for (const open of idle.splice(0)) if (!open.isDead) open.connection.quit()
      const ended = [...all].map(({ connection }) => new Promise((resolve) => connection.once('end', resolve)))
      const patience = new Promise((resolve) => setTimeout(resolve, 2000).unref())
      await Promise.race([Promise.all(ended), patience])
      for (const { connection } of all) connection.close()
    },
  }
}

interface Target extends MailServerUrl {
  readonly ca: Buffer | undefined
}

function targetOf({ url, caFile }: SmtpOptions): Target {
  const target = mailServerUrl('messages.smtpUrl', url, 'smtp')
  return { ...target, ca: caFile === null ? undefined : readFileSync(caFile) }
}

/** A connection that was greeted and, where there is a password, let in. */
function connected(target: Target, { timeouts }: SmtpOptions): Promise<Open> {
  const { host, port, secure, requireTLS, auth, ca } = target
  const connection = new SMTPConnection({
    host,
    port,
    secure,
    requireTLS,
    connectionTimeout: timeouts.connect,
    greetingTimeout: timeouts.connect,
    dnsTimeout: timeouts.connect,
    socketTimeout: timeouts.silence,
    socketCloseTimeout: 1000,
    tls: ca === undefined ? undefined : { ca },
  })
  const open: Open = { connection, isDead: false, wasUsed: false }
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      open.isDead = true
      // Before it is closed: closing says only that it ended.
      reject(error)
      connection.close()
    }
    connection.on('error', failed)
    connection.once('end', () => failed(new Error('the mail server closed the connection')))
    connection.connect((error) => {
      if (error) return failed(error)
      if (auth === null) return resolve(open)
      connection.login({ credentials: auth }, (refused) => (refused ? failed(refused) : resolve(open)))
    })
  })
}

/** Says one message on a connection, and what is known of it then. */
function spoken(
  open: Open,
  envelope: Envelope,
  message: Uint8Array,
  attempt: Attempt,
  mostMs: number,
): Promise<Delivery> {
  const { connection } = open
  return new Promise((resolve) => {
    let begun = false
    let isLate = false
    const body = new Readable({
      // Asked for when the server has answered DATA: from here on the message may have been taken.
      read() {
        if (!begun && !attempt.holds()) {
          isLate = true
          this.destroy(new Error('the right to send it had ended'))
          return
        }
        begun = true
        this.push(message)
        this.push(null)
      },
    })
    const done = (failure: SmtpFailure | null, response: string) => {
      clearTimeout(timer)
      const delivery = told(failure, { begun, isLate, response })
      // Where words of this message may still be in the air, the next one takes another connection.
      if (failure && (delivery.kind === 'in_doubt' || isLate || !failure.responseCode)) abandon(open)
      if (!failure || open.isDead) return resolve(delivery)
      connection.reset((refused) => {
        if (refused) abandon(open)
        resolve(delivery)
      })
    }
    const timer = setTimeout(() => {
      const error: SmtpFailure = new Error(`the mail server was not done after ${Math.round(mostMs / 1000)} s`)
      abandon(open)
      done(error, '')
    }, mostMs)
    const bytes = message.byteLength
    connection.send({ from: envelope.from, to: [envelope.to], size: bytes }, body, (error, info) =>
      done(error ?? null, info?.response ?? ''),
    )
  })
}

function abandon(open: Open): void {
  open.isDead = true
  open.connection.close()
}
