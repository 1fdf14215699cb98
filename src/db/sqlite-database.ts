/** SQLite as a `Database`: this thread reads, a writer writes. */
import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs'
import { backup } from 'node:sqlite'
import type { Kysely } from 'kysely'
import { HabitueError } from '../errors.ts'
import { type Listener, Listeners } from './changes.ts'
import type { Changes, Database, Log } from './database.ts'
import { vacuumRequest } from './group-commit.ts'
import type { Writer } from './local-writer.ts'
import { SqliteConnection } from './sqlite.ts'
import { sqliteKysely } from './sqlite-dialect.ts'
import { storageError } from './storage-errors.ts'
import type { Tables } from './tables.ts'

export class SqliteDatabase implements Database {
  readonly engine = 'sqlite'
  readonly connection: SqliteConnection
  readonly k: Kysely<Tables>
  readonly #listeners: Listeners
  readonly #writer: Writer

  /** `startWriter` gets the function by which the writer tells what each commit changed. */
  constructor(reading: SqliteConnection, log: Log, startWriter: (tell: (changes: Changes) => void) => Writer) {
    this.#listeners = new Listeners(log)
    this.connection = reading
    this.k = sqliteKysely(reading, 'reading')
    this.#writer = startWriter((changes) => this.#listeners.tell(changes))
  }

  write<R>(name: string, payload: unknown): Promise<R> {
    return this.#writer.write(name, payload) as Promise<R>
  }

  onChange(listener: Listener): () => void {
    return this.#listeners.add(listener)
  }

  catchUp(): undefined {}

  forget(): Promise<boolean> {
    return this.write(vacuumRequest, null)
  }

  /** Copies page by page while others go on; the copy is the database at one moment. Never over an existing file. */
  async backup(file: string): Promise<void> {
    if (existsSync(file))
      throw new HabitueError('conflict', `${file} exists already; a backup is written to a new file.`, { file })
    const partial = `${file}.partial`
    const source = SqliteConnection.open(this.connection.file, { readOnly: true })
    try {
      // One snapshot held open: else every commit of the writer would make the copy begin again.
      source.exec('begin')
      source.all('select count(*) from meta')
      rmSync(partial, { force: true })
      closeSync(openSync(partial, 'wx', 0o600))
      await backup(source.database, partial, { rate: 2000 })
      renameSync(partial, file)
    } catch (error) {
      rmSync(partial, { force: true })
      throw storageError(error)
    } finally {
      source.close()
    }
  }

  async close(): Promise<void> {
    await this.#writer.close()
    this.connection.close()
    this.#foldLog()
  }

  /**
   * The last connection that closes puts the write-ahead log into the file and removes it, unless it may only read, as
   * the one above. A data file at rest is then one file, which may be copied as it is.
   */
  #foldLog(): void {
    try {
      SqliteConnection.open(this.connection.file).close()
    } catch {
      // A full disk, for instance: the log stays, and the next start reads it.
    }
  }
}
