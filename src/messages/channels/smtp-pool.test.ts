import { afterEach, describe, expect, it } from 'vitest'
import { freePort, startMailServer, type Trouble } from '../../../test/messages/mail-server.ts'
import type { Attempt, Delivery } from './channel.ts'
import { type SmtpPool, smtpPool } from './smtp-pool.ts'

const message = Buffer.from('From: a@shop.example\r\nTo: b@x.example\r\nSubject: s\r\n\r\nwords\r\n')
const held: Attempt = { holds: () => true }
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

async function pair(trouble: Trouble | null = null, connections = 2) {
  const server = await startMailServer()
  server.trouble = () => trouble
  const pool = poolFor(server.url, connections)
  open.push(server, pool)
  return { server, pool }
}
function poolFor(url: string, connections = 2, silence = 400): SmtpPool {
  return smtpPool({ url, connections, caFile: null, timeouts: { connect: 1000, silence, message: 1500 } })
}
async function say(pool: SmtpPool, to = 'b@x.example', attempt = held): Promise<Delivery> {
  return (await pool.acquire()).send({ from: 'a@shop.example', to }, message, attempt)
}

describe('what is known of a mail', () => {
  const cases: readonly [string, Trouble, Partial<Delivery>, number][] = [
    [
      'a server that knows no such mailbox',
      { at: 'rcpt', code: 550, text: '5.1.1 no such user' },
      { kind: 'refused', address: true },
      0,
    ],
    [
      'a server that does not like us',
      { at: 'rcpt', code: 554, text: '5.7.1 blocked' },
      { kind: 'refused', address: false },
      0,
    ],
    ['a greylisting server', { at: 'rcpt', code: 451, text: '4.7.1 come back later' }, { kind: 'not_sent' }, 0],
    ['a full mailbox', { at: 'rcpt', code: 452, text: '4.2.2 full' }, { kind: 'not_sent' }, 0],
    [
      'a sender that is refused',
      { at: 'mail', code: 553, text: '5.1.8 not you' },
      { kind: 'refused', address: false },
      0,
    ],
    ['a message that is refused for now', { at: 'data', code: 451, text: '4.3.0 try again' }, { kind: 'not_sent' }, 0],
    [
      'a message that is refused for good',
      { at: 'data', code: 554, text: '5.6.0 spam' },
      { kind: 'refused', address: false },
      0,
    ],
    ['a connection that is dropped before the message is said', { at: 'drop-at-data' }, { kind: 'not_sent' }, 0],
    ['a connection that is dropped while the message is said', { at: 'drop-in-data' }, { kind: 'in_doubt' }, 0],
    ['a message that is taken and then the connection dropped', { at: 'drop-after-data' }, { kind: 'in_doubt' }, 1],
    ['a message that is taken and never answered', { at: 'stall' }, { kind: 'in_doubt' }, 1],
  ]
  it.each(cases)('%s', async (_, trouble, expected, taken) => {
    const { server, pool } = await pair(trouble)
    expect(await say(pool)).toMatchObject(expected)
    expect(server.received).toHaveLength(taken)
  })

  it('sends, and says what the server said', async () => {
    const { server, pool } = await pair()
    expect(await say(pool)).toEqual({ kind: 'sent', response: expect.stringContaining('taken') })
    expect(server.received.map(({ to }) => to)).toEqual(['b@x.example'])
  })

  it('a server that is down, and one that never greets, have taken nothing', async () => {
    const down = poolFor(`smtp://127.0.0.1:${await freePort()}`)
    open.push(down)
    await expect(down.acquire()).rejects.toThrow(/ECONNREFUSED/)
    const { createServer } = await import('node:net')
    const mute = createServer(() => {})
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const silent = poolFor(`smtp://127.0.0.1:${(mute.address() as { port: number }).port}`)
    open.push(silent, { close: () => new Promise<void>((resolve) => mute.close(() => resolve())) })
    await expect(silent.acquire()).rejects.toThrow(/[Gg]reeting|timeout/i)
    await silent.close()
  })

  it('a wrong password is told, and the right one is let in', async () => {
    const server = await startMailServer({ auth: { user: 'shop@example', pass: 'p&ss w/rd' } })
    const wrong = poolFor(server.url.replace(/:[^:@]*@/, ':no@'))
    const right = poolFor(server.url)
    open.push(server, wrong, right)
    await expect(wrong.acquire()).rejects.toThrow(/wrong password/)
    expect(await say(right)).toMatchObject({ kind: 'sent' })
  })
})

describe('connections', () => {
  it('are kept for the next mail, and never more than allowed', async () => {
    const { server, pool } = await pair(null, 2)
    await Promise.all(Array.from({ length: 12 }, (_, i) => say(pool, `${i}@x.example`)))
    await say(pool)
    expect(server.received).toHaveLength(13)
    expect(server.connections()).toBeLessThanOrEqual(2)
  })

  it('one that the server closed while it rested is made anew, and the mail sent once', async () => {
    const { server, pool } = await pair(null, 1)
    await say(pool)
    server.cut()
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(await say(pool)).toMatchObject({ kind: 'sent' })
    expect(server.received).toHaveLength(2)
  })

  it('one recipient who is refused does not hold up the next, on the same connection', async () => {
    const { server, pool } = await pair(null, 1)
    server.trouble = (to) => (to.startsWith('bad') ? { at: 'rcpt', code: 550, text: 'no' } : null)
    expect(await say(pool, 'bad@x.example')).toMatchObject({ kind: 'refused' })
    expect(await say(pool)).toMatchObject({ kind: 'sent' })
    expect(server.connections()).toBe(1)
  })

  it('who waits for one while the server goes down is told so', async () => {
    const { server, pool } = await pair({ at: 'stall' }, 1)
    const both = Promise.allSettled([say(pool), say(pool)])
    while (server.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    await server.close()
    const [first, second] = await both
    expect(first).toMatchObject({ value: { kind: 'in_doubt' } })
    expect(second.status).toBe('rejected')
  })
})

it('an attempt whose right has ended says no byte of the message', async () => {
  const { server, pool } = await pair()
  const late = await say(pool, 'b@x.example', { holds: () => false })
  expect(late).toMatchObject({ kind: 'not_sent' })
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(server.received).toHaveLength(0)
  expect(await say(pool)).toMatchObject({ kind: 'sent' })
})
