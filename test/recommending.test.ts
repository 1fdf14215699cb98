/** Whose memory a recommendation may use, what a shop's rules and ratings do to it, and what it says where it cannot. */
import { beforeAll, describe, expect, it } from 'vitest'
import { forEachRunning, type Running } from './running.ts'

const numbers = [1, 2, 3, 4, 5, 6]

/** Forty customers buy tea, each kind that they have in two orders; forty buy books, each once. Each lacks one or two. */
async function shop(habitue: Running): Promise<void> {
  const items = numbers.flatMap((n) => [
    { id: `tea-${n}`, title: `Tea ${n}`, categories: ['Tea'], price: n, attributes: { organic: n % 2 === 0 } },
    { id: `book-${n}`, title: `Book ${n}`, categories: ['Books'], price: 10 + n, names: [`isbn-${n}`] },
  ])
  await habitue.ask('POST', '/v1/items', items)
  const batch: object[] = []
  for (let c = 0; c < 40; c++) {
    for (const n of numbers) {
      if (c % 6 !== n - 1)
        batch.push(order(`tea-drinker-${c}`, [`tea-${n}`], n), order(`tea-drinker-${c}`, [`tea-${n}`], 50 + n))
      if (c % 6 !== n - 1) batch.push(order(`reader-${c}`, [`book-${n}`], n))
    }
  }
  expect((await habitue.ask('POST', '/v1/import', { batch })).body).toEqual({ success: true })
}

let made = 0
function order(userId: string, ids: string[], day: number) {
  const properties = { order_id: `o${++made}`, products: ids.map((id) => ({ product_id: id, price: 5, quantity: 1 })) }
  const timestamp = new Date(Date.UTC(2026, 0, 1) + day * 86_400_000).toISOString()
  return { type: 'track', event: 'Order Completed', messageId: `order-${made}`, userId, timestamp, properties }
}

const view = (who: object, id: string) => ({ event: 'Product Viewed', ...who, properties: { product_id: id } })
const idsOf = (list: { items: { id: string }[] }) => list.items.map(({ id }) => id)

