/**
 * What is said unasked, over every endpoint that a page may call: whatever a customer did, told acts may be named, what he was
 * seen doing is spoken of in general terms, and nothing sensitive, inferred, or of another customer is in any answer.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { signCustomerToken } from '../src/access/customer-token.ts'
import { hashKey } from '../src/access/key.ts'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const now = Date.UTC(2026, 5, 1, 12)
const minute = 60_000
const tea = Array.from({ length: 8 }, (_, i) => `tea-${i}`)
const toys = Array.from({ length: 6 }, (_, i) => `toy-${i}`)
const pills = Array.from({ length: 6 }, (_, i) => `pill-${i}`)
const everything = [...tea, ...toys, ...pills]

type Act =
  | { readonly kind: 'view' | 'cart' | 'order' | 'gift' | 'wish' | 'return'; readonly item: string }
  | { readonly kind: 'rate'; readonly item: string; readonly rating: number }
  | { readonly kind: 'infer'; readonly item: string }

const acts = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constantFrom('view', 'cart', 'order', 'order', 'gift', 'wish', 'return'),
      item: fc.constantFrom(...everything),
    }),
    fc.record({
      kind: fc.constant('rate' as const),
      item: fc.constantFrom(...everything),
      rating: fc.integer({ min: 1, max: 5 }),
    }),
    fc.record({ kind: fc.constant('infer' as const), item: fc.constantFrom(...everything) }),
  ),
  { minLength: 4, maxLength: 25 },
) as fc.Arbitrary<Act[]>

function eventOf(act: Act, n: number, userId: string) {
  const stamp = {
    type: 'track',
    messageId: `${userId} ${n}`,
    userId,
    timestamp: new Date(now - (900 - n) * minute).toISOString(),
  }
  const product = { product_id: act.item, price: 5, quantity: 1, currency: 'EUR' }
  const order = { order_id: `${userId} ${n}`, currency: 'EUR', products: [product] }
  switch (act.kind) {
    case 'view':
      return { ...stamp, event: 'Product Viewed', properties: product }
    case 'cart':
      return { ...stamp, event: 'Product Added', properties: product }
    case 'wish':
      return { ...stamp, event: 'Product Added to Wishlist', properties: product }
    case 'rate':
      return { ...stamp, event: 'Product Rated', properties: { product_id: act.item, rating: act.rating } }
    case 'order':
      return { ...stamp, event: 'Order Completed', properties: order }
    case 'gift':
      return {
        ...stamp,
        event: 'Order Completed',
        properties: { ...order, products: [{ ...product, recipient: 'Aunt Augusta' }] },
      }
    case 'return':
      return { ...stamp, event: 'Product Returned', properties: { ...product, order_id: `${userId} ${n - 1}` } }
    case 'infer': {
      const fact = { kind: 'preference', subject: { item: act.item }, value: 'likes', confidence: 0.9 }
      return { ...stamp, event: 'Fact Inferred', properties: { ...fact, channel: 'Guessmaker' } }
    }
  }
}

/** Forty others, with names and presents of their own, who like tea and pills together. */
async function town(habitue: Running): Promise<void> {
  const item = (category: string) => (id: string) => ({
    id,
    title: `Item ${id}`,
    categories: [category],
    price: 5,
    currency: 'EUR',
  })
  await habitue.ask('POST', '/v1/items', [
    ...tea.map(item('Tea')),
    ...toys.map(item('Toys')),
    ...pills.map(item('Pharmacy')),
  ])
  await habitue.ask('PUT', '/v1/categories/sensitive', { categories: [{ category: 'Pharmacy', sensitive: true }] })
  const batch = Array.from({ length: 40 }, (_, c) => {
    const userId = `other-${c}`
    const own = everything.filter((_, i) => (c + i) % 3 !== 0)
    return [
      { type: 'identify', messageId: `${userId} name`, userId, traits: { name: `Otherperson ${c}` } },
      ...own.map((one, n) => eventOf({ kind: 'order', item: one }, n, userId)),
      ...own.map((one, n) => eventOf({ kind: 'rate', item: one, rating: 1 + ((c + n) % 5) }, 100 + n, userId)),
      eventOf({ kind: 'gift', item: 'toy-1' }, 300, userId),
    ]
  }).flat()
  expect((await habitue.ask('POST', '/v1/import', { batch })).status).toBe(200)
}

