/**
 * What the rest of the engine sees of storage. Reading happens anywhere through `Reader`; writing happens only inside
 * a *handler*, a named function that runs in the writer: on SQLite a thread of its own that commits many requests at
 * once (each in a savepoint), on PostgreSQL a transaction of a pooled connection.
 */
import type { Kysely } from 'kysely'
import type { PostgresConnection } from './postgres.ts'
import type { SqliteConnection } from './sqlite.ts'
import type { Tables } from './tables.ts'

export type EngineName = 'sqlite' | 'postgres'

export interface Reader {
  readonly engine: EngineName
  readonly k: Kysely<Tables>
  /** What `k` stands on; for db/ alone (batch.ts). */
  readonly connection: SqliteConnection | PostgresConnection
}

/** Whose cached copies a commit made old. Keys: customer ids, item ids, model names, rule ids. */
export type Topic =
  | 'customers'
  | 'items'
  | 'models'
  | 'rules'
  | 'keys'
  | 'people'
  | 'erasures'
  | 'hold'
  | 'messages'
  | 'journeys'

export interface Tx extends Reader {
  /** Marks a key as changed; told to every listener after the commit and before the writer's answer arrives. */
  changed(topic: Topic, key: number | string): void
}

/** Runs inside a transaction; whatever it throws undoes all that it wrote. Payload and answer are structured-cloneable. */
// biome-ignore lint/suspicious/noExplicitAny: a registry holds handlers of every payload; `write` is typed by its caller
export type Handler<P = any, R = any> = (tx: Tx, payload: P) => Promise<R>
export type Handlers = Readonly<Record<string, Handler>>

/** By topic the keys that changed; the key `everything` stands for all keys of the topic. */
export type Changes = ReadonlyMap<Topic, ReadonlySet<number | string>>

/** Told where the keys are not known: the list was too long, or the connection that tells was lost for a while. */
export const everything = '*'

/** The part of a pino logger that storage uses. */
export interface Log {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export interface Database extends Reader {
  /** Runs the handler `name` and resolves after its commit. @throws what the handler threw; `storage_unavailable`. */
  write<R>(name: string, payload: unknown): Promise<R>
  /** Calls `listener` after each commit of this process with what it changed; on PostgreSQL after those of others too. */
  onChange(listener: (changes: Changes) => void): () => void
  /**
   * PostgreSQL: resolves when the listeners were told of everything that any process had committed before this call.
   * Undefined on SQLite: there they always are. @throws of storage
   */
  catchUp(): Promise<void> | undefined
  /**
   * Makes sure that of the rows which were deleted from `tables` nothing is left in the files that storage itself keeps:
   * SQLite writes its file anew and empties its log (`secure_delete` overwrites what is deleted, but not the copies that
   * moving rows between pages leaves behind), PostgreSQL vacuums. Writing waits meanwhile, reading does not. Answers false
   * where somebody who was reading kept the log from being emptied; call again.
   */
  forget(tables: readonly string[]): Promise<boolean>
  /** Writes a consistent copy of the running database to `file` (SQLite), or throws `backup_unsupported`. */
  backup(file: string): Promise<void>
  close(): Promise<void>
}
