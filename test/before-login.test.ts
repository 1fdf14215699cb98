/** A visitor before and after log-in, as a shop and its pages live it, over HTTP. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import pg from 'pg'
import { type Logger, pino } from 'pino'
import { beforeAll, describe, expect, it } from 'vitest'
import { signCustomerToken } from '../src/access/customer-token.ts'
import { hashKey } from '../src/access/key.ts'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Reply, type Run, type Running } from './running.ts'

const start = Date.UTC(2026, 4, 1, 12)
const minute = 60_000
const origin = { origin: 'https://shop.example' }

let messages = 0
type Who = { readonly userId?: string; readonly anonymousId?: string }
const track = (event: string, who: Who, properties: object = {}, more: object = {}) => ({
  type: 'track',
  event,
  messageId: `passing-${messages++}`,
  ...who,
  properties,
  ...more,
})
const view = (who: Who, item: string, more: object = {}) => track('Product Viewed', who, { product_id: item }, more)
const identify = (who: Who, traits: object = {}) => ({
  type: 'identify',
  messageId: `login-${messages++}`,
  ...who,
  traits,
})
const codes = ({ body }: Reply) => (body.refused ?? []).map(({ code }: { code: string }) => code)
const onlySession = { success: true, remembered: 'session' }

/** Ways to ask, on one shop; `page` sends as a browser does. */
async function shopOf(habitue: Running, now: () => number) {
  const key = await habitue.key('publishable', ['https://shop.example'])
  const signer = await habitue.engine.keys.create({ kind: 'server', name: 'signs', origins: null })
  const token = (user: string) => {
    const claims = { user, expires: Math.floor(now() / 1000) + 600 }
    return signCustomerToken(claims, signer.info.id, hashKey(signer.key))
  }
  const page = (batch: object[], as?: string, more: Record<string, string> = {}) =>
    habitue.ask('POST', '/v1/batch', { batch }, key, {
      ...origin,
      ...more,
      ...(as ? { 'x-habitue-token': token(as) } : {}),
    })
  const server = (batch: object[]) => habitue.ask('POST', '/v1/batch', { batch }, signer.key)
  const recent = async (who: { customer?: string; anonymousId?: string }, asPage = false) => {
    const asked = { ...who, placement: 'recent' }
    const { body } = await habitue.ask('POST', '/v1/recommendations', asked, asPage ? key : signer.key, origin)
    const items = body.placements.recent.items.map(({ id }: { id: string }) => id)
    return { items, personalised: body.personalised, reason: body.reason?.code, provenance: body.provenance }
  }
  const agree = (user: string) =>
    habitue.ask('PUT', `/v1/customers/${user}/consent`, { answers: { personalisation: 'granted' } })
  const known = async (id: string, kind = 'user') =>
    (await habitue.ask('GET', `/v1/customers/${id}?kind=${kind}`)).status === 200
  const looked = async (user: string) => {
    const { body } = await habitue.ask('GET', `/v1/customers/${user}`)
    return body.interactions.map(({ item, views }: { item: string; views: number }) => `${item} ${views}`).sort()
  }
  return { page, server, recent, agree, known, looked, key }
}

const goods = ['tea', 'cup', 'pot', 'jam', 'bun'].map((id) => ({ id, title: id }))

async function opened(run: Run, world: ReturnType<typeof simulatedWorld>, consent: object = {}, log?: Logger) {
  const habitue = await run({ legalBasis: null, consent }, { world, log })
  await habitue.ask('POST', '/v1/items', goods)
  return { habitue, shop: await shopOf(habitue, world.now) }
}

/** All that storage holds: the bytes of the files, or every row of every table as text. */
async function stored({ config }: Running): Promise<string> {
  if (config.databaseUrl === null) {
    const folder = dirname(config.dataFile)
    const own = readdirSync(folder).filter((name) => name.startsWith(basename(config.dataFile)))
    expect(own.length).toBeGreaterThan(0)
    return own.map((name) => readFileSync(join(folder, name)).toString('latin1')).join('\n')
  }
  const client = new pg.Client({ connectionString: config.databaseUrl })
  await client.connect()
  try {
    const tables = await client.query(
      "select table_name as name from information_schema.tables where table_schema = 'public'",
    )
    const rows: string[] = []
    for (const { name } of tables.rows) {
      const { rows: own } = await client.query(`select to_jsonb(t)::text as row from "${name}" t`)
      rows.push(...own.map(({ row }) => row))
    }
    return rows.join('\n')
  } finally {
    await client.end()
  }
}

