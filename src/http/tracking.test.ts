import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { HabitueError } from '../errors.ts'
import { type Bench, bench, shopOrigin } from './testing.ts'

const opened: Bench[] = []
async function fresh(config: Parameters<typeof bench>[0] = {}): Promise<Bench> {
  const made = await bench(config)
  opened.push(made)
  return made
}
afterAll(async () => {
  for (const { app } of opened) await app.close()
})

let shop: Bench
beforeAll(async () => {
  shop = await fresh()
})
beforeEach(() => {
  shop.engine.ingested.length = 0
  shop.engine.trouble = null
  shop.logged.length = 0
})

const event = { event: 'Product Viewed', anonymousId: 'a1', messageId: 'm1' }
type Extra = { url?: string; headers?: Record<string, string>; body?: string | Buffer | object }

function post({ url = '/v1/track', headers = shop.as('publishable'), body = event }: Extra = {}, at = shop) {
  const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  return at.app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json', ...headers }, payload })
}

describe('endpoints', () => {
  const forms = ['identify', 'track', 'page', 'screen', 'group', 'alias']
  it.each(
    forms.flatMap((type) => [
      [type, type],
      [type[0], type],
    ]),
  )('/v1/%s takes a %s', async (path, type) => {
    const answer = await post({ url: `/v1/${path}` })
    expect([answer.statusCode, answer.json()]).toEqual([200, { success: true }])
    expect(shop.engine.ingested[0].body.batch).toEqual([{ ...event, type }])
  })

  it.each(['/v1/batch', '/v1/b', '/beacon/v1/batch'])('%s takes a batch with its context', async (url) => {
    const body = { batch: [event], context: { library: { name: 'x' } }, integrations: { all: true }, sentAt: 'now' }
    const answer = await post({ url, body })
    expect([answer.statusCode, answer.json()]).toEqual([200, { success: true }])
    expect(shop.engine.ingested[0].body).toMatchObject(body)
    expect(shop.engine.ingested[0].sender.historical).toBe(false)
  })

  it('/v1/import is for servers, and says that its events are history', async () => {
    expect((await post({ url: '/v1/import', body: { batch: [event] } })).json().error.code).toBe('forbidden')
    const answer = await post({ url: '/v1/import', body: { batch: [event] }, headers: shop.as('server') })
    expect(answer.statusCode).toBe(200)
    expect(shop.engine.ingested[0].sender).toMatchObject({ historical: true, trust: 'verified' })
  })

  it('/v1/m takes numbers about the SDK and forgets them', async () => {
    const answer = await post({ url: '/v1/m', headers: {}, body: 'anything { at all' })
    expect([answer.statusCode, answer.json()]).toEqual([200, { success: true }])
    expect(shop.engine.ingested).toEqual([])
  })

  it('reports the events that were refused, by position, and keeps the others', async () => {
    const answer = await post({ url: '/v1/batch', body: { batch: [event, { refuse: true }, 7] } })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({ success: true, refused: [{ index: 1 }, { index: 2, code: 'invalid_event' }] })
  })
})

