/** What of messages and journeys is dropped when its days are over, and what stays so that nothing happens twice. */
import { afterAll, describe, expect, it } from 'vitest'
import { forEachRunning } from '../running.ts'
import { day, type MailShop, mailShop, minute } from './mail-shop.ts'

const open: MailShop[] = []
afterAll(async () => {
  for (const shop of open) await shop.close()
})

const source = `
trigger: { event: Go }
purpose: service
once: customer
steps:
  - message: { channel: email, purpose: service, template: news }
  - wait: { event: Never, atMost: 1 hour }
`

describe('after 400 days', () => {
  forEachRunning((_engine, run) => {
    it('messages are gone, and journeys still know who was in them and how often what came of it', async () => {
      const shop = await mailShop(run)
      open.push(shop)
      const { habitue } = shop
      const get = async (path: string) => (await habitue.ask('GET', path)).body
      await shop.identify('42', { firstName: 'Ada', email: 'ada@x.example' })
      await shop.template('news', { channel: 'email', subject: 'Hello', text: 'words' })
      expect((await habitue.ask('PUT', '/v1/journeys/once', { source })).status).toBe(200)
      await habitue.ask('POST', '/v1/journeys/once/start', {})
      await shop.track('42', 'Go', { secret: 'what he did' })
      await shop.pass(minute)
      await shop.pass(day)
      shop.server.trouble = () => ({ at: 'drop-after-data' })
      await shop.send({ purpose: 'service', key: 'doubted' })
      shop.server.trouble = null
      const before = await get('/v1/journeys/once/report')
      const counts = (await get('/v1/journeys/once')).counts
      expect([before.treated.customers, (await get('/v1/messages')).messages.length]).toEqual([1, 2])
      await shop.pass(398 * day)
      await habitue.engine.upkeep()
      expect((await get('/v1/messages')).messages).toHaveLength(2)
      await shop.pass(3 * day)
      await habitue.engine.upkeep()
      expect((await get('/v1/messages')).messages).toMatchObject([{ key: 'doubted', state: 'in_doubt' }])
      const [instance] = (await get('/v1/journeys/once/instances')).instances
      expect(instance).toMatchObject({ phase: 'ended', data: {} })
      expect((await get('/v1/customers/42/export')).data.journey_instances).toMatchObject([{ state: {} }])
      expect((await get('/v1/journeys/once')).counts).toEqual(counts)
      expect((await get('/v1/journeys/once/report')).treated).toEqual({ ...before.treated, judged: 1 })
      await shop.track('42', 'Go')
      await shop.pass(minute)
      expect(shop.server.received).toHaveLength(2)
    })
  })
})
