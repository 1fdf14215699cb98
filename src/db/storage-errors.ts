/**
 * Trouble with storage, as either engine words it, becomes a coded error here: a full disk, a lost connection, a damaged
 * file. Everything else (a constraint, a wrong statement) passes unchanged, because it says something about our code.
 */
import { type ErrorCode, HabitueError } from '../errors.ts'

const sentences = {
  storage_full: 'The disk or the database is full; nothing of this request was stored',
  storage_unavailable: 'The database cannot be reached or cannot write; nothing of this request was acknowledged',
  database_locked: 'Another process holds the database',
  database_corrupt: 'The file is not a sound SQLite database, or PostgreSQL reports damaged data',
} as const satisfies Partial<Record<ErrorCode, string>>

type StorageCode = keyof typeof sentences

/** Primary result codes of SQLite (sqlite.org/rescode.html): the low byte of an extended one. */
const sqliteCodes: ReadonlyMap<number, StorageCode> = new Map([
  [3, 'storage_unavailable'], // PERM
  [5, 'database_locked'], // BUSY
  [7, 'storage_unavailable'], // NOMEM
  [8, 'storage_unavailable'], // READONLY
  [10, 'storage_unavailable'], // IOERR
  [11, 'database_corrupt'], // CORRUPT
  [13, 'storage_full'], // FULL
  [14, 'storage_unavailable'], // CANTOPEN
  [15, 'storage_unavailable'], // PROTOCOL
  [26, 'database_corrupt'], // NOTADB
])

/** SQLSTATEs of PostgreSQL (appendix A of its manual) by class or whole; and what the operating system says. */
const postgresCodes: readonly (readonly [RegExp, StorageCode])[] = [
  [/^53100$/, 'storage_full'], // disk_full
  [/^(08|53|57P|58)/, 'storage_unavailable'], // connection, resources, operator intervention, system error
  [/^25006$/, 'storage_unavailable'], // read_only_sql_transaction: a standby after a fail-over
  [/^55000$/, 'storage_unavailable'], // object_not_in_prerequisite_state: the database takes no connections
  [/^(28|3D)/, 'storage_unavailable'], // authorization, no such database
  [/^XX00[12]$/, 'database_corrupt'], // data_corrupted, index_corrupted
  [/^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOENT)/, 'storage_unavailable'],
]

/** The coded form of `error` where it is trouble with storage; else `error` itself. */
export function storageError(error: unknown): unknown {
  if (error instanceof HabitueError || !(error instanceof Error)) return error
  const code = storageCode(error)
  return code ? new HabitueError(code, `${sentences[code]}: ${error.message}.`, {}, { cause: error }) : error
}

function storageCode(error: Error & { code?: unknown; errcode?: unknown }): StorageCode | undefined {
  if (error.code === 'ERR_SQLITE_ERROR') return sqliteCodes.get(Number(error.errcode) & 0xff)
  // node-postgres words a broken socket without a code.
  if (/^(Connection terminated|Client has encountered a connection error|timeout exceeded when)/.test(error.message))
    return 'storage_unavailable'
  const code = String(error.code ?? '')
  return postgresCodes.find(([pattern]) => pattern.test(code))?.[1]
}

/** Worth trying again from the start: the transaction lost a race and left nothing behind. */
export function isRetryable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return code === '40001' || code === '40P01' // serialization_failure, deadlock_detected
}

/** Makes the transaction begin anew, as if the database had found that it lost a race. */
export function lostRace(message: string): Error {
  return Object.assign(new Error(message), { code: '40001' })
}

/** An error in a form that crosses a thread. */
export interface ErrorMessage {
  readonly code: ErrorCode | null
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
  readonly stack: string | undefined
}

export function toMessage(error: unknown): ErrorMessage {
  if (error instanceof HabitueError)
    return { code: error.code, message: error.message, details: error.details, stack: error.stack }
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  return { code: null, message, details: {}, stack }
}

export function fromMessage(sent: ErrorMessage): Error {
  const error = sent.code ? new HabitueError(sent.code, sent.message, sent.details) : new Error(sent.message)
  if (sent.stack) error.stack = sent.stack
  return error
}
