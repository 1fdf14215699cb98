import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TailLine } from '../engine-api.ts'
import { listen } from './listen.ts'
import { type Bench, bench } from './testing.ts'

let shop: Bench
let url: string
beforeAll(async () => {
  shop = await bench()
  url = await listen(shop.app, { host: '127.0.0.1', port: 0 })
})
afterAll(() => shop.app.close())

const line: TailLine = {
  time: 0,
  source: 'k1',
  type: 'track',
  name: 'Product Viewed',
  messageId: 'm1',
  customer: 'anonymous:a1',
  trust: 'claimed',
  items: 1,
  recognised: 1,
  result: 'accepted',
  refusal: null,
}
const refusedLine: TailLine = {
  ...line,
  result: 'refused',
  refusal: { index: 0, code: 'invalid_event', message: 'no' },
}

describe('the reference', () => {
  it('describes every resource, and says how to authenticate', async () => {
    const reference = JSON.parse(await (await fetch(`${url}/openapi.json`)).text())
    expect(reference.openapi).toBe('3.1.0')
    for (const path of [
      '/v1/batch',
      '/v1/recommendations',
      '/v1/items/{id}',
      '/v1/customers/{id}/timeline',
      '/v1/keys',
      '/v1/rules/preview',
      '/v1/training',
      '/v1/tail',
      '/health/ready',
    ]) {
      expect(Object.keys(reference.paths)).toContain(path)
    }
    expect(Object.keys(reference.components.securitySchemes)).toEqual(['key', 'bearer', 'customer'])
    const body = reference.paths['/v1/recommendations'].post.requestBody.content['application/json'].schema
    expect(Object.keys(body.properties)).toContain('placement')
  })

  it('can be browsed without a request to anywhere else', async () => {
    const page = await fetch(`${url}/docs/`)
    const html = await page.text()
    expect(page.status).toBe(200)
    expect(html).toContain('Habitue API')
    const addresses = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address)
    for (const address of addresses) expect(address).toMatch(/^\.?\//)
    const start = await (await fetch(`${url}/docs/static/swagger-initializer.js`)).text()
    expect(start).toContain('"validatorUrl":null')
  })
})

describe('health and metrics', () => {
  it('says alive, and ready when the engine is', async () => {
    expect(await (await fetch(`${url}/health/live`)).json()).toEqual({ alive: true })
    const ready = await fetch(`${url}/health/ready`)
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { ready: true, version: '0.0.0-test', checks: { database: 'ok' } },
    ])
  })

  it('says 503 when it is not', async () => {
    const sick = await bench()
    sick.engine.health = async () => ({ ready: false, checks: { database: 'cannot be reached' } })
    const answer = await sick.app.inject({ url: '/health/ready' })
    expect([answer.statusCode, answer.json().checks.database]).toEqual([503, 'cannot be reached'])
    await sick.app.close()
  })

  it('counts requests by route, events, and decisions, for Prometheus', async () => {
    await fetch(`${url}/v1/nothing`)
    await shop.app.inject({ method: 'GET', url: '/v1/items/secret-item', headers: shop.as('server') })
    const answer = await fetch(`${url}/metrics`)
    const text = await answer.text()
    expect(answer.headers.get('content-type')).toContain('text/plain')
    expect(text).toContain('habitue_events_accepted_total 3')
    expect(text).toContain('habitue_events_refused_total{code="invalid_event"} 2')
    expect(text).toContain('habitue_decisions_total 5')
    expect(text).toMatch(/habitue_http_request_duration_seconds_count\{route="\/v1\/items\/:id",status="2xx"\} 1/)
    expect(text).toContain('habitue_nodejs_eventloop_lag_seconds')
    expect(text).not.toContain('secret-item')
  })
})

