/** Recommendations as a shop's developer meets them: over HTTP, on a small shop whose right answers are obvious. */
import { expect, it } from 'vitest'
import { forEachRunning, type Running } from './running.ts'

const tea = ['tea-1', 'tea-2', 'tea-3', 'tea-4', 'tea-5', 'tea-6']
const tools = ['saw-1', 'saw-2', 'saw-3', 'saw-4', 'saw-5', 'saw-6']

/** Forty customers drink tea, forty use tools; each has all but a few of his kind. */
async function twoTastes(habitue: Running): Promise<void> {
  const item = (id: string, i: number) => ({
    id,
    title: `Item ${id}`,
    categories: [id.startsWith('tea') ? 'tea' : 'tools'],
    price: 10 + i,
    currency: 'EUR',
  })
  const answer = await habitue.ask('POST', '/v1/items', [...tea.map(item), ...tools.map(item)])
  expect(answer.body).toEqual({ accepted: 12, refused: [] })
  const batch: object[] = []
  for (let n = 0; n < 80; n++) {
    const shelf = n % 2 === 0 ? tea : tools
    shelf.forEach((id, i) => {
      if ((n >> 1) % 6 !== i) batch.push(order(`c${n}`, `o${n}-${i}`, [id], n * 10 + i))
    })
  }
  expect((await habitue.ask('POST', '/v1/import', { batch })).body).toEqual({ success: true })
}

function order(userId: string, orderId: string, ids: string[], minute: number, line: object = {}) {
  const products = ids.map((id) => ({ product_id: id, price: 10, quantity: 1, ...line }))
  return {
    type: 'track',
    event: 'Order Completed',
    messageId: `m-${orderId}`,
    userId,
    timestamp: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
    properties: { order_id: orderId, currency: 'EUR', products },
  }
}

function view(userId: string, id: string, messageId: string, more: object = {}) {
  return { event: 'Product Viewed', userId, messageId, properties: { product_id: id, ...more } }
}

const idsOf = (list: { items: { id: string }[] }) => list.items.map((item) => item.id)

