/** Consent as a shop and its customers live it, over HTTP: what is kept and used, and what is not. */
import { beforeAll, describe, expect, it } from 'vitest'
import { signCustomerToken } from '../src/access/customer-token.ts'
import { hashKey } from '../src/access/key.ts'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Reply, type Running } from './running.ts'

const start = Date.UTC(2026, 4, 1, 12)
const minute = 60_000
const day = 86_400_000

let messages = 0
type Who = { readonly userId?: string; readonly anonymousId?: string }

const track = (event: string, who: Who, properties: object = {}, more: object = {}) => ({
  type: 'track',
  event,
  messageId: `m${messages++}`,
  ...who,
  properties,
  ...more,
})
const view = (who: Who, item: string, more: object = {}) => track('Product Viewed', who, { product_id: item }, more)
const order = (who: Who, number: string, item: string, more: object = {}) =>
  track('Order Completed', who, { order_id: number, products: [{ product_id: item, price: 5, quantity: 1 }] }, more)

const refusals = ({ body }: Reply) => (body.refused ?? []).map(({ code }: { code: string }) => code)

/** Ways to ask, on one shop. */
function shopOf(habitue: Running) {
  const send = (batch: object[], key?: string, headers?: Record<string, string>) =>
    habitue.ask('POST', '/v1/batch', { batch }, key, headers)
  const answer = (user: string, answers: object, more: object = {}) =>
    habitue.ask('PUT', `/v1/customers/${user}/consent`, { answers, ...more })
  const consent = async (id: string, kind = 'user') =>
    (await habitue.ask('GET', `/v1/customers/${id}/consent?kind=${kind}`)).body
  const purpose = async (id: string, name: string, kind = 'user') =>
    (await consent(id, kind)).purposes.find((one: { purpose: string }) => one.purpose === name)
  const recent = async (who: { customer?: string; anonymousId?: string }) => {
    const { body } = await habitue.ask('POST', '/v1/recommendations', { ...who, placement: 'recent' })
    const items = body.placements.recent.items.map(({ id }: { id: string }) => id)
    return { items, personalised: body.personalised, reason: body.reason?.code }
  }
  const interactions = async (user: string) =>
    (await habitue.ask('GET', `/v1/customers/${user}`)).body.interactions as {
      item: string
      views: number
      bought: number
    }[]
  return { send, answer, consent, purpose, recent, interactions }
}