describe('requests', () => {
  it('have an id, their own where it is a sane one', async () => {
    const own = await fetch(`${url}/health/live`, { headers: { 'x-request-id': 'checkout-17' } })
    expect(own.headers.get('x-request-id')).toBe('checkout-17')
    const odd = await fetch(`${url}/health/live`, { headers: { 'x-request-id': 'a b{"}' } })
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}-\w+$/)
    const missing = await fetch(`${url}/v1/none`)
    expect(JSON.parse(await missing.text()).error).toMatchObject({
      code: 'not_found',
      requestId: missing.headers.get('x-request-id'),
    })
  })

  it('that go well leave no line in the log, and no key is ever in it', async () => {
    const before = shop.logged.length
    await shop.app.inject({
      method: 'POST',
      url: `/v1/track?writeKey=${shop.keys.server}`,
      payload: { event: 'x', userId: 'u' },
    })
    expect(shop.logged).toHaveLength(before)
    shop.engine.trouble = () => Promise.reject(new Error('broken'))
    await shop.app.inject({
      method: 'POST',
      url: `/v1/track?writeKey=${shop.keys.server}`,
      payload: { event: 'x', userId: 'someone@example.com' },
    })
    shop.engine.trouble = null
    expect(shop.logged).toHaveLength(before + 1)
    expect(shop.logged.join()).not.toContain(shop.keys.server)
    expect(shop.logged.join()).not.toContain('someone@example.com')
  })

  it('to a port that is taken say so', async () => {
    const other = await bench()
    const port = Number(new URL(url).port)
    await expect(listen(other.app, { host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'port_in_use' })
    await other.app.close()
  })
})

describe('the tail', () => {
  async function follow(accept: string, query = '') {
    const controller = new AbortController()
    const answer = await fetch(`${url}/v1/tail${query}`, {
      headers: { ...shop.as('server'), accept },
      signal: controller.signal,
    })
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    return {
      answer,
      async until(wanted: string) {
        while (!text.includes(wanted)) {
          const part = await reader?.read()
          if (!part || part.done) break
          text += part.value
        }
        return text
      },
      stop: () => controller.abort(),
    }
  }

  it('is a line of JSON for each event, or an event of a stream', async () => {
    const lines = await follow('*/*')
    const events = await follow('text/event-stream')
    expect(lines.answer.headers.get('content-type')).toContain('application/x-ndjson')
    shop.engine.tell(line)
    const [first] = (await lines.until('m1')).trim().split('\n')
    expect(JSON.parse(first)).toMatchObject({ customer: 'anonymous:a1', time: '1970-01-01T00:00:00.000Z' })
    expect(await events.until('m1')).toMatch(/data: \{.*"messageId":"m1".*\}\n\n/)
    lines.stop()
    events.stop()
  })

  it('can be narrowed to refusals and to a key', async () => {
    const refused = await follow('*/*', '?refused=true&source=k2')
    shop.engine.tell(line)
    shop.engine.tell({ ...refusedLine, messageId: 'other' })
    shop.engine.tell({ ...refusedLine, source: 'k2', messageId: 'mine' })
    const text = await refused.until('mine')
    expect(text).not.toContain('m1')
    expect(text).not.toContain('other')
    refused.stop()
  })

  it('ends when the server closes, and holds nothing up', async () => {
    const closing = await bench()
    const at = await listen(closing.app, { host: '127.0.0.1', port: 0 })
    const answer = await fetch(`${at}/v1/tail`, { headers: closing.as('server') })
    const ended = answer.text()
    await closing.app.close()
    await expect(ended).resolves.toBe('\n')
  })
})

describe('items in bulk', () => {
  it('are read by their content type', async () => {
    const send = (type: string, payload: string) =>
      shop.app.inject({
        method: 'POST',
        url: '/v1/items',
        headers: { ...shop.as('server'), 'content-type': type },
        payload,
      })
    for (const body of ['{"id":"a"}', '[{"id":"a"}]', '{"items":[{"id":"a"}]}']) {
      expect((await send('application/json', body)).json()).toEqual({ accepted: 1, refused: [] })
    }
    // The engine by rote counts the bytes of a feed.
    for (const type of [
      'application/x-ndjson',
      'text/csv; charset=utf-8',
      'text/tab-separated-values',
      'application/xml',
    ]) {
      expect((await send(type, '12345')).json()).toEqual({ accepted: 5, refused: [] })
    }
    expect((await send('application/json', '[{"id"')).json().error.code).toBe('invalid_json')
  })

  it('have the id of their address', async () => {
    const put = (payload: object) =>
      shop.app.inject({ method: 'PUT', url: '/v1/items/a%2Fb', headers: shop.as('server'), payload })
    expect((await put({ id: 'other', title: 'x' })).json().error).toMatchObject({ code: 'invalid_item' })
    expect((await put({ id: 'a/b', title: 'x' })).json()).toMatchObject({ id: 'a/b' })
  })
})

describe('a backup', () => {
  it('is written for the command line of this process only, not for an admin key from anywhere', async () => {
    const answer = await shop.app.inject({
      method: 'POST',
      url: '/v1/backup',
      headers: shop.as('admin'),
      payload: { file: '/tmp/backup.db' },
    })
    expect([answer.statusCode, answer.json().error.code]).toEqual([403, 'forbidden'])
  })
})
