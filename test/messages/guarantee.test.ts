/** One mail from the API to a real mail server, and everything that can go wrong on the way. */
import { afterAll, describe, expect, it } from 'vitest'
import { simulatedWorld } from '../../src/world.ts'
import { forEachRunning, type Run, type Running } from '../running.ts'
import { freePort, type MailServer, startMailServer } from './mail-server.ts'

const started = Date.UTC(2026, 2, 2, 12)
const minute = 60_000

const template = {
  channel: 'email',
  subject: 'Your order, {{ customer.firstName }}',
  html: '<html><body><p>{{ greeting }},</p><p>{{ note }}</p><a href="https://shop.example/order?a=1&amp;b=2">Your order</a></body></html>',
}

/** A shop with one customer who may be written to, and the mail server. */
async function shop(run: Run, url: string, more: Record<string, unknown> = {}) {
  const world = simulatedWorld(7, started)
  const messages = {
    smtpUrl: url,
    from: 'Corner Shop <hello@shop.example>',
    legalName: 'Corner Shop Ltd',
    postalAddress: '1 High Street, Dublin',
    ...more,
  }
  const page = { frameAncestors: '', url: 'https://shop.example/habitue' }
  const habitue = await run({ messages, page, timeZone: 'UTC' }, { world })
  await identify(habitue, '42', { firstName: 'Ada', email: 'ada@x.example' })
  expect((await habitue.ask('PUT', '/v1/templates/note', template)).status).toBe(200)
  return { habitue, world }
}

async function identify(habitue: Running, userId: string, traits: object) {
  const body = { batch: [{ type: 'identify', userId, traits, context: {} }] }
  expect((await habitue.ask('POST', '/v1/batch', body)).status).toBe(200)
}

const send = (habitue: Running, more: object = {}) =>
  habitue.ask('POST', '/v1/messages', {
    customer: '42',
    key: 'k1',
    purpose: 'service',
    template: 'note',
    data: { note: 'It is <on> its way.' },
    ...more,
  })

