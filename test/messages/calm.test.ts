/** What is asked at the moment of sending: caps, quiet hours, complaints, the holdout, and products looked at again. */
import { afterAll, describe, expect, it } from 'vitest'
import { forEachRunning, type Run } from '../running.ts'
import { day, hour, linksOf, type MailShop, mailShop, minute, noon } from './mail-shop.ts'

const open: MailShop[] = []
afterAll(async () => {
  for (const shop of open) await shop.close()
})
const iso = (time: number) => new Date(time).toISOString()
const news = { channel: 'email', subject: 'News', text: '{{ greeting }}' }

async function shopOf(run: Run, messages: object = {}) {
  const shop = await mailShop(run, messages)
  open.push(shop)
  await shop.identify('42', { email: 'ada@x.example', name: 'null' })
  await shop.template('news', news)
  return shop
}

const items = [
  {
    id: 'tea',
    title: 'Green tea',
    price: 9.5,
    currency: 'EUR',
    stock: 3,
    deliveryDays: 2,
    image: 'https://shop.example/tea.jpg',
    url: 'https://shop.example/tea',
  },
  { id: 'cup', title: 'A cup', price: 7, currency: 'EUR', stock: 1, deliveryDays: 9 },
  { id: 'pot', title: 'A pot', price: 30, currency: 'EUR' },
]
const offer = {
  channel: 'email',
  subject: 'For you',
  html: '{% for item in items %}<a href="{{ item.url }}"><img src="{{ item.image }}" alt="{{ item.alt }}"></a>{{ item.title }} {{ item.price }} ({{ item.reason }});{% endfor %}',
  items: { count: 3 },
}

