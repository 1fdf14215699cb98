/** The half of batch.ts that speaks SQLite: each statement is prepared once a connection and run once a row. */
import { type FoldSpec, foldColumns, onConflict, overwrite, type Row } from './batch-spec.ts'
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

export async function insertMissing(
  connection: SqliteConnection,
  table: string,
  key: readonly string[],
  columns: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  runAll(connection, `${insert(table, columns)} on conflict (${key.join(', ')}) do nothing`, rows)
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

export async function updateByKeys(
  connection: SqliteConnection,
  table: string,
  keyColumns: readonly string[],
  columns: readonly string[],
  rows: readonly Row[],
): Promise<boolean[]> {
  const found: boolean[] = []
  const sql = `update ${table} set ${columns.map((column) => `${column} = ?`).join(', ')} where ${where(keyColumns)}`
  const turned = rows.map((row) => [...row.slice(keyColumns.length), ...row.slice(0, keyColumns.length)])
  runAll(connection, sql, turned, ({ changes }) => found.push(Number(changes) > 0))
  return found
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