describe('a message is sent at most once', () => {
  const servers: MailServer[] = []
  afterAll(async () => {
    for (const server of servers) await server.close()
  })
  const mailServer = async (port?: number) => {
    const server = await startMailServer({ port })
    servers.push(server)
    return server
  }

  forEachRunning((_engine, run) => {
    it('says what its template says, with plain text beside the HTML, and the same key sends nothing twice', async () => {
      const server = await mailServer()
      const { habitue } = await shop(run, server.url)
      const first = await send(habitue)
      expect(first.body).toMatchObject({ outcome: { kind: 'done' }, message: { state: 'sent', attempts: 1 } })
      const again = await send(habitue)
      expect(again.body.message.id).toBe(first.body.message.id)
      expect(server.received).toHaveLength(1)
      const [{ mail, to }] = server.received
      expect(to).toBe('ada@x.example')
      expect(mail.subject).toBe('Your order, Ada')
      expect(mail.from).toEqual({ name: 'Corner Shop', address: 'hello@shop.example' })
      expect(mail.html).toContain('It is &lt;on&gt; its way.')
      expect(mail.text).toContain('Hello Ada,')
      expect(mail.text).toContain('It is <on> its way.')
    })

    it('many at once with one key are one mail', async () => {
      const server = await mailServer()
      const { habitue } = await shop(run, server.url)
      const answers = await Promise.all(Array.from({ length: 8 }, () => send(habitue)))
      expect(server.received).toHaveLength(1)
      expect(new Set(answers.map(({ body }) => body.message.id)).size).toBe(1)
    })

    it('a server that is down is tried again with back-off, until it is there', async () => {
      const port = await freePort()
      const { habitue, world } = await shop(run, `smtp://127.0.0.1:${port}`)
      const { body } = await send(habitue)
      expect(body).toMatchObject({ outcome: { kind: 'later' }, message: { state: 'planned', attempts: 1 } })
      expect(Date.parse(body.outcome.at) - started).toBeGreaterThanOrEqual(minute)
      await habitue.engine.settle()
      expect((await habitue.ask('GET', '/v1/messages/1')).body.attempts).toBe(1)
      const server = await mailServer(port)
      world.advance(2 * minute)
      await habitue.engine.settle()
      expect((await habitue.ask('GET', '/v1/messages/1')).body).toMatchObject({ state: 'sent', attempts: 2 })
      expect(server.received).toHaveLength(1)
    })

    it('what was taken before the answer was lost is in doubt, is never repeated by itself, and is settled by hand', async () => {
      const server = await mailServer()
      const { habitue, world } = await shop(run, server.url)
      server.trouble = () => ({ at: 'drop-after-data' })
      expect((await send(habitue)).body).toMatchObject({
        outcome: { kind: 'in_doubt' },
        message: { state: 'in_doubt' },
      })
      server.trouble = null
      for (let day = 0; day < 5; day++) {
        world.advance(24 * 60 * minute)
        await habitue.engine.settle()
        expect((await send(habitue)).body.outcome.kind).toBe('in_doubt')
      }
      expect(server.received).toHaveLength(1)
      const { body: listed } = await habitue.ask('GET', '/v1/messages?state=in_doubt')
      expect(listed.messages.map(({ key }: { key: string }) => key)).toEqual(['k1'])
      const settled = await habitue.ask('POST', '/v1/messages/1/settle', { as: 'sent', reason: 'she has it' })
      expect(settled.body).toMatchObject({ state: 'sent', reason: 'she has it' })
      expect((await habitue.ask('POST', '/v1/messages/1/settle', { as: 'again' })).body.error.code).toBe('conflict')
    })

    it('a doubt that a person ends with "again" is sent once more', async () => {
      const server = await mailServer()
      const { habitue } = await shop(run, server.url)
      server.trouble = () => ({ at: 'drop-in-data' })
      await send(habitue)
      server.trouble = null
      await habitue.ask('POST', '/v1/messages/1/settle', { as: 'again' })
      await habitue.engine.settle()
      expect(server.received).toHaveLength(1)
      expect((await habitue.ask('GET', '/v1/messages/1')).body.state).toBe('sent')
    })

    it('an address that does not exist is a dead letter and a fact of the customer, and is not written to again', async () => {
      const server = await mailServer()
      const { habitue } = await shop(run, server.url)
      server.trouble = (to) => (to === 'ada@x.example' ? { at: 'rcpt', code: 550, text: '5.1.1 unknown' } : null)
      expect((await send(habitue)).body).toMatchObject({ outcome: { kind: 'failed' }, message: { attempts: 1 } })
      const { body } = await habitue.ask('GET', '/v1/customers/42/timeline')
      expect(body.events[0]).toMatchObject({ name: 'Email Bounced', source: 'messages' })
      expect(JSON.stringify(body.events[0])).toContain('ada@x.example')
      const next = await send(habitue, { key: 'k2' })
      expect(next.body.outcome).toMatchObject({ kind: 'suppressed', reason: 'the address bounced' })
      await identify(habitue, '43', { email: 'bob@x.example' })
      expect((await send(habitue, { key: 'k3', customer: '43' })).body.outcome.kind).toBe('done')
    })

    it('a template that fails for one customer is his dead letter alone', async () => {
      const server = await mailServer()
      const { habitue } = await shop(run, server.url)
      await habitue.ask('PUT', '/v1/templates/odd', {
        channel: 'email',
        subject: 's',
        text: '{% if customer.firstName == "Ada" %}{% render "gone" %}{% endif %}x',
      })
      expect((await send(habitue, { template: 'odd' })).body.outcome).toMatchObject({
        kind: 'failed',
        reason: expect.stringContaining('gone'),
      })
      await identify(habitue, '43', { email: 'bob@x.example' })
      expect((await send(habitue, { template: 'odd', key: 'k3', customer: '43' })).body.outcome.kind).toBe('done')
    })
  })
})