forEachRunning((engine, run) => {
  describe('under eu-strict', () => {
    const world = simulatedWorld(11, start)
    let habitue: Running
    let shop: Awaited<ReturnType<typeof shopOf>>
    beforeAll(async () => {
      const both = await opened(run, world)
      habitue = both.habitue
      shop = both.shop
    }, 60_000)

    it('what a visitor looks at shapes his session at once, and is said to be remembered for it alone', async () => {
      const visitor = { anonymousId: 'visitor-one' }
      expect((await shop.page([view(visitor, 'tea')])).body).toEqual(onlySession)
      expect(await shop.recent(visitor, true)).toEqual({
        items: ['tea'],
        personalised: true,
        reason: undefined,
        provenance: ['observed'],
      })
      const again = view(visitor, 'cup')
      world.advance(1)
      await shop.page([again])
      await shop.page([again])
      expect((await shop.recent(visitor)).items).toEqual(['cup', 'tea'])
      expect((await shop.recent({ anonymousId: 'another' })).items).toEqual([])
      expect(await shop.known('visitor-one', 'anonymous')).toBe(false)
      // What he says of himself in passing is as little believed, and as little kept.
      expect((await shop.page([identify({ ...visitor, userId: 'somebody' }, { name: 'Mallory' })])).body).toEqual(
        onlySession,
      )
      expect(await shop.known('visitor-one', 'anonymous')).toBe(false)
    })

    it('keeps what he does on purpose: an order, and says which events of a batch were for the session', async () => {
      const visitor = { anonymousId: 'guest-7' }
      const order = track('Order Completed', visitor, {
        order_id: 'g1',
        products: [{ product_id: 'pot', quantity: 1 }],
      })
      expect((await shop.page([view(visitor, 'tea'), order, view(visitor, 'cup')])).body).toEqual({
        ...onlySession,
        session: [0, 2],
      })
      const shown = await shop.recent(visitor)
      expect([shown.items.toSorted(), shown.personalised]).toEqual([['cup', 'tea'], true])
      const { interactions } = (await habitue.ask('GET', '/v1/customers/guest-7?kind=anonymous')).body
      expect(interactions).toMatchObject([{ item: 'pot', bought: 1, views: 0 }])
    })

    it('is forgotten when he was idle for half an hour', async () => {
      const visitor = { anonymousId: 'slow' }
      await shop.page([view(visitor, 'tea')])
      world.advance(29 * minute)
      await shop.page([view(visitor, 'cup')])
      world.advance(29 * minute)
      expect((await shop.recent(visitor)).items).toEqual(['cup', 'tea'])
      world.advance(2 * minute)
      expect(await shop.recent(visitor)).toMatchObject({ items: [], personalised: false, reason: 'unknown' })
    })

    it('comes along when he logs in and personalisation was allowed, each event once', async () => {
      await shop.agree('ann')
      world.advance(minute)
      const device = { anonymousId: 'anns-phone' }
      const seen = view(device, 'tea')
      await shop.page([seen, view(device, 'cup')], undefined, { 'sec-gpc': '1' })
      expect(await shop.looked('ann')).toEqual([])
      expect((await shop.page([identify({ userId: 'ann', ...device })], 'ann')).body).toEqual({ success: true })
      expect(await shop.looked('ann')).toEqual(['cup 1', 'tea 1'])
      expect((await shop.recent({ customer: 'ann' })).items.toSorted()).toEqual(['cup', 'tea'])
      // The signal of his browser came along too.
      expect((await habitue.ask('GET', '/v1/customers/ann/consent')).body.globalPrivacyControl).toBe(true)
      // A page that never heard the answer sends it again.
      expect((await shop.page([seen])).body).toEqual({ success: true })
      expect(await shop.looked('ann')).toEqual(['cup 1', 'tea 1'])
      const { events } = (await habitue.ask('GET', '/v1/customers/ann/timeline')).body
      expect(events.filter(({ name }: { name: string }) => name === 'Product Viewed')).toHaveLength(2)
    })

    it('comes along too when the shop’s server says who he is, also within one batch and by an alias', async () => {
      await shop.agree('bea')
      world.advance(minute)
      const device = { anonymousId: 'beas-phone' }
      const alias = { type: 'alias', messageId: `login-${messages++}`, userId: 'bea', previousId: 'beas-tablet' }
      await shop.page([view({ anonymousId: 'beas-tablet' }, 'jam')])
      const batch = [view(device, 'tea'), identify({ userId: 'bea', ...device }), view(device, 'pot'), alias]
      expect(codes(await shop.server(batch))).toEqual([])
      expect(await shop.looked('bea')).toEqual(['jam 1', 'pot 1', 'tea 1'])
    })

    it('is dropped when he logs in and personalisation was not allowed', async () => {
      const device = { anonymousId: 'cals-phone' }
      await shop.page([view(device, 'tea')])
      expect((await shop.recent(device)).items).toEqual(['tea'])
      await shop.page([identify({ userId: 'cal', ...device })], 'cal')
      expect(await shop.looked('cal')).toEqual([])
      expect(await shop.recent({ customer: 'cal' })).toMatchObject({ items: [], reason: 'unset' })
      expect(await shop.recent(device)).toMatchObject({ items: [], personalised: false, reason: 'unset' })
      world.advance(minute)
      await shop.agree('cal')
      expect((await shop.recent({ customer: 'cal' })).items).toEqual([])
      expect((await shop.recent(device)).items).toEqual([])
    })

    it('is not gone by once he refuses, and remembered from then on once he agrees', async () => {
      const visitor = { anonymousId: 'dan' }
      await shop.page([view(visitor, 'tea')])
      world.advance(minute)
      await shop.page([track('Consent Withdrawn', visitor, { purposes: ['personalisation'] })])
      expect(await shop.recent(visitor)).toMatchObject({ items: [], personalised: false, reason: 'denied' })
      expect(codes(await shop.page([view(visitor, 'cup')]))).toEqual(['consent_refused'])
      world.advance(minute)
      await shop.page([track('Consent Given', visitor, { purposes: ['personalisation'] })])
      expect((await shop.recent(visitor)).items).toEqual([])
      expect((await shop.page([view(visitor, 'pot')])).body).toEqual({ success: true })
      expect((await shop.recent(visitor)).items).toEqual(['pot'])

      const other = { anonymousId: 'eve' }
      await shop.page([view(other, 'jam')])
      world.advance(minute)
      await shop.page([track('Consent Given', other, { purposes: ['personalisation'] }), view(other, 'bun')])
      // His session goes on; what is kept begins with his answer.
      expect((await shop.recent(other)).items).toEqual(['bun', 'jam'])
      world.advance(31 * minute)
      expect((await shop.recent(other)).items).toEqual(['bun'])
    })

    it('tells whoever watches, and counts', async () => {
      const lines: string[] = []
      const stop = habitue.engine.tail(({ result }) => lines.push(result))
      const { session } = habitue.engine.counters()
      await shop.page([view({ anonymousId: 'watched' }, 'tea')])
      await expect.poll(() => lines).toEqual(['session'])
      expect(habitue.engine.counters().session).toBe(session + 1)
      stop()
    })
  })

  it('leaves nothing of a session in storage, and a restart forgets it', async () => {
    const world = simulatedWorld(12, start)
    const logged: string[] = []
    const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) })
    const { habitue, shop } = await opened(run, world, {}, log)
    await habitue.ask('POST', '/v1/items', [{ id: 'shown-item', title: 'Shown' }])
    const visitor = { anonymousId: 'whisper-visitor-7391' }
    const context = {
      ip: '203.0.113.77',
      userAgent: 'Mozilla/5.0 (WhisperPhone) Mobile',
      page: { title: 'whisper-title' },
    }
    const batch = [
      { type: 'page', messageId: 'whisper-message-0', ...visitor, name: 'whisper-page', context },
      view(visitor, 'shown-item', { messageId: 'whisper-message-1', context }),
      view(visitor, 'whisper-item-unknown', { messageId: 'whisper-message-2' }),
      track('Products Searched', visitor, { query: 'whisper-search' }, { messageId: 'whisper-message-3' }),
      track('Product Added', visitor, { product_id: 'shown-item' }, { messageId: 'whisper-message-4' }),
      {
        ...identify({ ...visitor, userId: 'whisper-user' }, { email: 'whisper@example.com' }),
        messageId: 'whisper-message-5',
      },
    ]
    expect((await shop.page(batch, undefined, { 'sec-gpc': '1' })).body).toEqual(onlySession)
    const shown = await habitue.ask('POST', '/v1/recommendations', { ...visitor, placement: 'recent' })
    expect(shown.body.personalised).toBe(true)
    const home = await habitue.ask('POST', '/v1/recommendations', { ...visitor, placements: ['home', 'new'] })
    expect(home.status, JSON.stringify(home.body)).toBe(200)
    const isLogged = async () => (await stored(habitue)).includes(shown.body.decisionId)
    await expect.poll(isLogged, { timeout: 5000 }).toBe(true)
    const text = await stored(habitue)
    expect(text.includes('shown-item')).toBe(true)
    for (const part of ['whisper', 'Whisper', '203.0.113', visitor.anonymousId])
      expect(text.includes(part), part).toBe(false)

    for (const part of ['whisper', 'Whisper', '203.0.113']) expect(logged.join('').includes(part), part).toBe(false)

    const { dataFile, databaseUrl } = habitue.config
    await habitue.stop()
    const second = await run({ dataFile, databaseUrl, legalBasis: null }, { world })
    const again = await shopOf(second, world.now)
    expect(await again.recent(visitor)).toMatchObject({ items: [], personalised: false, reason: 'unknown' })
  })

  it.runIf(engine === 'postgres')(
    'lives on one node: on another the visitor is a stranger, also when he logs in there',
    async () => {
      const world = simulatedWorld(17, start)
      const { habitue, shop } = await opened(run, world)
      const second = await run({ databaseUrl: habitue.config.databaseUrl, legalBasis: null }, { world })
      const other = await shopOf(second, world.now)
      const who = { anonymousId: 'between-nodes' }
      await shop.agree('gil')
      world.advance(minute)
      await shop.page([view(who, 'tea')])
      expect((await shop.recent(who)).items).toEqual(['tea'])
      expect(await other.recent(who)).toMatchObject({ items: [], reason: 'unknown' })
      await other.page([identify({ userId: 'gil', ...who }), view(who, 'cup')], 'gil')
      for (const node of [shop, other]) expect((await node.recent(who)).items).toEqual(['cup'])
      expect(await other.looked('gil')).toEqual(['cup 1'])
    },
  )

  it('under `never` nothing of a visitor is used, under `remember` what he granted is', async () => {
    const world = simulatedWorld(13, start)
    const never = await opened(run, world, { beforeLogin: 'never' })
    const visitor = { anonymousId: 'someone' }
    expect(codes(await never.shop.page([view(visitor, 'tea')]))).toEqual(['consent_refused'])
    expect((await never.shop.recent(visitor)).items).toEqual([])
    expect(await never.shop.known('someone', 'anonymous')).toBe(false)

    const kept = await opened(run, world, { beforeLogin: 'remember' })
    expect(codes(await kept.shop.page([view(visitor, 'tea')]))).toEqual(['consent_refused'])
    await kept.shop.page([track('Consent Given', visitor, { purposes: ['personalisation'] }), view(visitor, 'cup')])
    expect((await kept.shop.recent(visitor)).items).toEqual(['cup'])
    expect(await kept.shop.known('someone', 'anonymous')).toBe(true)
  })

  it('where the operator states another basis than consent visitors are remembered, unless he sets it otherwise', async () => {
    const world = simulatedWorld(14, start)
    const visitor = { anonymousId: 'someone' }
    const stated = await opened(run, world, { policy: 'us-opt-out' })
    expect((await stated.shop.page([view(visitor, 'tea')])).body).toEqual({ success: true })
    expect(await stated.shop.known('someone', 'anonymous')).toBe(true)

    const careful = await opened(run, world, { policy: 'us-opt-out', beforeLogin: 'session' })
    expect((await careful.shop.page([view(visitor, 'tea')])).body).toEqual(onlySession)
    expect(await careful.shop.known('someone', 'anonymous')).toBe(false)
    expect((await careful.shop.recent(visitor)).items).toEqual(['tea'])
    // There is a basis, so it comes along.
    await careful.shop.page([identify({ userId: 'fay', ...visitor })], 'fay')
    expect(await careful.shop.looked('fay')).toEqual(['tea 1'])
  })

  it('a consent banner that is off for personalisation ends the session', async () => {
    const world = simulatedWorld(15, start)
    const { shop } = await opened(run, world, { categories: { Functional: ['personalisation'] } })
    const visitor = { anonymousId: 'someone' }
    await shop.page([view(visitor, 'tea')])
    const off = { context: { consent: { categoryPreferences: { Functional: false } } } }
    expect(codes(await shop.page([view(visitor, 'cup', off)]))).toEqual(['consent_refused'])
    expect((await shop.recent(visitor)).items).toEqual([])
  })

  describe('with models', () => {
    const world = simulatedWorld(16, start)
    let habitue: Running
    let shop: Awaited<ReturnType<typeof shopOf>>
    beforeAll(async () => {
      // The operator answers for a basis of his own, and remembers visitors for their session all the same.
      habitue = await run({ legalBasis: 'contract', consent: { beforeLogin: 'session' } }, { world })
      shop = await shopOf(habitue, world.now)
      const kinds = ['tea', 'coffee']
      const ids = kinds.flatMap((kind) => Array.from({ length: 8 }, (_, i) => `${kind}-${i}`))
      const items = ids.map((id) => ({
        id,
        title: `Item ${id}`,
        categories: [id.split('-')[0]],
        price: 5,
        currency: 'EUR',
      }))
      await habitue.ask('POST', '/v1/items', items)
      const batch = Array.from({ length: 60 }, (_, n) =>
        ids
          .filter((id, i) => id.startsWith(kinds[n % 2]) && (n + i) % 4 !== 0)
          .map((id) => {
            const products = [{ product_id: id, price: 5, quantity: 1 }]
            return track('Order Completed', { userId: `c${n}` }, { order_id: `${n} ${id}`, products })
          }),
      ).flat()
      expect((await habitue.ask('POST', '/v1/import', { batch })).status).toBe(200)
      await habitue.train()
    }, 60_000)
    const ask = async (who: Who, placement: string, more: object = {}) => {
      const { body } = await habitue.ask('POST', '/v1/recommendations', { ...who, placement, count: 5, ...more })
      const items = body.placements[placement].items as { id: string; text: string; reason: { because?: object[] } }[]
      return { ...body, items, ids: items.map(({ id }) => id) }
    }

    it('his lists follow the session from the first look on, and speak of it in general terms', async () => {
      const [one, two] = [{ anonymousId: 'tea-friend' }, { anonymousId: 'coffee-friend' }]
      await shop.page([view(one, 'tea-1'), view(one, 'tea-2'), view(two, 'coffee-1')])
      for (const [who, kind] of [
        [one, 'tea'],
        [two, 'coffee'],
      ] as const) {
        const { ids, items, personalised, purposes, provenance } = await ask(who, 'home')
        expect(
          ids.slice(0, 3).every((id: string) => id.startsWith(kind)),
          ids.join(),
        ).toBe(true)
        expect([personalised, purposes, provenance]).toEqual([true, ['personalisation'], ['observed']])
        for (const { text, reason } of items) {
          expect(reason.because).toBeUndefined()
          expect(text).not.toMatch(/Item/)
        }
      }
      const plain = await ask(one, 'home', { ceiling: 'anonymous' })
      expect([plain.personalised, plain.purposes, plain.reason.code]).toEqual([false, [], 'ceiling'])
    })

    it('his cart counts, and what he refuses is not shown again', async () => {
      const who = { anonymousId: 'with-a-cart' }
      const put = (item: string) => track('Product Added', who, { product_id: item, quantity: 1 })
      await shop.page([put('coffee-1'), put('coffee-2'), track('Product Removed', who, { product_id: 'coffee-2' })])
      const first = await ask(who, 'cart')
      expect([first.personalised, first.ids[0].startsWith('coffee')]).toEqual([true, true])
      expect(first.ids).not.toContain('coffee-1')
      await shop.page([track('Product Refused', who, { product_id: first.ids[0] })])
      expect((await ask(who, 'cart')).ids).not.toContain(first.ids[0])
      expect((await ask({ anonymousId: 'somebody-else' }, 'cart')).personalised).toBe(false)
    })

    it('loses and doubles nothing when pages send while he logs in', async () => {
      for (let round = 0; round < 4; round++) {
        const device = { anonymousId: `busy-${round}` }
        const login = () => shop.page([identify({ userId: `busy-user-${round}`, ...device })], `busy-user-${round}`)
        const looks = Array.from({ length: 12 }, () => view(device, 'tea-3'))
        await Promise.all(looks.flatMap((look, i) => [shop.page([look]), ...(i === 5 ? [login()] : [])]))
        await Promise.all(looks.map((look) => shop.page([look])))
        await login()
        expect(await shop.looked(`busy-user-${round}`)).toEqual(['tea-3 12'])
      }
    })

    it('whoever is erased loses his session with the rest', async () => {
      const who = { anonymousId: 'to-be-erased' }
      await shop.page([view(who, 'tea-1')])
      expect((await shop.recent(who)).items).toEqual(['tea-1'])
      expect((await habitue.ask('POST', '/v1/customers/to-be-erased/erase?kind=anonymous', {})).status).toBe(404)
      expect((await shop.recent(who)).items).toEqual([])
    })
  })
})