forEachRunning((_engine, run) => {
  it('recommends by taste, with the reason, and at once by the last event', async () => {
    const habitue = await run()
    await twoTastes(habitue)
    await habitue.train()
    const home = { customer: 'c0', placement: 'home', count: 3 }

    const first = await habitue.ask('POST', '/v1/recommendations', home)
    expect(first.status).toBe(200)
    expect(first.body.personalised).toBe(true)
    // The one tea that he does not have; teas that he has are not bought again in this shop.
    expect(idsOf(first.body.placements.home)[0]).toBe('tea-1')
    const { reason, text } = first.body.placements.home.items[0]
    expect(reason.kind).toBe('because')
    expect(reason.because.every((one: { id: string }) => tea.includes(one.id))).toBe(true)
    expect(text).toContain('Item tea-')

    const stranger = { anonymousId: 'visitor-1', placement: 'home', count: 3 }
    expect((await habitue.ask('POST', '/v1/recommendations', stranger)).body.personalised).toBe(false)
    const look = { ...view('', 'saw-2', 'v1'), userId: undefined, anonymousId: 'visitor-1' }
    expect((await habitue.ask('POST', '/v1/track', look)).body.success).toBe(true)
    const after = await habitue.ask('POST', '/v1/recommendations', stranger)
    expect(after.body.personalised).toBe(true)
    expect(tools).toContain(idsOf(after.body.placements.home).find((id) => id !== 'saw-2'))
  })

  it('never shows what is out of stock, hidden, expired, refused, excluded or bought, from the very next request', async () => {
    const habitue = await run()
    await twoTastes(habitue)
    await habitue.train()
    const ask = async (more: object = {}) => {
      const request = { customer: 'c0', placement: 'home', count: 12, ...more }
      return idsOf((await habitue.ask('POST', '/v1/recommendations', request)).body.placements.home)
    }
    const all = await ask()
    expect(all).toContain('tea-1')
    expect(all.filter((id) => id.startsWith('tea'))).toEqual(['tea-1'])

    await habitue.ask('PATCH', '/v1/items/tea-1', { stock: 0 })
    expect(await ask()).not.toContain('tea-1')
    await habitue.ask('PATCH', '/v1/items/tea-1', { stock: 3 })
    expect(await ask()).toContain('tea-1')
    await habitue.ask('PATCH', '/v1/items/saw-1', { hidden: true })
    await habitue.ask('PATCH', '/v1/items/saw-2', { availableUntil: '2020-01-01T00:00:00Z' })
    await habitue.ask('POST', '/v1/track', { ...view('c0', 'saw-3', 'r1'), event: 'Product Refused' })
    const left = await ask({ exclude: ['saw-4'] })
    for (const gone of ['saw-1', 'saw-2', 'saw-3', 'saw-4']) expect(left).not.toContain(gone)
    expect(left).toContain('saw-5')
  })

  it('shows no item twice in one answer, nor on a later page', async () => {
    const habitue = await run()
    await twoTastes(habitue)
    await habitue.train()
    const several = await habitue.ask('POST', '/v1/recommendations', {
      customer: 'c0',
      placements: [
        { name: 'home', count: 3 },
        { name: 'popular', count: 3 },
        { name: 'new', count: 3 },
      ],
    })
    const shown = Object.values(several.body.placements as Record<string, { items: { id: string }[] }>).flatMap(idsOf)
    expect(new Set(shown).size).toBe(shown.length)

    const seen: string[] = []
    let after: string | undefined
    for (let page = 0; page < 10; page++) {
      const request = { anonymousId: 'nobody', placement: 'popular', count: 5, after }
      const { popular } = (await habitue.ask('POST', '/v1/recommendations', request)).body.placements
      seen.push(...idsOf(popular))
      after = popular.next
      if (!after) break
    }
    expect(seen.length).toBe(12)
    expect(new Set(seen).size).toBe(12)
  })

  it('finds what goes with an item, what goes with a cart, and what is nearest in its stead', async () => {
    const habitue = await run()
    await twoTastes(habitue)
    await habitue.train()
    const ask = async (body: object) => (await habitue.ask('POST', '/v1/recommendations', body)).body.placements
    const { item } = await ask({ placement: 'item', item: 'tea-3', count: 4 })
    expect(idsOf(item).every((id) => tea.includes(id) && id !== 'tea-3')).toBe(true)
    expect(['together', 'similar']).toContain(item.items[0].reason.kind)
    const { cart } = await ask({ placement: 'cart', cart: ['saw-1', 'saw-2'], count: 4 })
    expect(idsOf(cart).every((id) => ['saw-3', 'saw-4', 'saw-5', 'saw-6'].includes(id))).toBe(true)
    await habitue.ask('PATCH', '/v1/items/tea-3', { stock: 0 })
    const { unavailable } = await ask({ placement: 'unavailable', item: 'tea-3', count: 2 })
    expect(new Set(idsOf(unavailable))).toEqual(new Set(['tea-2', 'tea-4']))
    expect(unavailable.items[0].reason).toMatchObject({ kind: 'instead', because: [{ id: 'tea-3' }] })
    const { items } = await ask({ customer: 'c1', placement: 'items', items: ['tea-1', 'saw-1', 'tea-2'], count: 3 })
    expect(idsOf(items)[0]).toBe('saw-1')
    expect(new Set(idsOf(items))).toEqual(new Set(['tea-1', 'saw-1', 'tea-2']))
    const unknown = await habitue.ask('POST', '/v1/recommendations', { placement: 'item', item: 'nothing' })
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'unknown_item' } } })
  })

  it('shows one variant of a group, one that is in stock', async () => {
    const habitue = await run()
    const shirt = (id: string, stock: number) => ({ id, title: id, group: 'shirt', stock, categories: ['shirts'] })
    await habitue.ask('POST', '/v1/items', [shirt('shirt-s', 0), shirt('shirt-m', 2), shirt('shirt-l', 2)])
    const fresh = await habitue.ask('POST', '/v1/recommendations', { placement: 'new', count: 5 })
    expect(idsOf(fresh.body.placements.new)).toHaveLength(1)
    expect(['shirt-m', 'shirt-l']).toContain(idsOf(fresh.body.placements.new)[0])
  })

  it('follows the rules of the shop, previews them, and says that a rule placed an item', async () => {
    const habitue = await run()
    await twoTastes(habitue)
    await habitue.train()
    const ask = async () =>
      (await habitue.ask('POST', '/v1/recommendations', { customer: 'c0', placement: 'home', count: 4 })).body
        .placements.home
    const pin = { kind: 'pin', items: ['saw-6'], position: 1, placements: ['home'] }
    const preview = await habitue.ask('POST', '/v1/rules/preview', {
      rule: { id: 'pin', ...pin },
      request: { customer: 'c0', placement: 'home' },
    })
    expect(preview.body.before.placements.home.items[0].id).toBe('tea-1')
    expect(preview.body.after.placements.home.items[0].id).toBe('saw-6')
    expect((await ask()).items[0].id).toBe('tea-1')

    expect((await habitue.ask('PUT', '/v1/rules/pin', pin)).status).toBe(200)
    const pinned = await ask()
    expect(pinned.items[0]).toMatchObject({ id: 'saw-6', reason: { kind: 'rule', rule: 'pin' } })
    expect(idsOf(pinned)).toContain('tea-1')
    await habitue.ask('PUT', '/v1/rules/no-tea', { kind: 'exclude', filter: { categories: ['tea'] } })
    expect(idsOf(await ask()).some((id) => id.startsWith('tea'))).toBe(false)
    await habitue.ask('DELETE', '/v1/rules/no-tea')
    await habitue.ask('PUT', '/v1/rules/again', { kind: 'repeat', policy: 'always', items: ['tea-2'] })
    expect(idsOf(await ask())).toContain('tea-2')
    const bad = await habitue.ask('PUT', '/v1/rules/bad', { kind: 'boost', items: ['tea-1'], factor: -1 })
    expect(bad).toMatchObject({ status: 400, body: { error: { code: 'invalid_rule' } } })
  })

  it('attributes later views and orders to the decision, by its id and by time', async () => {
    const habitue = await run()
    await twoTastes(habitue)
    await habitue.train()
    const decision = await habitue.ask('POST', '/v1/recommendations', { customer: 'c0', placement: 'home', count: 2 })
    const { decisionId } = decision.body
    // Written behind, within a second.
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await habitue.ask('POST', '/v1/batch', {
      batch: [
        { type: 'track', ...view('c0', 'tea-1', 'by-id', { decision_id: decisionId }) },
        { ...order('c0', 'bought', ['tea-1'], 0), timestamp: undefined },
      ],
    })
    // The same message id under another key is another message: nothing breaks.
    const other = await habitue.key('server')
    const again = { ...view('c0', 'tea-1', 'by-id', { decision_id: decisionId }), type: 'track' }
    expect((await habitue.ask('POST', '/v1/batch', { batch: [again] }, other)).body).toEqual({ success: true })
    const { decisions } = (await habitue.ask('GET', '/v1/customers/c0/decisions')).body
    expect(decisions[0]).toMatchObject({ decisionId, placement: 'home' })
    expect(decisions[0].outcomes).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ item: 'tea-1', kind: 'view' }),
        expect.objectContaining({ item: 'tea-1', kind: 'order' }),
      ]),
    )
  })

  it('answers without a model, and without a legal basis personally of nobody', async () => {
    const habitue = await run()
    await twoTastes(habitue)
    const untrained = await habitue.ask('POST', '/v1/recommendations', { customer: 'c0', placement: 'home', count: 3 })
    expect(untrained.body.model.note).toContain('No model')
    expect(untrained.body.placements.home.items).toHaveLength(3)

    const without = await run({ legalBasis: null })
    const event = { ...view('c0', 'tea-1', 'x'), type: 'track' }
    const answer = await without.ask('POST', '/v1/batch', { batch: [event] })
    expect(answer.body.refused[0].code).toBe('consent_refused')
    expect((await without.ask('GET', '/v1/customers/c0')).status).toBe(404)
  })

  it('decides for many customers in one request', async () => {
    const habitue = await run()
    await twoTastes(habitue)
    await habitue.train()
    const customers = ['c0', 'c1', 'unknown']
    const { body } = await habitue.ask('POST', '/v1/recommendations/batch', { customers, placement: 'home', count: 1 })
    expect(body.answers.map((one: { customer: string }) => one.customer)).toEqual(customers)
    expect(idsOf(body.answers[0].placements.home)).toEqual(['tea-1'])
    expect(idsOf(body.answers[1].placements.home)).toEqual(['saw-1'])
    expect(body.answers[2].personalised).toBe(false)
  })
})
