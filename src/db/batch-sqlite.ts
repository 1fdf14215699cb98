/** The half of batch.ts that speaks SQLite: each statement is prepared once a connection and run once a row. */
import type { FoldSpec, Row } from './batch.ts'
import type { SqliteConnection } from './sqlite.ts'
import { storageError } from './storage-errors.ts'

/** Runs `sql` for each of `rows`; `each` sees what a run did. */
function runAll(
  connection: SqliteConnection,
  sql: string,
  rows: readonly Row[],
  each?: (done: { changes: number | bigint; lastInsertRowid: number | bigint }) => void,
): void {
  if (rows.length === 0) return
  try {
    const { statement } = connection.hold(sql)
    for (const row of rows) {
      const done = statement.run(...(row as []))
      if (each) each(done)
    }
  } catch (error) {
    throw storageError(error)
  }
}

const insert = (table: string, columns: readonly string[]) =>
  `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`

const where = (columns: readonly string[]) => columns.map((column) => `${column} = ?`).join(' and ')

export async function insertRows(
  connection: SqliteConnection,
  table: string,
  columns: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  runAll(connection, insert(table, columns), rows)
}

export async function insertReturningIds(
  connection: SqliteConnection,
  table: string,
  columns: readonly string[],
  rows: readonly Row[],
): Promise<number[]> {
  const ids: number[] = []
  runAll(connection, insert(table, columns), rows, (done) => ids.push(Number(done.lastInsertRowid)))
  return ids
}

export async function insertNew(
  connection: SqliteConnection,
  table: string,
  keyColumn: string,
  keys: readonly unknown[],
): Promise<boolean[]> {
  const isNew: boolean[] = []
  const sql = `${insert(table, [keyColumn])} on conflict (${keyColumn}) do nothing`
  runAll(
    connection,
    sql,
    keys.map((key) => [key]),
    (done) => isNew.push(Number(done.changes) === 1),
  )
  return isNew
}

export async function selectByKeys<T>(
  connection: SqliteConnection,
  table: string,
  keyColumns: readonly string[],
  keys: readonly Row[],
  columns: readonly string[],
): Promise<T[]> {
  const found: T[] = []
  if (keys.length === 0) return found
  try {
    const sql = `select ${columns.join(', ')} from ${table} where ${where(keyColumns)}`
    const { statement } = connection.hold(sql)
    for (const key of keys) for (const row of statement.all(...(key as []))) found.push(row as T)
    return found
  } catch (error) {
    throw storageError(error)
  }
}

export async function upsertFold(
  connection: SqliteConnection,
  table: string,
  spec: FoldSpec,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const columns = foldColumns(spec)
  const sql = `${insert(table, columns)} ${onConflict(table, spec, 'sqlite')}`
  const values = rows.map((row) => columns.map((column) => row[column]))
  runAll(connection, sql, values)
}

export async function upsertRows(
  connection: SqliteConnection,
  table: string,
  key: readonly string[],
  columns: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  runAll(connection, `${insert(table, columns)} ${overwrite(key, columns)}`, rows)
}

export async function deleteByKeys(
  connection: SqliteConnection,
  table: string,
  keyColumns: readonly string[],
  keys: readonly Row[],
): Promise<void> {
  runAll(connection, `delete from ${table} where ${where(keyColumns)}`, keys)
}

export async function heldQuery<T>(connection: SqliteConnection, text: string, parameters: Row): Promise<T[]> {
  return connection.all<T>(text, parameters)
}

/** Every column of a fold, the key first. */
export function foldColumns({ key, add = [], min = [], max = [], set = [], latest }: FoldSpec): string[] {
  return [...key, ...add, ...min, ...max, ...set, ...(latest ? [...latest.columns, ...latest.by] : [])]
}

/** `on conflict ... do update` for a fold; both engines know this form, and differ in the name of min and max. */
export function onConflict(table: string, spec: FoldSpec, engine: 'sqlite' | 'postgres'): string {
  const { key, add = [], min = [], max = [], set = [], latest } = spec
  const [least, greatest] = engine === 'sqlite' ? ['min', 'max'] : ['least', 'greatest']
  // Null is neutral: min(a, null) is null in SQLite and a in PostgreSQL, so neither is relied upon.
  const either = (column: string, both: string) =>
    `${column} = coalesce(${both}, ${table}.${column}, excluded.${column})`
  const assignments = [
    ...add.map((c) => either(c, `${table}.${c} + excluded.${c}`)),
    ...min.map((c) => either(c, bothKnown(table, c, least))),
    ...max.map((c) => either(c, bothKnown(table, c, greatest))),
    ...set.map((c) => `${c} = excluded.${c}`),
  ]
  if (latest) {
    const [time, message] = latest.by
    const newer = `(excluded.${time}, excluded.${message}) > (${table}.${time}, ${table}.${message})`
    for (const c of [...latest.columns, ...latest.by])
      assignments.push(`${c} = case when ${newer} then excluded.${c} else ${table}.${c} end`)
  }
  const target = `on conflict (${key.join(', ')})`
  return assignments.length === 0 ? `${target} do nothing` : `${target} do update set ${assignments.join(', ')}`
}

const bothKnown = (table: string, c: string, choose: string) => `${choose}(${table}.${c}, excluded.${c})`

export function overwrite(key: readonly string[], columns: readonly string[]): string {
  const others = columns.filter((column) => !key.includes(column))
  const target = `on conflict (${key.join(', ')})`
  if (others.length === 0) return `${target} do nothing`
  return `${target} do update set ${others.map((column) => `${column} = excluded.${column}`).join(', ')}`
}
