/** For tests: `habitue` as a user runs it, a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StorageConfig } from '../../src/config.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export type Environment = Readonly<Record<string, string | undefined>>

/** Where a command works: a SQLite file or a PostgreSQL; null = what the arguments say. */
export type Place = StorageConfig | null

export interface Ended {
  /** Null = a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The last line of standard output as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read results of every shape
  readonly json: any
}

export interface Started {
  readonly process: ChildProcess
  /** All that was said so far. */
  readonly said: { stdout: string; stderr: string }
  readonly ended: Promise<Ended>
  /** Resolves with the first line of standard output for which `wanted` holds. @throws where it ends without */
  line(wanted: (line: string) => boolean): Promise<string>
  /** Resolves when standard error has said `text`. @throws where it ends without */
  warning(text: string): Promise<void>
}

/** Nothing of the environment of the tests decides what a command does. */
const plain: Environment = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  HABITUE_LEGAL_BASIS: 'contract',
  // Trainings begin when a test begins them.
  HABITUE_TRAINING_AUTOMATIC: 'false',
  // Commands start in half the time.
  NODE_COMPILE_CACHE: join(tmpdir(), `habitue-compile-cache-${process.getuid?.()}`),
}

export function startCommand(place: Place, args: readonly string[], environment: Environment = {}): Started {
  const at = place === null || place.databaseUrl ? [] : ['--data', place.dataFile]
  const env = { ...plain, HABITUE_THREADS: '1', DATABASE_URL: place?.databaseUrl ?? undefined, ...environment }
  const child = spawn(process.execPath, [main, ...at, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  return followed(child)
}

export function followed(child: ChildProcess): Started {
  const said = { stdout: '', stderr: '' }
  child.stdout?.on('data', (bytes: Buffer) => {
    said.stdout += bytes.toString()
  })
  child.stderr?.on('data', (bytes: Buffer) => {
    said.stderr += bytes.toString()
  })
  const ended = once(child, 'close').then(([code]): Ended => {
    const last = said.stdout.trimEnd().split('\n').at(-1) ?? ''
    return { code: code as number | null, ...said, json: parsed(last) }
  })
  const until = <T>(stream: 'stdout' | 'stderr', found: () => T | undefined) =>
    new Promise<T>((resolve, reject) => {
      const look = () => {
        const value = found()
        if (value !== undefined) resolve(value)
      }
      look()
      child[stream]?.on('data', look)
      ended.then(({ code }) => {
        look()
        reject(new Error(`It ended with ${code} before it said so:\n${said.stdout}\n${said.stderr}`))
      })
    })
  return {
    process: child,
    said,
    ended,
    line: (wanted) => until('stdout', () => said.stdout.split('\n').slice(0, -1).find(wanted)),
    warning: async (text) => {
      await until('stderr', () => (said.stderr.includes(text) ? true : undefined))
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Runs a command to its end. */
export function habitue(place: Place, args: readonly string[], environment?: Environment): Promise<Ended> {
  return startCommand(place, args, environment).ended
}

export interface Server {
  readonly url: string
  /** The key that this start made, or the one that was given. */
  readonly adminKey: string
  readonly started: Started
  /** @param key instead of the admin key */
  ask(method: string, path: string, body?: unknown, key?: string): Promise<Reply>
  /** Ends it by `signal` and answers how it ended. */
  end(signal: NodeJS.Signals): Promise<Ended>
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape
  readonly body: any
}

export interface StartOptions {
  readonly environment?: Environment
  /** Of a database that has an admin key already. */
  readonly adminKey?: string
  /** Starts the process in another way. */
  readonly start?: (args: readonly string[]) => Started
}

/** `habitue start` on a port that is free; resolves when it answers. */
export async function startServer(place: Place, options: StartOptions = {}): Promise<Server> {
  const args = ['--json', 'start', '--port', '0']
  const started = options.start?.(args) ?? startCommand(place, args, { HABITUE_LOG: 'error', ...options.environment })
  const { url } = JSON.parse(await started.line((line) => line.includes('"url"'))) as { url: string }
  const first = started.said.stdout.split('\n').find((line) => line.includes('"adminKey"'))
  const adminKey = first ? (JSON.parse(first) as { adminKey: string }).adminKey : (options.adminKey ?? '')
  return {
    url,
    adminKey,
    started,
    ask: (method, path, body, key = adminKey) => asked(url + path, method, key, body),
    end: (signal) => {
      started.process.kill(signal)
      return started.ended
    },
  }
}

async function asked(url: string, method: string, key: string, body: unknown): Promise<Reply> {
  const authorization = `Basic ${Buffer.from(`${key}:`).toString('base64')}`
  const json = body === undefined ? {} : { body: JSON.stringify(body) }
  const headers = { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
  const response = await fetch(url, { method, headers, ...json })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: parsed(text) ?? text }
}
