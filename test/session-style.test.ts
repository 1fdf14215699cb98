/** What is shown first to somebody who has only looked around: by what he searches for, whence he came, and on what device. */
import { beforeAll, describe, expect, it } from 'vitest'
import { seededRandom, simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Run, type Running } from './running.ts'

const start = Date.UTC(2026, 4, 1, 12)
const minute = 60_000
const day = 24 * 60 * minute
const origin = { origin: 'https://shop.example' }
const numbers = [1, 2, 3, 4, 5, 6, 7, 8]
const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148'
const desk = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)'
/** Nobody has bought it yet. */
const newTea = 'tea-new'

let made = 0
const at = (who: object, time: number, rest: object) => ({
  messageId: `m${++made}`,
  timestamp: new Date(time).toISOString(),
  ...who,
  ...rest,
})
const page = (who: object, time: number, referrer: string, userAgent: string) =>
  at(who, time, { type: 'page', context: { page: { url: 'https://shop.example/', referrer }, userAgent } })
const track = (who: object, time: number, event: string, properties: object) =>
  at(who, time, { type: 'track', event, properties })

/**
 * Some search for tea, come from a blog about it and by phone, as a rule, and buy tea; more search for pens, come from an
 * office's intranet at a desk, and buy pens. The region says a little of it.
 */
function past(customers: number): object[] {
  const random = seededRandom(11)
  return Array.from({ length: customers }, (_, c) => {
    const isTea = c % 5 < 2
    const as = (share: number) => (random() < share ? isTea : !isTea)
    const who = { userId: `c${c}` }
    const came = start - (60 + (c % 30)) * day
    const word = as(0.95) ? ['green tea', 'tea for two'][c % 2] : 'fountain pen'
    const looked = [
      at(who, came - minute, { type: 'identify', traits: { region: as(0.65) ? 'north' : 'south' } }),
      page(who, came, as(0.9) ? 'https://tea-blog.example/7' : 'https://office.example/', as(0.9) ? phone : desk),
      track(who, came + minute, 'Products Searched', { query: word }),
    ]
    const bought = numbers
      .filter((n) => (c + n) % 8 > 2)
      .map((n) =>
        track(who, came + ((n * 7 + c) % 23) * day + 5 * minute, 'Order Completed', {
          order_id: `${c}-${n}`,
          products: [{ product_id: `${isTea ? 'tea' : 'pen'}-${n}`, price: 5, quantity: 1 }],
        }),
      )
    return [...looked, ...bought]
  }).flat()
}

async function shop(run: Run, session: boolean): Promise<Running> {
  const consent = { policy: 'eu-existing-customers', beforeLogin: 'session' } as const
  const overrides = { legalBasis: null, consent, firstGuess: { session } }
  const habitue = await run(overrides, { world: simulatedWorld(5, start) })
  const items = ['tea', 'pen'].flatMap((kind) =>
    numbers.map((n) => ({ id: `${kind}-${n}`, title: `The ${kind} ${n}`, categories: [kind], price: 5 })),
  )
  await habitue.ask('POST', '/v1/items', [...items, { id: newTea, title: 'The tea 9', categories: ['tea'], price: 5 }])
  expect((await habitue.ask('POST', '/v1/import', { batch: past(240) })).status).toBe(200)
  await habitue.train()
  return habitue
}

const stranger = async (habitue: Running) => {
  const { body } = await habitue.ask('GET', '/v1/models')
  const { report } = body.models.find(({ name }: { name: string }) => name === 'guess')
  return report.firstGuess[0] as { ndcg: number; popularity: number; admitted: boolean }
}

