/** PostgreSQL as a `Database`: handlers run in this process, each in a transaction of a pooled connection. */
import type { Kysely } from 'kysely'
import type pg from 'pg'
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'
import { ChangeSet, type Listener, Listeners, raiseVersions } from './changes.ts'
import type { Database, Handler, Handlers, Log, Tx } from './database.ts'
import { closing } from './group-commit.ts'
import { type ColumnTypes, PostgresConnection } from './postgres.ts'
import { postgresKysely } from './postgres-dialect.ts'
import { PostgresSignals } from './signals.ts'
import { isRetryable, storageError } from './storage-errors.ts'
import type { Tables } from './tables.ts'

/**
 * Transactions at a time. One process cannot feed more, and those that wait for each other's customers only take the cores
 * from decisions: with 6 as many events a second, and twice the 99th percentile of decisions beside them.
 */
export const mostWrites = 3
export const mostReads = 6

/** A transaction that lost a race is tried so often, with waits of about 10, 20, 40, ... ms between. */
const attempts = 6

export interface PostgresOptions {
  readonly url: string
  readonly pool: pg.Pool
  readonly types: ColumnTypes
  readonly handlers: Handlers
  readonly world: World
  readonly log: Log
}

export class PostgresDatabase implements Database {
  readonly engine = 'postgres'
  readonly connection: PostgresConnection
  readonly k: Kysely<Tables>
  readonly #options: PostgresOptions
  readonly #listeners: Listeners
  readonly #signals: PostgresSignals
  readonly #kyselys = new WeakMap<pg.PoolClient, Kysely<Tables>>()
  readonly #turns: (() => void)[] = []
  #writing = 0
  #closed = false

  constructor(options: PostgresOptions) {
    this.#options = options
    this.connection = new PostgresConnection(options.pool, options.types)
    this.k = postgresKysely(options.pool)
    const { url, world, log } = options
    this.#listeners = new Listeners(log)
    const connection = this.connection
    this.#signals = new PostgresSignals({ url, connection, world, log }, (changes) => this.#listeners.tell(changes))
  }

  /** Begins to listen to what other processes change. */
  async start(): Promise<void> {
    await this.#signals.start()
  }

  async write<R>(name: string, payload: unknown): Promise<R> {
    const handler = this.#options.handlers[name]
    if (!handler) throw new Error(`There is no handler ${name}`)
    if (this.#closed) throw closing()
    await this.#turn()
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#transaction<R>(handler, payload)
        } catch (error) {
          if (!isRetryable(error)) throw storageError(error)
          if (attempt === attempts)
            throw new HabitueError(
              'storage_unavailable',
              `The write ${name} lost against others ${attempts} times; try again.`,
              {},
              { cause: error },
            )
          await this.#backOff(attempt)
        }
      }
    } finally {
      this.#writing--
      this.#turns.shift()?.()
    }
  }

  async #turn(): Promise<void> {
    if (this.#writing >= mostWrites) await new Promise<void>((resolve) => this.#turns.push(resolve))
    this.#writing++
  }

  async #backOff(attempt: number): Promise<void> {
    const ms = 10 * 2 ** (attempt - 1) * (0.5 + this.#options.world.random())
    await new Promise((resolve) => setTimeout(resolve, ms))
  }

  async #transaction<R>(handler: Handler<unknown, R>, payload: unknown): Promise<R> {
    const client = await this.#options.pool.connect()
    const changes = new ChangeSet()
    const connection = new PostgresConnection(client, this.#options.types)
    const tx: Tx = {
      engine: 'postgres',
      k: this.#kysely(client),
      connection,
      changed: (topic, key) => changes.add(topic, key),
    }
    let broken: Error | undefined
    try {
      // Not awaited: it goes out together with the handler's first statement.
      client.query('begin').catch((error: unknown) => {
        connection.failure ??= error
      })
      const value = await handler(tx, payload)
      const versions = await raiseVersions(tx, changes.topics)
      // PostgreSQL answers ROLLBACK where a statement failed, even if the handler swallowed the error.
      const { command } = await client.query('commit')
      if (connection.failure) throw connection.failure
      if (command !== 'COMMIT') throw new Error('The transaction was rolled back: a statement of it had failed')
      this.#listeners.tell(changes.topics)
      this.#signals.committed(versions)
      return value
    } catch (error) {
      await client.query('rollback').catch((failure: Error) => {
        broken = failure
      })
      throw connection.failure ?? error
    } finally {
      client.release(broken)
    }
  }

  /** One Kysely a client; building one costs more than a query. */
  #kysely(client: pg.PoolClient): Kysely<Tables> {
    let kysely = this.#kyselys.get(client)
    if (!kysely) {
      kysely = postgresKysely(client)
      this.#kyselys.set(client, kysely)
    }
    return kysely
  }

  onChange(listener: Listener): () => void {
    return this.#listeners.add(listener)
  }

  catchUp(): Promise<void> {
    return this.#signals.catchUp()
  }

  async forget(tables: readonly string[]): Promise<boolean> {
    try {
      await this.#options.pool.query(`vacuum ${tables.map((table) => `"${table}"`).join(', ')}`)
      return true
    } catch (error) {
      throw storageError(error)
    }
  }

  async backup(): Promise<void> {
    throw new HabitueError(
      'backup_unsupported',
      'PostgreSQL has its own tools for backups: pg_dump for a copy (pg_dump --format=custom "$DATABASE_URL"), or continuous archiving.',
    )
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    while (this.#writing > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await this.#signals.stop()
    await this.#options.pool.end()
  }
}