forEachRunning((_engine, run) => {
  describe('under eu-strict', () => {
    const world = simulatedWorld(3, start)
    let habitue: Running
    let shop: ReturnType<typeof shopOf>
    beforeAll(async () => {
      habitue = await run({ legalBasis: null }, { world })
      shop = shopOf(habitue)
      const items = ['tea', 'cup', 'pot', 'jam'].map((id) => ({ id, title: id }))
      await habitue.ask('POST', '/v1/items', items)
    }, 60_000)

    it('keeps orders, and keeps nothing of what is looked at, until the customer agrees', async () => {
      const who = { userId: 'ada' }
      expect(refusals(await shop.send([view(who, 'tea'), order(who, 'a1', 'cup')]))).toEqual(['consent_refused'])
      expect(await shop.recent({ customer: 'ada' })).toEqual({ items: [], personalised: false, reason: 'unset' })
      expect(await shop.interactions('ada')).toMatchObject([{ item: 'cup', views: 0, bought: 1 }])

      const given = await shop.answer('ada', { personalisation: 'granted' }, { source: 'account page', wording: 'v3' })
      expect(given.status, JSON.stringify(given.body)).toBe(200)
      expect(await shop.purpose('ada', 'personalisation')).toMatchObject({
        basis: 'consent',
        answer: 'granted',
        allowed: true,
        given: { source: 'account page', wording: 'v3', expires: null },
      })
      expect(refusals(await shop.send([view(who, 'tea')]))).toEqual([])
      expect(await shop.recent({ customer: 'ada' })).toMatchObject({ items: ['tea'], personalised: true })
    })

    it('uses nothing from the next request on when he withdraws, and agreeing again brings nothing back', async () => {
      const who = { userId: 'ben' }
      await shop.answer('ben', { personalisation: 'granted' })
      await shop.send([view(who, 'tea'), order(who, 'b1', 'pot')])
      expect((await shop.recent({ customer: 'ben' })).items).toEqual(['tea'])
      world.advance(minute)
      await shop.answer('ben', { personalisation: 'denied' })
      expect(await shop.recent({ customer: 'ben' })).toEqual({ items: [], personalised: false, reason: 'denied' })
      expect(refusals(await shop.send([view(who, 'cup')]))).toEqual(['consent_refused'])
      // The order stays, for service; the view is gone, with its event.
      expect(await shop.interactions('ben')).toMatchObject([{ item: 'pot', views: 0, bought: 1 }])
      const { events } = (await habitue.ask('GET', '/v1/customers/ben/timeline')).body
      expect(events.map(({ name }: { name: string }) => name)).not.toContain('Product Viewed')
      world.advance(minute)
      await shop.answer('ben', { personalisation: 'granted' })
      expect(await shop.recent({ customer: 'ben' })).toMatchObject({
        items: [],
        personalised: false,
        reason: 'no-history',
      })
      await shop.send([view(who, 'jam')])
      expect((await shop.recent({ customer: 'ben' })).items).toEqual(['jam'])
      const { history } = await shop.consent('ben')
      expect(history.map(({ answer }: { answer: string }) => answer)).toEqual(['granted', 'denied', 'granted'])
    })

    it('takes answers that come with the events, in order, also within one batch', async () => {
      const who = { userId: 'cleo' }
      const batch = [
        view(who, 'tea'),
        track('Consent Given', who, { purposes: ['personalisation'], source: 'banner' }),
        view(who, 'cup'),
        track('Consent Withdrawn', who, { purposes: ['personalisation'] }),
        view(who, 'pot'),
        track('Consent Given', who, { purposes: ['personalization'] }),
        view(who, 'jam'),
      ]
      const answered = await shop.send(batch)
      expect(answered.body.refused.map(({ index }: { index: number }) => index)).toEqual([0, 4])
      expect((await shop.recent({ customer: 'cleo' })).items).toEqual(['jam'])
      expect(refusals(await shop.send([track('Consent Given', who, { purposes: ['world domination'] })]))).toEqual([
        'invalid_event',
      ])
    })

    it('admits nothing that happened before the answer, and ends with its expiry', async () => {
      const who = { userId: 'dora' }
      const expires = new Date(world.now() + day).toISOString()
      await shop.answer('dora', { personalisation: 'granted' }, { expires })
      const early = new Date(world.now() - minute).toISOString()
      expect(refusals(await shop.send([view(who, 'tea', { timestamp: early }), view(who, 'cup')]))).toEqual([
        'consent_refused',
      ])
      expect((await shop.recent({ customer: 'dora' })).items).toEqual(['cup'])
      world.advance(2 * day)
      expect(await shop.recent({ customer: 'dora' })).toMatchObject({ personalised: false, reason: 'expired' })
      expect(refusals(await shop.send([view(who, 'tea')]))).toEqual(['consent_refused'])
    })

    it('changes nobody’s consent when he logs in on a new device', async () => {
      await shop.answer('emil', { personalisation: 'granted', training: 'denied' })
      const before = (await shop.consent('emil')).purposes
      const device = { userId: 'emil', anonymousId: 'emils-new-phone' }
      await shop.send([{ type: 'identify', messageId: `m${messages++}`, ...device, traits: {} }, view(device, 'tea')])
      expect((await shop.consent('emil')).purposes).toEqual(before)
      // The device is his: what it does now is kept under his answer.
      expect(refusals(await shop.send([view({ anonymousId: 'emils-new-phone' }, 'cup')]))).toEqual([])
      expect(new Set((await shop.recent({ customer: 'emil' })).items)).toEqual(new Set(['tea', 'cup']))
    })

    it('takes the strictest of the answers given when customers are merged, and undoing restores both', async () => {
      const device = { anonymousId: 'fays-tablet' }
      await shop.send([track('Consent Withdrawn', device, { purposes: ['personalisation'] })])
      await shop.answer('fay', { personalisation: 'granted' })
      await shop.send([view({ userId: 'fay' }, 'tea')])
      expect((await shop.recent({ customer: 'fay' })).items).toEqual(['tea'])
      await shop.send([{ type: 'identify', messageId: `m${messages++}`, userId: 'fay', ...device, traits: {} }])
      expect(await shop.recent({ customer: 'fay' })).toMatchObject({ personalised: false, reason: 'denied' })
      expect(refusals(await shop.send([view({ userId: 'fay' }, 'cup')]))).toEqual(['consent_refused'])

      const { merges } = (await habitue.ask('GET', '/v1/customers/fay/merges')).body
      await habitue.ask('POST', `/v1/merges/${merges[0].id}/undo`)
      expect((await shop.recent({ customer: 'fay' })).items).toEqual(['tea'])
      expect((await shop.purpose('fays-tablet', 'personalisation', 'anonymous')).answer).toBe('denied')
      expect((await shop.purpose('fay', 'personalisation')).answer).toBe('granted')
    })

    it('lets who was merged answer anew for all that he is', async () => {
      await shop.send([track('Consent Withdrawn', { anonymousId: 'gus-laptop' }, { purposes: ['personalisation'] })])
      await shop.answer('gus', { personalisation: 'granted' })
      const both = { userId: 'gus', anonymousId: 'gus-laptop' }
      await shop.send([{ type: 'identify', messageId: `m${messages++}`, ...both, traits: {} }])
      expect((await shop.purpose('gus', 'personalisation')).answer).toBe('denied')
      world.advance(minute)
      await shop.answer('gus', { personalisation: 'granted' })
      expect((await shop.purpose('gus', 'personalisation')).answer).toBe('granted')
    })

    it('lets no page agree for a known customer without his token; refuse it may', async () => {
      const page = await habitue.key('publishable', ['https://shop.example'])
      const { info, key } = await habitue.engine.keys.create({ kind: 'server', name: 'signs', origins: null })
      await shop.send([
        { type: 'identify', messageId: `m${messages++}`, userId: 'hal', anonymousId: 'hals-phone', traits: {} },
      ])
      const agree = () => track('Consent Given', { anonymousId: 'hals-phone' }, { purposes: ['personalisation'] })
      expect(refusals(await shop.send([agree()], page))).toEqual(['customer_token_required'])
      expect((await shop.purpose('hal', 'personalisation')).answer).toBe('unset')

      const expires = Math.floor(world.now() / 1000) + 600
      const token = signCustomerToken({ user: 'hal', expires }, info.id, hashKey(key))
      const own = { ...agree(), userId: 'hal' }
      expect(refusals(await shop.send([own], page, { 'x-habitue-token': token }))).toEqual([])
      expect((await shop.purpose('hal', 'personalisation')).answer).toBe('granted')
      const refuse = track('Consent Withdrawn', { anonymousId: 'hals-phone' }, { purposes: ['personalisation'] })
      expect(refusals(await shop.send([refuse], page))).toEqual([])
      expect((await shop.purpose('hal', 'personalisation')).answer).toBe('denied')
      // A visitor of whom nothing else is known agrees for himself.
      const visitor = { anonymousId: 'somebody' }
      const agreed = track('Consent Given', visitor, { purposes: ['personalisation'] })
      expect(refusals(await shop.send([agreed, view(visitor, 'tea')], page))).toEqual([])
      expect((await shop.recent(visitor)).items).toEqual(['tea'])
    })

    it('lets an unsubscribe win over whatever is imported later', async () => {
      const who = { userId: 'ida' }
      await shop.answer('ida', { 'marketing:email': 'granted' })
      await shop.send([track('Unsubscribed', who, { email_id: 'news-1' })])
      expect((await shop.purpose('ida', 'marketing:email')).allowed).toBe(false)
      const batch = [track('Consent Given', who, { purposes: ['marketing:email'], proof: 'list export' })]
      await habitue.ask('POST', '/v1/import', { batch })
      expect((await shop.purpose('ida', 'marketing:email')).answer).toBe('denied')
      expect((await shop.consent('ida')).history[0]).toMatchObject({ answer: 'granted', proof: 'list export' })
      world.advance(minute)
      await shop.answer('ida', { 'marketing:email': 'granted' })
      expect((await shop.purpose('ida', 'marketing:email')).answer).toBe('granted')
    })

    it('gives the same answers and the same memory when events are replayed', async () => {
      const { changed, events } = (await habitue.ask('POST', '/v1/rebuild')).body
      expect(changed).toEqual([])
      expect(events).toBeGreaterThan(20)
      expect((await shop.purpose('ben', 'personalisation')).answer).toBe('granted')
      expect((await shop.recent({ customer: 'ben' })).items).toEqual(['jam'])
    })

    it('trains on nobody who has not agreed to it', async () => {
      await habitue.engine.training.start()
      const running = async () => (await habitue.engine.training.status()).running
      await expect.poll(running, { timeout: 30_000 }).toBe(false)
      expect((await habitue.engine.training.status()).last).toMatchObject({
        state: 'ready',
        report: { customers: 0, interactions: 0, withoutConsent: expect.any(Number) },
      })
    })
  })
})