forEachRunning((_engine, run) => {
  describe('in a shop that was trained', () => {
    let habitue: Running
    beforeAll(async () => {
      habitue = await run()
      await shop(habitue)
      await habitue.train()
    })
    const ask = async (placement: string, more: object = {}, key?: string) =>
      (await habitue.ask('POST', '/v1/recommendations', { placement, count: 12, ...more }, key)).body.placements[
        placement
      ]
    const track = async (event: object) => {
      expect((await habitue.ask('POST', '/v1/track', event)).body).toEqual({ success: true })
    }

    it('shows again what its customers buy again, and not what they buy once', async () => {
      expect(idsOf(await ask('home', { customer: 'tea-drinker-0' }))).toEqual(
        expect.arrayContaining(['tea-1', 'tea-2']),
      )
      const reader = idsOf(await ask('home', { customer: 'reader-0' }))
      expect(reader.filter((id) => id.startsWith('book'))).toEqual(['book-1'])
    })

    it('filters by category, attribute and price', async () => {
      const customer = 'tea-drinker-0'
      const books = idsOf(await ask('home', { customer, filters: { categories: ['Books'] } }))
      expect(books.toSorted()).toEqual(numbers.map((n) => `book-${n}`))
      const organic = idsOf(await ask('popular', { filters: { attributes: { organic: true } } }))
      expect(organic.toSorted()).toEqual(['tea-2', 'tea-4', 'tea-6'])
      const cheap = idsOf(await ask('new', { filters: { price: { min: 2, max: 3 } } }))
      expect(cheap.toSorted()).toEqual(['tea-2', 'tea-3'])
      expect(idsOf(await ask('home', { customer, filters: { categories: ['Cars'] } }))).toEqual([])
    })

    it('ranks exactly the items given, owned ones too, and names those that it does not know', async () => {
      const items = ['book-2', 'nothing', 'tea-3', 'book-1', 'book-2']
      const given = await ask('items', { customer: 'reader-0', items, count: undefined })
      expect(idsOf(given)).toHaveLength(3)
      expect(new Set(idsOf(given))).toEqual(new Set(['book-2', 'book-1', 'tea-3']))
      expect(idsOf(given)[2]).toBe('tea-3')
      expect(given.note).toBe('not in the catalogue: "nothing"')
      await track({ event: 'Product Refused', userId: 'choosy', properties: { product_id: 'book-2' } })
      expect(idsOf(await ask('items', { customer: 'choosy', items })).toSorted()).toEqual(['book-1', 'tea-3'])
    })

    it('never gives what was refused as a reason, and keeps it out of every list', async () => {
      const customer = 'dislikes-tea-1'
      await track(view({ userId: customer }, 'tea-1'))
      await track(view({ userId: customer }, 'tea-2'))
      await track({ event: 'Product Refused', userId: customer, properties: { product_id: 'tea-1' } })
      for (const placement of ['home', 'popular', 'recent', 'new'])
        expect(idsOf(await ask(placement, { customer }))).not.toContain('tea-1')
      const more = { customer, item: 'tea-2', cart: ['tea-2'] }
      for (const placement of ['item', 'cart', 'unavailable'])
        expect(idsOf(await ask(placement, more))).not.toContain('tea-1')
      expect(idsOf(await ask('recent', { customer }))).toEqual(['tea-2'])
      expect(JSON.stringify(await ask('home', { customer }))).not.toContain('"tea-1"')
    })

    it('knows a customer by what he did before he was known, until the merge is undone', async () => {
      const known = { userId: 'came-back' }
      const visitor = { anonymousId: 'laptop' }
      await track(view(visitor, 'book-4'))
      await track(view(known, 'tea-5'))
      const recent = async () => idsOf(await ask('recent', { customer: 'came-back' })).toSorted()
      expect(await recent()).toEqual(['tea-5'])
      await habitue.ask('POST', '/v1/identify', { ...known, ...visitor })
      expect(await recent()).toEqual(['book-4', 'tea-5'])
      const home = await ask('home', { customer: 'came-back' })
      expect(idsOf(home)).toEqual(expect.arrayContaining(['book-1', 'tea-1']))

      // A page that says nothing but the visitor's id learns nothing of the customer behind it; a server does.
      const page = await habitue.key('publishable', ['https://shop.example'])
      const alone = await ask('recent', visitor, page)
      expect(idsOf(alone)).toEqual(['book-4'])
      expect(JSON.stringify(await ask('home', visitor, page))).not.toContain('"because":[{"id":"tea')
      expect(idsOf(await ask('recent', visitor)).toSorted()).toEqual(['book-4', 'tea-5'])

      const { merges } = (await habitue.ask('GET', '/v1/customers/came-back/merges')).body
      expect((await habitue.ask('POST', `/v1/merges/${merges[0].id}/undo`)).status).toBeLessThan(300)
      expect(await recent()).toEqual(['tea-5'])
    })

    it('attributes an order to what the customer was shown before he was known', async () => {
      const page = await habitue.key('publishable', ['https://shop.example'])
      const visitor = { anonymousId: 'phone' }
      await track(view(visitor, 'book-3'))
      expect(idsOf(await ask('home', visitor, page))).toContain('book-5')
      await new Promise((resolve) => setTimeout(resolve, 1000))
      await habitue.ask('POST', '/v1/identify', { userId: 'signed-up', ...visitor })
      await track({ ...order('signed-up', ['book-5'], 0), timestamp: undefined })
      const { decisions } = (await habitue.ask('GET', '/v1/customers/signed-up/decisions')).body
      expect(decisions[0].outcomes).toEqual([expect.objectContaining({ item: 'book-5', kind: 'order' })])
    })

    it('sees what is in demand now, under whatever name, what is new, and what was looked at', async () => {
      for (let n = 0; n < 12; n++) await track(view({ anonymousId: `crowd-${n}` }, 'isbn-6'))
      let trending: string[] = []
      for (let i = 0; i < 100 && trending[0] !== 'book-6'; i++) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        trending = idsOf(await ask('trending'))
      }
      expect(trending[0]).toBe('book-6')
      await habitue.ask('PUT', '/v1/items/tea-new', { title: 'Fresh', categories: ['Tea'], price: 4 })
      expect(idsOf(await ask('new'))[0]).toBe('tea-new')
      await track(view({ anonymousId: 'crowd-1' }, 'tea-3'))
      expect(idsOf(await ask('recent', { anonymousId: 'crowd-1' }))).toEqual(['tea-3', 'book-6'])
      // No model knows it yet: its shelf does.
      const { items, note } = await ask('item', { item: 'tea-new', count: 2 })
      expect(items.map(({ id }: { id: string }) => id).toSorted()).toEqual(['tea-4', 'tea-5'])
      expect(note).toContain('do not know')
      await habitue.ask('DELETE', '/v1/items/tea-new')
    })

    it('pins nothing into a list that it does not belong to', async () => {
      const rule = { kind: 'pin', items: ['tea-1'], position: 1 }
      await habitue.ask('PUT', '/v1/rules/everywhere', rule)
      expect(idsOf(await ask('home', { customer: 'reader-1' }))[0]).toBe('tea-1')
      expect(idsOf(await ask('item', { item: 'tea-1' }))).not.toContain('tea-1')
      expect(idsOf(await ask('cart', { cart: ['tea-1', 'tea-2'] }))).not.toContain('tea-1')
      expect(idsOf(await ask('items', { items: ['tea-2'] }))).toEqual(['tea-2'])
      await habitue.ask('DELETE', '/v1/rules/everywhere')
    })

    it('withholds what is rated: by the item, else by its category, and says how many', async () => {
      const rate = (audience: string | null) =>
        habitue.ask('PUT', '/v1/categories/audiences', { audiences: [{ category: 'Tea', audience }] })
      expect((await rate('adult')).body).toEqual({ audiences: [{ category: 'Tea', audience: 'adult' }] })
      await habitue.ask('PATCH', '/v1/items/tea-2', { audience: 'all' })
      await habitue.ask('PATCH', '/v1/items/book-2', { audience: '16' })
      const items = ['tea-1', 'tea-2', 'book-1', 'book-2']
      const given = await ask('items', { items })
      expect(idsOf(given).toSorted()).toEqual(['book-1', 'tea-2'])
      expect(given.note).toBe('2 withheld by their audience rating')
      await rate(null)
      await habitue.ask('PATCH', '/v1/items/book-2', { audience: null })
      expect(idsOf(await ask('items', { items }))).toHaveLength(4)
      expect(
        (await habitue.ask('PUT', '/v1/categories/audiences', { audiences: [{ category: 'Tea', audience: 'x' }] }))
          .status,
      ).toBe(400)
    })

    it('serves the old model when a training is cancelled, and none when nobody may be learned from any longer, and shows it', async () => {
      await habitue.ask('POST', '/v1/training')
      await habitue.ask('DELETE', '/v1/training')
      const state = async (of: Running) => {
        while ((await of.engine.training.status()).running) await new Promise((resolve) => setTimeout(resolve, 20))
        return (await of.engine.training.status()).last
      }
      expect((await state(habitue))?.state).toBe('cancelled')
      expect(habitue.engine.counters().trainingsFailed).toBe(0)
      const { dataFile, databaseUrl } = habitue.config
      await habitue.stop()

      const none = {
        service: 'none',
        personalisation: 'none',
        marketing: 'none',
        training: 'none',
        research: 'none',
      } as const
      const without = await run({ dataFile, databaseUrl, legalBasis: null, consent: { bases: none } })
      const error = { code: 'consent_refused' }
      await without.ask('POST', '/v1/training')
      expect(await state(without)).toMatchObject({ state: 'failed', report: { error } })
      expect(without.engine.counters().trainingsFailed).toBe(1)
      const { findings } = (await without.engine.doctor()) as { findings: { what: string }[] }
      expect(JSON.stringify(findings)).toContain('The last training failed: No legal basis')
      const { body } = await without.ask('POST', '/v1/recommendations', { customer: 'reader-0', placement: 'home' })
      expect(body).toMatchObject({ personalised: false, model: { version: 0 } })
      expect(body.placements.home.items.length).toBeGreaterThan(0)
      const { models } = (await without.ask('GET', '/v1/models')).body
      expect(
        models.find(({ version, name }: { version: number; name: string }) => version === 1 && name === 'shop'),
      ).toMatchObject({
        ...{ state: 'withdrawn', serving: false, bytes: 0 },
        report: { error },
      })
    })
  })

  it('finds enough items behind a hundred variants of one, on every page, with pins in their places', async () => {
    const habitue = await run({ defaultAudience: '16' })
    const rated = { audience: 'all' }
    const variants = Array.from({ length: 100 }, (_, n) => ({
      id: `shirt-${n}`,
      title: 'Shirt',
      group: 'shirt',
      ...rated,
    }))
    const others = numbers.map((n) => ({ id: `hat-${n}`, title: `Hat ${n}`, ...rated }))
    await habitue.ask('POST', '/v1/items', [...others, { id: 'unrated', title: 'Unrated' }, ...variants])
    const pages = async () => {
      const all: string[][] = []
      for (let after: string | undefined; all.length < 10; ) {
        const request = { placement: 'new', count: 3, after }
        const list = (await habitue.ask('POST', '/v1/recommendations', request)).body.placements.new
        all.push(idsOf(list))
        if (!list.next) return all
        after = list.next
      }
      return all
    }
    expect(await pages()).toEqual([['shirt-99', 'hat-6', 'hat-5'], ['hat-4', 'hat-3', 'hat-2'], ['hat-1']])
    await habitue.ask('PUT', '/v1/rules/fifth', { kind: 'pin', items: ['shirt-7'], position: 5 })
    expect(await pages()).toEqual([['hat-6', 'hat-5', 'hat-4'], ['hat-3', 'shirt-7', 'hat-2'], ['hat-1']])
    await habitue.ask('PUT', '/v1/rules/lift', { kind: 'boost', items: ['hat-1'], factor: 100 })
    expect((await pages())[0][0]).toBe('hat-1')
  })
})
