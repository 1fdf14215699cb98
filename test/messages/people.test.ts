/** Mail from the person to whom a customer belongs, and what comes back to that person. */
import { afterAll, describe, expect, it } from 'vitest'
import { forEachRunning, type Run } from '../running.ts'
import { day, hour, type MailShop, mailShop, minute, noon } from './mail-shop.ts'

const open: MailShop[] = []
afterAll(async () => {
  for (const shop of open) await shop.close()
})

async function shopWithPeople(run: Run) {
  const shop = await mailShop(run)
  open.push(shop)
  await shop.identify('42', { firstName: 'Ada', lastName: 'Ray', title: 'Ms', email: 'ada@x.example', city: 'Dublin' })
  await shop.template('news', {
    channel: 'email',
    subject: 'Hello',
    text: '{{ greeting }},\nwords\n{{ sender.signature }}',
  })
  const person = async (name: string) => {
    const wanted = {
      name,
      email: `${name.toLowerCase()}@shop.example`,
      role: 'agent',
      password: 'a long enough password',
    }
    const { status, body } = await shop.habitue.ask('POST', '/v1/people', wanted)
    expect(status).toBe(201)
    return body.person.id as string
  }
  const [nora, omar] = [await person('Nora'), await person('Omar')]
  const sender = async (id: string, profile: object) =>
    expect((await shop.habitue.ask('PUT', `/v1/senders/${id}`, profile)).status).toBe(204)
  const inbound = (raw: string) => shop.habitue.ask('POST', '/v1/inbound/mail', { raw })
  return { ...shop, nora, omar, sender, inbound }
}

const replyTo = (shop: MailShop) => shop.last().mail.replyTo?.[0]?.address ?? ''
const reply = (to: string, text: string, id = 'r1') =>
  `From: Ada <ada@x.example>\r\nTo: ${to}\r\nSubject: Re: Hello\r\nMessage-ID: <${id}@x.example>\r\n\r\n${text}\r\n`
const notice = (shop: MailShop, action: string, status: string) => {
  const token = /reply\+([\w-]+)@/.exec(replyTo(shop))?.[1]
  return `From: MAILER-DAEMON@mx.example\r\nTo: bounce+${token}@reply.shop.example\r\nMIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r
--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: ${action}\r\nStatus: ${status}\r\n--b--\r\n`
}

