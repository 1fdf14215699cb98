/**
 * How a command reaches Habitue: by HTTP, always. To the server that `--url` names; else to the process that owns the
 * database file; else to the same application started inside this process, which then listens nowhere.
 */
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import { type Config, loadConfig } from '../config.ts'
import { readOwner } from '../db/owner.ts'
import { HabitueError } from '../errors.ts'
import { engineHere } from './engine-here.ts'
import { commandLog } from './log.ts'

export interface Where {
  readonly data?: string
  readonly url?: string
  readonly key?: string
  /** For what only a process that serves can answer. */
  readonly needsServer?: boolean
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

export interface Connection {
  /** Where it leads, for people. */
  readonly place: string
  /** @throws HabitueError with the code and sentence of the answer when it is an error */
  request(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown>
  /** The lines of a stream that goes on until it ends, or `signal` ends it; with a `body` it is posted. */
  lines(path: string, signal: AbortSignal, body?: unknown): AsyncIterable<string>
  close(): Promise<void>
}

export async function connect(where: Where): Promise<Connection> {
  if (where.url) return overHttp(where.url, where.key ?? '')
  const config = loadConfig({ dataFile: where.data })
  checkFolder(config)
  const owner = config.databaseUrl ? null : readOwner(config.dataFile)
  if (owner && (owner.url === null || owner.token === null)) {
    const who = owner.pid === 0 ? 'Another process' : `The process ${owner.pid}`
    throw new HabitueError(
      'database_locked',
      `${who} is working on ${config.dataFile} and serves nothing; try again when it is done.`,
    )
  }
  if (owner) return overHttp(owner.url as string, owner.token as string)
  if (where.needsServer) throw notRunning(config)
  // Not `start`ed: what Habitue does by itself, and showing the first admin key, is for the process that serves.
  const { createEngine, createApp } = await engineHere()
  const engine = await createEngine(config, { log: commandLog('warn') })
  const begin = async () => {
    const app = await createApp(engine)
    await app.ready()
    return app
  }
  const app = await begin().catch(async (error) => {
    await engine.stop()
    throw error
  })
  return inProcess(app, engine.localKey(), config.databaseUrl ? 'PostgreSQL' : config.dataFile, () => engine.stop())
}

/** @throws HabitueError invalid_config where the data file has no folder to be in */
export function checkFolder({ databaseUrl, dataFile }: Config): void {
  const folder = dirname(resolve(dataFile))
  if (databaseUrl || existsSync(folder)) return
  throw new HabitueError('invalid_config', `The folder ${folder} of the data file does not exist; make it first.`, {
    folder,
  })
}

function notRunning({ databaseUrl, dataFile }: Config): HabitueError {
  const message = databaseUrl
    ? 'On PostgreSQL this command asks one server: name it with --url, and an admin key with --key.'
    : `No Habitue is serving ${dataFile}: habitue start; or name one that does with --url and --key.`
  return new HabitueError('not_running', message)
}

function authorization(key: string): string {
  return `Basic ${Buffer.from(`${key}:`).toString('base64')}`
}

export function overHttp(url: string, key: string): Connection {
  const base = url.replace(/\/+$/, '')
  const call = async (path: string, init: RequestInit): Promise<Response> => {
    try {
      return await fetch(base + path, { ...init, headers: { ...init.headers, authorization: authorization(key) } })
    } catch (cause) {
      throw new HabitueError('not_running', `Nothing answers at ${base}: ${(cause as Error).message}`, {}, { cause })
    }
  }
  return {
    place: base,
    async request(method, path, body) {
      const response = await call(path, { method, ...jsonOf(body) })
      return opened(response.status, await response.text())
    },
    async *lines(path, signal, body) {
      const { headers, ...json } = jsonOf(body)
      const method = body === undefined ? 'GET' : 'POST'
      const response = await call(path, { method, ...json, headers: { ...headers, accept: ndjson }, signal })
      if (!response.ok || !response.body) throw opened(response.status, await response.text())
      yield* linesOf(response.body)
    },
    close: async () => {},
  }
}

const ndjson = 'application/x-ndjson'

function jsonOf(body: unknown): { body?: string; headers?: Record<string, string> } {
  return body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
}

function inProcess(app: FastifyInstance, key: string, place: string, stop: () => Promise<void>): Connection {
  const headers = { authorization: authorization(key), 'content-type': 'application/json' }
  return {
    place,
    async request(method, path, body) {
      const payload = body === undefined ? undefined : JSON.stringify(body)
      const { 'content-type': _type, ...plain } = headers
      const answer = await app.inject({ method, url: path, headers: payload === undefined ? plain : headers, payload })
      return opened(answer.statusCode, answer.body)
    },
    async *lines(path, signal, body) {
      const { 'content-type': _type, ...plain } = headers
      const json = body === undefined ? { headers: plain } : { headers, payload: JSON.stringify(body) }
      const method = body === undefined ? 'GET' : 'POST'
      const asked = { ...json, headers: { ...json.headers, accept: ndjson } }
      const answer = await app.inject({ method, url: path, ...asked, payloadAsStream: true, signal })
      if (answer.statusCode >= 400) throw opened(answer.statusCode, await text(answer.stream()))
      yield* linesOf(answer.stream() as Readable)
    },
    close: async () => {
      await app.close()
      await stop()
    },
  }
}

async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

/** The body of a good answer. @throws HabitueError of a bad one */
function opened(status: number, text: string): unknown {
  const body = text === '' ? null : parsed(text)
  if (status < 400) return body
  const error = (body as { error?: { code?: string; message?: string; details?: Record<string, unknown> } } | null)
    ?.error
  const code = (error?.code ?? 'storage_unavailable') as HabitueError['code']
  throw new HabitueError(code, error?.message ?? `The server answered with status ${status}.`, error?.details)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
