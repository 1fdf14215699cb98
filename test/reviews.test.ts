/** What customers say of items, over HTTP and on both engines: from the event to the ranking, and out again. */
import { expect, it } from 'vitest'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const now = Date.UTC(2026, 0, 10, 8)
const day = 86_400_000
const items = ['espresso', 'lungo', 'decaf', 'grinder', 'kettle', 'scale'].map((id, n) => ({
  id,
  title: id[0].toUpperCase() + id.slice(1),
  price: 5 + n,
  categories: [n < 3 ? 'Coffee' : 'Tools'],
}))

let count = 0
const track = (userId: string, event: string, properties: object, daysAgo = 1) => ({
  type: 'track',
  event,
  userId,
  messageId: `m${count++}`,
  timestamp: new Date(now - daysAgo * day).toISOString(),
  properties,
})
const review = (userId: string, item: string, rating: number, more: object = {}, daysAgo = 1) =>
  track(userId, 'Product Reviewed', { product_id: item, rating, ...more }, daysAgo)
const order = (userId: string, ...products: string[]) =>
  track(
    userId,
    'Order Completed',
    { order_id: `o${count}`, products: products.map((id) => ({ product_id: id, price: 5, quantity: 1 })) },
    30,
  )

async function send(habitue: Running, ...batch: object[]): Promise<void> {
  const { status, body } = await habitue.ask('POST', '/v1/batch', { batch })
  expect([status, body.refused ?? []]).toEqual([200, []])
}

async function open(run: (overrides?: object, options?: object) => Promise<Running>, overrides: object = {}) {
  const world = simulatedWorld(2, now)
  const habitue = await run({ legalBasis: 'contract', ...overrides }, { world })
  await habitue.ask('POST', '/v1/items', { items })
  return { habitue, world }
}

const of = async (habitue: Running, item: string, query = '') =>
  (await habitue.ask('GET', `/v1/items/${item}/reviews${query}`)).body

