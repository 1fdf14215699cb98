import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { simulatedWorld } from '../../world.ts'
import type { Delivery } from './channel.ts'
import { isPrivateAddress } from './private-address.ts'
import { type WebhookOptions, webhooks } from './webhook.ts'

const secret = 'a secret of thirty-two bytes ...'
const held = async () => ({ holds: () => true })
const closers: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closers) await close()
})

interface Got {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

async function server(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const got: Got[] = []
  const http = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => {
      body += part
    })
    request.on('end', () => {
      got.push({ headers: request.headers, body })
      answer(request, response)
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    http.closeAllConnections()
    return new Promise((resolve) => http.close(resolve))
  })
  const { port } = http.address() as AddressInfo
  return { got, port, url: `http://127.0.0.1:${port}/hook` }
}

function post(url: string, options: Partial<WebhookOptions> = {}): Promise<Delivery | 'taken'> {
  const hooks = webhooks({ secret, hosts: '127.0.0.1', world: simulatedWorld(1), timeoutMs: 300, ...options })
  return hooks.post({ url, key: 'k 1', body: '{"a":1}', kind: 'message' }, held)
}

describe('a webhook', () => {
  it('carries the key of the message and a signature that the other side can check', async () => {
    const { got, url } = await server((_, response) => response.end('thanks'))
    expect(await post(url)).toEqual({ kind: 'sent', response: '200 thanks' })
    const [{ headers, body }] = got
    expect(headers['idempotency-key']).toBe('k 1')
    const [, time, sign] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['habitue-signature'])) ?? []
    expect(sign).toBe(createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'))
  })

  const cases: readonly [number, string][] = [
    [500, 'not_sent'],
    [503, 'not_sent'],
    [429, 'not_sent'],
    [404, 'refused'],
    [410, 'refused'],
    [204, 'sent'],
  ]
  it.each(cases)('an answer of %i is %s', async (status, kind) => {
    const { url } = await server((_, response) => response.writeHead(status).end())
    expect(await post(url)).toMatchObject({ kind })
  })

  it('that gets no answer, or is cut off, may be repeated', async () => {
    const { url } = await server(() => {})
    expect(await post(url)).toMatchObject({ kind: 'not_sent', reason: expect.stringContaining('0.3 s') })
    const cut = await server((request) => request.socket.destroy())
    expect(await post(cut.url)).toMatchObject({ kind: 'not_sent' })
  })

  it('follows no redirect', async () => {
    const inner = await server((_, response) => response.end())
    const { url } = await server((_, response) => response.writeHead(307, { location: inner.url }).end())
    expect(await post(url)).toMatchObject({ kind: 'refused', reason: expect.stringContaining('redirect') })
    expect(inner.got).toHaveLength(0)
  })

  it('goes to no private address that the operator has not listed, whatever it is called', async () => {
    const { got, url, port } = await server((_, response) => response.end())
    const addresses = [
      '127.0.0.1',
      '[::1]',
      '2130706433',
      '0x7f.1',
      '169.254.169.254',
      '[::ffff:127.0.0.1]',
      'localhost',
    ]
    for (const host of addresses)
      expect(await post(`https://${host}:${port}/`, { hosts: '' })).toMatchObject({ kind: 'refused' })
    expect(await post(url, { hosts: '' })).toMatchObject({ kind: 'refused' })
    expect(await post(url, { hosts: `127.0.0.1:${port}` })).toMatchObject({ kind: 'sent' })
    expect(got).toHaveLength(1)
    for (const bad of ['file:///etc/passwd', 'https://user:pass@shop.example/', 'no address'])
      expect(await post(bad)).toMatchObject({ kind: 'refused' })
  })

  it('connects to the address that was checked: a name that changes its meaning gains nothing', async () => {
    let asked = 0
    const answers = ['203.0.114.7', '127.0.0.1']
    const lookup = ((_host: string, _options: object, done: (error: null, all: object[]) => void) =>
      done(null, [{ address: answers[asked++] ?? '127.0.0.1', family: 4 }])) as unknown as WebhookOptions['lookup']
    const { got, port } = await server((_, response) => response.end())
    const delivery = await post(`https://rebinding.example:${port}/`, { hosts: '', lookup })
    expect(delivery).toMatchObject({ kind: 'not_sent' })
    expect([asked, got.length]).toEqual([1, 0])
    expect(await post(`https://rebinding.example:${port}/`, { hosts: '', lookup })).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('127.0.0.1'),
    })
  })
})

it('public addresses are public', () => {
  for (const address of ['8.8.8.8', '93.184.216.34', '2606:4700::1111', '172.32.0.1', '100.128.0.1'])
    expect([address, isPrivateAddress(address)]).toEqual([address, false])
  for (const address of [
    '10.1.2.3',
    '100.64.0.1',
    '::1',
    '::',
    'fd00::1',
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    '',
  ])
    expect([address, isPrivateAddress(address)]).toEqual([address, true])
})
