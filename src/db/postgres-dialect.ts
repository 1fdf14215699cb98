/**
 * Kysely over a pool of `pg`, or over the one client that holds a transaction. Not Kysely's own `PostgresDialect`: it
 * streams only with a further package, and gives a broken connection back to the pool as if it were sound.
 */
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from 'kysely'
import pg from 'pg'
import { storageError } from './storage-errors.ts'
import type { Tables } from './tables.ts'

/** The caller ends the pool, or gives the client back. */
export function postgresKysely(source: pg.Pool | pg.PoolClient): Kysely<Tables> {
  const dialect: Dialect = {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PostgresDriver(source),
    createIntrospector: (k) => new PostgresIntrospector(k),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
  return new Kysely<Tables>({ dialect })
}

class PostgresDriver implements Driver {
  readonly #source: pg.Pool | pg.PoolClient

  constructor(source: pg.Pool | pg.PoolClient) {
    this.#source = source
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<ClientConnection> {
    if (!(this.#source instanceof pg.Pool)) return new ClientConnection(this.#source, false)
    try {
      return new ClientConnection(await this.#source.connect(), true)
    } catch (error) {
      throw storageError(error)
    }
  }

  async beginTransaction(connection: DatabaseConnection, { isolationLevel, accessMode }: TransactionSettings) {
    if (!(connection as ClientConnection).pooled)
      throw new Error('A handler runs inside the transaction of the writer already')
    const isolation = isolationLevel ? ` isolation level ${isolationLevel}` : ''
    await connection.executeQuery(CompiledQuery.raw(`begin${isolation}${accessMode ? ` ${accessMode}` : ''}`))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    ;(connection as ClientConnection).release()
  }

  async destroy(): Promise<void> {}
}

class ClientConnection implements DatabaseConnection {
  readonly pooled: boolean
  readonly #client: pg.PoolClient
  #broken: Error | undefined
  #streams = 0

  constructor(client: pg.PoolClient, pooled: boolean) {
    this.#client = client
    this.pooled = pooled
  }

  release(): void {
    if (this.pooled) this.#client.release(this.#broken)
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { command, rowCount, rows } = await this.#query(sql, parameters)
    const writes = command === 'INSERT' || command === 'UPDATE' || command === 'DELETE' || command === 'MERGE'
    return { rows: rows as R[], numAffectedRows: writes ? BigInt(rowCount ?? 0) : undefined }
  }

  /** By a cursor of the server, in a transaction of its own where none is open. */
  async *streamQuery<R>({ sql, parameters }: CompiledQuery, chunkSize = 100): AsyncIterableIterator<QueryResult<R>> {
    const cursor = `habitue_stream_${this.#streams++}`
    if (this.pooled) await this.#query('begin read only')
    try {
      await this.#query(`declare ${cursor} no scroll cursor for ${sql}`, parameters)
      for (;;) {
        const { rows } = await this.#query(`fetch ${Math.max(1, chunkSize)} from ${cursor}`)
        if (rows.length === 0) break
        yield { rows: rows as R[] }
      }
    } finally {
      if (!this.#broken) await this.#query(this.pooled ? 'rollback' : `close ${cursor}`)
    }
  }

  async #query(sql: string, parameters: readonly unknown[] = []): Promise<pg.QueryResult> {
    try {
      return await this.#client.query(sql, parameters as unknown[])
    } catch (error) {
      const coded = storageError(error)
      if (coded !== error) this.#broken = error as Error
      throw coded
    }
  }
}