forEachRunning((_engine, run) => {
  it('a review shows in the next request, and whether its writer bought is derived from his orders', async () => {
    const { habitue } = await open(run)
    await send(
      habitue,
      order('ada', 'espresso'),
      review('ada', 'espresso', 5, {
        review_id: 'R1',
        review_title: 'Strong',
        review_body: 'As it should be.',
        author: 'A.',
      }),
      review('bob', 'espresso', 2, { review_body: 'Too bitter for me.', verified: true, verified_purchase: true }),
    )
    const answer = await of(habitue, 'espresso')
    expect(answer).toMatchObject({
      count: 2,
      verified: 1,
      standing: { ratings: 2, verified: 1, histogram: [0, 1, 0, 0, 1] },
    })
    expect(answer.verification).toContain('order')
    expect(answer.orderedBy).toMatchObject({ code: 'useful', text: expect.stringContaining('helpful') })
    expect(answer.reviews.map((one: { id: string; verified: boolean }) => [one.id === 'R1', one.verified])).toEqual([
      [true, true],
      [false, false],
    ])
    expect(JSON.stringify(answer)).not.toMatch(/ada|bob/)
    // What he says later replaces it, under the same name; a bought item proves it at once.
    await send(habitue, order('bob', 'espresso'), review('bob', 'espresso', 3, { review_body: 'It grows on one.' }, 0))
    const later = await of(habitue, 'espresso', '?order=newest')
    expect(later).toMatchObject({
      count: 2,
      verified: 2,
      reviews: [{ stars: 3, text: 'It grows on one.' }, { id: 'R1' }],
    })
  })

  it('votes order reviews, one a customer and none for oneself; stars do not', async () => {
    const { habitue } = await open(run)
    await send(
      habitue,
      review('ada', 'espresso', 5, { review_id: 'good', review_body: 'Lovely.' }),
      review('bob', 'espresso', 1, { review_id: 'bad', review_body: 'The bag came open, half of it in the box.' }),
    )
    const vote = (who: string, id: string, helpful: boolean | null, daysAgo = 0.5) =>
      track(who, 'Review Voted', { review_id: id, helpful }, daysAgo)
    const voters = ['v1', 'v2', 'v3', 'v4'].map((who) => vote(who, 'bad', true))
    await send(habitue, ...voters, vote('v1', 'bad', true), vote('bob', 'bad', true), vote('ada', 'bad', false))
    const { reviews } = await of(habitue, 'espresso')
    expect(reviews[0]).toMatchObject({ id: 'bad', helpful: 2, unhelpful: 0.5 })
    expect(reviews[1]).toMatchObject({ id: 'good', helpful: 0 })
    await send(habitue, vote('v1', 'bad', null, 0.1))
    expect((await of(habitue, 'espresso')).reviews[0].helpful).toBe(1.5)
  })

  it('nobody takes another’s review over by naming its id', async () => {
    const { habitue } = await open(run)
    await send(habitue, review('ada', 'espresso', 5, { review_id: 'R1', review_body: 'Mine.' }))
    await send(habitue, review('eve', 'espresso', 1, { review_id: 'R1', review_body: 'Not yours any more.' }))
    const { reviews } = await of(habitue, 'espresso', '?order=favourable')
    expect(reviews.map(({ id, text }: { id: string; text: string }) => [id === 'R1', text])).toEqual([
      [true, 'Mine.'],
      [false, 'Not yours any more.'],
    ])
  })

  it('is rejected for a reason of the list and not for being critical, and what is withheld is told', async () => {
    const { habitue, world } = await open(run, { reviews: { publish: 'after-check' } })
    await send(
      habitue,
      review('ada', 'espresso', 1, { review_id: 'R1', review_body: 'Buy at other-shop.example!' }),
      review('bob', 'espresso', 1, { review_id: 'R2', review_body: 'Stale.' }),
    )
    expect(await of(habitue, 'espresso')).toMatchObject({
      count: 0,
      standing: null,
      withheld: { pending: { all: 2, critical: 2 } },
    })
    const decide = (id: string, body: object) => habitue.ask('PUT', `/v1/reviews/${id}/state`, body)
    expect(await decide('R2', { state: 'rejected' })).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_review' } },
    })
    expect((await decide('R2', { state: 'rejected', reason: 'critical' })).status).toBe(400)
    expect((await decide('R9', { state: 'published' })).status).toBe(404)
    expect((await decide('R1', { state: 'rejected', reason: 'spam' })).status).toBe(204)
    const { body: pending } = await habitue.ask('GET', '/v1/reviews?state=pending')
    expect(pending.reviews).toMatchObject([{ id: 'R2', item: 'espresso', stars: 1 }])
    // Nobody looks at the other: it shows all the same.
    world.advance(7 * day)
    const answer = await of(habitue, 'espresso')
    expect(answer).toMatchObject({ count: 1, reviews: [{ id: 'R2' }], withheld: { spam: { all: 1, critical: 1 } } })
    expect(answer.standing).toMatchObject({ ratings: 1 })
    const { body: report } = await habitue.ask('GET', '/v1/reviews/report')
    expect(report).toMatchObject({ published: { all: 1, critical: 1 }, withheld: { spam: { all: 1, critical: 1 } } })
    expect(await habitue.ask('POST', '/v1/rebuild', {})).toMatchObject({ status: 200, body: { changed: [] } })
    expect(await of(habitue, 'espresso')).toEqual(answer)
    expect(await decide('R1', { state: 'pending' })).toMatchObject({ status: 204 })
    expect((await of(habitue, 'espresso')).count).toBe(2)
  })

  it('goes with its words when it is withdrawn, and with its writer when he is erased; two that are one have one voice', async () => {
    const { habitue } = await open(run)
    const words = 'Sour, and I should know.'
    await send(
      habitue,
      review('ada', 'espresso', 2, { review_id: 'R1', review_body: words }),
      review('bob', 'espresso', 5, { review_id: 'R2', review_body: 'Bob was here.' }),
      { ...review('', 'espresso', 4, { review_body: 'From the phone.' }, 2), userId: undefined, anonymousId: 'phone' },
    )
    expect((await of(habitue, 'espresso')).count).toBe(3)
    await send(habitue, { type: 'identify', userId: 'ada', anonymousId: 'phone', messageId: 'merge', traits: {} })
    expect((await of(habitue, 'espresso')).count).toBe(2)
    await send(habitue, track('ada', 'Review Withdrawn', { product_id: 'espresso' }, 0))
    const left = await of(habitue, 'espresso')
    expect(left).toMatchObject({ count: 1, standing: { ratings: 1 }, reviews: [{ id: 'R2' }] })
    const { body: timeline } = await habitue.ask('GET', '/v1/customers/ada/timeline')
    expect(JSON.stringify(timeline)).not.toContain(words)
    const { body: exported } = await habitue.ask('GET', '/v1/customers/bob/export')
    expect(JSON.stringify(exported)).toContain('Bob was here.')
    expect((await habitue.ask('POST', '/v1/customers/bob/erase', {})).status).toBe(200)
    expect(await of(habitue, 'espresso')).toMatchObject({ count: 0, standing: null })
  })

  it('goes where personalisation is refused, with what was decided about it', async () => {
    const { habitue } = await open(run)
    await send(
      habitue,
      review('ada', 'espresso', 2, { review_id: 'R1', review_body: 'Sour.' }),
      review('bob', 'espresso', 4),
    )
    await send(habitue, track('ada', 'Review Voted', { review_id: 'R2', helpful: true }))
    await habitue.ask('PUT', '/v1/reviews/R1/state', { state: 'rejected', reason: 'unlawful' })
    expect(await of(habitue, 'espresso')).toMatchObject({
      count: 1,
      standing: { ratings: 2 },
      withheld: { unlawful: { all: 1 } },
    })
    const answers = { personalisation: 'denied' }
    expect((await habitue.ask('PUT', '/v1/customers/ada/consent', { answers })).status).toBe(200)
    expect(await of(habitue, 'espresso')).toMatchObject({
      count: 1,
      standing: { ratings: 1 },
      withheld: { unlawful: { all: 0 } },
    })
    const { body } = await habitue.ask('GET', '/v1/customers/ada/export')
    expect(JSON.stringify(body)).not.toContain('Sour.')
  })

  it('ranks a category, and says by what; a list by rating is a placement like any other', async () => {
    const { habitue } = await open(run)
    const batch: object[] = []
    for (let n = 0; n < 12; n++) {
      batch.push(order(`c${n}`, 'espresso', 'lungo', 'grinder'))
      batch.push(
        review(`c${n}`, 'espresso', 5 - (n % 2), {}, 20 + n),
        review(`c${n}`, 'lungo', 2 + (n % 2), {}, 20 + n),
      )
      batch.push(track(`c${n}`, 'Product Rated', { product_id: 'grinder', rating: 4 }, 20 + n))
    }
    batch.push(review('x', 'decaf', 5))
    await send(habitue, ...batch)
    const { body } = await habitue.ask('GET', '/v1/rankings?category=Coffee')
    expect(body).toMatchObject({ category: 'Coffee', personalised: false, ratings: 25, verified: 24 })
    expect(body.orderedBy.code).toBe('rating')
    // One perfect rating without a purchase is not above twelve good ones of buyers.
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual(['espresso', 'decaf', 'lungo'])
    const [first] = body.items
    expect(first.text).toBe(`Rated ${first.expected.toFixed(1)} by 12 customers, 12 of them verified buyers`)
    expect(first.low).toBeLessThan(first.expected)
    const placed = async (request: object) => {
      const { body: answer } = await habitue.ask('POST', '/v1/recommendations', request)
      const [list] = Object.values(answer.placements) as { items: { id: string; reason: object; text: string }[] }[]
      return list.items
    }
    const top = await placed({ placement: 'rated', count: 2 })
    expect(top.map(({ id }) => id)).toEqual(['espresso', 'decaf'])
    expect(top[0]).toMatchObject({ reason: { kind: 'rated', rating: { ratings: 12, verified: 12 } }, text: first.text })
    const asked = await placed({ placement: 'items', items: ['kettle', 'lungo', 'grinder'], order: 'rating' })
    expect(asked.map(({ id }) => id)).toEqual(['grinder', 'lungo', 'kettle'])
  })

  it('a page reads reviews with its public key, and the taste of a customer only with his token', async () => {
    const { habitue } = await open(run)
    await send(habitue, review('ada', 'espresso', 5))
    const key = await habitue.key('publishable', ['https://shop.example'])
    expect((await habitue.ask('GET', '/v1/items/espresso/reviews', undefined, key)).status).toBe(200)
    expect((await habitue.ask('GET', '/v1/rankings', undefined, key)).body.items).toHaveLength(1)
    expect((await habitue.ask('GET', '/v1/rankings?customer=ada', undefined, key)).status).toBe(403)
    expect((await habitue.ask('GET', '/v1/reviews?state=pending', undefined, key)).status).toBe(403)
    // What a page says of itself proves nothing: the id that it claims counts for nobody's order.
    await send(habitue, order('bob', 'lungo'))
    const claimed = { ...review('bob', 'lungo', 1, { votes: 900, helpful_votes: 900 }), anonymousId: 'visitor' }
    await habitue.ask('POST', '/v1/batch', { batch: [claimed] }, key)
    expect((await of(habitue, 'lungo')).reviews).toMatchObject([{ verified: false, helpful: 0 }])
  })

  it('a ranking for a customer is in the order of the stars that he is expected to give', async () => {
    const { habitue } = await open(run)
    const batch: object[] = []
    for (let c = 0; c < 30; c++) {
      const likesCoffee = c % 2 === 0
      for (const [n, { id }] of items.entries()) {
        if ((c + n) % 5 === 0) continue
        batch.push(
          track(
            `c${c}`,
            'Product Rated',
            { product_id: id, rating: n < 3 === likesCoffee ? 5 - (c % 3 === 0 ? 1 : 0) : 2 },
            5,
          ),
        )
      }
    }
    await send(habitue, ...batch)
    await habitue.train()
    await send(
      habitue,
      track('mia', 'Product Rated', { product_id: 'grinder', rating: 5 }),
      track('mia', 'Product Rated', { product_id: 'espresso', rating: 1 }),
    )
    const { body } = await habitue.ask('GET', '/v1/rankings?customer=mia')
    expect(body).toMatchObject({ personalised: true, orderedBy: { code: 'taste' } })
    const ids = body.items.map(({ id }: { id: string }) => id)
    expect(new Set(ids.slice(0, 3))).toEqual(new Set(['grinder', 'kettle', 'scale']))
    expect(body.items[0].text).toBe(`Customers like you rate it ${body.items[0].yours.expected.toFixed(1)}`)
  })
})
