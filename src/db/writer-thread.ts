/** What runs inside the writer thread of a SQLite database. The module of the thread calls `runWriter` and nothing else. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { World } from '../world.ts'
import type { Handlers, Reader } from './database.ts'
import { GroupCommit, type GroupResult, vacuumRequest, type WriteRequest } from './group-commit.ts'
import { SqliteConnection } from './sqlite.ts'
import { sqliteKysely } from './sqlite-dialect.ts'
import { type ErrorMessage, toMessage } from './storage-errors.ts'

/** `workerData` of the thread: the database file, and what the opener gave as `writerData`. */
export interface WriterData {
  readonly file: string
  readonly data: unknown
}

export type ToWriter = WriteRequest | { readonly stop: true }
export type FromWriter = { readonly ready: true } | { readonly fatal: ErrorMessage } | GroupResult

export interface WriterOptions {
  /** `parentPort` of the thread. */
  readonly port: MessagePort
  /** `workerData` of the thread. */
  readonly workerData: WriterData
  readonly handlers: Handlers | ((reader: Reader) => Promise<Handlers>)
  readonly world: Pick<World, 'elapsed'>
}

/** Serves requests until it is told to stop; tells the other side when it is ready, or why it cannot be. */
export async function runWriter(options: WriterOptions): Promise<void> {
  const { port } = options
  const send = (message: FromWriter) => port.postMessage(message)
  let connection: SqliteConnection | undefined
  try {
    connection = SqliteConnection.open(options.workerData.file)
    const reader: Reader = { engine: 'sqlite', connection, k: sqliteKysely(connection, 'writing') }
    const { handlers } = options
    const group = new GroupCommit(
      connection,
      typeof handlers === 'function' ? await handlers(reader) : handlers,
      options.world,
    )
    send({ ready: true })
    await serve(port, connection, group, send)
  } catch (error) {
    send({ fatal: toMessage(error) })
  }
  connection?.close()
  port.close()
}

/** While a group is open the event loop does not turn, so requests that arrive meanwhile are taken from the port itself. */
async function serve(
  port: MessagePort,
  connection: SqliteConnection,
  group: GroupCommit,
  send: (message: FromWriter) => void,
): Promise<void> {
  const queue: ToWriter[] = []
  let wake: (() => void) | undefined
  port.on('message', (message: ToWriter) => {
    queue.push(message)
    wake?.()
  })
  let stopping = false
  const next = (): WriteRequest | undefined => {
    const message = queue.shift() ?? (receiveMessageOnPort(port)?.message as ToWriter | undefined)
    if (!message || !('stop' in message)) return message
    stopping = true
  }
  /** Waits for the group before it to end: it runs in no transaction. */
  let vacuum: WriteRequest | undefined
  const more = (): WriteRequest | undefined => {
    const request = stopping || vacuum ? undefined : next()
    if (request?.name !== vacuumRequest) return request
    vacuum = request
  }
  while (!stopping || vacuum) {
    const first = vacuum ?? next()
    vacuum = undefined
    if (first) send(await group.run(first, more))
    if (connection.database.isTransaction) throw new Error('A transaction could neither be committed nor undone')
    if (first) continue
    if (!stopping)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
}
