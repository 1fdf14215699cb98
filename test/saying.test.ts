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
})
