/**
 * A real mail server in a process of its own: takes every mail, keeps of each when it was taken and for whom. Asked over the
 * channel of its parent: any message is answered with what was taken since the last one.
 */
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export interface Taken {
  readonly to: string
  /** Milliseconds since 1970, with fractions. */
  readonly time: number
}

let taken: Taken[] = []
const server = new SMTPServer({
  logger: false,
  authOptional: true,
  hideSTARTTLS: true,
  disabledCommands: ['AUTH', 'STARTTLS'],
  onData(stream, { envelope }, done) {
    stream.resume()
    stream.once('end', () => {
      taken.push({ to: envelope.rcptTo[0].address, time: performance.timeOrigin + performance.now() })
      done()
    })
  },
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.server.address() as AddressInfo).port }))
process.on('message', () => {
  process.send?.(taken)
  taken = []
})
process.on('disconnect', () => process.exit())
