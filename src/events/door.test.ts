import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorTable, HabitueError } from '../errors.ts'
import { largestBatch, parseEvents } from './door.ts'
import type { EventBody, IncomingEvent } from './event.ts'
import { doorOptions, exampleNow } from './testing.ts'

const options = doorOptions()
const parse = (message: unknown, overrides = {}) => parseEvents(message, doorOptions(overrides))
const one = (message: object, overrides = {}): IncomingEvent => {
  const { events, refused } = parse({ type: 'track', event: 'X', userId: 'u', ...message }, overrides)
  expect(refused).toEqual([])
  return events[0]
}
const body = (message: object): EventBody => JSON.parse(one(message).body)
const codeOf = (message: object, overrides = {}): string | undefined =>
  parse({ type: 'track', event: 'X', userId: 'u', ...message }, overrides).refused[0]?.code

describe('messages', () => {
  it('takes each type with what it needs', () => {
    const messages = [
      { type: 'track', event: 'Viewed Product', userId: 'u', properties: { product_id: 'a' } },
      { type: 'identify', userId: 'u', traits: { name: 'Una' } },
      { type: 'page', anonymousId: 'v', name: 'Home', category: 'Shop', properties: { title: 'Hi' } },
      { type: 'screen', anonymousId: 'v', name: 'Start' },
      { type: 'group', userId: 'u', groupId: 'g', traits: { name: 'Guild' } },
      { type: 'alias', userId: 'u', previousId: 'v' },
    ]
    const { events, refused } = parse({ batch: messages })
    expect(refused).toEqual([])
    expect(events.map(({ type, name }) => [type, name])).toEqual([
      ['track', 'Product Viewed'],
      ['identify', ''],
      ['page', ''],
      ['screen', ''],
      ['group', ''],
      ['alias', ''],
    ])
    expect(events.map((event) => (JSON.parse(event.body) as EventBody).properties)).toEqual([
      { product_id: 'a' },
      { name: 'Una' },
      { name: 'Home', category: 'Shop', title: 'Hi' },
      { name: 'Start' },
      { name: 'Guild', groupId: 'g' },
      undefined,
    ])
    expect(events[5].previousId).toBe('v')
  })

  it('takes a bare message with the type of its path, and a plain list', () => {
    expect(parse({ event: 'X', userId: 'u' }, { type: 'track' }).events[0].type).toBe('track')
    expect(parse([{ type: 'page', userId: 'u' }, 5]).refused).toMatchObject([{ index: 1, code: 'invalid_event' }])
  })

  it('merges context and integrations of the batch into its messages', () => {
    const { events, refused } = parse({
      context: { locale: 'de', timezone: 'Europe/Berlin' },
      integrations: { Habitue: false },
      batch: [
        { type: 'track', event: 'X', userId: 'u', context: { locale: 'en' }, integrations: { Habitue: true } },
        { type: 'track', event: 'X', userId: 'u' },
      ],
    })
    expect(JSON.parse(events[0].body).context).toEqual({ locale: 'en', timezone: 'Europe/Berlin' })
    expect(refused).toMatchObject([{ index: 1, code: 'consent_refused' }])
  })

  it('makes a message id where there is none, and refuses one that is too long', () => {
    expect(one({}).messageId).toMatch(/^[0-9a-f-]{36}$/)
    expect(one({ messageId: 'm'.repeat(99) }).messageId).toHaveLength(99)
    expect(codeOf({ messageId: 'm'.repeat(100) })).toBe('invalid_event')
    expect(codeOf({ messageId: 7 })).toBe('invalid_event')
  })

  it.each([
    ['a name', { event: undefined }, 'invalid_event'],
    ['a name that is a text', { event: 5 }, 'invalid_event'],
    ['a short name', { event: 'x'.repeat(300) }, 'invalid_event'],
    ['a known type', { type: 'metric' }, 'invalid_event'],
    ['properties that are an object', { properties: [1] }, 'invalid_event'],
    ['a group', { type: 'group' }, 'invalid_event'],
    ['two ids for an alias', { type: 'alias' }, 'invalid_identifier'],
    ['somebody', { userId: null }, 'invalid_identifier'],
    ['somebody real', { userId: 'NULL', anonymousId: '000-000' }, 'invalid_identifier'],
    ['an id that is a text', { userId: { id: 1 } }, 'invalid_identifier'],
    ['an id of sane length', { userId: 'u'.repeat(10_240) }, 'invalid_identifier'],
    [
      'an e-mail of sane length',
      { type: 'identify', traits: { email: `${'u'.repeat(600)}@x.y` } },
      'invalid_identifier',
    ],
    ['products that are a list', { event: 'Order Completed', properties: { products: {} } }, 'invalid_event'],
    [
      'a price that is a number',
      { event: 'Product Viewed', properties: { product_id: 'a', price: 'cheap' } },
      'invalid_event',
    ],
    [
      'a quantity above zero',
      { event: 'Product Added', properties: { product_id: 'a', quantity: -1 } },
      'invalid_event',
    ],
    [
      'a believable quantity',
      { event: 'Product Added', properties: { product_id: 'a', quantity: 1e9 } },
      'invalid_event',
    ],
    ['a believable price', { event: 'Product Added', properties: { product_id: 'a', price: 1e300 } }, 'invalid_event'],
    [
      'a short product id',
      { event: 'Product Added', properties: { product_id: 'p'.repeat(1000) } },
      'invalid_identifier',
    ],
    ['text without NUL', { properties: { a: ['b', { c: 'd\0' }] } }, 'invalid_text'],
    ['whole characters', { properties: { a: '\ud83d' } }, 'invalid_text'],
    ['whole characters in names of fields', { properties: { '\udc00': 1 } }, 'invalid_text'],
    ['whole characters in ids', { userId: 'u\ud800' }, 'invalid_text'],
    ['whole characters in what is not kept', { context: { screen: { a: '\ud800' } } }, 'invalid_text'],
    ['finite numbers', { properties: { a: JSON.parse('1e999') } }, 'invalid_event'],
    [
      'shallow nesting',
      { properties: JSON.parse(`${'['.repeat(30)}${']'.repeat(30)}`.replace(/^/, '{"a":').concat('}')) },
      'invalid_event',
    ],
    ['no card number', { properties: { note: 'my card is 4111 1111 1111 1111, thanks' } }, 'card_number'],
    ['no card number as a number', { properties: { pay: { number: 5555555555554444 } } }, 'card_number'],
    ['less than 32 KB', { properties: { text: 'x'.repeat(33_000) } }, 'event_too_large'],
    ['less than 32 KB in bytes', { properties: { text: '€'.repeat(11_000) } }, 'event_too_large'],
  ])('wants %s', (_, message, code) => {
    expect(codeOf(message)).toBe(code)
  })

  it('refuses what cannot be opened as a whole', () => {
    const whole = (input: unknown) => {
      try {
        parse(input)
      } catch (error) {
        return (error as HabitueError).code
      }
    }
    for (const input of [null, 5, 'x', true]) expect(whole(input)).toBe('invalid_body')
    expect(whole({ batch: 5 })).toBe('invalid_body')
    expect(whole({ batch: Array(largestBatch + 1).fill({}) })).toBe('batch_too_large')
  })

  it('lets an import be as large as it is, and have orders of nobody', () => {
    const order = { type: 'track', event: 'Order Completed', properties: { note: 'x'.repeat(40_000), products: [] } }
    const { events, refused } = parse({ batch: Array(largestBatch + 1).fill(order) }, { historical: true })
    expect(refused).toEqual([])
    expect(events).toHaveLength(largestBatch + 1)
    expect(events[0]).toMatchObject({ userId: null, anonymousId: null })
  })

  it('leaves no trace of __proto__', () => {
    const message = JSON.parse(
      '{"type":"track","event":"X","userId":"u","properties":{"__proto__":{"polluted":1},"a":{"__proto__":[]}}}',
    )
    expect(body(message).properties).toEqual({ a: {} })
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})

describe('who', () => {
  it('gathers identifiers in their normal forms', () => {
    const { identifiers } = one({
      type: 'identify',
      traits: { email: ' Una@Shop.Example ', phone: '+49 (170) 123-4567' },
      context: {
        externalIds: [
          { type: 'loyalty', id: 12 },
          { type: 'email', id: 'una@shop.example' },
          { type: 'user_id', id: 'u' },
        ],
      },
    })
    expect(identifiers).toEqual([
      { kind: 'email', value: 'una@shop.example' },
      { kind: 'phone', value: '+491701234567' },
      { kind: 'loyalty', value: '12' },
    ])
  })

  it('drops ids that name nobody where another is left', () => {
    for (const blocked of ['', '  ', 'null', 'Undefined', '-1', 'unknown', '0', '00000000-0000-0000-0000-000000000000'])
      expect(one({ userId: blocked, anonymousId: 'v' })).toMatchObject({ userId: null, anonymousId: 'v' })
    expect(one({ userId: 42 }).userId).toBe('42')
  })

  it('takes an alias to the same id as saying nothing', () => {
    expect(one({ type: 'alias', previousId: 'u' }).previousId).toBeNull()
  })
})

describe('when', () => {
  const sent = new Date(exampleNow - 3_600_000)
  const original = new Date(sent.getTime() - 5000).toISOString()

  it("corrects the sender's clock", () => {
    expect(one({ originalTimestamp: original, sentAt: sent.toISOString() }).time).toBe(exampleNow - 5000)
    expect(one({ timestamp: original, sentAt: sent.toISOString() }).time).toBe(exampleNow - 5000)
    const { events } = parse({
      sentAt: sent.toISOString(),
      batch: [{ type: 'page', userId: 'u', originalTimestamp: original }],
    })
    expect(events[0].time).toBe(exampleNow - 5000)
  })

  it('takes a time alone as it is, in UTC, and the arrival where there is none', () => {
    expect(one({ timestamp: original }).time).toBe(Date.parse(original))
    expect(one({ timestamp: '2020-02-03T04:05:06' }).time).toBe(Date.UTC(2020, 1, 3, 4, 5, 6))
    expect(one({ timestamp: '2020-02-03' }).time).toBe(Date.UTC(2020, 1, 3))
    expect(one({ timestamp: original, sentAt: 'yesterday' }).time).toBe(Date.parse(original))
    expect(one({}).time).toBe(exampleNow)
  })

  it.each(['yesterday', '1', '1969-12-31T00:00:00Z', '2025-13-01', '9999-01-01T00:00:00Z', 1736510400, true, {}])(
    'refuses %j',
    (timestamp) => expect(codeOf({ timestamp })).toBe('invalid_time'),
  )
})

describe('products', () => {
  const products = (event: string, properties: object) => one({ event, properties }).products

  it('finds them in the event or in its list, with prices in minor units of their currency', () => {
    expect(
      products('Product Viewed', { product_id: 7, sku: 'S', name: 'Pear', category: 'fruit', price: '19.99' }),
    ).toEqual([
      {
        names: ['7', 'S'],
        title: 'Pear',
        category: 'fruit',
        price: 1999,
        currency: 'EUR',
        quantity: 1,
        gift: false,
        recipient: '',
      },
    ])
    const order = {
      currency: 'jpy',
      products: [{ sku: 'a', price: 500, quantity: 2.4 }, { id: 'b', price: 1.5, currency: 'KWD' }, { name: 'no id' }],
    }
    expect(products('Order Completed', order)).toMatchObject([
      { names: ['a'], price: 500, currency: 'JPY', quantity: 2 },
      { names: ['b'], price: 1500, currency: 'KWD', quantity: 1 },
    ])
  })

  it('tells gifts and whom they are for', () => {
    const order = { recipient: 'Ada', products: [{ sku: 'a' }, { sku: 'b', recipient: { name: 'Bea' } }] }
    expect(products('Order Completed', order).map(({ recipient }) => recipient)).toEqual(['Ada', 'Bea'])
    expect(products('Order Completed', { products: [{ sku: 'a', gift: true }, { sku: 'b' }] })).toMatchObject([
      { gift: true, recipient: 'someone' },
      { gift: false, recipient: '' },
    ])
  })

  it('forgets whom a product was shared with, and keeps the text of a review', () => {
    const shared = {
      event: 'Product Shared',
      properties: { product_id: 'a', share_via: 'email', recipient: 'x@y.z', share_message: 'see' },
    }
    expect(body(shared).properties).toEqual({ product_id: 'a', share_via: 'email' })
    expect(one(shared).products).toMatchObject([{ gift: false, recipient: '' }])
    const review = { product_id: 'a', review_body: 'Lovely.', rating: '5' }
    expect(body({ event: 'Product Reviewed', properties: review }).properties).toEqual(review)
  })

  it('takes no products from a custom event', () => {
    expect(products('Recipe Cooked', { product_id: 'a' })).toEqual([])
  })
})

describe('any JSON', () => {
  /** Messages that are nearly right, so that the fuzz gets past the first check. */
  const anything = fc.jsonValue({ maxDepth: 4 })
  const almost = fc.record(
    {
      type: fc.constantFrom('track', 'identify', 'page', 'group', 'alias', 'x'),
      event: fc.oneof(fc.constantFrom('Order Completed', 'Product Viewed', '__proto__'), anything),
      userId: fc.oneof(fc.string({ unit: 'binary' }), anything),
      anonymousId: fc.oneof(fc.string(), anything),
      previousId: anything,
      messageId: fc.oneof(fc.string(), anything),
      timestamp: fc.oneof(fc.date().map(String), fc.string(), anything),
      sentAt: anything,
      context: fc.oneof(
        fc.record({ page: anything, externalIds: fc.array(anything), traits: anything, userAgent: anything }),
        anything,
      ),
      integrations: anything,
      traits: fc.oneof(fc.record({ email: fc.string(), phone: fc.string() }), anything),
      properties: fc.oneof(
        fc.record(
          {
            products: fc.array(
              fc.oneof(fc.record({ product_id: anything, price: anything, quantity: fc.double() }), anything),
            ),
            product_id: anything,
            price: anything,
            currency: anything,
            recipient: anything,
          },
          { requiredKeys: [] },
        ),
        anything,
      ),
    },
    { requiredKeys: [] },
  )

  it('becomes events or coded refusals, each message once', () => {
    const message = fc.oneof({ weight: 4, arbitrary: almost }, anything)
    const envelope = fc.oneof(
      fc.record(
        { batch: fc.oneof(fc.array(message), anything), context: anything, sentAt: anything },
        { requiredKeys: ['batch'] },
      ),
      message,
    )
    fc.assert(
      fc.property(envelope, fc.boolean(), (input, historical) => {
        const sent = JSON.parse(JSON.stringify(input) ?? 'null')
        try {
          const { events, positions, refused } = parseEvents(sent, { ...options, historical })
          const count = Array.isArray(sent) ? sent.length : (sent?.batch?.length ?? 1)
          expect([...positions, ...refused.map(({ index }) => index)].sort((a, b) => a - b)).toEqual([
            ...Array(count).keys(),
          ])
          for (const { code } of refused) expect(errorTable).toHaveProperty(code)
          for (const event of events) expectSound(event)
        } catch (error) {
          expect(error).toBeInstanceOf(HabitueError)
        }
      }),
      { seed: 5, numRuns: 3000 },
    )
  })

  function expectSound(event: IncomingEvent): void {
    const text = JSON.stringify(event)
    expect(text).not.toMatch(/[^\\]\\u0000/)
    for (const { price, quantity } of event.products) {
      expect(price === null || Number.isSafeInteger(price)).toBe(true)
      expect(Number.isSafeInteger(quantity) && quantity >= 0).toBe(true)
    }
    expect(Number.isSafeInteger(event.time)).toBe(true)
    expect(event.messageId.length).toBeLessThan(100)
    expect(JSON.parse(event.body)).toBeTypeOf('object')
    expect(structuredClone(event)).toEqual(event)
  }
})
