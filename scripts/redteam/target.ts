/** A running Habitue as an attacker meets it, with the keys that a test of it needs. */
import { createHmac } from 'node:crypto'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: attacks read answers of every shape
  readonly json: any
}

export interface Target {
  readonly url: string
  /** Texts of one key of each kind. */
  readonly keys: { readonly publishable: string; readonly server: string; readonly admin: string }
  /** All that the server wrote into its log so far. */
  logged(): string
}

export interface Attack {
  /** As docs/security.md calls it. */
  readonly name: string
  /** It measures time: not for a machine that does other things meanwhile. */
  readonly timed?: true
  run(target: Target): Promise<string[]>
}

export interface Sending {
  /** Text of a key; absent = none. */
  readonly key?: string
  readonly body?: unknown
  /** Instead of `body`: bytes as they are. */
  readonly raw?: Uint8Array<ArrayBuffer> | string
  readonly headers?: Readonly<Record<string, string>>
}

export async function send(target: Target, method: string, path: string, sending: Sending = {}): Promise<Reply> {
  const { key, body, raw, headers = {} } = sending
  const basic = key === undefined ? {} : { authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` }
  const typed = body === undefined && raw === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(target.url + path, {
    method,
    redirect: 'manual',
    headers: { ...typed, ...basic, ...headers },
    body: body === undefined ? raw : JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parsed(text) }
}

/** A customer token signed as a shop's server signs one; anything about it may be wrong. */
export function customerToken(serverKeyHash: string, header: object, payload: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${encode(header)}.${encode(payload)}`
  return `${signed}.${createHmac('sha256', serverKeyHash).update(signed).digest('base64url')}`
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
