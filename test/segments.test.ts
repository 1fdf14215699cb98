/** Segments as a shop meets them: over HTTP, kept by the engine's own loop, in simulated time. On both engines. */
import { expect, it } from 'vitest'
import { createApp } from '../src/http/app.ts'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const day = 86_400_000

let n = 0
const order = (user: string, total: number) => ({
  ...{ type: 'track', event: 'Order Completed', userId: user, messageId: `s${n++}` },
  properties: { order_id: `s${n}`, total, currency: 'EUR', products: [{ product_id: 'tea', price: total }] },
})

async function send(habitue: Running, ...batch: object[]): Promise<void> {
  const { status, body } = await habitue.ask('POST', '/v1/batch', { batch })
  expect([status, body.refused]).toEqual([200, undefined])
  await habitue.engine.settle()
}

const members = async (habitue: Running, name: string) => {
  const { body } = await habitue.ask('GET', `/v1/segments/${name}/members`)
  return body.members.map(({ customer }: { customer: { id: string } }) => customer.id).sort()
}

async function csv(habitue: Running, path: string, accept = '*/*') {
  const app = await createApp(habitue.engine)
  const authorization = `Bearer ${await habitue.key('server')}`
  const answer = await app.inject({ method: 'GET', url: path, headers: { authorization, accept } })
  return { type: answer.headers['content-type'], text: answer.body }
}

forEachRunning((_engine, run) => {
  it('a segment is previewed, defined, entered by events and by time alone, and listed as pages and as CSV', async () => {
    const world = simulatedWorld(5, Date.UTC(2026, 0, 5))
    const habitue = await run({}, { world })
    await send(habitue, order('ada', 3000), order('bob', 20), order('=cmd', 4000))
    const condition = "orders.sum('total') > 2500 && olderThan(customer.lastOrder, '90d')"
    const preview = await habitue.ask('POST', '/v1/segments/preview', { condition: "orders.sum('total') > 2500" })
    expect(preview.body).toMatchObject({ count: 2, customers: 3, looked: 3, withheld: 0, exact: true })
    expect(preview.body.examples.map(({ id }: { id: string }) => id).sort()).toEqual(['=cmd', 'ada'])

    const put = await habitue.ask('PUT', '/v1/segments/big-and-quiet', { title: 'Big and quiet', condition })
    expect(put).toMatchObject({ status: 200, body: { name: 'big-and-quiet', builtIn: false, size: 0 } })
    await habitue.engine.settle()
    expect(await members(habitue, 'big-and-quiet')).toEqual([])
    world.advance(89 * day)
    await habitue.engine.settle()
    expect(await members(habitue, 'big-and-quiet')).toEqual([])
    world.advance(day)
    await habitue.engine.settle()
    expect(await members(habitue, 'big-and-quiet')).toEqual(['=cmd', 'ada'])
    await send(habitue, order('ada', 10))
    expect(await members(habitue, 'big-and-quiet')).toEqual(['=cmd'])

    const own = await habitue.ask('GET', '/v1/customers/%3Dcmd/segments')
    expect(own.body.segments.map(({ segment }: { segment: string }) => segment)).toContain('big-and-quiet')

    const lines = 'kind,id,since\r\nuser,"\'=cmd",2026-04-05T00:00:00.000Z\r\n'
    for (const asked of [
      await csv(habitue, '/v1/segments/big-and-quiet/members.csv'),
      await csv(habitue, '/v1/segments/big-and-quiet/members', 'text/csv'),
    ])
      expect(asked).toEqual({ type: 'text/csv; charset=utf-8', text: lines })
    const history = await habitue.ask('GET', '/v1/segments/big-and-quiet/history')
    expect(history.body.days.at(-1)).toEqual({ day: '2026-04-05', size: 1, entered: 2, left: 1 })

    const { body } = await habitue.ask('GET', '/v1/segments')
    expect(body.segments.map(({ name, size }: { name: string; size: number }) => [name, size])).toEqual([
      ['best-tenth', 1],
      ['new', 0],
      ['second-order-due', 2],
      ['lapsed', 0],
      ['many-returns', 0],
      ['open-complaint', 0],
      ['big-and-quiet', 1],
    ])
    expect((await habitue.ask('DELETE', '/v1/segments/big-and-quiet')).status).toBe(204)
    expect((await habitue.ask('GET', '/v1/segments/big-and-quiet')).body.error.code).toBe('unknown_segment')
    expect((await habitue.ask('DELETE', '/v1/segments/lapsed')).body.error.code).toBe('conflict')
  })

  it('a mistake is answered with its line and column, and what was probably meant', async () => {
    const habitue = await run({}, { world: simulatedWorld(6) })
    const answer = await habitue.ask('PUT', '/v1/segments/x', {
      condition: 'customer.orders > 1\n&& customer.lastOder == null',
    })
    expect(answer.status).toBe(400)
    expect(answer.body.error).toMatchObject({
      code: 'invalid_condition',
      details: { line: 2, column: 13, got: 'lastOder', meant: 'lastOrder' },
    })
    const nameless = await habitue.ask('PUT', '/v1/segments/Big%20Ones', { condition: 'true' })
    expect(nameless.body.error.code).toBe('invalid_segment')
  })

  it('a rule for a segment holds for who is in it, as soon as he is', async () => {
    const habitue = await run({}, { world: simulatedWorld(8) })
    const items = ['tea', 'tasting', 'cup'].map((id) => ({ id, title: id, price: 5, currency: 'EUR' }))
    await habitue.ask('POST', '/v1/items', items)
    await habitue.ask('PUT', '/v1/segments/big', { condition: "orders.sum('total') > 1000" })
    const rule = { kind: 'pin', items: ['tasting'], segments: ['big'], placements: ['new'] }
    expect((await habitue.ask('PUT', '/v1/rules/r', { ...rule, segments: ['bgi'] })).body.error.code).toBe(
      'unknown_segment',
    )
    expect((await habitue.ask('PUT', '/v1/rules/r', rule)).status).toBe(200)
    await send(habitue, order('ada', 500), order('bob', 500))
    const first = async (customer?: string) => {
      const { body } = await habitue.ask('POST', '/v1/recommendations', { customer, placement: 'new', count: 1 })
      return [body.placements.new.items[0]?.reason.kind, body.personalised]
    }
    expect(await first('ada')).toEqual(['new', false])
    await send(habitue, order('ada', 600))
    expect(await first('ada')).toEqual(['rule', true])
    expect(await first('bob')).toEqual(['new', false])
    expect(await first()).toEqual(['new', false])
  })

  it('memory that is built anew finds the same members', async () => {
    const habitue = await run({}, { world: simulatedWorld(7) })
    await habitue.ask('PUT', '/v1/segments/buyers', { condition: 'customer.orders > 0' })
    await send(habitue, order('ada', 1), order('bob', 2))
    await habitue.ask('POST', '/v1/rebuild')
    await habitue.engine.settle()
    expect(await members(habitue, 'buyers')).toEqual(['ada', 'bob'])
  })
})
