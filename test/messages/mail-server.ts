/** For tests: a real mail server in this process, which refuses, stalls and drops as it is told, and deduplicates nothing. */
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { buffer } from 'node:stream/consumers'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'

export interface ReceivedMail {
  readonly from: string
  readonly to: string
  readonly raw: string
  readonly mail: Email
}

/** What goes wrong with the next mails, by recipient or for all. */
export type Trouble =
  /** The recipient is refused with this answer. */
  | { readonly at: 'rcpt'; readonly code: number; readonly text: string }
  | { readonly at: 'mail'; readonly code: number; readonly text: string }
  /** The whole message is read, and answered so. */
  | { readonly at: 'data'; readonly code: number; readonly text: string }
  /** Dropped where the message is asked for, before a byte of it was said. */
  | { readonly at: 'drop-at-data' }
  /** Dropped in the middle of the message. */
  | { readonly at: 'drop-in-data' }
  /** The message is taken (and counted), and the connection dropped before the answer. */
  | { readonly at: 'drop-after-data' }
  /** The message is taken, and no answer comes. */
  | { readonly at: 'stall' }

export interface MailServer {
  readonly url: string
  readonly port: number
  /** Everything that was taken, in order. */
  readonly received: readonly ReceivedMail[]
  /** Connections so far. */
  connections(): number
  /** Troubles of mails to come; null = none. */
  trouble: ((to: string) => Trouble | null) | null
  /** Cuts all connections, as an idle server does. */
  cut(): void
  close(): Promise<void>
}

export async function startMailServer(
  options: { port?: number; auth?: { user: string; pass: string } } = {},
): Promise<MailServer> {
  const received: ReceivedMail[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  let closing = false
  const state: { trouble: MailServer['trouble'] } = { trouble: null }
  const refused = (code: number, text: string) => Object.assign(new Error(text), { responseCode: code })
  const server = new SMTPServer({
    logger: false,
    authOptional: options.auth === undefined,
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    disabledCommands: options.auth ? ['STARTTLS'] : ['AUTH', 'STARTTLS'],
    onAuth: ({ username, password }, _session, done) =>
      username === options.auth?.user && password === options.auth?.pass
        ? done(null, { user: username })
        : done(refused(535, '5.7.8 wrong password')),
    onConnect: (_session, done) => done(),
    onMailFrom: ({ address: _ }, _session, done) => {
      const trouble = state.trouble?.('')
      done(trouble?.at === 'mail' ? refused(trouble.code, trouble.text) : null)
    },
    onRcptTo: ({ address }, _session, done) => {
      const trouble = state.trouble?.(address)
      done(trouble?.at === 'rcpt' ? refused(trouble.code, trouble.text) : null)
    },
    onData: async (stream, session, done) => {
      const to = session.envelope.rcptTo[0]?.address ?? ''
      const trouble = state.trouble?.(to) ?? null
      const drop = () => {
        for (const socket of sockets) if (socket.remotePort === session.remotePort) socket.destroy()
      }
      if (trouble?.at === 'drop-at-data' || trouble?.at === 'drop-in-data') {
        stream.on('error', () => {})
        if (trouble.at === 'drop-at-data') drop()
        else stream.once('data', drop)
        return
      }
      const raw = await buffer(stream).then(
        (bytes) => bytes.toString('utf8'),
        () => null,
      )
      if (raw === null) return
      if (trouble?.at === 'data') return done(refused(trouble.code, trouble.text))
      const from = session.envelope.mailFrom ? session.envelope.mailFrom.address : ''
      received.push({ from, to, raw, mail: await PostalMime.parse(raw) })
      if (trouble?.at === 'drop-after-data') return drop()
      if (trouble?.at === 'stall') return
      done(null, 'taken')
    },
  })
  server.on('error', () => {})
  server.server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  const login = options.auth ? `${encodeURIComponent(options.auth.user)}:${encodeURIComponent(options.auth.pass)}@` : ''
  return {
    url: `smtp://${login}127.0.0.1:${port}`,
    port,
    received,
    connections: () => connections,
    get trouble() {
      return state.trouble
    },
    set trouble(trouble) {
      state.trouble = trouble
    },
    cut,
    close: async () => {
      if (closing) return
      closing = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      cut()
      await closed
    },
  }
}

/** A port at which nobody answers. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
