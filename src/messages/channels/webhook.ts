/**
 * A message to another program: one POST of JSON, signed, with the key of the message, so that it may be repeated. It goes
 * to no address within this network unless the operator lists its host, and follows no redirect.
 */
import { createHmac } from 'node:crypto'
import { lookup as systemLookup } from 'node:dns'
import { request as plainRequest, type RequestOptions } from 'node:http'
import { request as secureRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { World } from '../../world.ts'
import type { Attempt, Channel, Delivery } from './channel.ts'
import { isPrivateAddress } from './private-address.ts'

export interface WebhookOptions {
  /** Of the signature; null = there is none, and the other side cannot tell who calls. */
  readonly secret: string | null
  /** Hosts that may be at a private address, separated by spaces: `crm.internal`, `127.0.0.1:8080`. */
  readonly hosts: string
  readonly world: World
  readonly timeoutMs?: number
  /** Resolves names; the system's by default. */
  readonly lookup?: typeof systemLookup
}

export interface Hook {
  readonly url: string
  readonly key: string
  /** JSON. */
  readonly body: string
  /** What it is about: `message`, `erasure`, a journey's step. */
  readonly kind: string
}

/** Header names as others know them: the draft of the idempotency key, and a signature over time and body. */
const headers = { key: 'idempotency-key', signature: 'habitue-signature', kind: 'habitue-event' } as const
const longestAnswer = 2_000

export interface Hooks {
  /** Never rejects. `begin` is asked once, when the address was found good. */
  post(hook: Hook, begin: () => Promise<Attempt | null>): Promise<Delivery | 'taken'>
}

export function webhooks({ secret, hosts, world, timeoutMs = 10_000, lookup = systemLookup }: WebhookOptions): Hooks {
  const listed = new Set(hosts.toLowerCase().split(/\s+/).filter(Boolean))
  return {
    async post({ url: text, key, body, kind }, begin) {
      const url = URL.parse(text)
      const wrong = url && wrongAddress(url, listed)
      if (!url || wrong)
        return { kind: 'refused', reason: wrong ?? `${text.slice(0, 200)} is no address`, address: false }
      const attempt = await begin()
      if (attempt === null) return 'taken'
      const time = Math.floor(world.now() / 1000)
      const sign = secret === null ? null : createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')
      const options: RequestOptions = {
        method: 'POST',
        lookup: isListed(url, listed) ? (lookup as LookupFunction) : guarded(lookup),
        agent: false,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'Habitue',
          [headers.key]: key,
          [headers.kind]: kind,
          ...(sign === null ? {} : { [headers.signature]: `t=${time},v1=${sign}` }),
        },
      }
      return answered(url, options, body, timeoutMs)
    },
  }
}

/** Why an address is not posted to, whatever its name means. */
function wrongAddress(url: URL, listed: ReadonlySet<string>): string | null {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return `${url.protocol} is not spoken to`
  if (url.username !== '' || url.password !== '') return 'an address may hold no password'
  if (isListed(url, listed)) return null
  if (url.protocol === 'http:') return 'only https is posted to, besides hosts that the operator lists'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return isIP(host) !== 0 && isPrivateAddress(host) ? refusal(host, host) : null
}

function isListed({ host, hostname }: URL, listed: ReadonlySet<string>): boolean {
  return listed.has(host.toLowerCase()) || listed.has(hostname.toLowerCase())
}

function refusal(host: string, address: string): string {
  return `${host} is at the private address ${address}; the operator has not listed it (messages.webhookHosts)`
}

/** Gives the connection the address that was checked, so that the name cannot mean another one in between. */
function guarded(lookup: typeof systemLookup): LookupFunction {
  return (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '')
      const bad = addresses.find(({ address }) => isPrivateAddress(address))
      if (bad || addresses.length === 0) return done(new PrivateAddress(refusal(host, bad?.address ?? 'none')), '')
      if (options.all) return (done as (error: null, all: typeof addresses) => void)(null, addresses)
      done(null, addresses[0].address, addresses[0].family)
    })
  }
}

class PrivateAddress extends Error {}

function answered(url: URL, options: RequestOptions, body: string, timeoutMs: number): Promise<Delivery> {
  return new Promise((resolve) => {
    const request = (url.protocol === 'https:' ? secureRequest : plainRequest)(url, options)
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs)
    const end = (delivery: Delivery) => {
      clearTimeout(timer)
      resolve(delivery)
    }
    request.on('error', (error: Error) => {
      // The other side knows the key: whether it had it or not, it may have it again.
      const reason = error.message || 'the connection failed'
      end(error instanceof PrivateAddress ? { kind: 'refused', reason, address: false } : { kind: 'not_sent', reason })
    })
    request.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        if (text.length < longestAnswer) text += part
        else request.destroy()
      })
      response.on('close', () => end(said(response.statusCode ?? 0, text)))
    })
    request.end(body)
  })
}

function said(status: number, text: string): Delivery {
  const words = `${status} ${text.replace(/\s+/g, ' ').slice(0, 200)}`.trim()
  if (status >= 200 && status < 300) return { kind: 'sent', response: words }
  if (status >= 300 && status < 400)
    return { kind: 'refused', reason: `${status}: redirects are not followed`, address: false }
  // 408, 425, 429 ask for patience; 5xx is the other side's own trouble.
  if (status >= 500 || status === 408 || status === 425 || status === 429) return { kind: 'not_sent', reason: words }
  return { kind: 'refused', reason: words, address: false }
}

export function webhookChannel(hooks: Hooks): Channel {
  return {
    name: 'webhook',
    addressKind: null,
    repeatable: true,
    deliver: ({ rendered, request }, begin) =>
      hooks.post({ url: rendered.url, key: request.key, body: rendered.payload, kind: 'message' }, begin),
    close: async () => {},
  }
}
