/** The writer of a SQLite file in the calling thread: for commands and tests. A server uses thread-writer.ts. */
import { setImmediate } from 'node:timers/promises'
import type { World } from '../world.ts'
import type { Changes, Handlers } from './database.ts'
import { closing, GroupCommit, vacuumRequest, type WriteRequest } from './group-commit.ts'
import type { SqliteConnection } from './sqlite.ts'
import { fromMessage } from './storage-errors.ts'

/** Whatever runs the handlers of a SQLite database. */
export interface Writer {
  write(name: string, payload: unknown): Promise<unknown>
  /** Finishes what waits, then stops. */
  close(): Promise<void>
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

export class LocalWriter implements Writer {
  readonly #connection: SqliteConnection
  readonly #group: GroupCommit
  readonly #tell: (changes: Changes) => void
  readonly #queue: WriteRequest[] = []
  readonly #waiting = new Map<number, Waiting>()
  #next = 0
  #running: Promise<void> | null = null
  #closed = false

  constructor(
    connection: SqliteConnection,
    handlers: Handlers,
    world: Pick<World, 'elapsed'>,
    tell: (changes: Changes) => void,
  ) {
    this.#connection = connection
    this.#group = new GroupCommit(connection, handlers, world)
    this.#tell = tell
  }

  write(name: string, payload: unknown): Promise<unknown> {
    if (this.#closed) return Promise.reject(closing())
    const id = this.#next++
    // Cloned, as if it crossed to a thread: a handler never shares objects with its caller.
    this.#queue.push({ id, name, payload: structuredClone(payload) })
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#running ??= this.#run()
    return answer
  }

  async #run(): Promise<void> {
    for (let request = this.#queue.shift(); request; request = this.#queue.shift()) {
      // The event loop turns between groups: handlers and SQLite do not yield to it by themselves.
      await setImmediate()
      const { outcomes, changes } = await this.#group.run(request, () =>
        this.#queue[0]?.name === vacuumRequest ? undefined : this.#queue.shift(),
      )
      this.#tell(changes)
      for (const outcome of outcomes) {
        const waiting = this.#waiting.get(outcome.id)
        this.#waiting.delete(outcome.id)
        if ('error' in outcome) waiting?.reject(fromMessage(outcome.error))
        else waiting?.resolve(structuredClone(outcome.value))
      }
    }
    this.#running = null
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#running
    this.#connection.close()
  }
}
