/** A thousand customers wait in one journey, its definition changes meanwhile, and all are due in the same minute. */
import { afterAll, expect, it } from 'vitest'
import { day, type MailShop, mailShop } from './messages/mail-shop.ts'
import { forEachRunning } from './running.ts'

const open: MailShop[] = []
afterAll(async () => {
  for (const shop of open) await shop.close()
})

const customers = 1000
const source = (template: string) => `
trigger: { event: Signed Up }
purpose: service
steps:
  - name: pause
    wait: { for: 1 day }
  - message: { channel: email, purpose: service, template: ${template} }
`

forEachRunning((_engine, run) => {
  it('each gets one mail, of the definition that he entered with or was moved to, and nobody else waits', async () => {
    const shop = await mailShop(run, { smtpConnections: 20 })
    open.push(shop)
    const { habitue, world, server } = shop
    const ask = async (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) => {
      const answer = await habitue.ask(method, path, body)
      expect(answer.status, JSON.stringify(answer.body)).toBe(200)
      return answer.body
    }
    for (const name of ['old', 'new']) await shop.template(name, { channel: 'email', subject: name, text: 'words' })
    await ask('PUT', '/v1/journeys/many', { source: source('old'), confirm: true })
    await ask('POST', '/v1/journeys/many/start', {})
    const enter = async (from: number, to: number) => {
      const batch = Array.from({ length: to - from }, (_, n) => `c${from + n}`).flatMap((userId) => [
        { type: 'identify', userId, messageId: `i-${userId}`, traits: { email: `${userId}@x.example` } },
        { type: 'track', event: 'Signed Up', userId, messageId: `s-${userId}` },
      ])
      for (let n = 0; n < batch.length; n += 500) await ask('POST', '/v1/batch', { batch: batch.slice(n, n + 500) })
      await habitue.engine.settle()
    }
    await enter(0, customers / 2)
    await ask('PUT', '/v1/journeys/many', { source: source('new'), confirm: true })
    await enter(customers / 2, customers)
    world.advance(day)

    let isSettled = false
    const settled = habitue.engine.settle().then(() => {
      isSettled = true
    })
    await shop.track('passer-by', 'Product Viewed', { product_id: 'tea' })
    await ask('GET', '/v1/customers/passer-by')
    expect(isSettled).toBe(false)
    await settled
    const subjects = Map.groupBy(server.received, ({ mail }) => mail.subject)
    expect([...subjects].map(([subject, { length }]) => [subject, length]).sort()).toEqual([
      ['new', customers / 2],
      ['old', customers / 2],
    ])
    expect(new Set(server.received.map(({ to }) => to)).size).toBe(customers)
    const { counts } = await ask('GET', '/v1/journeys/many')
    const ended = counts.filter(({ outcome }: { outcome: string }) => outcome === 'ended')
    expect(ended.reduce((sum: number, { count }: { count: number }) => sum + count, 0)).toBe(customers)
  })
})