describe('calm', () => {
  forEachRunning((engine, run) => {
    it('so many a day and a week, over all addresses of a customer, also when sent at once', async () => {
      const shop = await shopOf(run, { caps: { 'email:marketing': '2/3' } })
      const answers = await Promise.all(Array.from({ length: 6 }, () => shop.send()))
      expect(answers.map(({ kind }) => kind).sort()).toEqual(['done', 'done', 'later', 'later', 'later', 'later'])
      expect(answers.find(({ kind }) => kind === 'later')?.reason).toBe('cap: 2 a day')
      await shop.identify('42', { email: 'second@x.example' })
      expect((await shop.send()).kind).toBe('later')
      expect((await shop.send({ purpose: 'service' })).kind).toBe('done')
      await shop.pass(day + minute)
      // One of those that waited went out; the week has room for no more.
      expect(shop.server.received).toHaveLength(4)
      expect(await shop.send()).toMatchObject({ kind: 'later', reason: 'cap: 3 a week' })
    })

    it('where there is room for one, the more important goes first', async () => {
      const shop = await shopOf(run, { caps: { 'email:marketing': '1/7' }, quietHours: '21-8' })
      await shop.template('sale', { ...news, subject: 'Sale' })
      shop.world.advance(10 * hour)
      expect((await shop.send({ priority: 2 })).kind).toBe('later')
      expect((await shop.send({ template: 'sale', priority: 8 })).kind).toBe('later')
      await shop.pass(10 * hour + minute)
      expect(shop.server.received.map(({ mail }) => mail.subject)).toEqual(['Sale'])
      await shop.pass(day)
      await shop.pass(day)
      expect(shop.server.received.map(({ mail }) => mail.subject)).toEqual(['Sale', 'News'])
    })

    if (engine === 'sqlite') {
      it('no advertising at night where the customer is', async () => {
        const shop = await shopOf(run, { quietHours: '21-8' })
        await shop.identify('43', { email: 'bo@x.example', timezone: 'Asia/Tokyo' })
        // Noon in UTC is nine in the evening in Tokyo.
        expect(await shop.send({ customer: '43' })).toMatchObject({
          kind: 'later',
          reason: 'quiet hours',
          at: iso(noon + 11 * hour),
        })
        expect((await shop.send({ customer: '43', purpose: 'service' })).kind).toBe('done')
        expect((await shop.send()).kind).toBe('done')
        await shop.pass(11 * hour)
        expect(shop.server.received.map(({ to }) => to)).toEqual(['bo@x.example', 'ada@x.example', 'bo@x.example'])
      })

      it('an open complaint silences all that is automatic, until it is resolved', async () => {
        const shop = await shopOf(run)
        await shop.track('42', 'Complaint Received', { complaint_id: 'c', text: 'broken' })
        expect(await shop.send()).toMatchObject({ kind: 'suppressed', reason: 'open-complaint' })
        expect(await shop.send({ purpose: 'service' })).toMatchObject({ kind: 'suppressed', reason: 'open-complaint' })
        await shop.pass(minute)
        await shop.track('42', 'Complaint Resolved', { complaint_id: 'c', resolution: 'replaced' })
        expect((await shop.send()).kind).toBe('done')
      })

      it('the holdout is the same customers for ever, and gets what he asked for', async () => {
        const shop = await shopOf(run, { holdout: 0.5 })
        const heldOut = new Map<string, string>()
        for (let i = 0; i < 24; i++) {
          await shop.identify(`h${i}`, { email: `h${i}@x.example` })
          heldOut.set(`h${i}`, (await shop.send({ customer: `h${i}` })).kind)
        }
        const held = [...heldOut].filter(([, kind]) => kind === 'suppressed')
        expect(held.length).toBeGreaterThan(4)
        expect(held.length).toBeLessThan(20)
        for (const [customer, kind] of heldOut) expect((await shop.send({ customer })).kind).toBe(kind)
        expect((await shop.send({ customer: held[0][0], purpose: 'service' })).kind).toBe('done')
      })
    }

    it('products are looked at again: gone, bought since, too late; with their price, reason and alternative text', async () => {
      const shop = await shopOf(run)
      await shop.habitue.ask('POST', '/v1/items', items)
      await shop.template('offer', offer)
      const given = { items: [{ id: 'tea', text: 'Often chosen with a cup' }, 'cup', 'pot', 'unknown'], since: noon }
      expect((await shop.send({ template: 'offer', data: given })).kind).toBe('done')
      expect(shop.last().mail.html).toContain('Green tea €9.50 (Often chosen with a cup);')
      expect(shop.last().mail.html).toContain('alt="Green tea"')
      expect(shop.last().mail.text).toContain('Green tea')
      expect(linksOf(shop.last())[0]).toContain('/l/')

      await shop.habitue.ask('PATCH', '/v1/items/cup', { stock: 0 })
      await shop.pass(minute)
      await shop.track('42', 'Order Completed', {
        order_id: 'o',
        products: [{ product_id: 'pot', quantity: 1, price: 30 }],
      })
      await shop.send({ template: 'offer', data: given })
      expect(shop.last().mail.html).toContain('Green tea')
      expect(shop.last().mail.html).not.toMatch(/A cup|A pot/)

      const late = { ...given, arriveBy: iso(noon + day) }
      expect(await shop.send({ template: 'offer', data: late })).toMatchObject({
        kind: 'suppressed',
        reason: 'nothing to offer; tea: would come too late; cup: not to be had; pot: bought since; unknown: unknown',
      })
      const inTime = { ...given, arriveBy: iso(noon + 4 * day) }
      expect((await shop.send({ template: 'offer', data: inTime })).kind).toBe('done')

      // What was decided is worded for who reads it; what nobody decided stays as it was written.
      await shop.identify('42', { locale: 'de-DE' })
      const because = [{ id: 'cup', title: 'Eine Tasse' }]
      const decided = (reason: unknown) => ({ items: [{ id: 'tea', text: 'Said in English', reason }], since: noon })
      await shop.send({ template: 'offer', data: decided({ kind: 'together', because }) })
      expect(shop.last().mail.html).toContain('(Oft gewählt mit Eine Tasse);')
      for (const reason of [
        { kind: 'rated', rating: {} },
        { kind: 'together', because: [null] },
        'constructor',
        null,
      ]) {
        await shop.send({ template: 'offer', data: decided(reason) })
        expect(shop.last().mail.html).toContain('(Said in English);')
      }
    })

    it('nobody is "Dear null"; a message on the pages waits until it is dismissed or refused', async () => {
      const shop = await shopOf(run)
      await shop.send()
      expect(shop.last().mail.text).toMatch(/^Hello\n/)
      await shop.template('hint', {
        channel: 'on-site',
        title: 'Back: {{ what }}',
        body: 'It is here.',
        url: 'https://shop.example/tea',
      })
      const hint = await shop.send({ channel: 'on-site', template: 'hint', data: { what: 'tea' } })
      expect(hint.kind).toBe('done')
      const inbox = async () => (await shop.habitue.ask('GET', '/v1/customers/42/inbox')).body.messages
      expect(await inbox()).toMatchObject([{ title: 'Back: tea', body: 'It is here.', seen: false }])
      await shop.habitue.ask('POST', `/v1/customers/42/inbox/${hint.id}/seen`)
      expect(await inbox()).toMatchObject([{ seen: true }])
      await shop.habitue.ask('PUT', '/v1/customers/42/consent', { answers: { marketing: 'denied' } })
      expect(await inbox()).toEqual([])
      expect((await shop.habitue.ask('POST', '/v1/customers/42/inbox/999/seen')).status).toBe(404)
    })
  })
})
