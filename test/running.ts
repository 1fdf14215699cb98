/** For tests: a whole Habitue on an empty database of either engine, asked over HTTP. */
import { afterAll, describe } from 'vitest'
import { type Config, loadConfig } from '../src/config.ts'
import type { EngineName } from '../src/db/database.ts'
import { emptyDatabases } from '../src/db/testing.ts'
import { createEngine, type EngineOptions, type RunningEngine } from '../src/engine.ts'
import type { KeyKind } from '../src/engine-api.ts'
import { createApp } from '../src/http/app.ts'

export interface Reply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape
  readonly body: any
}

export interface Running {
  readonly engine: RunningEngine
  readonly config: Config
  /** Asks with the key given, else with an admin key. */
  ask(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    key?: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Reply>
  /** What a browser without a key gets: a page, or where a posted form (`a=1&b=2`) leads. */
  open(
    method: 'GET' | 'POST',
    path: string,
    form?: string,
  ): Promise<{ status: number; body: string; location: string | null }>
  /** The text of a new key. */
  key(kind: KeyKind, origins?: readonly string[]): Promise<string>
  /** Trains and waits; fails the test where the training fails. */
  train(): Promise<void>
  stop(): Promise<void>
}

type Overrides = NonNullable<Parameters<typeof loadConfig>[0]>

export type Run = (overrides?: Overrides, options?: EngineOptions) => Promise<Running>

/** @example forEachRunning((engine, run) => { it('answers', async () => { const habitue = await run(); ... }) }) */
export function forEachRunning(
  block: (engine: EngineName, run: Run) => void,
  engines: readonly EngineName[] = ['sqlite', 'postgres'],
): void {
  for (const engine of engines) {
    describe(engine, () => {
      const places = emptyDatabases(engine, { migrated: true })
      const started: Running[] = []
      afterAll(async () => {
        for (const running of started) await running.stop()
        await places.remove()
      })
      block(engine, async (overrides = {}, options = {}) => {
        const running = await start({ ...(await places.create()), ...overrides }, options)
        started.push(running)
        return running
      })
    })
  }
}

async function start(overrides: Overrides, options: EngineOptions): Promise<Running> {
  const config = loadConfig(
    { legalBasis: 'contract', logLevel: 'silent', training: { automatic: false, threads: 1 }, ...overrides },
    {},
  )
  const engine = await createEngine(config, { writerThread: false, ...options })
  const admin = (await engine.start()) ?? engine.localKey()
  const app = await createApp(engine)
  await app.ready()
  let stopped = false
  const ask: Running['ask'] = async (method, path, body, key = admin, more = {}) => {
    const authorization = `Basic ${Buffer.from(`${key}:`).toString('base64')}`
    const json = body === undefined ? {} : { payload: JSON.stringify(body) }
    const headers = { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...more }
    const answer = await app.inject({ method, url: path, headers, ...json })
    return { status: answer.statusCode, body: answer.body === '' ? null : answer.json() }
  }
  return {
    engine,
    config,
    ask,
    async open(method, url, form) {
      const headers = form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }
      const answer = await app.inject({ method, url, headers, payload: form })
      const { location = null } = answer.headers
      return { status: answer.statusCode, body: answer.body, location }
    },
    key: async (kind, origins) => (await engine.keys.create({ kind, name: 'test', origins: origins ?? null })).key,
    async train() {
      await engine.training.start()
      while ((await engine.training.status()).running) await new Promise((resolve) => setTimeout(resolve, 20))
      const { last } = await engine.training.status()
      if (last?.state !== 'ready') throw new Error(`the training ended as ${JSON.stringify(last?.report)}`)
    },
    async stop() {
      if (stopped) return
      stopped = true
      await app.close()
      await engine.stop()
    },
  }
}
