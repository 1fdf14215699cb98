/** A running server over a database of its own, and a network between it and its clients that can be made to fail. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { signCustomerToken } from '../../src/access/customer-token.ts'
import { hashKey } from '../../src/access/key.ts'
import { type Config, defaultConfig } from '../../src/config.ts'
import { createEngine, type RunningEngine } from '../../src/engine.ts'
import type { Demo } from '../../src/engine-api.ts'
import { createApp } from '../../src/http/app.ts'
import { listen } from '../../src/http/listen.ts'

export interface TimelineEvent {
  readonly type: string
  readonly name: string
  readonly messageId: string
  readonly time: string
  readonly source: string
  readonly body: { readonly properties?: Record<string, unknown>; readonly context?: Record<string, unknown> }
}

export interface Shop {
  readonly engine: RunningEngine
  /** Where the server answers, without a slash at the end. */
  readonly url: string
  readonly keys: Readonly<Record<'publishable' | 'server' | 'admin', string>>
  /** Asks with a key (a server key where none is named), and answers status and body. */
  ask(method: string, path: string, options?: Ask): Promise<{ status: number; body: Answer }>
  /** A customer token as the shop's own server makes it, for an hour. */
  token(user: string, email?: string): string
  /** All that is remembered of somebody, the oldest first; empty for nobody. */
  timeline(id: string, kind?: string): Promise<TimelineEvent[]>
  close(): Promise<void>
}

export interface Ask {
  readonly body?: unknown
  readonly key?: string | null
  readonly headers?: Record<string, string>
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every route
type Answer = any

export interface ShopOptions {
  readonly config?: Partial<Config>
  readonly origins?: readonly string[]
  readonly demo?: (publishable: string) => Demo
  /** Any that is free, by default. */
  readonly port?: number
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  await new Promise((done) => server.close(done))
  return port
}

/** Starts a shop on an empty SQLite file, or on `config.databaseUrl`. Close it at the end. */
export async function openShop({
  config = {},
  origins = ['https://shop.example'],
  demo,
  port = 0,
}: ShopOptions = {}): Promise<Shop> {
  const folder = mkdtempSync(join(tmpdir(), 'habitue-shop-'))
  const settings: Config = {
    ...defaultConfig,
    dataFile: join(folder, 'shop.db'),
    legalBasis: 'contract',
    port: 0,
    training: { ...defaultConfig.training, automatic: false },
    ...config,
  }
  // A fault of the engine's own is printed beside the test that met it.
  const log = pino({ level: 'error' }, pino.destination({ fd: 2, sync: true }))
  const first = await createEngine(settings, { log })
  const admin = (await first.start()) ?? ''
  const server = (await first.keys.create({ kind: 'server', name: 'shop', origins: null })).key
  const publishable = (await first.keys.create({ kind: 'publishable', name: 'page', origins })).key
  let engine = first
  if (demo) {
    await first.stop()
    engine = await createEngine(settings, { log, demo: demo(publishable) })
    await engine.start()
  }
  const app = await createApp(engine)
  const url = await listen(app, { host: '127.0.0.1', port })
  const shop: Shop = {
    engine,
    url,
    keys: { publishable, server, admin },
    async ask(method, path, { body, key = server, headers = {} } = {}) {
      const authorization = key === null ? {} : { authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` }
      const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
      const answer = await fetch(url + path, { method, headers: { ...authorization, ...headers }, body: payload })
      const text = await answer.text()
      return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
    },
    token(user, email) {
      const expires = Math.floor(Date.now() / 1000) + 3600
      return signCustomerToken({ user, expires, email }, server.split('_')[1], hashKey(server))
    },
    async timeline(id, kind = 'user') {
      const path = `/v1/customers/${encodeURIComponent(id)}/timeline?kind=${kind}&limit=1000`
      const { status, body } = await shop.ask('GET', path)
      return status === 404 ? [] : body.events.reverse()
    },
    async close() {
      await app.close()
      await engine.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return shop
}

let databases = 0

/** A new database on the PostgreSQL of this test run; dropped with the server. */
export async function freshPostgres(server: string): Promise<string> {
  const name = `shop_${process.pid}_${databases++}`
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

/** What becomes of one request on its way. `lost answer`: the server takes it, and the client is told 500. */
export type Fault = 'pass' | 500 | 429 | 'cut' | 'lost answer'

export interface BadNetwork {
  readonly url: string
  /** How many requests met each fate. */
  readonly met: Readonly<Record<string, number>>
  /** The fates of the next requests to tracking paths, in order; after them all pass. */
  next(...faults: Fault[]): void
  close(): Promise<void>
}

const retryAfter = '1'

/** A proxy before `target`. Only requests that carry events meet faults; preflight and settings always pass. */
export async function badNetwork(target: string): Promise<BadNetwork> {
  const faults: Fault[] = []
  const met: Record<string, number> = {}
  const server = createServer((incoming, outgoing) => {
    const fault = incoming.method === 'POST' && !incoming.url?.endsWith('/m') ? (faults.shift() ?? 'pass') : 'pass'
    met[fault] = (met[fault] ?? 0) + 1
    if (fault === 'cut') incoming.socket.destroy()
    else if (fault === 500 || fault === 429) incoming.resume().once('end', () => fail(outgoing, fault))
    else pass(target, incoming, outgoing, fault === 'lost answer')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    met,
    next: (...more) => void faults.push(...more),
    close: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
}

const open = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'retry-after' }

function fail(outgoing: ServerResponse, status: 500 | 429): void {
  outgoing.writeHead(status, status === 429 ? { ...open, 'retry-after': retryAfter } : open).end('{}')
}

function pass(target: string, incoming: IncomingMessage, outgoing: ServerResponse, loseAnswer: boolean): void {
  const { method, headers, url } = incoming
  const sent = forward(target + url, { method, headers: { ...headers, connection: 'close' } }, (answer) => {
    if (loseAnswer) {
      answer.resume().once('end', () => fail(outgoing, 500))
      return
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  })
  sent.once('error', () => fail(outgoing, 500))
  incoming.pipe(sent)
}
