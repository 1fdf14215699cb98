/** One connection to a SQLite file: opened as the engine needs it, with its statements held prepared. */
import { closeSync, openSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { HabitueError } from '../errors.ts'
import { storageError } from './storage-errors.ts'

/** Statements held a connection. Lists of parameters make variants of one statement, so the oldest unused goes. */
const heldStatements = 400

/**
 * A checkpoint copies each page once, however often it is in the log, so a log of 32 MiB instead of 4 saves a third of
 * all bytes written under load (measured: 21 -> 15 KB an event); after a peak the file shrinks to 64 MiB again.
 */
const writing = `
  pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on;
  pragma wal_autocheckpoint = 8192; pragma journal_size_limit = 67108864`

export interface SqliteOptions {
  readonly readOnly?: boolean
  /** Kibibytes of page cache. */
  readonly cacheKib?: number
  /** Milliseconds to wait for another process's lock. */
  readonly busyMs?: number
}

interface Held {
  readonly statement: StatementSync
  /** Answers rows (a select, or anything with `returning`). */
  readonly reader: boolean
}

export class SqliteConnection {
  readonly engine = 'sqlite'
  readonly file: string
  readonly database: DatabaseSync
  /**
   * Set while a transaction must be open. A full disk or an I/O error makes SQLite roll back by itself; a handler that
   * swallowed that error would go on outside any transaction and half-apply itself, so from then on all is refused.
   */
  inTransaction = false
  readonly #held = new Map<string, Held>()

  private constructor(file: string, database: DatabaseSync) {
    this.file = file
    this.database = database
  }

  /**
   * Opens `file`, creating it (readable by its owner alone) unless `readOnly`.
   * @throws HabitueError database_corrupt, database_locked, storage_unavailable, storage_full
   */
  static open(file: string, options: SqliteOptions = {}): SqliteConnection {
    const { readOnly = false, cacheKib = 64 * 1024, busyMs = 5000 } = options
    try {
      if (!readOnly) closeSync(openSync(file, 'a', 0o600))
      const database = new DatabaseSync(file, { readOnly, timeout: busyMs })
      try {
        if (!readOnly) database.exec(writing)
        database.exec(`pragma cache_size = -${cacheKib}; pragma temp_store = memory; pragma foreign_keys = off`)
        database.prepare('select count(*) from sqlite_schema').get()
      } catch (error) {
        database.close()
        throw error
      }
      return new SqliteConnection(file, database)
    } catch (error) {
      throw opening(file, storageError(error))
    }
  }

  /** Rows of a statement that answers some. */
  all<T = Record<string, unknown>>(sql: string, parameters: readonly unknown[] = []): T[] {
    try {
      return this.hold(sql).statement.all(...(parameters as SQLInputValue[])) as T[]
    } catch (error) {
      throw storageError(error)
    }
  }

  /** Executes a statement that answers no rows. */
  run(sql: string, parameters: readonly unknown[] = []): { changes: number; lastInsertRowid: number } {
    try {
      return this.hold(sql).statement.run(...(parameters as SQLInputValue[])) as {
        changes: number
        lastInsertRowid: number
      }
    } catch (error) {
      throw storageError(error)
    }
  }

  /** Several statements without parameters, or one that is not worth holding. */
  exec(sql: string): void {
    try {
      this.database.exec(sql)
    } catch (error) {
      throw storageError(error)
    }
  }

  /** The prepared statement for `sql`, kept for the next time. @throws storage_unavailable where the transaction is lost */
  hold(sql: string): Held {
    if (this.inTransaction && !this.database.isTransaction)
      throw new HabitueError('storage_unavailable', 'The transaction was rolled back by trouble with storage.')
    let held = this.#held.get(sql)
    if (held) {
      if (this.#held.size > heldStatements / 2) {
        this.#held.delete(sql)
        this.#held.set(sql, held)
      }
      return held
    }
    const statement = this.database.prepare(sql)
    held = { statement, reader: statement.columns().length > 0 }
    if (this.#held.size >= heldStatements) this.#held.delete(this.#held.keys().next().value!)
    this.#held.set(sql, held)
    return held
  }

  close(): void {
    this.#held.clear()
    if (this.database.isOpen) this.database.close()
  }
}

function opening(file: string, error: unknown): unknown {
  if (error instanceof HabitueError)
    return new HabitueError(error.code, `${file}: ${error.message}`, { file }, { cause: error.cause })
  const message = error instanceof Error ? error.message : String(error)
  return new HabitueError('storage_unavailable', `${file} cannot be opened: ${message}.`, { file }, { cause: error })
}
