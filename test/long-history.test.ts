/** A customer of many years: the memory document is right at any time of them, whatever came in between. */
import { expect, it } from 'vitest'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning } from './running.ts'

const start = Date.UTC(2024, 0, 1, 12)
const hour = 3_600_000
const day = 24 * hour

forEachRunning((_engine, run) => {
  it('knows old orders, addresses, presents and traits behind thousands of later looks, now and then', async () => {
    const habitue = await run({}, { world: simulatedWorld(1, start + 600 * day) })
    const item = (id: string, more: object = {}) => ({ id, title: id, price: 10, ...more })
    await habitue.ask('POST', '/v1/items', [
      item('shirt', { categories: ['Shirts'], attributes: { size: 'L' } }),
      item('scarf', { categories: ['Scarves'] }),
      ...Array.from({ length: 10 }, (_, n) => item(`lamp${n}`, { categories: ['Lamps'] })),
    ])
    let messages = 0
    const at = (time: number, event: string, properties: object) => ({
      type: 'track',
      event,
      userId: 'old',
      messageId: `old ${messages++}`,
      timestamp: new Date(time).toISOString(),
      properties,
    })
    const identify = (time: number, traits: object) => ({
      ...at(time, '', {}),
      type: 'identify',
      event: undefined,
      traits,
    })
    const order = (time: number, products: object[], more: object = {}) =>
      at(time, 'Order Completed', { order_id: `o${messages}`, products, ...more })
    const first = [
      identify(start, { firstName: 'Olga', plan: 'basic' }),
      identify(start + hour, { newsletter: 'weekly' }),
      order(start + day, [{ product_id: 'shirt', quantity: 1, price: 10 }]),
      order(start + 2 * day, [{ product_id: 'shirt', quantity: 1, price: 10 }], {
        shipping_address: { street: 'Elm Lane 5', city: 'Springfield' },
      }),
      order(start + 3 * day, [{ product_id: 'scarf', quantity: 1, price: 10, recipient: 'Zelda' }]),
      identify(start + 4 * day, { plan: 'gold' }),
    ]
    const looks = Array.from({ length: 7000 }, (_, n) =>
      n % 100 === 0
        ? identify(start + 10 * day + n * hour, { lastSeen: n })
        : at(start + 10 * day + n * hour, 'Product Viewed', { product_id: `lamp${n % 10}` }),
    )
    for (let i = 0; i < looks.length; i += 500) {
      const batch = i === 0 ? [...first, ...looks.slice(0, 500)] : looks.slice(i, i + 500)
      expect((await habitue.ask('POST', '/v1/import', { batch })).status).toBe(200)
    }
    const document = async (time?: number) => {
      const query = time === undefined ? '' : `?at=${new Date(time).toISOString()}`
      const { status, body } = await habitue.ask('GET', `/v1/customers/old/memory${query}`)
      expect(status).toBe(200)
      const all = Object.entries(body.memory).flatMap(([part, list]) =>
        part === 'consent' ? [] : (list as { text: string }[]),
      )
      return { name: body.name, text: all.map(({ text }) => text).join('\n') }
    }
    const whole = [
      'Size L in Shirts',
      'Buys for Zelda',
      'Gave scarf to Zelda',
      'Elm Lane 5',
      'newsletter: weekly',
      'plan: gold',
    ]
    for (const time of [undefined, start + 290 * day, start + 200 * day, start + 5 * day]) {
      const { name, text } = await document(time)
      expect(name).toBe('Olga')
      for (const said of whole) expect(text, `${said} at ${time}`).toContain(said)
      expect(text).not.toContain('plan: basic')
    }
    const early = await document(start + 1.5 * day)
    expect(early.text).toContain('plan: basic')
    for (const said of ['Size L', 'Zelda', 'Elm Lane']) expect(early.text).not.toContain(said)
  }, 60_000)
})
