/** Messages to other programs: repeated until they are taken, and told when a customer is erased. */
import { afterAll, describe, expect, it } from 'vitest'
import { forEachRunning, type Run } from '../running.ts'
import { day, type MailShop, mailShop } from './mail-shop.ts'
import { type Program, startProgram } from './program.ts'

const open: { close(): unknown }[] = []
afterAll(async () => {
  for (const one of open) await one.close()
})

async function program(): Promise<Program> {
  const started = await startProgram()
  open.push(started)
  return started
}

async function shopOf(run: Run, url: string, hosts = '127.0.0.1'): Promise<MailShop> {
  const shop = await mailShop(run, { webhookHosts: hosts, webhookSecret: 'secret' })
  open.push(shop)
  await shop.identify('42', { firstName: 'Ada', email: 'ada@x.example' })
  await shop.template('crm', {
    channel: 'webhook',
    url,
    payload: '{"name": {{ customer.firstName | json }}, "note": {{ note | json }}}',
  })
  return shop
}
const toCrm = { channel: 'webhook', purpose: 'service', template: 'crm', data: { note: 'a "quoted" word' } }

describe('another program', () => {
  forEachRunning((_engine, run) => {
    it('that fails for a day is told once it works, under the same key', async () => {
      const crm = await program()
      const shop = await shopOf(run, crm.url)
      crm.status = 500
      expect((await shop.send({ ...toCrm, key: 'k' })).kind).toBe('later')
      for (let i = 0; i < 6; i++) await shop.pass(day / 6)
      expect(crm.got).toEqual([])
      crm.status = 200
      await shop.pass(day)
      await shop.pass(day)
      expect(crm.got).toEqual([{ key: 'k', kind: 'message', body: { name: 'Ada', note: 'a "quoted" word' } }])
      expect((await shop.send({ ...toCrm, key: 'k' })).kind).toBe('done')
      expect(crm.got).toHaveLength(1)
    })

    it('at a private address that the operator has not listed is not spoken to', async () => {
      const crm = await program()
      const shop = await shopOf(run, crm.url, '')
      expect((await shop.send(toCrm)).kind).toBe('failed')
      expect(crm.got).toEqual([])
    })

    it('that knows a customer hears that he was erased, be it by a message or by a step of a journey', async () => {
      const crm = await program()
      const other = await program()
      const shop = await shopOf(run, crm.url)
      await shop.send(toCrm)
      const source = `trigger: { event: Go }\npurpose: service\nsteps:\n  - webhook: { url: '${other.url}' }\n`
      expect((await shop.habitue.ask('PUT', '/v1/journeys/tell', { source })).status).toBe(200)
      await shop.habitue.ask('POST', '/v1/journeys/tell/start', {})
      await shop.track('42', 'Go')
      await shop.pass(1000)
      expect(other.got.map(({ kind }) => kind)).toEqual(['journey'])
      const { body: known } = await shop.habitue.ask('GET', '/v1/customers/42/export')
      expect(JSON.stringify(known)).toContain(other.url)
      const { status, body } = await shop.habitue.ask('POST', '/v1/customers/42/erase', {})
      expect(status).toBe(200)
      await shop.pass(1000)
      expect(other.got[1].body).toEqual(crm.got[1].body)
      expect(crm.got[1].kind).toBe('erasure')
      expect(crm.got[1].body).toMatchObject({ event: 'erasure', erasure: body.id })
      expect(JSON.stringify(crm.got[1].body)).toContain('ada@x.example')
      expect((await shop.habitue.ask('GET', '/v1/messages')).body.messages).toEqual([])
    })

    it('that is away when a customer is erased hears of it after a restart, and what it hears is kept for nobody', async () => {
      const crm = await program()
      const shop = await shopOf(run, crm.url)
      await shop.send(toCrm)
      crm.status = 500
      expect((await shop.habitue.ask('POST', '/v1/customers/42/erase', {})).status).toBe(200)
      await shop.pass(1000)
      const { config, engine } = shop.habitue
      await engine.stop()
      crm.status = 200
      const again = await run(config, { world: shop.world })
      shop.world.advance(day)
      await again.engine.settle()
      expect(crm.got.map(({ kind }) => kind)).toEqual(['message', 'erasure'])
      expect(JSON.stringify(crm.got[1].body)).toContain('ada@x.example')
      shop.world.advance(8 * day)
      await again.engine.settle()
      expect(crm.got).toHaveLength(2)
    })
  })
})