describe('keys of tracking requests', () => {
  it('come as Basic authentication, in the query, in the body, or in the first event of a batch', async () => {
    const writeKey = shop.keys.publishable
    const ways: Extra[] = [
      { headers: shop.as('publishable') },
      { headers: { authorization: `Bearer ${writeKey}` } },
      { headers: {}, url: `/v1/track?writeKey=${writeKey}` },
      { headers: {}, body: { ...event, writeKey } },
      { headers: {}, url: '/v1/batch', body: { batch: [{ ...event, writeKey }] } },
      { headers: {}, url: `/beacon/v1/batch?writeKey=${writeKey}`, body: { batch: [event] } },
    ]
    for (const way of ways) expect((await post(way)).statusCode, JSON.stringify(way)).toBe(200)
    expect(shop.engine.ingested.map(({ sender }) => sender.source)).toEqual(ways.map(() => shop.keyIds.publishable))
  })

  it('that are absent, unknown, or absurd are refused with 401', async () => {
    const authorization = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
    for (const headers of [
      {},
      authorization('nobody:'),
      authorization(`${'x'.repeat(5000)}:`),
      { authorization: '' },
    ]) {
      const answer = await post({ headers })
      expect([answer.statusCode, answer.json().error.code]).toEqual([401, 'unauthorized'])
    }
    expect(shop.engine.ingested).toEqual([])
  })

  it('of a page work from the origins that they are bound to', async () => {
    const from = (origin: string) => post({ headers: { ...shop.as('publishable'), origin } })
    expect((await from(shopOrigin)).statusCode).toBe(200)
    expect((await from('https://evil.example')).json().error.code).toBe('origin_forbidden')
    expect((await from('null')).statusCode).toBe(403)
    const server = await post({ headers: { ...shop.as('server'), origin: 'https://evil.example' } })
    expect(server.statusCode).toBe(200)
  })

  it('answer 429 with Retry-After above their rate, each for itself', async () => {
    const slow = { perSecond: 0.5, burst: 2 }
    const busy = await fresh({ rateLimits: { publishable: slow, server: slow, admin: slow } })
    const codes = []
    for (let i = 0; i < 3; i++) codes.push((await post({ headers: busy.as('publishable') }, busy)).statusCode)
    expect(codes).toEqual([200, 200, 429])
    const refused = await post({ headers: busy.as('publishable') }, busy)
    expect(refused.headers['retry-after']).toBe('2')
    expect((await post({ headers: busy.as('server') }, busy)).statusCode).toBe(200)
    busy.engine.world.advance(2_000)
    expect((await post({ headers: busy.as('publishable') }, busy)).statusCode).toBe(200)
  })
})

