/** A real server in a process of its own: `habitue start` on a database, with a key to ask it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { readOwner } from '../src/db/owner.ts'

const root = join(import.meta.dirname, '..')

export interface ServerOptions {
  /** A SQLite file, or a postgres:// URL. */
  readonly storage: { readonly dataFile: string } | { readonly databaseUrl: string }
  /** Of `Config`, laid over what benchmarks set. */
  readonly config?: Record<string, unknown>
  /** Folder and name for CPU profiles of all its threads. */
  readonly profile?: { readonly folder: string; readonly name: string } | null
}

export interface Server {
  readonly url: string
  readonly pid: number
  /** An admin key. */
  readonly key: string
  /** Milliseconds from the start of the process until it answered /health/ready. */
  readonly readyMs: number
  /** JSON in, JSON out. @throws Error on any other status than 2xx */
  ask<T = unknown>(method: string, path: string, body?: unknown): Promise<T>
  stop(): Promise<void>
}

/** Starts it and waits until it is ready. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'habitue-bench-server-'))
  const configFile = join(folder, 'config.json')
  const config = { training: { automatic: false }, legalBasis: 'contract', logLevel: 'warn', ...options.config }
  writeFileSync(configFile, JSON.stringify(config))
  const started = performance.now()
  const child = spawn(
    process.execPath,
    [...profiling(options), join(root, 'src/cli/main.ts'), 'start', '--port', '0'],
    {
      env: environment(options, configFile),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  endsWithUs(child)
  const { url, key } = await announced(child, options)
  const headers = { authorization: `Bearer ${key}` }
  while ((await fetch(`${url}/health/ready`)).status !== 200) await setTimeout(5)
  const readyMs = performance.now() - started
  return {
    url,
    pid: child.pid as number,
    key,
    readyMs,
    async ask<T>(method: string, path: string, body?: unknown) {
      const json = body === undefined ? {} : { body: JSON.stringify(body) }
      const type = body === undefined ? {} : { 'content-type': 'application/json' }
      const response = await fetch(url + path, { method, headers: { ...headers, ...type }, ...json })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text.slice(0, 500)}`)
      return (text === '' ? null : JSON.parse(text)) as T
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function profiling({ profile }: ServerOptions): string[] {
  if (!profile) return []
  const folder = join(profile.folder, profile.name)
  mkdirSync(folder, { recursive: true })
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}

function environment({ storage }: ServerOptions, configFile: string): NodeJS.ProcessEnv {
  const { DATABASE_URL: _url, HABITUE_DATA: _file, ...rest } = process.env
  const place = 'databaseUrl' in storage ? { DATABASE_URL: storage.databaseUrl } : { HABITUE_DATA: storage.dataFile }
  return { ...rest, ...place, HABITUE_CONFIG: configFile }
}

/** A child that does not outlive this process, however that ends. */
export function endsWithUs<T extends ChildProcess>(child: T): T {
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  return child
}

/** The address, and a key: the first one is printed; later starts are asked as the machine's own commands ask them. */
async function announced(child: ChildProcess, { storage }: ServerOptions): Promise<{ url: string; key: string }> {
  let said = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`The server ended with ${code} before it listened:\n${said}`)))
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const found = /listens on (http:\/\/\S+?);/.exec(said)
      if (found) resolve(found[1])
    })
  })
  const printed = /^\s*(hba_\S+)\s*$/m.exec(said)?.[1]
  const key = printed ?? ('dataFile' in storage ? readOwner(storage.dataFile)?.token : undefined)
  if (!key) throw new Error('The server printed no admin key, and none of its own is known')
  return { url, key }
}

export interface Memory {
  /** Megabytes (2^20) of memory resident now. */
  readonly residentMb: number
  /** The most since the start, or since `forgetPeak`. */
  readonly peakMb: number
}

/** Null where the system has no /proc. */
export function memoryOf(pid: number): Memory | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const kb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
    return { residentMb: Math.round(kb('VmRSS') / 1024), peakMb: Math.round(kb('VmHWM') / 1024) }
  } catch {
    return null
  }
}

/** From now on `peakMb` counts anew. */
export function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // Not Linux: the peak then is that of the whole life.
  }
}

/** Processor time used so far, microseconds: of the whole process, and of the thread that serves requests. */
export function cpuOf(pid: number): { readonly all: number; readonly main: number } {
  const of = (file: string) => {
    try {
      const fields = readFileSync(file, 'utf8').split(') ')[1].split(' ')
      return (Number(fields[11]) + Number(fields[12])) * tickMicros
    } catch {
      return Number.NaN
    }
  }
  return { all: of(`/proc/${pid}/stat`), main: of(`/proc/${pid}/task/${pid}/stat`) }
}

/** Linux counts in hundredths of a second. */
const tickMicros = 10_000
