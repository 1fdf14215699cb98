/** The shop's door over HTTP: whom it lets in, and that one key is one order. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OrderDoor, type OrderTold, openOrderDoor } from './order-door.ts'

const now = Date.UTC(2026, 4, 1)
const secret = 'shared'
const told: OrderTold[] = []
let door: OrderDoor
beforeAll(async () => {
  const tell = async (order: OrderTold) => void told.push(order)
  door = await openOrderDoor({ secret, now: () => now, tell })
})
afterAll(() => door.close())

const order = {
  ...{ request_id: 'r1', customer: { kind: 'user', id: 'ada' }, recipient: 'Mother', occasion: 'birthday' },
  ...{ deliver_by: '2026-05-09', total: 48, currency: 'EUR', products: [{ product_id: 'roses', quantity: 1 }] },
  ...{ address: { city: 'Cork' }, payment: { token: 'tok_1' } },
}

async function post(body: object, { key = 'reorder:r1', at = now, by = secret, kind = 'order' } = {}) {
  const text = JSON.stringify(body)
  const time = at / 1000
  const signature = createHmac('sha256', by).update(`${time}.${text}`).digest('hex')
  const headers = {
    ...{ 'idempotency-key': key, 'habitue-event': kind },
    'habitue-signature': `t=${time},v1=${signature}`,
  }
  const answer = await fetch(door.url, { method: 'POST', headers, body: text })
  return [answer.status, await answer.json()]
}

it('takes an order that is signed, once for its key, and tells it as every order is told', async () => {
  const refused = { error: expect.stringContaining('signature') }
  expect(await post(order, { by: 'another' })).toEqual([401, refused])
  expect(await post(order, { at: now - 600_000 })).toEqual([401, refused])
  expect(await post({ customer: order.customer }, { kind: 'erasure' })).toEqual([200, {}])
  expect(told).toEqual([])
  expect(await post(order)).toEqual([200, { order_id: 'again-1' }])
  expect(await post(order)).toEqual([200, { order_id: 'again-1' }])
  expect(told).toMatchObject([
    {
      ...{ event: 'Order Completed', userId: 'ada', messageId: 'order-again-1' },
      properties: {
        ...{ order_id: 'again-1', recipient: 'Mother', occasion: 'birthday', occasion_date: '2026-05-09', total: 48 },
        ...{ shipping_address: { city: 'Cork' }, payment_token: 'tok_1', products: order.products },
      },
    },
  ])
  expect(await post(order, { key: 'reorder:r2' })).toEqual([200, { order_id: 'again-2' }])
  expect(await post({ ...order, wish: 'x'.repeat(70_000) }, { key: 'reorder:r3' })).toMatchObject([413, {}])
})
