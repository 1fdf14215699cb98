/** What a visitor does before he logs in shapes the usual and what is foretold, for his session; and is counted when it is adopted. */
import { expect, it } from 'vitest'
import type { TailLine } from '../src/engine-api.ts'
import { seededRandom, simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const start = Date.UTC(2026, 4, 1, 12)
const minute = 60_000
const origin = { origin: 'https://shop.example' }
const films = Array.from({ length: 24 }, (_, n) => ({
  id: `film${n}`,
  title: `Film ${n}`,
  categories: [n % 2 === 0 ? 'Comedy' : 'Thriller'],
  price: 5,
}))

let messages = 0
const track = (event: string, who: object, properties: object, time = start) => ({
  type: 'track',
  event,
  messageId: `m${messages++}`,
  timestamp: new Date(time).toISOString(),
  ...who,
  properties,
})
const rated = (who: object, n: number, rating: number) =>
  track('Product Rated', who, { product_id: `film${n}`, rating })

async function cinema(habitue: Running): Promise<void> {
  await habitue.ask('POST', '/v1/items', films)
  const random = seededRandom(4)
  const batch = Array.from({ length: 40 }, (_, customer) => {
    const who = { userId: `c${customer}` }
    const chosen = films.map((_, n) => n).filter(() => random() < 0.5)
    return chosen.flatMap((n) => [
      rated(who, n, (customer % 2 === n % 2 ? 4 : 1) + (random() < 0.5 ? 1 : 0)),
      track('Order Completed', who, { order_id: `${customer} ${n}`, products: [{ product_id: `film${n}`, price: 5 }] }),
    ])
  }).flat()
  expect((await habitue.ask('POST', '/v1/import', { batch })).status).toBe(200)
  await habitue.train()
}

forEachRunning((_engine, run) => {
  it('answers by the session, and counts what is adopted', async () => {
    const world = simulatedWorld(5, start)
    const consent = { policy: 'eu-existing-customers', beforeLogin: 'session' } as const
    const habitue = await run({ legalBasis: null, consent }, { world })
    await cinema(habitue)
    const key = await habitue.key('publishable', ['https://shop.example'])
    const visitor = { anonymousId: 'passer-by' }
    const page = (batch: object[]) => habitue.ask('POST', '/v1/batch', { batch }, key, origin)
    const foretold = async () => {
      const asked = { ...visitor, items: ['film20', 'film21'] }
      const { status, body } = await habitue.ask('POST', '/v1/predictions', asked, key, origin)
      expect(status).toBe(200)
      const [comedy, thriller] = body.items.map(({ expected }: { expected: number }) => expected)
      return { personalised: body.personalised, ratings: body.ratings, prefers: comedy - thriller }
    }
    const usual = async () => {
      const { body } = await habitue.ask('POST', '/v1/usual', visitor, key, origin)
      return { slot: body.slot, personal: body.personalised, offered: body.options.map(({ id }: { id: string }) => id) }
    }
    expect(await foretold()).toMatchObject({ personalised: false, ratings: 0 })
    expect(await usual()).toEqual({ slot: null, personal: false, offered: [] })

    world.advance(minute)
    const seen = [rated(visitor, 1, 1), rated(visitor, 3, 1), rated(visitor, 2, 5), rated(visitor, 4, 5)]
    const looked = track('Product Viewed', visitor, { product_id: 'film6' }, start + 1)
    expect((await page([...seen, looked])).body).toEqual({ success: true, remembered: 'session' })
    const after = await foretold()
    expect(after).toMatchObject({ personalised: true, ratings: 4 })
    expect(after.prefers).toBeGreaterThan(0.3)
    const { slot, offered } = await usual()
    expect(slot).toBe('Comedy')
    expect(offered.length).toBeGreaterThan(0)
    await page([track('Product Refused', visitor, { product_id: offered[0] })])
    expect((await usual()).offered).not.toContain(offered[0])

    const lines: TailLine[] = []
    const stop = habitue.engine.tail((line) => lines.push(line))
    const before = habitue.engine.counters()
    world.advance(minute)
    await habitue.ask('POST', '/v1/batch', {
      batch: [{ type: 'identify', messageId: 'login', userId: 'zoe', ...visitor, traits: {} }],
    })
    await expect
      .poll(() => lines.map(({ result }) => result).sort())
      .toEqual(['accepted', ...Array(6).fill('adopted')].sort())
    stop()
    const { accepted, adopted } = habitue.engine.counters()
    expect([accepted - before.accepted, adopted - before.adopted]).toEqual([7, 6])
    expect(lines.find(({ result }) => result === 'adopted')).toMatchObject({
      customer: 'anonymous:passer-by',
      trust: 'claimed',
    })
    const own = await habitue.ask('POST', '/v1/predictions', { customer: 'zoe', items: ['film20'] })
    expect(own.body).toMatchObject({ personalised: true, ratings: 4 })
  }, 60_000)

  it('wants to know about whom, and lets a page ask for no customer without his token', async () => {
    const habitue = await run()
    const key = await habitue.key('publishable', ['https://shop.example'])
    for (const path of ['/v1/usual', '/v1/predictions']) {
      const more = path === '/v1/predictions' ? { items: ['x'] } : {}
      expect((await habitue.ask('POST', path, more)).body.error.code).toBe('invalid_body')
      const stranger = await habitue.ask('POST', path, { ...more, customer: '42' }, key, origin)
      expect([stranger.status, stranger.body.error.code]).toEqual([403, 'customer_token_required'])
    }
  })
})
