/**
 * Kysely over `node:sqlite`. Not Kysely's own `SqliteDialect`, because that hands its one connection out under a mutex:
 * a stream over a whole table (training) would hold up every other reading, and while its statement is open the
 * connection stays in the snapshot in which the stream began, so acknowledged events would not be seen. Here statements
 * run at once on the shared connection, and a stream or a reading transaction opens a connection of its own.
 */
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { SqliteConnection } from './sqlite.ts'
import { storageError } from './storage-errors.ts'
import type { Tables } from './tables.ts'

/**
 * `reading`: `connection` is read-only and shared; streams and transactions get their own.
 * `writing`: everything happens on `connection`, inside the transaction of the writer.
 */
export type SqliteUse = 'reading' | 'writing'

export function sqliteKysely(connection: SqliteConnection, use: SqliteUse): Kysely<Tables> {
  const dialect: Dialect = {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(connection, use),
    createIntrospector: (k) => new SqliteIntrospector(k),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
  return new Kysely<Tables>({ dialect })
}

class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection
  readonly #use: SqliteUse

  constructor(connection: SqliteConnection, use: SqliteUse) {
    this.#connection = connection
    this.#use = use
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SharedConnection> {
    return new SharedConnection(this.#connection, this.#use)
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#use === 'writing') throw new Error('A handler runs inside the transaction of the writer already')
    await (connection as SharedConnection).begin()
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    ;(connection as SharedConnection).release()
  }

  /** The connection belongs to who opened it. */
  async destroy(): Promise<void> {}
}

class SharedConnection implements DatabaseConnection {
  readonly #shared: SqliteConnection
  readonly #use: SqliteUse
  #own: SqliteConnection | null = null

  constructor(shared: SqliteConnection, use: SqliteUse) {
    this.#shared = shared
    this.#use = use
  }

  async begin(): Promise<void> {
    this.#own = SqliteConnection.open(this.#shared.file, { readOnly: true })
    this.#own.exec('begin')
  }

  release(): void {
    this.#own?.close()
    this.#own = null
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const connection = this.#own ?? this.#shared
    try {
      const { reader } = connection.hold(sql)
      if (reader) return { rows: connection.all<R>(sql, parameters) }
      const { changes, lastInsertRowid } = connection.run(sql, parameters)
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
    } catch (error) {
      throw storageError(error)
    }
  }

  async *streamQuery<R>({ sql, parameters }: CompiledQuery, chunkSize = 100): AsyncIterableIterator<QueryResult<R>> {
    const size = Math.max(1, chunkSize)
    const shared = this.#own !== null || this.#use === 'writing'
    const connection = shared
      ? (this.#own ?? this.#shared)
      : SqliteConnection.open(this.#shared.file, { readOnly: true })
    try {
      // Prepared anew: a held statement that is asked again in the middle of an iteration would start over.
      const statement = connection.database.prepare(sql)
      let rows: R[] = []
      for (const row of statement.iterate(...(parameters as []))) {
        if (rows.push(row as R) < size) continue
        yield { rows }
        rows = []
      }
      if (rows.length > 0) yield { rows }
    } catch (error) {
      throw storageError(error)
    } finally {
      if (!shared) connection.close()
    }
  }
}