forEachRunning((engine, run) => {
  describe('the first list', () => {
    let habitue: Running
    let key: string
    beforeAll(async () => {
      habitue = await shop(run, true)
      key = await habitue.key('publishable', ['https://shop.example'])
    })
    let visitors = 0
    const visitor = () => ({ anonymousId: `visitor-${++visitors}` })
    const does = async (...batch: object[]) => {
      const { body } = await habitue.ask('POST', '/v1/batch', { batch }, key, origin)
      expect(body).toEqual({ success: true, remembered: 'session' })
    }
    const home = async (who: object, count = 5) => {
      const { body } = await habitue.ask(
        'POST',
        '/v1/recommendations',
        { ...who, placement: 'home', count },
        key,
        origin,
      )
      const items = body.placements.home.items as { id: string; text: string }[]
      const teas = items.filter(({ id }) => id.startsWith('tea')).length
      return { body, items, ids: items.map(({ id }) => id), teas }
    }

    it('goes by what a visitor searches for, before any click on an item', async () => {
      const [a, b] = [visitor(), visitor()]
      expect((await home(a)).body.personalised).toBe(false)
      expect((await home(a)).teas).toBe(0)
      await does(track(a, start, 'Products Searched', { query: 'Green TEA' }))
      await does(track(b, start, 'Products Searched', { query: 'a fountain pen' }))
      const { body, items, teas } = await home(a)
      expect(teas).toBe(5)
      expect((await home(b)).teas).toBe(0)
      expect(body).toMatchObject({ personalised: true, provenance: ['observed'] })
      expect(items.map(({ text }) => text)).toEqual(items.map(() => 'Popular with customers like you'))
      expect(JSON.stringify(body)).not.toMatch(/search|green/i)
    })

    it('goes by whence he came and on what device', async () => {
      const [a, b] = [visitor(), visitor()]
      await does(page(a, start, 'https://www.tea-blog.example/9?id=3', phone))
      await does(page(b, start, 'https://office.example/', desk))
      expect((await home(a)).teas).toBe(5)
      expect((await home(b)).teas).toBe(0)
    })

    it('goes by what the very first request says of its page, and keeps nothing of it', async () => {
      const [a, b] = [visitor(), visitor()]
      const context = {
        page: { url: 'https://shop.example/', referrer: 'https://tea-blog.example/2' },
        userAgent: phone,
      }
      const { body, teas } = await home({ ...a, context })
      expect([teas, body.personalised]).toEqual([5, true])
      const office = { page: { referrer: 'https://office.example/' }, userAgent: desk }
      expect((await home({ ...b, context: office })).teas).toBe(0)
      expect((await home({ ...b, context: { page: { url: 'https://shop.example/?q=green+tea' } } })).teas).toBe(5)
      expect((await home(a)).body).toMatchObject({ personalised: false, reason: { code: 'unknown' } })
      // What was done says more than what the request says of itself.
      await does(track(b, start, 'Products Searched', { query: 'a fountain pen' }))
      expect((await home({ ...b, context })).teas).toBe(0)
    })

    it('turns with the session, and stores nothing of it', async () => {
      const a = visitor()
      await does(page(a, start, 'https://shop.example/', desk))
      const before = await home(a)
      await does(track(a, start + 1, 'Products Searched', { query: 'green tea' }))
      const { teas } = await home(a)
      expect(teas).toBeGreaterThan(before.teas)
      const { status } = await habitue.ask('GET', `/v1/customers/anonymous:${a.anonymousId}/events`)
      expect(status).toBe(404)
    })

    it('does not use the session of who refuses', async () => {
      const a = visitor()
      await does(track(a, start, 'Products Searched', { query: 'green tea' }))
      expect((await home(a)).teas).toBe(5)
      await habitue.ask('POST', '/v1/batch', {
        batch: [track(a, start + 1, 'Consent Withdrawn', { purposes: ['personalisation'] })],
      })
      const context = { page: { url: 'https://shop.example/?q=green+tea' } }
      for (const request of [a, { ...a, context }]) {
        const { body, teas } = await home(request)
        expect({ personalised: body.personalised, teas }).toEqual({ personalised: false, teas: 0 })
      }
    })

    it('places what nobody bought yet beside its like', async () => {
      const a = visitor()
      await does(track(a, start, 'Products Searched', { query: 'green tea' }))
      const { ids } = await home(a, 12)
      expect(ids.indexOf(newTea)).toBeGreaterThan(0)
      expect(ids.indexOf(newTea)).toBeLessThan(ids.findIndex((id) => id.startsWith('pen')))
    })

    it('is measurably better than what traits alone tell', async () => {
      if (engine === 'postgres') return
      const [a, b] = [await stranger(habitue), await stranger(await shop(run, false))]
      expect(a.admitted).toBe(true)
      expect(a.popularity).toBeCloseTo(b.popularity, 6)
      expect(a.ndcg - b.ndcg).toBeGreaterThan(0.1)
    })
  })
})
