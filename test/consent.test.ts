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
  it('lets a customer agree, and refuse, even where everything rests on consent', async () => {
    const shop = shopOf(await run({ legalBasis: 'consent' }))
    expect(refusals(await shop.send([order({ userId: 'careful' }, 'o1', 'i1')]))).toEqual(['consent_refused'])
    expect((await shop.answer('careful', { service: 'granted', personalisation: 'granted' })).status).toBe(200)
    expect(refusals(await shop.send([order({ userId: 'careful' }, 'o2', 'i1')]))).toEqual([])
    expect((await shop.answer('careful', { service: 'denied', personalisation: 'denied' })).status).toBe(200)
    expect((await shop.purpose('careful', 'personalisation')).allowed).toBe(false)
    expect(refusals(await shop.send([order({ userId: 'careful' }, 'o3', 'i1')]))).toEqual(['consent_refused'])
    expect((await shop.answer('careful', { service: 'granted' })).status).toBe(200)
    expect(refusals(await shop.send([order({ userId: 'careful' }, 'o4', 'i1')]))).toEqual([])
  })

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

  describe('under us-opt-out', () => {
    const world = simulatedWorld(4, start)
    const categories = { Advertising: ['marketing'], Personal: ['personalisation', 'training'] }
    let habitue: Running
    let shop: ReturnType<typeof shopOf>
    let page: string
    beforeAll(async () => {
      habitue = await run({ legalBasis: null, consent: { policy: 'us-opt-out', categories } }, { world })
      shop = shopOf(habitue)
      page = await habitue.key('publishable', ['https://shop.example'])
      const items = ['tea', 'cup', 'pot'].map((id) => ({ id, title: id }))
      await habitue.ask('POST', '/v1/items', items)
    }, 60_000)

    it('uses what it sees until the customer objects, which works at once', async () => {
      const visitor = { anonymousId: 'jo' }
      await shop.send([view(visitor, 'tea')], page)
      expect(await shop.recent(visitor)).toMatchObject({ items: ['tea'], personalised: true })
      await shop.send([track('Consent Withdrawn', visitor)], page)
      expect(await shop.recent(visitor)).toEqual({ items: [], personalised: false, reason: 'denied' })
      expect(refusals(await shop.send([view(visitor, 'cup')], page))).toEqual(['consent_refused'])
    })

    it('lets nothing slip through while a refusal and events arrive at the same time', async () => {
      for (let round = 0; round < 8; round++) {
        const who = { userId: `busy-${round}`, anonymousId: `busys-phone-${round}` }
        if (round % 2 === 0) await shop.send([view(who, 'tea')])
        const sent = Array.from({ length: 6 }, (_, i) =>
          shop.send([view(who, 'cup'), order(who, `busy-${round}-${i}`, 'pot')]),
        )
        const refused = shop.send([track('Consent Withdrawn', who)])
        await Promise.all([...sent, refused])
        const kept = await shop.interactions(who.userId)
        expect(kept.map(({ item, views }) => [item, views])).toEqual([['pot', 0]])
      }
    })

    it('hears Global Privacy Control: no research, no marketing by profile; explicit acts keep working', async () => {
      const visitor = { anonymousId: 'kim' }
      const private_ = { 'sec-gpc': '1' }
      await shop.send([view(visitor, 'tea'), view(visitor, 'cup')], page, private_)
      const allowed = async (name: string, id = 'kim', kind = 'anonymous') =>
        (await shop.purpose(id, name, kind)).allowed
      expect(await allowed('research')).toBe(false)
      expect(await allowed('marketing:profile')).toBe(false)
      expect(await allowed('personalisation')).toBe(true)
      expect(await allowed('marketing:email')).toBe(true)
      // Noted once, not with every event.
      await shop.send([view(visitor, 'pot', { context: { gpc: true } })], page)
      const { history, globalPrivacyControl } = await shop.consent('kim', 'anonymous')
      expect([history.length, globalPrivacyControl]).toEqual([2, true])

      // Where the customer is known, it is his too.
      await shop.send([{ type: 'identify', messageId: `m${messages++}`, userId: 'kim', ...visitor, traits: {} }])
      expect(await allowed('research', 'kim', 'user')).toBe(false)
      // Explicit acts count: an unsubscribe, and an agreement that was asked for, which the signal does not take back.
      expect(refusals(await shop.send([track('Unsubscribed', visitor)], page, private_))).toEqual([])
      expect(await allowed('marketing:email', 'kim', 'user')).toBe(false)
      world.advance(minute)
      await shop.answer('kim', { research: 'granted' })
      await shop.send([view(visitor, 'tea')], page, private_)
      expect(await allowed('research', 'kim', 'user')).toBe(true)
      expect(await allowed('marketing:profile', 'kim', 'user')).toBe(false)
    })

    it('hears the consent banner of Segment and RudderStack, as the shop maps its categories', async () => {
      const banner = (Personal: boolean) => ({
        context: { consent: { categoryPreferences: { Personal, Unmapped: false } } },
      })
      const lee = { anonymousId: 'lee' }
      expect(
        refusals(await shop.send([view(lee, 'tea', banner(false)), view(lee, 'cup', banner(true))], page)),
      ).toEqual(['consent_refused'])
      expect((await shop.recent(lee)).items).toEqual(['cup'])
      const rows = (await shop.consent('lee', 'anonymous')).history.length
      await shop.send([view(lee, 'pot', banner(true))], page)
      expect((await shop.consent('lee', 'anonymous')).history).toHaveLength(rows)

      // What he refused himself no banner that he forgot elsewhere brings back.
      await shop.send([{ type: 'identify', messageId: `m${messages++}`, userId: 'lee', ...lee, traits: {} }])
      await shop.answer('lee', { personalisation: 'denied' })
      const tablet = { userId: 'lee', anonymousId: 'lees-tablet' }
      expect(refusals(await shop.send([view(tablet, 'tea', banner(true))]))).toEqual(['consent_refused'])
      expect((await shop.purpose('lee', 'personalisation')).answer).toBe('denied')
    })

    it('tells in doctor how many customers each purpose reaches', async () => {
      const { consent } = (await habitue.ask('GET', '/v1/doctor')).body
      expect(consent).toMatchObject({ policy: 'us-opt-out', customers: expect.any(Number) })
      expect(consent.reached.service).toBe(consent.customers)
      expect(consent.reached.personalisation).toBeLessThan(consent.customers)
      expect(consent.reached['marketing:sms']).toBe(0)
    })
  })

  it('rests mail to who bought on the soft opt-in, until he objects', async () => {
    const shop = shopOf(await run({ legalBasis: null, consent: { policy: 'eu-existing-customers' } }))
    await shop.send([order({ userId: 'rex' }, 'r1', 'tea'), view({ userId: 'sue' }, 'tea')])
    const mail = async (id: string) => await shop.purpose(id, 'marketing:email')
    expect(await mail('rex')).toMatchObject({ allowed: true, reason: 'soft-opt-in', answer: 'unset' })
    expect(await mail('sue')).toMatchObject({ allowed: false, reason: 'unset' })
    expect((await shop.purpose('rex', 'marketing:sms'))?.allowed ?? false).toBe(false)
    await shop.send([track('Unsubscribed', { userId: 'rex' })])
    expect(await mail('rex')).toMatchObject({ allowed: false, reason: 'denied' })
  })

  describe('children', () => {
    const world = simulatedWorld(5, start)
    let habitue: Running
    let shop: ReturnType<typeof shopOf>
    beforeAll(async () => {
      habitue = await run({ legalBasis: null, consent: { policy: 'us-opt-out', country: 'DE' } }, { world })
      shop = shopOf(habitue)
      const rated = { 'for all': 'all', 'from 12': '12', 'from 16': '16', 'for adults': 'adult' }
      const items = Object.entries(rated).map(([id, audience]) => ({ id, title: id, audience }))
      await habitue.ask('POST', '/v1/items', items)
    }, 60_000)
    const identify = (userId: string, traits: object) => ({
      type: 'identify',
      messageId: `m${messages++}`,
      userId,
      traits,
    })
    const shown = async (who: object) => {
      const { body } = await habitue.ask('POST', '/v1/recommendations', { ...who, placement: 'new', count: 10 })
      const { items, note } = body.placements.new
      return { items: items.map(({ id }: { id: string }) => id).sort(), note, reason: body.reason?.code }
    }

    it('are not profiled, and see only what is rated for their age; the answer says how many were withheld', async () => {
      const who = { userId: 'mia' }
      await shop.send([view(who, 'for all'), order(who, 'mia-1', 'for all')])
      expect((await shop.recent({ customer: 'mia' })).items).toEqual(['for all'])
      // Twelve next week.
      const birthday = new Date(Date.UTC(2014, 4, 8)).toISOString().slice(0, 10)
      await shop.send([identify('mia', { birthday })])
      expect(await shop.consent('mia')).toMatchObject({ audience: { kind: 'minor', band: 'child', age: 11 } })
      expect(await shop.recent({ customer: 'mia' })).toEqual({ items: [], personalised: false, reason: 'minor' })
      expect(await shop.interactions('mia')).toMatchObject([{ views: 0, bought: 1 }])
      expect(refusals(await shop.send([view(who, 'from 12')]))).toEqual(['consent_refused'])
      expect((await shop.purpose('mia', 'marketing:email')).reason).toBe('minor')
      const before = await shown({ customer: 'mia' })
      expect(before).toMatchObject({ items: ['for all'], note: expect.stringContaining('3 withheld') })

      world.advance(8 * day)
      expect(await shop.consent('mia')).toMatchObject({ audience: { band: 'child', age: 12 } })
      expect((await shown({ customer: 'mia' })).items).toEqual(['for all', 'from 12'])
    })

    it('are known by a flag, an age or a band too; who is told grown up sees what is for adults, nobody else does', async () => {
      await shop.send([identify('noa', { minor: true }), identify('ole', { age: 17 }), identify('pia', { age: '41' })])
      expect((await shop.consent('noa')).audience).toEqual({ kind: 'minor', band: null, age: 0 })
      expect((await shop.consent('ole')).audience).toEqual({ kind: 'minor', band: 'teen', age: 17 })
      expect((await shop.consent('pia')).audience).toMatchObject({ kind: 'adult', age: 41 })
      const told = { kind: 'attribute', subject: 'birthday', value: '2013-02-03' }
      await habitue.ask('POST', '/v1/customers/tom/facts', told)
      expect((await shop.consent('tom')).audience).toMatchObject({ kind: 'minor', band: 'child', age: 13 })
      expect((await shown({ customer: 'ole' })).items).toEqual(['for all', 'from 12', 'from 16'])
      expect((await shown({ customer: 'pia' })).items).toHaveLength(4)
      expect((await shown({ anonymousId: 'a stranger' })).items).toEqual(['for all'])
      world.advance(minute)
      await habitue.ask('PUT', '/v1/customers/noa/audience', { audience: '13-15' })
      expect((await shop.consent('noa')).audience).toEqual({ kind: 'minor', band: 'child', age: 13 })
      expect((await habitue.ask('PUT', '/v1/customers/noa/audience', { audience: 'tall' })).status).toBe(400)
    })

    it('stay children on a device whose page claims to be grown up', async () => {
      const page = await habitue.key('publishable', ['https://shop.example'])
      const device = { anonymousId: 'quins-tablet' }
      await shop.send([{ ...identify('quin', { age: 9 }), ...device }])
      await shop.send([{ type: 'identify', messageId: `m${messages++}`, ...device, traits: { age: 30 } }], page)
      expect((await shop.consent('quin')).audience).toMatchObject({ kind: 'minor', age: 9 })
      expect(await shown(device)).toMatchObject({ items: ['for all'], reason: 'minor' })
    })
  })
})
