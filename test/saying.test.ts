/** What may be said to a customer, and what is passed over in silence: over HTTP, as a shop's developer meets it. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { forEachRunning, type Running } from './running.ts'

const tea = Array.from({ length: 8 }, (_, i) => `tea-${i}`)
const pills = Array.from({ length: 8 }, (_, i) => `pill-${i}`)

function order(userId: string, id: string) {
  const properties = {
    order_id: `${userId} ${id}`,
    currency: 'EUR',
    products: [{ product_id: id, price: 5, quantity: 1 }],
  }
  return { type: 'track', event: 'Order Completed', messageId: `${userId} ${id}`, userId, properties }
}

const view = (userId: string, id: string) => ({
  type: 'track',
  event: 'Product Viewed',
  messageId: `${userId} saw ${id}`,
  userId,
  properties: { product_id: id },
})

/** Sixty customers who take tea and pills alike. */
async function pharmacy(habitue: Running): Promise<void> {
  const item = (category: string) => (id: string) => ({
    id,
    title: `Item ${id}`,
    categories: [category],
    price: 5,
    currency: 'EUR',
  })
  await habitue.ask('POST', '/v1/items', [...tea.map(item('Tea')), ...pills.map(item('Pharmacy'))])
  const batch = Array.from({ length: 60 }, (_, n) =>
    [...tea, ...pills].filter((_, i) => (n + i) % 4 !== 0).map((id) => order(`c${n}`, id)),
  ).flat()
  expect((await habitue.ask('POST', '/v1/import', { batch })).status).toBe(200)
}

const idsOf = (list: List) => list.map(({ id }) => id)

type List = { id: string; text: string; reason: { kind: string; because?: { id: string }[] } }[]

