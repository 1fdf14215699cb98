import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Config, defaultConfig } from '../config.ts'
import { policyOf } from '../consent/policy.ts'
import type { Tx } from '../db/database.ts'
import { forEachEngine, type TestDatabase } from '../db/testing.ts'
import { sendTo, track } from '../events/testing.ts'
import { createHandlers } from '../handlers.ts'
import { mergesOf } from '../identity/merges.ts'
import { resolve } from '../identity/store.ts'
import { type SimulatedWorld, simulatedWorld } from '../world.ts'
import { preview } from './preview.ts'
import { type SegmentChange, type SettleAnswer, startSweep } from './settle.ts'
import { history, memberPage, segmentNamed, sizes } from './store.ts'
import { Surveyor } from './survey.ts'
import { segmentHandlers } from './write.ts'

const day = 86_400_000
const start = Date.UTC(2026, 0, 5, 12)

forEachEngine((engine, open) => {
  let db: TestDatabase
  let world: SimulatedWorld
  let told: SegmentChange[]
  let config: Config
  let surveyor: Surveyor
  let trouble: Error | null

  const handlersOf = (config: Config) => {
    const hook = async (_: unknown, list: readonly SegmentChange[]) => {
      if (trouble) throw trouble
      told.push(...list)
    }
    const handlers = segmentHandlers({ policy: policyOf(config), currency: config.currency, hooks: [hook] })
    return { ...handlers, 'test.sweep': (tx: Tx) => startSweep(tx, true) }
  }
  const begin = async (changes: Partial<Config> = {}) => {
    world = simulatedWorld(5, start)
    told = []
    trouble = null
    config = { ...defaultConfig, legalBasis: 'legitimate-interest', ...changes }
    db = await open({ ...createHandlers(config, world), ...handlersOf(config) }, { world })
    surveyor = new Surveyor({ db, policy: policyOf(config), currency: config.currency })
    await settle()
  }
  beforeEach(() => begin())

  /** Does all that is due now, the daily comparison included; when the next is due. */
  const settle = async (): Promise<number> => {
    let survey = await surveyor.step(world.now(), 2)
    while (survey.next <= world.now()) survey = await surveyor.step(world.now(), 2)
    for (;;) {
      const { next } = await db.write<SettleAnswer>('segments.settle', { now: world.now(), limit: 3 })
      if (next === null || next > world.now()) return Math.min(next ?? Infinity, survey.next)
    }
  }
  /** Lives through `days`, waking only when something is due. */
  const live = async (days: number) => {
    const end = world.now() + days * day
    for (let next = await settle(); next <= end; next = await settle()) world.advance(Math.max(1, next - world.now()))
    world.advance(end - world.now())
    await settle()
  }
  let n = 0
  const order = (userId: string, total: number, more: object = {}) =>
    track(
      'Order Completed',
      { userId },
      {
        ...{ order_id: `o${n++}`, total, currency: 'EUR' },
        products: [{ product_id: 'tea', price: total, quantity: 1 }],
        ...more,
      },
    )
  const send = async (...messages: object[]) => {
    const now = world.now()
    const answer = await sendTo(
      db,
      messages.map((one) => ({ timestamp: new Date(now).toISOString(), ...one })),
      { received: now },
    )
    // What was refused for want of consent may be: some tests send it.
    expect(answer.refused.filter(({ code }) => code !== 'consent_refused')).toEqual([])
  }
  const put = async (name: string, condition: string) => {
    const definition = { name, title: '', description: '', condition }
    await db.write('segments.put', { definition, now: world.now() })
    await settle()
  }
  const membersOf = async (name: string) => {
    const query = { policy: policyOf(config), now: world.now(), limit: 100 }
    const { members } = await memberPage(db, await segmentNamed(db, name), query)
    return members.map(({ who }) => who.value).sort()
  }

  describe('segments', () => {
    it('are entered on the event, and told in the transaction of the change', async () => {
      await put('big', "orders.sum('total') > 2500")
      await send(order('ada', 2000), order('bob', 3000))
      await settle()
      expect(await membersOf('big')).toEqual(['bob'])
      expect(await membersOf('new')).toEqual(['ada', 'bob'])
      await send(order('ada', 501))
      told.length = 0
      await settle()
      expect(await membersOf('big')).toEqual(['ada', 'bob'])
      expect(told.filter(({ segment }) => segment === 'big')).toMatchObject([
        { segment: 'big', entered: true, time: world.now(), live: true },
      ])
    })

    it('"no order for 90 days" is entered at its minute, by the runner, and left with the next order', async () => {
      await put('quiet', "olderThan(customer.lastOrder, '90d')")
      await send(order('ada', 20))
      await settle()
      await live(89.99)
      expect(await membersOf('quiet')).toEqual([])
      await live(2)
      expect(told.find(({ segment }) => segment === 'quiet')).toMatchObject({ entered: true, time: start + 90 * day })
      expect(await membersOf('quiet')).toEqual(['ada'])
      await send(order('ada', 30))
      await settle()
      expect(await membersOf('quiet')).toEqual([])
      const quiet = await history(db, 'quiet', 0, world.now())
      expect(quiet.at(-1)).toMatchObject({ size: 0, left: 1 })
      expect(quiet.map(({ size }) => size)).toContain(1)
    })

    it('a new definition looks at everybody who is there already, and triggers nothing', async () => {
      await send(...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((user) => order(user, 100)), order('h', 10))
      await settle()
      told.length = 0
      await put('hundred', 'orders.exists(o, o.total >= 100)')
      expect(await membersOf('hundred')).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
      expect(told.length).toBe(7)
      expect(told.every(({ live }) => !live)).toBe(true)
      await put('hundred', 'orders.exists(o, o.total < 100)')
      expect(await membersOf('hundred')).toEqual(['h'])
      expect(await db.write('segments.remove', { name: 'hundred' })).toBe(true)
      expect((await sizes(db)).has('hundred')).toBe(false)
    })

    it('what an import brings triggers nothing', async () => {
      await put('old', 'customer.orders > 0')
      await sendTo(db, [{ ...order('ada', 20), timestamp: '2020-01-01T00:00:00Z' }], {
        historical: true,
        received: world.now(),
      })
      await settle()
      expect(await membersOf('old')).toEqual(['ada'])
      expect(told.map(({ live }) => live)).not.toContain(true)
    })

    it('see traits, carts, counted events and who is new only where a definition asks', async () => {
      await send({ ...track('Product Viewed', { userId: 'eve' }, { product_id: 'tea' }) })
      expect((await db.k.selectFrom('segment_due').selectAll().execute()).length).toBe(0)
      await put('viewers', "events.named('Product Viewed').within('7d').count() >= 2")
      await put('swiss', "customer.traits.country == 'CH'")
      await put('full', 'cart.total >= 40')
      await put('anybody', 'customer.orders == 0')
      await db
        .write('catalog.upsert', { items: [{ id: 'tea', price: 20, currency: 'EUR' }], mode: 'merge' })
        .catch(() => {})
      await send(track('Product Viewed', { userId: 'eve' }, { product_id: 'tea' }), {
        type: 'identify',
        messageId: 'i1',
        userId: 'zoe',
        traits: { country: 'CH' },
      })
      await settle()
      expect(await membersOf('viewers')).toEqual(['eve'])
      expect(await membersOf('swiss')).toEqual(['zoe'])
      expect(await membersOf('anybody')).toEqual(['eve', 'zoe'])
      await live(7.1)
      expect(await membersOf('viewers')).toEqual([])
    })

    it('follow a merge and its undoing', async () => {
      await put('twice', 'customer.orders >= 2')
      await send({ ...order('x', 10), userId: undefined, anonymousId: 'browser' }, { ...order('ada', 10) })
      await settle()
      expect(await membersOf('twice')).toEqual([])
      await send({ type: 'identify', messageId: 'join', userId: 'ada', anonymousId: 'browser', traits: {} })
      await settle()
      expect(await membersOf('twice')).toEqual(['ada'])
      const ada = await resolve(db, { kind: 'user', value: 'ada' })
      const [merge] = await mergesOf(db, ada as never)
      world.advance(1000)
      await db.write('identity.undoMerge', { id: merge.id, now: world.now() })
      await settle()
      expect(await membersOf('twice')).toEqual([])
    })

    it('where agreement is needed, are entered with it and left without it', async () => {
      await begin({ legalBasis: null, consent: { ...defaultConfig.consent, policy: 'eu-strict' } })
      await put('buyers', 'customer.orders > 0')
      await send(order('ada', 10))
      await settle()
      expect(await membersOf('buyers')).toEqual([])
      const answer = (event: string) => track(event, { userId: 'ada' }, { purpose: 'personalisation' })
      world.advance(1000)
      await send(answer('Consent Given'))
      world.advance(1000)
      await send(order('ada', 20))
      await settle()
      expect(await membersOf('buyers')).toEqual(['ada'])
      world.advance(1000)
      await send(answer('Consent Withdrawn'))
      expect(await membersOf('buyers')).toEqual([])
    })

    it('are not changed where what they trigger cannot be written, and nobody is forgotten', async () => {
      await put('buyers', 'customer.orders > 0')
      await send(order('ada', 10))
      trouble = new Error('the hook failed')
      await expect(settle()).rejects.toThrow('the hook failed')
      expect(await membersOf('buyers')).toEqual([])
      trouble = null
      await settle()
      expect(await membersOf('buyers')).toEqual(['ada'])
    })

    it('profile nobody who refused, no minor, and nobody who was erased', async () => {
      await put('buyers', 'customer.orders > 0')
      await send(order('ada', 10), order('bob', 10), order('kid', 10))
      await settle()
      expect(await membersOf('buyers')).toEqual(['ada', 'bob', 'kid'])
      await send(track('Consent Withdrawn', { userId: 'ada' }, { purpose: 'personalisation' }), {
        type: 'identify',
        messageId: 'kid',
        userId: 'kid',
        traits: { birthday: '2016-01-01' },
      })
      expect(await membersOf('buyers')).toEqual(['bob'])
      await settle()
      expect(await membersOf('buyers')).toEqual(['bob'])
      await send(track('Complaint Received', { userId: 'ada' }, { text: 'broken' }))
      await settle()
      // Service rests on a basis of its own: whoever serves her must know.
      expect(await membersOf('open-complaint')).toEqual(['ada'])
      await db.write('consent.erase', {
        ...{
          id: 'e1',
          time: world.now(),
          actor: 'test',
          notices: [],
          who: [{ kind: 'user', value: 'bob' }],
          refuse: false,
          again: false,
        },
      })
      expect(await membersOf('buyers')).toEqual([])
    })
  })

  it('looking at who is due finds what looking at everybody finds', { timeout: 60_000 }, async () => {
    const users = ['a', 'b', 'c', 'd', 'e']
    const who = fc.constantFrom(...users)
    const act = fc.oneof(
      fc.record({ act: fc.constant('order' as const), who, total: fc.integer({ min: 1, max: 300 }) }),
      fc.record({ act: fc.constant('back' as const), who }),
      fc.record({ act: fc.constant('view' as const), who }),
      fc.record({ act: fc.constant('trait' as const), who, vip: fc.boolean() }),
      fc.record({ act: fc.constant('join' as const), who }),
      fc.record({ act: fc.constant('complain' as const), who }),
      fc.record({ act: fc.constant('refuse' as const), who }),
      fc.record({ act: fc.constant('wait' as const), days: fc.integer({ min: 0, max: 40 }) }),
      fc.record({ act: fc.constant('settle' as const) }),
    )
    const conditions = {
      spender: "orders.within('60d').sum('total') > 200 || customer.traits.vip == true",
      viewer: "events.named('Product Viewed').within('10d').count() >= 2 && customer.orders == 0",
      sleeper: "olderThan(customer.lastOrder, '45d') && !customer.openComplaint",
      young: 'daysSince(customer.since) < 20 && customer.known',
    }
    const play = async (acts: readonly (typeof act extends fc.Arbitrary<infer A> ? A : never)[]) => {
      await begin()
      for (const [name, condition] of Object.entries(conditions)) await put(name, condition)
      const last = new Map<string, string>()
      let m = 0
      for (const one of acts) {
        if (one.act === 'wait') await live(one.days)
        else if (one.act === 'settle') await settle()
        else {
          const user = { userId: one.who }
          const visitor = { userId: undefined, anonymousId: `visitor-${one.who}` }
          if (one.act === 'order') {
            const order_id = `p${m++}`
            last.set(one.who, order_id)
            await send({ ...order(one.who, one.total, { order_id }), ...(m % 3 === 0 ? visitor : {}) })
          } else if (one.act === 'back' && last.has(one.who))
            await send(track('Order Refunded', user, { order_id: last.get(one.who) }))
          else if (one.act === 'view')
            await send(track('Product Viewed', m++ % 2 === 0 ? visitor : user, { product_id: 'tea' }))
          else if (one.act === 'trait')
            await send({ type: 'identify', messageId: `t${m++}`, ...user, traits: { vip: one.vip } })
          else if (one.act === 'join')
            await send({
              type: 'identify',
              messageId: `j${m++}`,
              ...user,
              anonymousId: `visitor-${one.who}`,
              traits: {},
            })
          else if (one.act === 'complain') await send(track('Complaint Received', user, { text: 'late' }))
          else if (one.act === 'refuse') await send(track('Consent Withdrawn', user, { purpose: 'personalisation' }))
        }
      }
      await settle()
      const members = () => db.k.selectFrom('segment_members').select(['segment', 'identifier', 'since']).execute()
      const before = await members()
      told.length = 0
      // Everybody, by the comparison that stands.
      await db.write('test.sweep', {})
      await settle()
      expect(told).toEqual([])
      expect(await members()).toEqual(before)
    }
    await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 3, maxLength: 14 }), play), {
      seed: 11,
      numRuns: engine === 'sqlite' ? 15 : 2,
    })
  })

  it('two processes settle beside events that come in, and nobody is forgotten or told twice', async () => {
    await put('several', 'customer.orders >= 2')
    const other = await open({ ...createHandlers(config, world), ...handlersOf(config) }, { world, config: db.config })
    const users = Array.from({ length: 15 }, (_, i) => `u${i}`)
    let coming = true
    const arrive = async () => {
      for (let round = 0; round < 3; round++)
        for (let i = 0; i < users.length; i += 5) await send(...users.slice(i, i + 5).map((user) => order(user, 10)))
      coming = false
    }
    const runner = async (database: TestDatabase) => {
      for (let idle = false; coming || !idle; ) {
        const { done } = await database.write<SettleAnswer>('segments.settle', { now: world.now(), limit: 4 })
        idle = done === 0
      }
    }
    await Promise.all([arrive(), runner(db), runner(engine === 'postgres' ? other : db)])
    await settle()
    expect(await membersOf('several')).toEqual(users.toSorted())
    const entered = told.filter(({ segment }) => segment === 'several').map(({ customer }) => customer)
    expect(entered.length).toBe(users.length)
    expect(new Set(entered).size).toBe(users.length)
  })

  describe('what is built in', () => {
    it('new, second order due and lapsed follow each other by the rhythm of the shop', async () => {
      // Thirty others teach the shop's rhythm: an order every 20 days.
      for (let round = 0; round < 3; round++) {
        await send(...Array.from({ length: 12 }, (_, i) => order(`other${i}`, 10)))
        await live(20)
      }
      await send(order('ada', 10))
      const ordered = world.now()
      told.length = 0
      await live(100)
      const own = (await resolve(db, { kind: 'user', value: 'ada' }))?.customer
      const story = told
        .filter(({ customer }) => customer === own)
        .map((change) => ({
          ...{ segment: change.segment, entered: change.entered, after: (change.time - ordered) / day },
        }))
      expect(story.filter(({ segment }) => segment === 'new')).toEqual([
        { segment: 'new', entered: true, after: 0 },
        { segment: 'new', entered: false, after: 30 },
      ])
      expect(story.filter(({ segment }) => segment === 'second-order-due')).toEqual([
        { segment: 'second-order-due', entered: true, after: 20 },
        { segment: 'second-order-due', entered: false, after: 40 },
      ])
      expect(story.filter(({ segment }) => segment === 'lapsed')).toEqual([
        { segment: 'lapsed', entered: true, after: 40 },
      ])
    })

    it("lapsed goes by the customer's own rhythm from three orders on", async () => {
      for (let i = 0; i < 3; i++) {
        await send(order('weekly', 10))
        await live(7)
      }
      expect(await membersOf('lapsed')).toEqual([])
      await live(7.5)
      expect(await membersOf('lapsed')).toEqual(['weekly'])
    })

    it('the best tenth is compared each day, after returns, and ends a year after the orders that made it', async () => {
      await send(...Array.from({ length: 20 }, (_, i) => order(`c${String(i).padStart(2, '0')}`, 100 + i)))
      await live(1.1)
      expect(await membersOf('best-tenth')).toEqual(['c18', 'c19'])
      const id = `o${n - 1}`
      await send(track('Order Refunded', { userId: 'c19' }, { order_id: id, total: 119, currency: 'EUR' }))
      await send(order('c03', 500))
      await live(1.1)
      expect(await membersOf('best-tenth')).toEqual(['c03', 'c18'])
      // A year of daily comparisons; on one engine is enough.
      if (engine === 'postgres') return
      await live(370)
      expect(await membersOf('best-tenth')).toEqual([])
    })

    it('many returns', async () => {
      const products = [{ product_id: 'shoe', price: 10, quantity: 5 }]
      await send(order('ada', 50, { order_id: 'ret', products }), order('bob', 50, { order_id: 'kept', products }))
      await send(track('Product Returned', { userId: 'ada' }, { order_id: 'ret', product_id: 'shoe', quantity: 3 }))
      await settle()
      expect(await membersOf('many-returns')).toEqual(['ada'])
    })
  })

  it('a preview counts, gives examples, and says whom it may not look at', async () => {
    await send(order('ada', 10), order('bob', 3000), order('cid', 4000))
    await send(track('Consent Withdrawn', { userId: 'cid' }, { purpose: 'personalisation' }))
    const needs = { policy: policyOf(config), currency: config.currency, now: world.now() }
    const seen = await preview(db, "orders.sum('total') > 2500", needs)
    expect(seen).toMatchObject({ count: 1, customers: 3, withheld: 1, exact: true })
    expect(seen.examples.map(({ who }) => who.value)).toEqual(['bob'])
    await expect(preview(db, 'order.total > 1', needs)).rejects.toMatchObject({ code: 'invalid_condition' })
    const few = await preview(db, 'customer.orders > 0', { ...needs, most: 2 })
    expect(few.exact).toBe(false)
  })

  it('definitions are checked', async () => {
    const definition = { name: 'x', title: '', description: '', condition: 'customer.orders > 0' }
    const refused = (changes: object) =>
      db.write('segments.put', { definition: { ...definition, ...changes }, now: 0 }).then(
        () => null,
        (error) => error.code,
      )
    expect(await refused({ name: 'Two Words' })).toBe('invalid_segment')
    expect(await refused({ name: 'lapsed' })).toBe('conflict')
    expect(await refused({ condition: "'lapsed' in customer.segments" })).toBe('invalid_segment')
    expect(await refused({ condition: 'customer.orders' })).toBe('invalid_condition')
    // Levels are of those built in: who defines their own is not told when they change.
    expect(await refused({ condition: 'params.buyers > 10' })).toBe('invalid_condition')
    expect(await refused({})).toBe(null)
  })
})
