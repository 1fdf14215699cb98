import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KeyKind } from '../engine-api.ts'
import { type Bench, bench } from './testing.ts'

let shop: Bench
beforeAll(async () => {
  shop = await bench()
})
afterAll(() => shop.app.close())

async function ask(payload: object, kind: KeyKind = 'server', headers: Record<string, string> = {}) {
  const answer = await shop.app.inject({
    method: 'POST',
    url: '/v1/recommendations',
    headers: { ...shop.as(kind), ...headers },
    payload,
  })
  return { status: answer.statusCode, body: answer.json(), asked: shop.engine.asked.at(-1) }
}

describe('a recommendation', () => {
  it('shows amounts in decimals of their currency, and why', async () => {
    const { status, body } = await ask({
      customer: '42',
      placements: ['home', { name: 'popular', count: 1 }],
      count: 2,
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({ personalised: true, model: { version: 1 }, decisionId: expect.any(String) })
    expect(body.placements.popular.items).toHaveLength(1)
    expect(body.placements.home.items).toMatchObject([
      { id: 'i0', price: 19.99, currency: 'EUR', reason: { kind: 'because', because: [{ id: 'i9' }], model: 'ease' } },
      { id: 'i1', price: 2000, currency: 'JPY' },
    ])
    expect(body.purposes).toEqual(['personalisation'])
  })

  it('is asked for in the engine’s form', async () => {
    const { asked } = await ask({
      customer: '42',
      placement: 'items',
      items: ['a', 'b'],
      after: 'token',
      exclude: ['c'],
      filters: { categories: ['Tea'], attributes: { organic: true, size: ['s', 'm'] }, price: { max: 12.5 } },
    })
    expect(asked?.request).toEqual({
      customer: { kind: 'user', value: '42' },
      placements: [{ name: 'items', count: 2 }],
      items: ['a', 'b'],
      after: 'token',
      exclude: ['c'],
      filters: { categories: ['Tea'], attributes: { organic: true, size: ['s', 'm'] }, price: { max: 1250 } },
    })
  })

  it('reads no more for a page than for the stranger that it may be', async () => {
    const visitor = { anonymousId: 'a1', placement: 'home' }
    expect((await ask(visitor, 'publishable')).asked).toMatchObject({
      ceiling: 'anonymous',
      request: { customer: { kind: 'anonymous', value: 'a1' } },
    })
    expect((await ask(visitor, 'server')).asked).toMatchObject({ ceiling: 'known' })
    expect((await ask({ placement: 'popular' }, 'publishable')).asked?.request.customer).toBeNull()
    const token = { 'x-habitue-token': shop.token('42') }
    const both = { customer: '42', anonymousId: 'a1', placement: 'home' }
    expect((await ask(both, 'publishable', token)).asked).toMatchObject({
      ceiling: 'known',
      request: { customer: { kind: 'user', value: '42' } },
    })
    const before = shop.engine.asked.length
    expect((await ask(both, 'publishable')).body.error.code).toBe('customer_token_required')
    expect(shop.engine.asked).toHaveLength(before)
  })

  it.each([
    [{ customer: '42', placement: 'home', cuont: 3 }, 'unknown field "cuont"'],
    [{ placement: 'home', filters: { prize: 3 } }, 'unknown field "filters.prize"'],
    [{ placement: 'hmoe' }, 'placement'],
    [{ placement: 'home', count: 0 }, 'count'],
    [{ placement: 'home', count: 101 }, 'count'],
    [{ placement: 'home', count: '3' }, 'count'],
    [{ placement: 'home', count: 1.5 }, 'count'],
    [{ customer: '', placement: 'home' }, 'customer'],
    [{ customer: 'x'.repeat(10_000), placement: 'home' }, 'customer'],
    [{ customer: 42, placement: 'home' }, 'customer'],
    [{ customer: '42' }, 'placement'],
    [{ placement: 'home', placements: ['home'] }, 'placement'],
    [{ placements: ['home', 'home'] }, 'twice'],
    [{ placements: [] }, 'placements'],
    [[], 'body'],
  ])('refuses %j with a sentence that names the field', async (payload, said) => {
    const { status, body } = await ask(payload)
    expect([status, body.error.code]).toEqual([400, 'invalid_body'])
    expect(body.error.message).toContain(said)
  })

  it('for many customers names each', async () => {
    const payload = { customers: ['1', '2', '1'], placement: 'home', count: 1 }
    const answer = await shop.app.inject({
      method: 'POST',
      url: '/v1/recommendations/batch',
      headers: shop.as('server'),
      payload,
    })
    expect(answer.json().answers.map(({ customer }: { customer: string }) => customer)).toEqual(['1', '2', '1'])
    expect(answer.json().answers[0].placements.home.items[0]).toMatchObject({ id: 'i0', price: 19.99 })
  })

  it('needs a body', async () => {
    const answer = await shop.app.inject({ method: 'POST', url: '/v1/recommendations', headers: shop.as('server') })
    expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'invalid_body'])
  })
})
