/** What the operator is told: once when a trouble begins, once when it is over. */
import { afterAll, describe, expect, it } from 'vitest'
import { forEachRunning, type Run } from '../running.ts'
import { day, hour, type MailShop, mailShop, minute } from './mail-shop.ts'

const open: MailShop[] = []
afterAll(async () => {
  for (const shop of open) await shop.close()
})

async function shopOf(run: Run, more: object = {}) {
  const shop = await mailShop(run, { operator: 'ops@shop.example', quietHours: '' }, more)
  open.push(shop)
  await shop.identify('42', { email: 'ada@x.example' })
  await shop.template('news', { channel: 'email', subject: 'News', text: 'words' })
  const told = () => shop.server.received.filter(({ to }) => to === 'ops@shop.example').map(({ mail }) => mail.subject)
  return { ...shop, told }
}

describe('the operator', () => {
  forEachRunning((engine, run) => {
    it('hears of mail in doubt, and that it is settled', async () => {
      const shop = await shopOf(run)
      shop.server.trouble = (to) => (to === 'ada@x.example' ? { at: 'drop-after-data' } : null)
      await shop.send()
      for (let i = 0; i < 5; i++) await shop.pass(2 * minute)
      expect(shop.told()).toEqual(['[Habitue] Trouble: 1 messages are in doubt.'])
      const { body } = await shop.habitue.ask('GET', '/v1/doctor')
      expect(JSON.stringify(body.findings)).toContain('1 messages are in doubt.')
      await shop.habitue.ask('POST', '/v1/messages/1/settle', { as: 'sent' })
      for (let i = 0; i < 10; i++) await shop.pass(2 * minute)
      expect(shop.told()).toEqual([
        '[Habitue] Trouble: 1 messages are in doubt.',
        '[Habitue] Over: 1 messages are in doubt.',
      ])
      shop.server.trouble = (to) => (to === 'ada@x.example' ? { at: 'drop-after-data' } : null)
      await shop.send()
      await shop.pass(2 * minute)
      expect(shop.told()).toHaveLength(3)
    })

    it('hears that the mail server was down as soon as it is there again, and everything is sent', async () => {
      const shop = await shopOf(run)
      shop.server.trouble = () => ({ at: 'mail', code: 451, text: '4.3.2 closed' })
      expect((await shop.send()).kind).toBe('later')
      for (let i = 0; i < 8; i++) await shop.pass(minute)
      expect(shop.told()).toEqual([])
      shop.server.trouble = null
      for (let i = 0; i < 20; i++) await shop.pass(2 * minute)
      expect(shop.told()).toEqual([
        '[Habitue] Trouble: No mail can be sent: 451 4.3.2 closed',
        '[Habitue] Over: No mail can be sent: 451 4.3.2 closed',
      ])
      expect(shop.server.received.filter(({ to }) => to === 'ada@x.example')).toHaveLength(1)
    })

    it('hears that more mail comes back than usual, apart from addresses that do not work', async () => {
      const shop = await shopOf(run)
      const came = async (customer: string, permanent: boolean) => {
        await shop.identify(customer, { email: `${customer}@x.example` })
        await shop.send({ customer, purpose: 'service' })
        const to = shop.last().mail.replyTo?.[0]?.address?.replace('reply+', 'bounce+')
        const notice = { to, from: 'mx@x.example', kind: 'bounce', permanent }
        const { body } = await shop.habitue.ask('POST', '/v1/inbound/mail', { ...notice, reason: 'said no' })
        expect(body).toEqual({ kind: 'bounce', known: true })
      }
      for (let n = 0; n < 4; n++) {
        await came(`full-${n}`, false)
        await came(`dead-${n}`, true)
      }
      await shop.pass(2 * minute)
      expect(shop.told()).toEqual([])
      await came('full-5', false)
      await shop.pass(2 * minute)
      expect(shop.told()).toEqual(['[Habitue] Trouble: 5 of 9 mails within a day came back from addresses that work.'])
      await came('dead-5', true)
      await shop.pass(2 * minute)
      expect(shop.told().at(-1)).toMatch(/Trouble: 5 addresses of 1\d mails within a day do not work/)
    })

    if (engine === 'sqlite') {
      it('hears that no events come in where at this hour there always were some', async () => {
        const shop = await shopOf(run)
        for (let week = 0; week < 3; week++) {
          for (let i = 0; i < 6; i++) {
            for (let n = 0; n < 3; n++) await shop.track('42', 'Product Viewed', { product_id: 'tea' })
            await shop.pass(10 * minute)
          }
          if (week < 2) await shop.pass(7 * day - hour)
        }
        expect(shop.told()).toEqual([])
        // As quiet as every week after this hour: nobody is told.
        await shop.pass(20 * minute)
        expect(shop.told()).toEqual([])
        await shop.pass(7 * day - hour - 20 * minute)
        await shop.pass(30 * minute)
        expect(shop.told().filter((subject) => subject?.includes('No event'))).toHaveLength(1)
        for (let i = 0; i < 6; i++) await shop.track('42', 'Product Viewed', { product_id: 'tea' })
        for (let i = 0; i < 6; i++) await shop.pass(2 * minute)
        expect(shop.told().at(-1)).toContain('Over: No event')
      })

      it('hears that a backup is overdue, where backups are asked for', async () => {
        const shop = await shopOf(run, { backupDays: 7 })
        await shop.pass(minute)
        expect(shop.told()).toEqual(['[Habitue] Trouble: A backup is overdue: never was one made.'])
      })
    }
  })
})