describe('bodies', () => {
  const json = JSON.stringify(event)

  it('are JSON whatever their content type says', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream', 'nonsense']) {
      expect(
        (await post({ headers: { ...shop.as('server'), 'content-type': type }, body: json })).statusCode,
        type,
      ).toBe(200)
    }
    const unnamed = {
      method: 'POST',
      url: '/v1/track',
      headers: shop.as('server'),
      payload: Buffer.from(json),
    } as const
    expect((await shop.app.inject(unnamed)).statusCode).toBe(200)
    expect((await post({ body: `\ufeff${json}` })).statusCode).toBe(200)
    expect(shop.engine.ingested).toHaveLength(6)
  })

  it('are unpacked when they are gzip, labelled or not; and read when labelled gzip and plain', async () => {
    const packed = gzipSync(json)
    for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
      expect((await post({ headers: { ...shop.as('server'), 'content-type': type }, body: packed })).statusCode).toBe(
        200,
      )
    }
    const labelled = { ...shop.as('server'), 'content-encoding': 'gzip' }
    expect((await post({ headers: labelled, body: packed })).statusCode).toBe(200)
    expect((await post({ headers: labelled, body: json })).statusCode).toBe(200)
    expect(shop.engine.ingested.map(({ body }) => body.batch)).toEqual(Array(4).fill([{ ...event, type: 'track' }]))
  })

  it.each([
    ['a truncated gzip', gzipSync(json).subarray(0, 30), 400, 'invalid_gzip'],
    ['a damaged gzip', Buffer.concat([gzipSync(json).subarray(0, 12), Buffer.alloc(40, 7)]), 400, 'invalid_gzip'],
    ['only the magic bytes', Buffer.from([0x1f, 0x8b]), 400, 'invalid_gzip'],
    ['a gzip bomb', gzipSync(Buffer.alloc(50_000_000, 0x20)), 413, 'body_too_large'],
    ['too many bytes', Buffer.alloc(4_000 * 1024 + 1, 0x20), 413, 'body_too_large'],
    ['nothing', '', 400, 'invalid_json'],
    ['cut JSON', '{"event": "x"', 400, 'invalid_json'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'invalid_json'],
    ['NaN', '{"event": NaN}', 400, 'invalid_json'],
    ['a list', '[1]', 400, 'invalid_body'],
    ['a number', '7', 400, 'invalid_body'],
    ['null', 'null', 400, 'invalid_body'],
    ['a nesting bomb', `{"properties": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 400, 'invalid_body'],
  ])('that are %s are refused', async (_name, body, status, code) => {
    const answer = await post({ body, headers: shop.as('server') })
    expect([answer.statusCode, answer.json().error.code]).toEqual([status, code])
    expect(shop.engine.ingested).toEqual([])
  })

  it('lose keys that would poison prototypes, and nothing else', async () => {
    const odd = '{"event":"x","__proto__":{"admin":true},"properties":{"constructor":{"prototype":{"a":1}},"b":2}}'
    expect((await post({ body: odd })).statusCode).toBe(200)
    const [taken] = shop.engine.ingested[0].body.batch as [Record<string, unknown>]
    expect(taken).toEqual({ event: 'x', properties: { b: 2 }, type: 'track' })
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it('of a batch need a list of events', async () => {
    for (const body of [{}, { batch: 'x' }, { batch: { 0: event } }]) {
      expect((await post({ url: '/v1/batch', body })).json().error).toMatchObject({ code: 'invalid_body' })
    }
    expect((await post({ url: '/v1/batch', body: { batch: [] } })).statusCode).toBe(200)
  })

  it('above the tracking limit are read for an import, once a key was shown', async () => {
    const big = { batch: [{ ...event, properties: { text: 'x'.repeat(5_000_000) } }] }
    expect((await post({ url: '/v1/import', body: big, headers: shop.as('server') })).statusCode).toBe(200)
    const unknown = await post({ url: '/v1/import', body: { ...big, writeKey: shop.keys.server }, headers: {} })
    expect([unknown.statusCode, unknown.json().error.code]).toEqual([401, 'unauthorized'])
    expect(
      (await post({ url: '/v1/import', body: { batch: [event], writeKey: shop.keys.server }, headers: {} })).statusCode,
    ).toBe(200)
  })
})

describe('what a sender is believed', () => {
  const sender = () => shop.engine.ingested.at(-1)?.sender

  it('is all for a server, and nothing for a page alone', async () => {
    await post({ headers: shop.as('server') })
    expect(sender()).toMatchObject({ trust: 'verified', subject: null })
    await post({ headers: shop.as('publishable') })
    expect(sender()).toMatchObject({ trust: 'claimed', subject: null })
  })

  it('is who a customer token says: in a header, in the body, in a context; and no token is stored', async () => {
    const token = shop.token('42', { email: 'z@example.com' })
    const ways: Extra[] = [
      { headers: { ...shop.as('publishable'), 'x-habitue-token': token } },
      { body: { ...event, customerToken: token } },
      { body: { ...event, context: { customerToken: token, page: {} } } },
      { url: '/v1/batch', body: { batch: [event], context: { customerToken: token } } },
      { url: '/v1/batch', body: { batch: [{ ...event, context: { customerToken: token } }] } },
    ]
    for (const way of ways) {
      expect((await post(way)).json()).toEqual({ success: true })
      expect(sender()).toMatchObject({ trust: 'claimed', subject: { user: '42', email: 'z@example.com' } })
      const { batch, context } = shop.engine.ingested.at(-1)?.body ?? { batch: [] }
      expect(JSON.stringify([batch, context])).not.toContain(token)
    }
  })

  it('is nothing more with a token that is no good; the events are kept and the answer warns', async () => {
    const good = shop.token('42')
    const bad = ['x.y.z', `${good}x`, shop.token('42', { scopes: ['read'] }), shop.token('42', { expires: 1 })]
    for (const token of bad) {
      const answer = await post({ headers: { ...shop.as('publishable'), 'x-habitue-token': token } })
      expect(answer.json()).toMatchObject({ success: true, warnings: [{ code: 'customer_token_invalid' }] })
      expect(sender()).toMatchObject({ trust: 'claimed', subject: null })
    }
  })

  it('is told apart event by event within a batch, and positions stay those of the batch', async () => {
    const of = (user: string | null, rest = {}) => ({
      ...event,
      ...rest,
      context: user === null ? {} : { customerToken: shop.token(user) },
    })
    const batch = [of('1'), of(null), of('2', { refuse: true }), of('1', { refuse: true }), of(null, { refuse: true })]
    const answer = await post({ url: '/v1/b', body: { batch } })
    expect(answer.json().refused.map(({ index }: { index: number }) => index)).toEqual([2, 3, 4])
    const seen = shop.engine.ingested.map(({ sender, body }) => [sender.subject?.user ?? null, body.batch.length])
    expect(seen).toEqual([
      ['1', 2],
      [null, 2],
      ['2', 1],
    ])
  })

  it('is all when the operator switched verification off', async () => {
    const trusting = await fresh({ identityVerification: 'off' })
    await post({ headers: trusting.as('publishable') }, trusting)
    expect(trusting.engine.ingested[0].sender).toMatchObject({ trust: 'verified', subject: null })
  })
})

describe('trouble', () => {
  it('with storage is 503 with Retry-After, never 400, and says nothing of what was sent', async () => {
    const causes = [
      new HabitueError('storage_unavailable', 'away'),
      Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' }),
      Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 }),
      Object.assign(new Error('terminating connection'), { code: '57P01' }),
    ]
    for (const cause of causes) {
      shop.engine.trouble = async () => {
        throw cause
      }
      const answer = await post({ body: { ...event, userId: 'secret-person' } })
      expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5'])
    }
    expect(shop.logged.join()).not.toContain('secret-person')
    expect(shop.logged.join()).not.toContain(shop.keys.publishable)
  })

  it('of any other kind is 500, which SDKs repeat too', async () => {
    shop.engine.trouble = async () => {
      throw new TypeError('x is not a function')
    }
    const answer = await post()
    expect(answer.statusCode).toBe(500)
    expect(answer.json().error).toMatchObject({ code: 'internal', requestId: answer.headers['x-request-id'] })
    expect(answer.body).not.toContain('not a function')
    expect(shop.logged.join()).toContain('x is not a function')
  })
})

describe('what SDKs fetch first', () => {
  it('is where to send, for analytics.js', async () => {
    const url = `/v1/projects/${shop.keys.publishable}/settings`
    const answer = await shop.app.inject({ url, headers: { host: 'habitue.example:8080' } })
    const place = { apiKey: shop.keys.publishable, apiHost: 'habitue.example:8080/v1', protocol: 'http' }
    expect(answer.json().integrations).toEqual({ 'Segment.io': place })
    expect((await shop.app.inject({ url: '/v1/projects/nobody/settings' })).statusCode).toBe(404)
  })

  it('is a source that is switched on and has no destinations, for RudderStack', async () => {
    for (const path of ['/sourceConfig/', '/sourceConfig']) {
      const answer = await shop.app.inject({ url: `${path}?p=npm&v=3&writeKey=${shop.keys.publishable}` })
      expect(answer.json().source).toMatchObject({ id: shop.keyIds.publishable, enabled: true, destinations: [] })
    }
    const basic = await shop.app.inject({ url: '/sourceConfig/?p=npm', headers: shop.as('publishable') })
    expect(basic.json().source.writeKey).toBe(shop.keys.publishable)
    expect((await shop.app.inject({ url: '/sourceConfig/' })).statusCode).toBe(404)
  })

  it('is permission to ask from another origin', async () => {
    for (const url of [
      '/v1/t',
      '/v1/batch',
      '/beacon/v1/batch',
      '/sourceConfig/',
      '/v1/projects/x/settings',
      '/v1/recommendations',
    ]) {
      const headers = {
        origin: shopOrigin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-habitue-token',
      }
      const answer = await shop.app.inject({ method: 'OPTIONS', url, headers })
      expect(answer.statusCode).toBe(204)
      expect(answer.headers['access-control-allow-origin']).toBe('*')
      expect(answer.headers['access-control-allow-headers']).toContain('authorization')
    }
    const answer = await post({ headers: { ...shop.as('publishable'), origin: shopOrigin } })
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.headers['access-control-expose-headers']).toContain('Retry-After')
  })
})
