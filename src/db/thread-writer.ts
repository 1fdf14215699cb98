/** The writer thread of a SQLite file as the thread of requests sees it: a queue of promises, and a restart if it dies. */
import { Worker } from 'node:worker_threads'
import { HabitueError } from '../errors.ts'
import type { Changes, Log } from './database.ts'
import { closing } from './group-commit.ts'
import type { Writer } from './local-writer.ts'
import { fromMessage } from './storage-errors.ts'
import type { FromWriter, ToWriter, WriterData } from './writer-thread.ts'

/** A thread that died is started again after so long; twice as long each time that it dies before it is ready. */
const firstRestartMs = 100
const longestRestartMs = 10_000

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** starting -> ready -> (dead -> starting)* -> closed */
type State = 'starting' | 'ready' | 'dead' | 'closed'

export class ThreadWriter implements Writer {
  /** Settles when the first thread can write, or cannot. */
  readonly ready: Promise<void>
  readonly #entry: URL
  readonly #data: WriterData
  readonly #log: Log
  readonly #tell: (changes: Changes) => void
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker
  #state: State = 'starting'
  #next = 0
  #restartMs = firstRestartMs
  #restart: NodeJS.Timeout | null = null
  #opened: Waiting | null = null

  constructor(entry: URL, data: WriterData, log: Log, tell: (changes: Changes) => void) {
    this.#entry = entry
    this.#data = data
    this.#log = log
    this.#tell = tell
    this.ready = new Promise<void>((resolve, reject) => {
      this.#opened = { resolve: () => resolve(), reject }
    })
    this.#worker = this.#spawn()
  }

  write(name: string, payload: unknown): Promise<unknown> {
    if (this.#state === 'closed') return Promise.reject(closing())
    if (this.#state === 'dead') return Promise.reject(died('The writer is being started again'))
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      try {
        this.#worker.postMessage({ id, name, payload } satisfies ToWriter)
      } catch (error) {
        // A payload that cannot be cloned.
        this.#waiting.delete(id)
        reject(error)
      }
    })
  }

  async close(): Promise<void> {
    const before = this.#state
    this.#state = 'closed'
    if (this.#restart) clearTimeout(this.#restart)
    if (before === 'dead' || before === 'closed') return
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve))
    this.#worker.postMessage({ stop: true } satisfies ToWriter)
    await ended
  }

  #spawn(): Worker {
    const worker = new Worker(this.#entry, { workerData: this.#data })
    let reason: Error | undefined
    worker.on('message', (message: FromWriter) => {
      if ('ready' in message) this.#isReady()
      else if ('fatal' in message) reason = fromMessage(message.fatal)
      else this.#answer(message)
    })
    worker.on('error', (error: Error) => {
      reason = error
    })
    worker.on('exit', () => this.#ended(reason))
    return worker
  }

  #isReady(): void {
    if (this.#state === 'starting') this.#state = 'ready'
    this.#restartMs = firstRestartMs
    this.#opened?.resolve(undefined)
    this.#opened = null
  }

  #answer({ outcomes, changes }: Exclude<FromWriter, { ready: true } | { fatal: unknown }>): void {
    this.#tell(changes)
    for (const outcome of outcomes) {
      const waiting = this.#waiting.get(outcome.id)
      this.#waiting.delete(outcome.id)
      if ('error' in outcome) waiting?.reject(fromMessage(outcome.error))
      else waiting?.resolve(outcome.value)
    }
  }

  #ended(reason: Error | undefined): void {
    for (const { reject } of this.#waiting.values()) reject(died('The writer ended before it answered', reason))
    this.#waiting.clear()
    if (this.#opened) {
      this.#state = 'closed'
      this.#opened.reject(reason ?? died('The writer ended before it was ready'))
      this.#opened = null
    }
    if (this.#state === 'closed') return
    this.#log.error({ err: reason }, 'the writer thread died; it is started again')
    this.#state = 'dead'
    this.#restart = setTimeout(() => {
      this.#state = 'starting'
      this.#worker = this.#spawn()
    }, this.#restartMs)
    this.#restartMs = Math.min(2 * this.#restartMs, longestRestartMs)
  }
}

/** Whether a write that was cut off is stored is not known; it is safe to send it again, events being unique by id. */
function died(what: string, cause?: Error): HabitueError {
  const why = cause ? `: ${cause.message}` : ''
  return new HabitueError('storage_unavailable', `${what}${why}. Nothing was acknowledged; try again.`, {}, { cause })
}
