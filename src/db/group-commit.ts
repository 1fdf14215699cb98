/**
 * Many requests, one transaction: requests that wait are run one after another, each in a savepoint, then committed
 * together, then answered. A request that throws is undone to its savepoint and spoils no other. One commit costs two
 * flushes of the disk whatever it holds, so this is where the speed of writing comes from.
 */
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'
import { ChangeSet, raiseVersions } from './changes.ts'
import type { Changes, Handlers, Tx } from './database.ts'
import type { SqliteConnection } from './sqlite.ts'
import { sqliteKysely } from './sqlite-dialect.ts'
import { type ErrorMessage, storageError, toMessage } from './storage-errors.ts'

export interface WriteRequest {
  readonly id: number
  readonly name: string
  readonly payload: unknown
}

export type Outcome =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ErrorMessage }

export interface GroupResult {
  readonly outcomes: readonly Outcome[]
  readonly changes: Changes
}

/** A request of this name is no handler: the file is written anew without what was deleted, outside any transaction. */
export const vacuumRequest = 'db.vacuum'

/** Milliseconds that emptying the log waits for readers; whoever asked asks again. */
const vacuumBusyMs = 300
/** Larger files are vacuumed through a temporary file instead of memory. */
const vacuumInMemory = 256 * 1024 * 1024

/** A group closes when it has this many requests, or has been open this long: the first in it should not wait for ever. */
const mostRequests = 256
const longestMs = 40

export class GroupCommit {
  readonly #connection: SqliteConnection
  readonly #handlers: Handlers
  readonly #world: Pick<World, 'elapsed'>
  readonly #k

  constructor(connection: SqliteConnection, handlers: Handlers, world: Pick<World, 'elapsed'>) {
    this.#connection = connection
    this.#handlers = handlers
    this.#world = world
    this.#k = sqliteKysely(connection, 'writing')
  }

  /**
   * Runs `first` and whatever `next` still gives in one transaction; a `vacuumRequest` comes as `first` only. Never rejects.
   */
  async run(first: WriteRequest, next: () => WriteRequest | undefined): Promise<GroupResult> {
    if (first.name === vacuumRequest) return { outcomes: [this.#vacuum(first)], changes: new Map() }
    const failed: Outcome[] = []
    let again: WriteRequest[] = [first]
    let more = next
    for (;;) {
      const group = await this.#transaction(again, more)
      failed.push(...group.failed)
      if (!group.lost) return { outcomes: [...failed, ...group.done], changes: group.changes.topics }
      // SQLite rolled everything back because of one request; the others run again without it.
      again = group.survivors
      more = () => undefined
      if (again.length === 0) return { outcomes: failed, changes: new Map() }
    }
  }

  /** Answers whether the log could be emptied too: somebody who reads for long keeps it. */
  #vacuum({ id }: WriteRequest): Outcome {
    const connection = this.#connection
    try {
      const [{ bytes }] = connection.all<{ bytes: number }>(
        'select page_count * page_size as bytes from pragma_page_count, pragma_page_size',
      )
      connection.exec(`pragma temp_store = ${bytes > vacuumInMemory ? 'file' : 'memory'}`)
      connection.exec('vacuum')
      const [{ timeout }] = connection.all<{ timeout: number }>('pragma busy_timeout')
      connection.exec(`pragma busy_timeout = ${vacuumBusyMs}`)
      const [{ busy }] = connection.all<{ busy: number }>('pragma wal_checkpoint(truncate)')
      connection.exec(`pragma busy_timeout = ${timeout}`)
      return { id, value: busy === 0 }
    } catch (cause) {
      return { id, error: toMessage(storageError(cause)) }
    } finally {
      connection.exec('pragma temp_store = memory')
    }
  }

  async #transaction(waiting: readonly WriteRequest[], next: () => WriteRequest | undefined) {
    const done: { id: number; value: unknown }[] = []
    const failed: Outcome[] = []
    const taken: WriteRequest[] = []
    const changes = new ChangeSet()
    const started = this.#world.elapsed()
    const queue = [...waiting]
    const take = () => {
      if (queue.length > 0) return queue.shift()
      return taken.length < mostRequests && this.#world.elapsed() - started < longestMs ? next() : undefined
    }
    try {
      this.#connection.exec('begin immediate')
      this.#connection.inTransaction = true
      for (let request = take(); request; request = take()) {
        taken.push(request)
        const outcome = await this.#savepoint(request, changes)
        if ('error' in outcome) failed.push(outcome)
        else done.push(outcome)
        if (!this.#connection.database.isTransaction) {
          const survivors = [...taken.filter(({ id }) => done.some((d) => d.id === id)), ...queue]
          return { lost: true, done: [], failed, changes: new ChangeSet(), survivors }
        }
      }
      this.#connection.inTransaction = false
      this.#connection.exec('commit')
      return { lost: false, done, failed, changes, survivors: [] }
    } catch (cause) {
      // The transaction could not begin or commit: nobody's work was stored.
      const error = toMessage(storageError(cause))
      const ids = new Set([...waiting, ...taken].map(({ id }) => id))
      for (const { id } of failed) ids.delete(id)
      for (const id of ids) failed.push({ id, error })
      return { lost: false, done: [], failed, changes: new ChangeSet(), survivors: [] }
    } finally {
      this.#connection.inTransaction = false
      this.#rollBack()
    }
  }

  /** Where not even that works the connection is of no more use; its owner sees that by `isTransaction`. */
  #rollBack(): void {
    try {
      if (this.#connection.database.isTransaction) this.#connection.exec('rollback')
    } catch {
      // The trouble that led here has been answered already.
    }
  }

  async #savepoint(request: WriteRequest, changes: ChangeSet): Promise<Outcome & { value?: unknown }> {
    const { id, name, payload } = request
    const connection = this.#connection
    const own = new ChangeSet()
    const tx: Tx = { engine: 'sqlite', k: this.#k, connection, changed: (topic, key) => own.add(topic, key) }
    try {
      connection.run('savepoint request')
      const handler = this.#handlers[name]
      if (!handler) throw new Error(`There is no handler ${name}`)
      const value = await handler(tx, payload)
      await raiseVersions(tx, own.topics)
      connection.run('release request')
      changes.merge(own.topics)
      return { id, value }
    } catch (cause) {
      if (connection.database.isTransaction) {
        connection.run('rollback to request')
        connection.run('release request')
      }
      return { id, error: toMessage(storageError(cause)) }
    }
  }
}

export function closing(): HabitueError {
  return new HabitueError('storage_unavailable', 'The database is closing; nothing of this request was stored.')
}
