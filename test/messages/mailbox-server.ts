/** For tests: a real IMAP server in this process with one mailbox, whose password is `secret`. */
import type { AddressInfo, Server, Socket } from 'node:net'
import hoodiecrow from 'hoodiecrow-imap'

export interface MailboxServer {
  readonly url: string
  /** A mail arrives. */
  deliver(raw: string): void
  /** The flags of each mail in the mailbox, in order. */
  flags(): string[][]
  /** Ends all connections and takes no new ones. */
  down(): Promise<void>
  up(): Promise<void>
  close(): Promise<void>
}

interface Hoodiecrow {
  readonly server: Server
  listen(port: number, host: string, done: () => void): void
  appendMessage(folder: string, flags: string[], date: false, raw: Buffer): void
  getMailbox(folder: string): { messages: { flags: string[] }[] }
}

export async function startMailboxServer(): Promise<MailboxServer> {
  const imap = hoodiecrow({
    plugins: ['ID', 'SASL-IR', 'AUTH-PLAIN', 'NAMESPACE', 'IDLE', 'ENABLE', 'LITERALPLUS', 'UNSELECT'],
    users: { shop: { password: 'secret' } },
    storage: { INBOX: { messages: [] } },
  }) as Hoodiecrow
  const sockets = new Set<Socket>()
  imap.server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  const listen = (port: number) => new Promise<void>((done) => imap.listen(port, '127.0.0.1', done))
  await listen(0)
  const { port } = imap.server.address() as AddressInfo
  const down = () =>
    new Promise<void>((done) => {
      imap.server.close(() => done())
      for (const socket of sockets) socket.destroy()
    })
  return {
    url: `imap://shop:secret@127.0.0.1:${port}/INBOX`,
    deliver: (raw) => imap.appendMessage('INBOX', [], false, Buffer.from(raw)),
    flags: () => imap.getMailbox('INBOX').messages.map(({ flags }) => [...flags].sort()),
    down,
    up: () => listen(port),
    close: async () => {
      if (imap.server.listening) await down()
    },
  }
}