forEachRunning((_engine, run) => {
  it('names what a customer told by his own acts, and speaks of what he was seen doing in general terms', async () => {
    const habitue = await run()
    await pharmacy(habitue)
    await habitue.train()
    const told = [order('buyer', 'tea-1'), order('buyer', 'tea-2')]
    const seen = [view('browser', 'tea-1'), view('browser', 'tea-2')]
    expect((await habitue.ask('POST', '/v1/batch', { batch: [...told, ...seen] })).status).toBe(200)
    const ask = async (customer: string, ceiling?: string) => {
      const { body } = await habitue.ask('POST', '/v1/recommendations', {
        customer,
        placement: 'home',
        count: 4,
        ceiling,
      })
      return { ...body, list: body.placements.home.items as List }
    }
    const named = (list: List) => list.flatMap(({ reason }) => (reason.because ?? []).map(({ id }) => id))

    const buyer = await ask('buyer')
    expect([buyer.personalised, buyer.provenance]).toEqual([true, ['told']])
    expect(named(buyer.list).length).toBeGreaterThan(0)
    for (const id of named(buyer.list)) expect(['tea-1', 'tea-2']).toContain(id)

    const browser = await ask('browser')
    expect([browser.personalised, browser.provenance]).toEqual([true, ['observed']])
    expect(named(browser.list)).toEqual([])
    for (const { text } of browser.list) expect(text).not.toMatch(/tea-1|tea-2|Item/)

    const general = await ask('buyer', 'general')
    expect(general.personalised).toBe(true)
    expect(idsOf(general.list)).toEqual(idsOf(buyer.list))
    expect(named(general.list)).toEqual([])

    const anonymous = await ask('buyer', 'anonymous')
    expect([anonymous.personalised, anonymous.reason.code, anonymous.provenance]).toEqual([false, 'ceiling', []])
  })

  it('passes a sensitive category over in silence, from the very next request', async () => {
    const habitue = await run()
    await pharmacy(habitue)
    await habitue.train()
    await habitue.ask('POST', '/v1/batch', { batch: [...pills.slice(0, 4), 'tea-1'].map((id) => order('me', id)) })
    const mark = (sensitive: boolean) =>
      habitue.ask('PUT', '/v1/categories/sensitive', { categories: [{ category: 'Pharmacy', sensitive }] })
    const lists = async (more: object = {}) => {
      const placements = ['home', 'popular', 'cart', 'recent', 'new', 'trending']
      const { body } = await habitue.ask('POST', '/v1/recommendations', {
        customer: 'me',
        placements,
        count: 12,
        ...more,
      })
      return Object.values(body.placements as Record<string, { items: List }>).flatMap(({ items }) => items)
    }
    expect((await lists()).map(({ id }) => id)).toContain('pill-5')

    expect((await mark(true)).body).toEqual({ categories: ['Pharmacy'] })
    await fc.assert(
      fc.asyncProperty(fc.subarray([...tea, ...pills]), fc.constantFrom('me', 'c1', 'c2'), async (cart, customer) => {
        for (const { id, text, reason } of await lists({ cart, customer })) {
          expect(id).toMatch(/^tea/)
          expect(text).not.toMatch(/pill/)
          for (const one of reason.because ?? []) expect(one.id).toMatch(/^tea/)
        }
      }),
      { numRuns: 25, seed: 5 },
    )
    // The page of such an item may offer its like; any other may not.
    const beside = async (item: string) => {
      const { body } = await habitue.ask('POST', '/v1/recommendations', { customer: 'me', placement: 'item', item })
      return (body.placements.item.items as List).map(({ id }) => id)
    }
    expect((await beside('pill-7')).some((id) => id.startsWith('pill'))).toBe(true)
    expect((await beside('tea-7')).filter((id) => id.startsWith('pill'))).toEqual([])

    expect((await mark(false)).body).toEqual({ categories: [] })
    expect((await lists()).map(({ id }) => id)).toContain('pill-5')
  })

  it('uses what is sensitive for who agreed to it by name, and names it to nobody', async () => {
    const habitue = await run()
    await pharmacy(habitue)
    const stars = ['tea-1', 'tea-2', 'pill-1', 'pill-2'].flatMap((id, i) =>
      Array.from({ length: 30 }, (_, c) => ({
        type: 'track',
        event: 'Product Rated',
        userId: `c${c}`,
        messageId: `c${c} rated ${id}`,
        properties: { product_id: id, rating: 1 + ((c + i) % 5) },
      })),
    )
    await habitue.ask('POST', '/v1/batch', { batch: stars })
    await habitue.train()
    await habitue.ask('PUT', '/v1/categories/sensitive', { categories: [{ category: 'Pharmacy', sensitive: true }] })
    const batch = ['a', 'b', 'c', 'd', 'e'].map((n) => ({
      ...order('me', 'pill-1'),
      messageId: n,
      properties: { ...order('me', 'pill-1').properties, order_id: n },
    }))
    await habitue.ask('POST', '/v1/batch', { batch: [...batch, order('me', 'pill-2')] })
    const asked = async () => {
      const usual = (await habitue.ask('POST', '/v1/usual', { customer: 'me', slot: 'Pharmacy' })).body
      const guess = (await habitue.ask('POST', '/v1/predictions', { customer: 'me', items: ['pill-4'] })).body
      const lists = (
        await habitue.ask('POST', '/v1/recommendations', { customer: 'me', placements: ['home', 'popular'], count: 5 })
      ).body
      const memory = (await habitue.ask('GET', '/v1/customers/me/memory')).body
      const ids = (name: string) => idsOf(lists.placements[name].items).filter((id) => id.startsWith('pill'))
      const taste = memory.memory.taste
        .map(({ text }: { text: string }) => text)
        .filter((text: string) => /^(Buys|Looks)/.test(text))
      const said = [...lists.placements.popular.items, ...lists.placements.home.items].map(
        ({ text }: { text: string }) => text,
      )
      return {
        usual: usual.usual?.id ?? null,
        choices: usual.choices,
        personal: lists.personalised,
        guessed: guess.items[0].expected !== null,
        popular: ids('popular').length,
        home: ids('home').length,
        taste: taste.length,
        said: said.join(' '),
      }
    }
    const silent = { usual: null, choices: 0, personal: false, guessed: false, popular: 0, home: 0, taste: 0 }
    expect(await asked()).toMatchObject(silent)

    // Nobody can agree for him: a guess of the shop's is refused.
    const told = (value: string, more: object = {}) =>
      habitue.ask('POST', '/v1/customers/me/facts', {
        kind: 'consent',
        subject: { category: 'Pharmacy' },
        value,
        ...more,
      })
    expect((await told('granted', { provenance: 'inferred' })).body.error.code).toBe('invalid_fact')
    expect((await told('denied')).status).toBe(201)
    expect(await asked()).toMatchObject(silent)

    const agreed = await told('granted')
    expect(agreed.status).toBe(201)
    const open = await asked()
    expect(open).toMatchObject({ usual: 'pill-1', choices: 6, personal: true, guessed: true, home: 0 })
    expect(open.popular).toBeGreaterThan(0)
    expect(open.taste).toBeGreaterThan(0)
    expect(open.said).not.toMatch(/pill/)

    await habitue.ask('DELETE', `/v1/customers/me/facts/${agreed.body.id}`)
    expect(await asked()).toMatchObject(silent)
  })
})
