/**
 * For tests: the same block on both engines, each with a real database. SQLite is a temporary file written in this
 * thread (by the same group commit as in the writer thread); PostgreSQL is the server of this test run.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, describe, inject } from 'vitest'
import type { StorageConfig } from '../config.ts'
import { simulatedWorld, type World } from '../world.ts'
import type { Database, EngineName } from './database.ts'
import { type OpenOptions, openDatabase } from './open.ts'
import { silentLog } from './silent-log.ts'

export interface TestDatabase extends Database {
  /** By which it may be opened again, or from another process. */
  readonly config: StorageConfig
}

export interface OpenForTest {
  readonly world?: World
  /** Opens this database again instead of a new one. */
  readonly config?: StorageConfig
}

/** Gives an empty database with the present schema; all are closed and removed when the block's tests have ended. */
export type Open = (handlers?: OpenOptions['handlers'], options?: OpenForTest) => Promise<TestDatabase>

export { silentLog }

export interface ForEachOptions {
  readonly engines?: readonly EngineName[]
  /** See `emptyDatabases`. */
  readonly migrated?: boolean
}

/** @example forEachEngine((engine, open) => { it('keeps rows', async () => { const db = await open(handlers) ... }) }) */
export function forEachEngine(
  block: (engine: EngineName, open: Open) => void,
  { engines = ['sqlite', 'postgres'], migrated = true }: ForEachOptions = {},
): void {
  for (const engine of engines) {
    describe(engine, () => {
      const made = emptyDatabases(engine, { migrated })
      const opened: Database[] = []
      afterAll(async () => {
        for (const database of opened) await database.close()
        await made.remove()
      })
      block(engine, async (handlers: OpenOptions['handlers'] = {}, options: OpenForTest = {}) => {
        const config = options.config ?? (await made.create())
        const world = options.world ?? simulatedWorld(1)
        const database = await openDatabase(config, { handlers, writerEntry: null, world, log: silentLog })
        opened.push(database)
        return Object.assign(database, { config })
      })
    })
  }
}

/**
 * Places for databases that do not exist yet: `create` one, `remove` them all.
 * @param migrated PostgreSQL: they come as copies of one that has the schema already, which is ten times quicker
 */
export function emptyDatabases(
  engine: EngineName,
  { migrated = false } = {},
): { create(): Promise<StorageConfig>; remove(): Promise<void> } {
  return engine === 'sqlite' ? sqliteFiles() : postgresDatabases(migrated ? inject('postgresTemplate') : undefined)
}

/** Where files are memory a commit costs no flush of a disk, and tests need none. */
const memory = '/dev/shm'

function sqliteFiles() {
  const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'habitue-test-'))
  let n = 0
  return {
    create: async (): Promise<StorageConfig> => ({ databaseUrl: null, dataFile: join(folder, `${n++}.db`) }),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** New databases on the server of the test run, named by process and number. @param template absent = truly empty ones */
function postgresDatabases(template?: string) {
  const server = inject('postgresUrl')
  const like = template === undefined ? '' : ` template ${template}`
  const names: string[] = []
  const administer = async (statements: readonly string[]) => {
    const client = new pg.Client({ connectionString: server })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
  return {
    create: async (): Promise<StorageConfig> => {
      const name = `test_${process.pid}_${databases++}`
      await administer([`drop database if exists ${name} with (force)`, `create database ${name}${like}`])
      names.push(name)
      const url = new URL(server)
      url.pathname = `/${name}`
      return { databaseUrl: url.href, dataFile: '' }
    },
    remove: () => administer(names.map((name) => `drop database if exists ${name} with (force)`)),
  }
}

let databases = 0
