/** What is shown to somebody of whom only what he told of himself is known: over HTTP, on both engines. */
import { beforeAll, describe, expect, it } from 'vitest'
import { forEachRunning, type Running } from './running.ts'

const numbers = [1, 2, 3, 4, 5, 6, 7, 8]
const teas = numbers.map((n) => `tea-${n}`)
const pens = numbers.map((n) => `pen-${n}`)

let made = 0
const order = (userId: string, id: string, day: number) => ({
  type: 'track',
  event: 'Order Completed',
  messageId: `order-${++made}`,
  userId,
  timestamp: new Date(Date.UTC(2026, 0, 1) + day * 86_400_000).toISOString(),
  properties: { order_id: `o${made}`, products: [{ product_id: id, price: 5, quantity: 1 }] },
})

/**
 * Households buy tea, offices pens, each all but three of them; of the pens rather more. What they told besides: a gender,
 * which goes with the plan, and a name.
 */
async function shop(habitue: Running, customers: number): Promise<void> {
  const items = [...teas, ...pens].map((id, n) => ({ id, title: `Item ${n}`, price: 5, currency: 'EUR' }))
  await habitue.ask('POST', '/v1/items', items)
  const batch: object[] = []
  for (let c = 0; c < customers; c++) {
    const home = c % 5 < 2
    const userId = `c${c}`
    const traits = { plan: home ? 'household' : 'office', gender: home ? 'F' : 'M', name: `Kim ${c}` }
    batch.push({ type: 'identify', messageId: `told-${c}`, userId, traits, timestamp: '2025-12-01T00:00:00Z' })
    for (const n of numbers) {
      if ((c + n) % 8 > 2) batch.push(order(userId, (home ? teas : pens)[n - 1], (n * 7 + c) % 23))
    }
  }
  expect((await habitue.ask('POST', '/v1/import', { batch })).body).toEqual({ success: true })
}

forEachRunning((engine, run) => {
  describe('a first guess', () => {
    let habitue: Running
    beforeAll(async () => {
      habitue = await run()
      await shop(habitue, 240)
      await habitue.train()
    })
    const home = async (customer: string, count = 5) => {
      const { body } = await habitue.ask('POST', '/v1/recommendations', { customer, placement: 'home', count })
      const { items } = body.placements.home as { items: { id: string; text: string; reason: { kind: string } }[] }
      return { body, items, ids: items.map(({ id }) => id) }
    }
    const tell = (userId: string, traits: object) => habitue.ask('POST', '/v1/identify', { userId, traits })

    it('shows what those like him choose, and says neither what he told nor what was made of it', async () => {
      await tell('new-household', { plan: 'household' })
      const { body, items, ids } = await home('new-household')
      expect(ids.every((id) => id.startsWith('tea'))).toBe(true)
      expect(body.personalised).toBe(true)
      expect(items.map(({ text }) => text)).toEqual(ids.map(() => 'Popular with customers like you'))
      expect(JSON.stringify(body)).not.toMatch(/household|plan/)
      await tell('new-office', { plan: 'office' })
      expect((await home('new-office')).ids.every((id) => id.startsWith('pen'))).toBe(true)
    })

    it('goes on to what he chooses with his first order', async () => {
      await tell('orders', { plan: 'household' })
      expect((await home('orders')).ids.every((id) => id.startsWith('tea'))).toBe(true)
      for (const id of ['pen-1', 'pen-2']) await habitue.ask('POST', '/v1/import', { batch: [order('orders', id, 30)] })
      const { body, items, ids } = await home('orders')
      expect(ids[0]).toMatch(/^pen/)
      expect(body.personalised).toBe(true)
      for (const { text } of items) expect(text).not.toMatch(/household|plan/)
    })

    it('uses no trait that the operator has not listed', async () => {
      await tell('told-gender', { gender: 'F', name: 'Kim 2' })
      const { body, items } = await home('told-gender')
      expect(body.personalised).toBe(false)
      expect(items.map(({ reason }) => reason.kind)).toEqual(items.map(() => 'popular'))
    })

    it('knows at the next request what was told anew, and what was taken back', async () => {
      await tell('changing', { plan: 'household' })
      expect((await home('changing')).ids[0]).toMatch(/^tea/)
      await tell('changing', { plan: 'office' })
      expect((await home('changing')).ids[0]).toMatch(/^pen/)
      await tell('changing', { plan: null })
      expect((await home('changing')).body.personalised).toBe(false)
    })

    it('does not use what the customer deleted from his memory', async () => {
      await tell('private', { plan: 'household' })
      expect((await home('private')).body.personalised).toBe(true)
      const { body } = await habitue.ask('GET', '/v1/customers/private/facts')
      const fact = body.facts.find(({ subject }: { subject: string }) => subject === 'plan')
      expect((await habitue.ask('DELETE', `/v1/customers/private/facts/${fact.id}`)).status).toBeLessThan(300)
      expect((await home('private')).body.personalised).toBe(false)
    })

    it('says how it stands beside popularity', async () => {
      const { body } = await habitue.ask('GET', '/v1/models')
      const guess = body.models.find(({ name }: { name: string }) => name === 'guess')
      expect(guess).toMatchObject({ state: 'ready', serving: true })
      const [first] = guess.report.firstGuess
      expect(first).toMatchObject({ selections: 0, admitted: true, taste: null })
      expect(first.ndcg).toBeGreaterThan(first.popularity)
      expect(first.customers).toBeGreaterThan(20)
    })
  })

  it('is not made without consent', async () => {
    const habitue = await run({ legalBasis: null, consent: { policy: 'us-opt-out' } })
    await shop(habitue, 240)
    await habitue.train()
    const ask = (customer: string) =>
      habitue.ask('POST', '/v1/recommendations', { customer, placement: 'home', count: 5 })
    await habitue.ask('POST', '/v1/identify', { userId: 'open', traits: { plan: 'household' } })
    expect((await ask('open')).body.personalised).toBe(true)
    await habitue.ask('POST', '/v1/identify', { userId: 'closed', traits: { plan: 'household' } })
    await habitue.ask('POST', '/v1/track', {
      event: 'Consent Withdrawn',
      userId: 'closed',
      properties: { purposes: ['personalisation'] },
    })
    const { body } = await ask('closed')
    expect(body).toMatchObject({ personalised: false, reason: { code: 'denied' } })
  })

  it('learns from gender where the operator lists it, and not where what is told tells nothing', async () => {
    if (engine === 'postgres') return
    const listing = await run({ firstGuess: { traits: { gender: true, plan: false } } })
    await shop(listing, 240)
    await listing.train()
    const personal = async (habitue: Running, traits: object) => {
      await habitue.ask('POST', '/v1/identify', { userId: 'somebody', traits })
      const { body } = await habitue.ask('POST', '/v1/recommendations', { customer: 'somebody', placement: 'home' })
      return body.personalised
    }
    expect(await personal(listing, { plan: 'household' })).toBe(false)
    expect(await personal(listing, { gender: 'F' })).toBe(true)
  })
})