interface Speech {
  /** All of the answer. */
  readonly whole: string
  /** What is said in words. */
  readonly texts: readonly string[]
  /** Ids that are named as something of the customer's own, beside being offered. */
  readonly named: readonly string[]
}

type Because = { because?: readonly { id: string }[]; text?: string }
const ids = (reasons: readonly Because[]) => reasons.flatMap(({ because = [] }) => because.map(({ id }) => id))
// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
type Body = any

/** By route: how it is asked, and what of its answer is speech. */
const speaking: Readonly<
  Record<
    string,
    {
      path: (user: string, ceiling?: string) => string
      body?: (user: string, ceiling?: string) => object
      speech: (body: Body) => Omit<Speech, 'whole'>
    }
  >
> = {
  'POST /v1/recommendations': {
    path: () => '/v1/recommendations',
    body: (customer, ceiling) => ({
      customer,
      ceiling,
      count: 6,
      placements: ['home', 'cart', 'popular', 'trending', 'new', 'recent'],
    }),
    speech: ({ placements, changed = [] }) => {
      const items = Object.values(placements as Record<string, Body>).flatMap((one) => one.items)
      const notes = Object.values(placements as Record<string, Body>).flatMap(({ note }) => note ?? [])
      return {
        texts: [...items.map(({ text }: Body) => text), ...notes, ...changed.map(String)],
        named: ids(items.map(({ reason }: Body) => reason)),
      }
    },
  },
  'POST /v1/usual': {
    path: () => '/v1/usual',
    body: (customer, ceiling) => ({ customer, ceiling }),
    speech: ({ usual, unavailable, condition, reason }) => ({
      texts: reason === null ? [] : [reason],
      named: [usual?.id, unavailable?.id, condition?.holding, condition?.otherwise].filter(Boolean),
    }),
  },
  'POST /v1/predictions': {
    path: () => '/v1/predictions',
    body: (customer, ceiling) => ({ customer, ceiling, items: [...tea, ...toys] }),
    speech: ({ items }) => {
      const reasons = items.flatMap((item: Body) => item.reasons)
      return { texts: reasons.map(({ text }: Body) => text.replace(/\d for /g, '')), named: ids(reasons) }
    },
  },
  'GET /v1/customers/{id}/question': {
    path: (user, ceiling = 'known') => `/v1/customers/${user}/question?peek=true&ceiling=${ceiling}`,
    speech: ({ question }) => ({
      texts: question ? [question.text] : [],
      named: question?.subject?.startsWith('item:') ? [question.subject.slice(5)] : [],
    }),
  },
}

/** Routes that a page may call and that say nothing unasked, and why. */
const silent: Readonly<Record<string, string>> = {
  'of items, the same for everybody': 'GET /v1/items/{id}/reviews GET /v1/rankings',
  'messages that the shop made for him, their items decided under a ceiling':
    'GET /v1/customers/{id}/inbox POST /v1/customers/{id}/inbox/{message}/{as}',
  'segments that he is in, as he may know': 'GET /v1/customers/{id}/segments',
  'memory the customer asks to see':
    'GET /v1/customers/{id}/memory GET /v1/customers/{id}/facts GET /v1/customers/{id} GET /v1/customers/{id}/timeline GET /v1/customers/{id}/orders GET /v1/customers/{id}/cart GET /v1/customers/{id}/decisions GET /v1/customers/{id}/consent',
  'takes what is told, and answers with that':
    'POST /v1/customers/{id}/facts PATCH /v1/customers/{id}/facts/{fact} DELETE /v1/customers/{id}/facts/{fact} PUT /v1/customers/{id}/taste/{item} DELETE /v1/customers/{id}/taste/{item} POST /v1/customers/{id}/answers PUT /v1/customers/{id}/consent POST /v1/customers/{id}/consent PUT /v1/customers/{id}/audience',
  'takes events':
    'POST /v1/batch POST /v1/track POST /v1/identify POST /v1/page POST /v1/screen POST /v1/group POST /v1/alias POST /v1/t POST /v1/i POST /v1/p POST /v1/s POST /v1/g POST /v1/a POST /v1/b POST /v1/import POST /beacon/v1/batch',
  'people of the shop sign in': 'POST /v1/session GET /v1/session DELETE /v1/session POST /v1/session/password',
  'settings of SDKs, numbers and health':
    'GET /v1/projects/{writeKey}/settings GET /sourceConfig GET /health/live GET /health/ready GET /metrics',
}

