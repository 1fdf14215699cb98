/** What stands in an advertisement, where its links lead, and how it is ended. */
import { afterAll, describe, expect, it } from 'vitest'
import { forEachRunning, type Run } from '../running.ts'
import { linksOf, type MailShop, mailShop, minute } from './mail-shop.ts'

const news = {
  channel: 'email',
  subject: 'News',
  html: `<p>{{ greeting }},</p><a href="https://shop.example/a?x=1&amp;y=2">One</a> <a href="https://shop.example/b">Two</a>
    <a href="javascript:alert(1)">Three</a>`,
}
const open: MailShop[] = []
afterAll(async () => {
  for (const shop of open) await shop.close()
})

async function ada(run: Run, messages: object = {}, consent: object | undefined = undefined) {
  const shop = await mailShop(run, messages, consent ? { consent } : {})
  open.push(shop)
  await shop.identify('42', { firstName: 'Ada', email: 'ada@x.example' })
  await shop.template('news', news)
  return shop
}

describe('an advertisement', () => {
  forEachRunning((engine, run) => {
    it('has the sender, one click to end it, and no link but its own', async () => {
      const shop = await ada(run)
      expect((await shop.send()).kind).toBe('done')
      const { raw, mail } = shop.last()
      expect(mail.text).toContain('Corner Shop Ltd, 1 High Street, Dublin')
      expect(mail.html).toContain('Corner Shop Ltd, 1 High Street, Dublin')
      expect(raw).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/m)
      const header = mail.headers.find(({ key }) => key === 'list-unsubscribe')?.value ?? ''
      const [, url, address] = /<(https:[^>]+)>,\s*<mailto:([^>]+)>/.exec(header) ?? []
      expect(address).toMatch(/^unsubscribe\+[\w-]+@reply\.shop\.example$/)
      expect(linksOf(shop.last())).toContain(url)
      expect(mail.text).toContain(url)
      expect(linksOf(shop.last())).toContain('#')
      expect(raw).not.toContain('javascript')
      // Looking at it ends nothing: scanners look at every link.
      for (let i = 0; i < 3; i++) expect((await shop.visit(url)).text).toContain('No more of these by e-mail')
      expect((await shop.send()).kind).toBe('done')
      const answer = await shop.visit(url, { form: { 'List-Unsubscribe': 'One-Click' } })
      expect([answer.status, answer.text.includes('You get no more of these messages.')]).toEqual([200, true])
      expect(await shop.send()).toMatchObject({ kind: 'suppressed', reason: 'consent: denied' })
      expect((await shop.send({ purpose: 'service' })).kind).toBe('done')
    })

    it('its links lead only where they led in the mail, and a click of a person is an event', async () => {
      const shop = await ada(run)
      await shop.send()
      const [one, two] = linksOf(shop.last())
      await shop.pass(minute)
      expect((await shop.visit(one)).location).toBe('https://shop.example/a?x=1&y=2')
      await shop.visit(two, { method: 'HEAD' })
      await shop.visit(two, { agent: 'Mozilla/5.0 (compatible; SomeScanner/1.0)' })
      await shop.pass(minute)
      const clicks = (await shop.events('42')).filter(({ name }) => name === 'Email Link Clicked')
      expect(clicks.map(({ body }) => body.properties?.link)).toEqual(['https://shop.example/a?x=1&y=2'])
      const forged = one.replace(/\.0\./, '.1.')
      expect((await shop.visit(forged)).status).toBe(404)
      expect((await shop.visit(`${one.slice(0, -1)}${one.endsWith('A') ? 'B' : 'A'}`)).status).toBe(404)
      expect((await shop.visit('/l/https%3A%2F%2Fevil.example')).status).toBe(404)
    })

    it('who opens every link at once is a machine, and nothing is counted', async () => {
      const shop = await ada(run)
      await shop.send()
      await shop.pass(minute)
      for (const link of linksOf(shop.last()).filter((address) => address.includes('/l/'))) await shop.visit(link)
      await shop.pass(minute)
      expect((await shop.events('42')).map(({ name }) => name)).not.toContain('Email Link Clicked')
    })

    if (engine === 'sqlite') {
      it('of who allows no personalisation the links are as they stand: nothing is counted', async () => {
        const bases = { service: 'contract', personalisation: 'consent', marketing: 'contract' } as const
        const shop = await ada(run, {}, { bases })
        await shop.habitue.ask('PUT', '/v1/customers/42/consent', { answers: { personalisation: 'denied' } })
        await shop.send()
        expect(linksOf(shop.last()).slice(0, 2)).toEqual(['https://shop.example/a?x=1&y=2', 'https://shop.example/b'])
      })

      it('without the sender’s legal name and address none is sent, and it says what is missing', async () => {
        const shop = await ada(run, { legalName: null })
        const outcome = await shop.send()
        expect(outcome.kind).toBe('failed')
        expect(outcome.reason).toContain('HABITUE_LEGAL_NAME')
        expect((await shop.send({ purpose: 'service' })).kind).toBe('done')
      })
    }

    it('with double opt-in he is asked once, by a page whose button confirms', async () => {
      const shop = await ada(run, { doubleOptIn: true })
      await shop.habitue.ask('PUT', '/v1/customers/42/consent', { answers: { 'marketing:email': 'granted' } })
      for (let i = 0; i < 2; i++)
        expect(await shop.send()).toMatchObject({ kind: 'suppressed', reason: 'consent: not confirmed' })
      expect(shop.server.received).toHaveLength(1)
      expect(shop.last().mail.subject).toBe('Please confirm: messages from Corner Shop')
      const link = /https:\/\/\S+\/c\/\S+/.exec(shop.last().mail.text ?? '')?.[0] ?? ''
      expect((await shop.visit(link)).text).toContain('ada@x.example')
      expect((await shop.send()).kind).toBe('suppressed')
      await shop.pass(minute)
      expect((await shop.visit(link, { form: { do: 'confirm' } })).status).toBe(303)
      expect((await shop.send()).kind).toBe('done')
      // An old link does not take back what was refused since.
      const { body } = await shop.habitue.ask('GET', '/v1/customers/42/consent')
      expect(JSON.stringify(body)).toContain('double-opt-in')
      await shop.pass(minute)
      await shop.track('42', 'Unsubscribed', { channel: 'email' })
      expect((await shop.visit(link, { form: { do: 'confirm' } })).status).toBe(404)
      expect(await shop.send()).toMatchObject({ kind: 'suppressed', reason: 'consent: denied' })
    })
  })
})