describe('the sender is who knows the customer', () => {
  forEachRunning((_engine, run) => {
    it('by rule or by hand, with his signature, at his hours, and by his deputy when he is away', async () => {
      const shop = await shopWithPeople(run)
      const { nora, omar, habitue } = shop
      const hours = { zone: 'Europe/Dublin', days: [1, 2, 3, 4, 5], from: 9, to: 17 }
      await shop.sender(nora, {
        address: 'nora@shop.example',
        signature: 'Nora, who packs your tea',
        hours,
        deputy: omar,
      })
      await shop.sender(omar, { signature: 'Omar' })
      expect(await habitue.ask('PUT', '/v1/senders/nobody', {})).toMatchObject({ status: 404 })
      const rules = [{ id: 'dublin', rule: { person: nora, trait: { name: 'city', equals: 'Dublin' } } }]
      expect((await habitue.ask('PUT', '/v1/owner-rules', { rules })).status).toBe(204)
      expect((await shop.send({ from: 'owner' })).kind).toBe('done')
      const [{ mail, from }] = shop.server.received
      expect(mail.from).toEqual({ name: 'Nora', address: 'nora@shop.example' })
      expect(mail.text).toBe(
        `Dear Ms Ray,\nwords\nNora, who packs your tea${mail.text?.slice(mail.text.indexOf('\n\n--'))}`,
      )
      expect(from).toMatch(/^bounce\+[\w-]+@reply\.shop\.example$/)

      shop.world.advance(6 * hour)
      expect(await shop.send({ from: 'owner' })).toMatchObject({
        kind: 'later',
        reason: 'Nora is not at work',
        at: iso(noon + 21 * hour),
      })
      expect((await shop.send()).kind).toBe('done')

      await shop.sender(nora, { hours, deputy: omar, absent: [{ from: iso(noon), until: iso(noon + 30 * day) }] })
      expect((await shop.send({ from: 'owner' })).kind).toBe('done')
      expect(shop.last().mail.from).toEqual({ name: 'Omar', address: 'hello@shop.example' })

      await habitue.ask('PUT', '/v1/customers/42/owner', { person: omar })
      expect((await habitue.ask('GET', '/v1/customers/42/owner')).body).toEqual({ owner: omar, speaks: omar })
      await habitue.ask('DELETE', `/v1/people/${omar}`)
      await shop.send({ from: 'owner' })
      expect(shop.last().mail.from?.name).toBe('Corner Shop')
    })

    it('a reply is a contact of the customer and goes on to who wrote, once', async () => {
      const shop = await shopWithPeople(run)
      await shop.send({ from: shop.nora })
      const to = replyTo(shop)
      expect(to).toMatch(/^reply\+[\w-]{22}@reply\.shop\.example$/)
      const raw = reply(to, 'When is it back?\r\n\r\nOn Mon, Nora wrote:\r\n> words')
      expect((await shop.inbound(raw)).body).toEqual({ kind: 'reply', known: true })
      expect((await shop.inbound(raw)).body.known).toBe(true)
      const contacts = (await shop.events('42')).filter(({ name }) => name === 'Support Contacted')
      expect(contacts).toHaveLength(1)
      expect(contacts[0].body.properties).toMatchObject({ channel: 'email', reply: true, text: 'When is it back?' })
      expect(shop.server.received).toHaveLength(2)
      const { mail } = shop.last()
      expect(shop.last().to).toBe('nora@shop.example')
      expect(mail.replyTo?.[0]?.address).toBe('ada@x.example')
      expect(mail.text).toContain('When is it back?')
      expect(mail.text).toContain('/desk/customers/42?kind=user')
      expect((await shop.habitue.ask('GET', '/v1/messages/1')).body.replied).not.toBeNull()
      expect((await shop.inbound(reply('reply+aaaaaaaaaaaaaaaaaaaaaa@reply.shop.example', 'x'))).body.known).toBe(false)
      expect((await shop.habitue.ask('POST', '/v1/inbound/mail', {})).status).toBe(400)
    })

    it('a notice settles what was in doubt; one that says the address is dead ends writing to it', async () => {
      const shop = await shopWithPeople(run)
      shop.server.trouble = () => ({ at: 'drop-after-data' })
      expect((await shop.send()).kind).toBe('in_doubt')
      shop.server.trouble = null
      expect((await shop.inbound(notice(shop, 'relayed', '2.0.0'))).body.kind).toBe('delivered')
      expect((await shop.habitue.ask('GET', '/v1/messages/1')).body).toMatchObject({ state: 'sent', settled: 'notice' })
      await shop.send()
      // A server that goes on trying has brought nothing back.
      expect((await shop.inbound(notice(shop, 'delayed', '4.4.1'))).body.kind).toBe('automatic')
      expect((await shop.habitue.ask('GET', '/v1/messages/2')).body).toMatchObject({ state: 'sent' })
      const full = notice(shop, 'failed', '4.2.2')
      for (const raw of [full, full, notice(shop, 'failed', '5.7.1')]) await shop.inbound(raw)
      expect((await shop.habitue.ask('GET', '/v1/messages/2')).body).toMatchObject({ state: 'failed' })
      expect((await shop.send()).kind).toBe('done')
      await shop.inbound(notice(shop, 'failed', '5.1.1'))
      expect(await shop.send()).toMatchObject({ kind: 'suppressed', reason: 'the address bounced' })
      const events = await shop.events('42')
      expect(events.map(({ name }) => name)).toContain('Email Delivered')
      const bounces = events.filter(({ name }) => name === 'Email Bounced').map(({ body }) => body.properties)
      const about = { email: 'ada@x.example', email_id: expect.any(String), email_subject: 'Hello' }
      expect(bounces).toEqual([
        { ...about, bounce_type: 'permanent', reason: '5.1.1' },
        { ...about, bounce_type: 'temporary', reason: '4.2.2' },
      ])
      // What lasts is remembered of him, and no more.
      const { body } = await shop.habitue.ask('GET', '/v1/customers/42/facts')
      const mails = body.facts.filter(({ kind }: { kind: string }) => kind === 'email')
      expect(mails.map(({ value }: { value: object }) => value)).toEqual([{ response: 'bounced', subject: 'Hello' }])
    })

    it('a journey goes on when the doubt about its mail ends, by a notice or by a person', async () => {
      const shop = await shopWithPeople(run)
      const mail = '  - message: { channel: email, purpose: service, template: news }\n'
      const source = `trigger: { event: Go }\npurpose: service\nonce: event\nsteps:\n${mail}  - wait: { for: 1 hour }\n${mail}`
      expect((await shop.habitue.ask('PUT', '/v1/journeys/two', { source, confirm: true })).status).toBe(200)
      await shop.habitue.ask('POST', '/v1/journeys/two/start', {})
      shop.server.trouble = () => ({ at: 'drop-after-data' })
      for (const n of [1, 2]) {
        await shop.track('42', 'Go', { n })
        await shop.pass(minute)
        await shop.pass(hour)
        const doubted = await shop.habitue.ask('GET', '/v1/journeys/two/instances?phase=in_doubt')
        expect([n, shop.server.received.length, doubted.body.instances.length]).toEqual([n, 2 * n - 1, 1])
        shop.server.trouble = null
        const [{ id }] = doubted.body.instances
        if (n === 1) await shop.inbound(notice(shop, 'relayed', '2.0.0'))
        else await shop.habitue.ask('POST', `/v1/journeys/two/instances/${id}/settle`, { as: 'happened' })
        expect((await shop.habitue.ask('GET', '/v1/messages?state=in_doubt')).body.messages).toEqual([])
        await shop.pass(minute)
        await shop.pass(hour)
        expect([n, shop.server.received.length]).toEqual([n, 2 * n])
        shop.server.trouble = () => ({ at: 'drop-after-data' })
      }
      const { body } = await shop.habitue.ask('GET', '/v1/journeys/two/instances')
      expect(body.instances.map(({ phase }: { phase: string }) => phase)).toEqual(['ended', 'ended'])
    })

    it('a mail to the unsubscribe address ends advertising, a complaint ends all mail to that address', async () => {
      const shop = await shopWithPeople(run)
      await shop.send()
      await shop.pass(minute)
      await shop.inbound(reply(replyTo(shop).replace('reply+', 'unsubscribe+'), ''))
      expect(await shop.send()).toMatchObject({ kind: 'suppressed', reason: 'consent: denied' })
      const fields = { to: replyTo(shop), from: 'feedback@provider.example', kind: 'complaint', messageId: 'c1' }
      expect((await shop.habitue.ask('POST', '/v1/inbound/mail', fields)).body.known).toBe(true)
      expect(await shop.send({ purpose: 'service' })).toMatchObject({ reason: 'the address complained' })
    })

    it('the code of the customer’s own page goes to his address by itself, and stands in no row', async () => {
      const shop = await shopWithPeople(run)
      const { body } = await shop.habitue.ask('POST', '/v1/customers/42/page-link', {})
      const page = await shop.visit(body.url)
      const form = /name="form" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
      expect((await shop.visit(body.url, { form: { form, do: 'ask-code' } })).location).toContain('done=ask-code')
      const code = /\b(\d{6})\b/.exec(shop.last().mail.text ?? '')?.[1] ?? 'none'
      expect(shop.last().to).toBe('ada@x.example')
      expect((await shop.habitue.ask('GET', '/v1/page-codes')).body.codes).toEqual([])
      expect(JSON.stringify((await shop.habitue.ask('GET', '/v1/messages/1')).body)).not.toContain(code)
      expect((await shop.visit(body.url, { form: { form, do: 'prove', code } })).location).toContain('done=prove')
    })
  })
})

function iso(time: number): string {
  return new Date(time).toISOString()
}
