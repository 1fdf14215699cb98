/** Connections to PostgreSQL: a pool, or one client of it inside a transaction, with portable types. */
import pg from 'pg'
import { HabitueError } from '../errors.ts'
import { gathered } from './gather.ts'
import { storageError } from './storage-errors.ts'

/** `table.column` -> type, as PostgreSQL spells it (`bigint`, `text`, ...), for the arrays of batch.ts. */
export type ColumnTypes = ReadonlyMap<string, string>

/** Statements of a transaction that are on their way at a time; bounds the memory of their arrays. */
const mostUnderWay = 16

/** Calls that go together. */
const mostGathered = 64

/** The pool, for reading; or the client of one transaction. Errors come out coded. */
export class PostgresConnection {
  readonly engine = 'postgres'
  readonly client: pg.Pool | pg.PoolClient
  readonly types: ColumnTypes
  /**
   * What went wrong first with a statement that nobody waited for. PostgreSQL refuses every later one of the transaction
   * with "current transaction is aborted", which says nothing; this says why.
   */
  failure: unknown = null
  #underWay: Promise<void>[] = []
  readonly #gathered = new Map<string, (asked: never) => Promise<unknown>>()

  constructor(client: pg.Pool | pg.PoolClient, types: ColumnTypes) {
    this.client = client
    this.types = types
  }

  get isInTransaction(): boolean {
    return !(this.client instanceof pg.Pool)
  }

  /** The function of that name by which calls made at the same time go together; only for names of a bounded number. */
  gathered<A, R>(name: string, run: (asked: readonly A[]) => Promise<readonly R[]>): (asked: A) => Promise<R> {
    let held = this.#gathered.get(name) as ((asked: A) => Promise<R>) | undefined
    if (!held) {
      held = gathered(mostGathered, run)
      this.#gathered.set(name, held as (asked: never) => Promise<unknown>)
    }
    return held
  }

  /** Rows of a statement that is held prepared under a name made from its text; only for texts of a bounded number. */
  async all<T = Record<string, unknown>>(text: string, values: readonly unknown[] = []): Promise<T[]> {
    try {
      const { rows } = await this.client.query({ name: statementName(text), text, values: values as unknown[] })
      return rows as T[]
    } catch (error) {
      throw storageError(this.failure ?? error)
    }
  }

  /**
   * Sends a statement without waiting for what becomes of it: while PostgreSQL works the handler goes on. Statements of a
   * transaction happen in the order in which they were sent, so the next reads see it; its failure fails the transaction.
   */
  async send(text: string, values: readonly unknown[]): Promise<void> {
    if (!this.isInTransaction) throw new Error('Writing needs a transaction')
    if (this.#underWay.length >= mostUnderWay) await this.#underWay.shift()
    const query = { name: statementName(text), text, values: values as unknown[] }
    const sent = this.client.query(query).then(
      () => {},
      (error) => {
        this.failure ??= error
      },
    )
    this.#underWay.push(sent)
  }

  /** The type of a column, for a typed array. @throws Error where the table has no such column: a fault of the caller. */
  type(table: string, column: string): string {
    const type = this.types.get(`${table}.${column}`)
    if (!type) throw new Error(`There is no column ${table}.${column}`)
    return type
  }
}

const names = new Map<string, string>()

/** PostgreSQL cuts names at 63 bytes, so a text is numbered; the numbers hold within this process. */
function statementName(text: string): string {
  let name = names.get(text)
  if (!name) {
    name = `habitue_${names.size}`
    names.set(text, name)
  }
  return name
}

const int8 = 20
const numeric = 1700

/** Integers and numerics become numbers; one that a number cannot hold exactly is refused, not rounded. */
function numberOf(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new Error(`The integer ${text} is beyond 2^53 and has no exact number`)
  return value
}

const getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
  oid === int8 || oid === numeric
    ? numberOf
    : pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser']

/** Settings of each connection; the acknowledgement of a write is worth what `synchronous_commit` is. */
const sessionSettings = [
  'synchronous_commit=on',
  // A plan kept from when a table was empty would scan it whole when it is not; planning costs about 0.1 ms.
  'plan_cache_mode=force_custom_plan',
  'default_transaction_isolation=read\\ committed',
  'timezone=UTC',
]

export function clientConfig(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    types: { getTypeParser },
    application_name: 'habitue',
    options: sessionSettings.map((setting) => `-c ${setting}`).join(' '),
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    // Statements are sent without waiting for the answer to the one before; each still ends for itself.
    pipeline: true,
  }
}

/** A pool of at most `max` connections. A connection that breaks while idle leaves the pool; `onIdleError` hears of it. */
export function openPool(url: string, max: number, onIdleError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({ ...clientConfig(url), max, idleTimeoutMillis: 60_000 })
  pool.on('error', onIdleError)
  // A connection that breaks between two queries of whoever holds it says so as an event, and unheard it would end the
  // process. The next query fails for it, and the pool takes no broken connection back.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** Types of all columns of this schema; read once when the database is opened. */
export async function readColumnTypes(pool: pg.Pool): Promise<ColumnTypes> {
  const { rows } = await pool.query<{ name: string; type: string }>(
    `select table_name || '.' || column_name as name, data_type as type
     from information_schema.columns where table_schema = current_schema()`,
  )
  if (rows.length === 0) throw new HabitueError('storage_unavailable', 'The schema of this database has no tables.')
  return new Map(rows.map(({ name, type }) => [name, type]))
}
