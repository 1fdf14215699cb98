/**
 * Many rows at once, for the hot paths: SQLite runs a held prepared statement a row (no network, 2-4 µs each),
 * PostgreSQL takes the whole batch as typed arrays in one statement. Everything else goes through Kysely.
 *
 * Values are numbers, strings, bytes (`Uint8Array`) and null; rows are arrays in the order of `columns`.
 */
import * as postgres from './batch-postgres.ts'
import { type FoldSpec, keyText, type Row, type Table } from './batch-spec.ts'
import * as sqlite from './batch-sqlite.ts'
import type { Reader, Tx } from './database.ts'

export { type FoldSpec, inChunks, type Row, type Table } from './batch-spec.ts'

export function insertRows(tx: Tx, table: Table, columns: readonly string[], rows: readonly Row[]): Promise<void> {
  const { connection } = tx
  return connection.engine === 'sqlite'
    ? sqlite.insertRows(connection, table, columns, rows)
    : postgres.insertRows(connection, table, columns, rows)
}

/** Inserts into a table with a generated integer key (`id`, or `seq` of events); its values in the order of the rows. */
export function insertReturningIds(
  tx: Tx,
  table: Table,
  columns: readonly string[],
  rows: readonly Row[],
): Promise<number[]> {
  const { connection } = tx
  return connection.engine === 'sqlite'
    ? sqlite.insertReturningIds(connection, table, columns, rows)
    : postgres.insertReturningIds(connection, table, columns, rows, table === 'events' ? 'seq' : 'id')
}

/** Inserts each key that is absent; which were new. A key given twice is new the first time only. */
export function insertNew(tx: Tx, table: Table, keyColumn: string, keys: readonly unknown[]): Promise<boolean[]> {
  const { connection } = tx
  return connection.engine === 'sqlite'
    ? sqlite.insertNew(connection, table, keyColumn, keys)
    : postgres.insertNew(connection, table, keyColumn, keys)
}

/** Inserts each row whose key is absent, and leaves alone what is there. */
export function insertMissing(
  tx: Tx,
  table: Table,
  key: readonly string[],
  columns: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  const { connection } = tx
  return connection.engine === 'sqlite'
    ? sqlite.insertMissing(connection, table, key, columns, rows)
    : postgres.insertMissing(connection, table, key, columns, rows)
}

/** The rows that have any of the key tuples, each once, in no order. */
export function selectByKeys<T>(
  reader: Reader,
  table: Table,
  keyColumns: readonly string[],
  keys: readonly Row[],
  columns: readonly string[],
): Promise<T[]> {
  const { connection } = reader
  const distinct = distinctKeys(keys)
  return connection.engine === 'sqlite'
    ? sqlite.selectByKeys<T>(connection, table, keyColumns, distinct, columns)
    : postgres.selectByKeys<T>(connection, table, keyColumns, distinct, columns)
}

/**
 * Inserts each row, or combines it with the row of the same key. Rows are objects that have every column of `spec`;
 * several may have the same key, and their order matters for `set` only (the last wins).
 */
export function upsertFold(
  tx: Tx,
  table: Table,
  spec: FoldSpec,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const { connection } = tx
  return connection.engine === 'sqlite'
    ? sqlite.upsertFold(connection, table, spec, rows)
    : postgres.upsertFold(connection, table, spec, rows)
}

/** Inserts each row, or overwrites the row of the same key; `columns` include the `key`. Of two rows the last wins. */
export function upsertRows(
  tx: Tx,
  table: Table,
  key: readonly string[],
  columns: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  const { connection } = tx
  return connection.engine === 'sqlite'
    ? sqlite.upsertRows(connection, table, key, columns, rows)
    : postgres.upsertRows(connection, table, key, columns, rows)
}

/**
 * Overwrites `columns` of the row that has the key tuple; `rows` = the key's values, then those of `columns`. Which rows
 * there were, in the order of `rows`: a key that holds a version or a claim loses against who changed it first. Of each
 * key one row.
 */
export function updateByKeys(
  tx: Tx,
  table: Table,
  keyColumns: readonly string[],
  columns: readonly string[],
  rows: readonly Row[],
): Promise<boolean[]> {
  const { connection } = tx
  return connection.engine === 'sqlite'
    ? sqlite.updateByKeys(connection, table, keyColumns, columns, rows)
    : postgres.updateByKeys(connection, table, keyColumns, columns, rows)
}

export function deleteByKeys(tx: Tx, table: Table, keyColumns: readonly string[], keys: readonly Row[]): Promise<void> {
  const { connection } = tx
  return connection.engine === 'sqlite'
    ? sqlite.deleteByKeys(connection, table, keyColumns, keys)
    : postgres.deleteByKeys(connection, table, keyColumns, distinctKeys(keys))
}

/**
 * Rows of one fixed statement that is held prepared, for the hottest reading. Parameters are `?`, in order; the text
 * must be a constant of the program, because each distinct text is kept for ever.
 */
export function heldQuery<T>(reader: Reader, text: string, parameters: Row): Promise<T[]> {
  const { connection } = reader
  return connection.engine === 'sqlite'
    ? sqlite.heldQuery<T>(connection, text, parameters)
    : postgres.heldQuery<T>(connection, text, parameters)
}

function distinctKeys(keys: readonly Row[]): readonly Row[] {
  if (keys.length < 2) return keys
  const byText = new Map<string, Row>()
  for (const key of keys) byText.set(keyText(key), key)
  return byText.size === keys.length ? keys : [...byText.values()]
}

/**
 * This transaction need not be on the disk before it is answered: whatever is committed after it takes it along, so it is lost
 * with the machine at most, and never before something later. For what the other side already knows, and what is done again or
 * listed where it was lost. (SQLite's writer flushes many at once as it is.)
 */
export async function commitLazily(tx: Tx): Promise<void> {
  if (tx.connection.engine === 'postgres') await tx.connection.send('set local synchronous_commit = off', [])
}