forEachRunning((_engine, run) => {
  it('is held by every endpoint that a page may call', async () => {
    const world = simulatedWorld(7, now)
    const habitue = await run({}, { world })
    await town(habitue)
    await habitue.train()
    const key = await habitue.key('publishable', ['https://shop.example'])
    const server = await habitue.engine.keys.create({ kind: 'server', name: 'signs', origins: null })
    const token = (user: string) =>
      signCustomerToken({ user, expires: Math.floor(now / 1000) + 600 }, server.info.id, hashKey(server.key))
    let customers = 0
    await fc.assert(
      fc.asyncProperty(
        acts,
        fc.constantFrom(undefined, 'anonymous', 'general', 'known', 'intimate'),
        async (done, ceiling) => {
          const user = `own-${customers++}`
          const batch = done.map((act, n) => eventOf(act, n, user))
          expect((await habitue.ask('POST', '/v1/batch', { batch })).status).toBe(200)
          const told = new Set(
            done.flatMap(({ kind, item }) =>
              ['order', 'rate', 'wish', 'return', 'cart'].includes(kind) ? [item] : [],
            ),
          )
          for (const [route, { path, body, speech }] of Object.entries(speaking)) {
            const method = route.split(' ')[0] as 'GET' | 'POST'
            const headers = { origin: 'https://shop.example', 'x-habitue-token': token(user) }
            const answer = await habitue.ask(method, path(user, ceiling), body?.(user, ceiling), key, headers)
            expect(answer.status, `${route} ${JSON.stringify(answer.body)}`).toBe(200)
            const whole = JSON.stringify(answer.body)
            const { texts, named } = speech(answer.body)
            expect(whole, route).not.toMatch(/pill|Pharmacy|Otherperson|other-|Guessmaker/)
            for (const id of named) {
              expect(told, `${route} names ${id}`).toContain(id)
              expect(['anonymous', 'general'], `${route} names under a low ceiling`).not.toContain(ceiling)
            }
            for (const text of texts) {
              for (const [, id] of text.matchAll(/Item ((?:tea|toy)-\d)/g))
                expect(named, `${route}: ${text}`).toContain(id)
              // Nothing is counted to his face.
              expect(text.replace(/Item \w+-\d/g, ''), route).not.toMatch(/\d/)
            }
          }
        },
      ),
      { numRuns: 25, seed: 11 },
    )
  }, 60_000)

  it('covers every route that a publishable key may call', async () => {
    const habitue = await run()
    const key = await habitue.key('publishable', ['https://shop.example'])
    const { body: reference } = await habitue.ask('GET', '/openapi.json')
    const spoken = new Set([
      ...Object.keys(speaking),
      ...Object.values(silent).flatMap((routes) => routes.split(/ (?=[A-Z]+ \/)/)),
    ])
    const missing: string[] = []
    for (const [path, methods] of Object.entries(reference.paths as Record<string, object>)) {
      for (const method of Object.keys(methods)) {
        const route = `${method.toUpperCase()} ${path}`
        const address = path.replace(/\{\w+\}/g, 'x')
        const asked = method === 'get' || method === 'delete' ? undefined : {}
        const { status, body } = await habitue.ask(method.toUpperCase() as 'GET', address, asked, key, {
          origin: 'https://shop.example',
        })
        const isClosed = status === 403 && body?.error?.code === 'forbidden'
        if (!isClosed && !spoken.has(route)) missing.push(route)
      }
    }
    expect(missing, 'say what these say unasked, and hold it to the rules, or why they say nothing').toEqual([])
  })
})
