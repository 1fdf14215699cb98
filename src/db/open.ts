/** Opens the database that the configuration names, brings its schema up to date, and starts its writer. */
import type { StorageConfig } from '../config.ts'
import type { World } from '../world.ts'
import type { Database, Handlers, Log, Reader } from './database.ts'
import { LocalWriter } from './local-writer.ts'
import { migratePostgres, migrateSqlite } from './migrate.ts'
import { openPool, PostgresConnection, readColumnTypes } from './postgres.ts'
import { mostReads, mostWrites, PostgresDatabase } from './postgres-database.ts'
import { postgresKysely } from './postgres-dialect.ts'
import { SqliteConnection } from './sqlite.ts'
import { SqliteDatabase } from './sqlite-database.ts'
import { sqliteKysely } from './sqlite-dialect.ts'
import { storageError } from './storage-errors.ts'
import { ThreadWriter } from './thread-writer.ts'

export interface OpenOptions {
  /** Run in this process: on PostgreSQL, and on SQLite where `writerEntry` is null. May ask the open database first. */
  readonly handlers: Handlers | ((reader: Reader) => Promise<Handlers>) | null
  /** The module of the writer thread (it calls `runWriter`); null = write in this thread, for commands and tests. */
  readonly writerEntry: URL | null
  /** For the module of the writer thread, as `workerData.data`. Structured-cloneable. */
  readonly writerData?: unknown
  readonly world: World
  readonly log: Log
}

/**
 * @throws HabitueError database_newer, database_locked, database_corrupt, storage_unavailable, storage_full,
 *   invalid_config (a SQLite file of another program)
 */
export function openDatabase(config: StorageConfig, options: OpenOptions): Promise<Database> {
  return config.databaseUrl ? openPostgres(config.databaseUrl, options) : openSqlite(config.dataFile, options)
}

async function openSqlite(file: string, options: OpenOptions): Promise<Database> {
  const { world, log, writerEntry } = options
  const migrated = await migrateSqlite(file, world)
  if (migrated.copy) log.info(migrated, 'the database was migrated; a copy of it as it was is kept')
  const reading = SqliteConnection.open(file, { readOnly: true })
  try {
    if (writerEntry) {
      let writer: ThreadWriter | undefined
      const database = new SqliteDatabase(reading, log, (tell) => {
        writer = new ThreadWriter(writerEntry, { file, data: options.writerData }, log, tell)
        return writer
      })
      await writer?.ready
      return database
    }
    const reader: Reader = { engine: 'sqlite', connection: reading, k: sqliteKysely(reading, 'reading') }
    const handlers = await resolved(options.handlers, reader)
    const writing = SqliteConnection.open(file)
    return new SqliteDatabase(reading, log, (tell) => new LocalWriter(writing, handlers, world, tell))
  } catch (error) {
    reading.close()
    throw error
  }
}

async function openPostgres(url: string, options: OpenOptions): Promise<Database> {
  const { world, log } = options
  const pool = openPool(url, mostReads + mostWrites, (error) => {
    log.warn({ err: error }, 'a connection to PostgreSQL was lost')
  })
  try {
    await migratePostgres(pool, world)
    const types = await readColumnTypes(pool)
    const reader: Reader = {
      engine: 'postgres',
      connection: new PostgresConnection(pool, types),
      k: postgresKysely(pool),
    }
    const handlers = await resolved(options.handlers, reader)
    const database = new PostgresDatabase({ url, pool, types, handlers, world, log })
    await database.start()
    return database
  } catch (error) {
    await pool.end()
    throw storageError(error)
  }
}

async function resolved(handlers: OpenOptions['handlers'], reader: Reader): Promise<Handlers> {
  return typeof handlers === 'function' ? handlers(reader) : (handlers ?? {})
}

export interface OpenReader extends Reader {
  close(): Promise<void>
}

/** A reader of its own connections, for a thread that trains. The schema must be up to date already. */
export async function openReader(config: StorageConfig): Promise<OpenReader> {
  if (!config.databaseUrl) {
    const connection = SqliteConnection.open(config.dataFile, { readOnly: true })
    const close = async () => connection.close()
    return { engine: 'sqlite', connection, k: sqliteKysely(connection, 'reading'), close }
  }
  const pool = openPool(config.databaseUrl, 2, () => {})
  try {
    const connection = new PostgresConnection(pool, await readColumnTypes(pool))
    return { engine: 'postgres', connection, k: postgresKysely(pool), close: () => pool.end() }
  } catch (error) {
    await pool.end()
    throw storageError(error)
  }
}
