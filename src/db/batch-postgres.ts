/**
 * The half of batch.ts that speaks PostgreSQL: one statement a batch, its rows as one typed array a column
 * (`unnest`). Rows that several transactions may touch are sent sorted by key, so that two never wait for each other.
 */
import { Buffer } from 'node:buffer'
import { type FoldSpec, foldColumns, inChunks, keyText, onConflict, overwrite, type Row } from './batch-spec.ts'
import type { PostgresConnection } from './postgres.ts'

/** Rows a statement; bounds the size of one message to the server. */
const chunk = 5000

/** `unnest($1::bigint[], $2::text[], ...)` */
function unnest(connection: PostgresConnection, table: string, columns: readonly string[]): string {
  return `unnest(${columns.map((column, i) => `$${i + 1}::${connection.type(table, column)}[]`).join(', ')})`
}

const column = (rows: readonly Row[], i: number) => rows.map((row) => row[i])
const transpose = (columns: readonly string[], rows: readonly Row[]) => columns.map((_, i) => column(rows, i))

async function insertAll(
  connection: PostgresConnection,
  table: string,
  columns: readonly string[],
  rows: readonly Row[],
  tail = '',
): Promise<void> {
  const sql = `insert into ${table} (${columns.join(', ')}) select * from ${unnest(connection, table, columns)} ${tail}`
  for (const part of inChunks(rows, chunk)) await connection.send(sql, transpose(columns, part))
}

export async function insertRows(
  connection: PostgresConnection,
  table: string,
  columns: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  await insertAll(connection, table, columns, rows)
}

export async function insertReturningIds(
  connection: PostgresConnection,
  table: string,
  columns: readonly string[],
  rows: readonly Row[],
  idColumn: string,
): Promise<number[]> {
  const ids: number[] = []
  // The sequence is asked above the sort, row by row, so ascending ids are the ids in the order of the rows.
  const sql = `insert into ${table} (${columns.join(', ')})
    select ${columns.map((name) => `u.${name}`).join(', ')}
    from ${unnest(connection, table, columns)} with ordinality as u (${columns.join(', ')}, ordinality)
    order by u.ordinality returning ${idColumn} as id`
  for (const part of inChunks(rows, chunk)) {
    const inserted = await connection.all<{ id: number }>(sql, transpose(columns, part))
    for (const id of inserted.map((row) => row.id).sort((a, b) => a - b)) ids.push(id)
  }
  return ids
}

export async function insertNew(
  connection: PostgresConnection,
  table: string,
  keyColumn: string,
  keys: readonly unknown[],
): Promise<boolean[]> {
  const texts = keys.map((key) => keyText([key]))
  const firsts = new Map<string, unknown>()
  for (const [i, text] of texts.entries()) if (!firsts.has(text)) firsts.set(text, keys[i])
  const sorted = [...firsts.keys()].sort().map((text) => firsts.get(text))
  const sql = `insert into ${table} (${keyColumn}) select * from ${unnest(connection, table, [keyColumn])}
    on conflict (${keyColumn}) do nothing returning ${keyColumn} as key`
  const fresh = new Set<string>()
  for (const part of inChunks(sorted, chunk))
    for (const { key } of await connection.all<{ key: unknown }>(sql, [part])) fresh.add(keyText([key]))
  // Deleting the first sight of a key makes the second one old.
  return texts.map((text) => fresh.delete(text))
}

export async function insertMissing(
  connection: PostgresConnection,
  table: string,
  key: readonly string[],
  columns: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  const places = key.map((name) => columns.indexOf(name))
  const textOf = (row: Row) => keyText(places.map((place) => row[place]))
  const sorted = rows.map((row) => [textOf(row), row] as const).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const ordered = sorted.map(([, row]) => row)
  await insertAll(connection, table, columns, ordered, `on conflict (${key.join(', ')}) do nothing`)
}

/** Keys that are asked for alone; fewer are gathered with those of others who ask at the same time. */
const manyKeys = 100

export async function selectByKeys<T>(
  connection: PostgresConnection,
  table: string,
  keyColumns: readonly string[],
  keys: readonly Row[],
  columns: readonly string[],
): Promise<T[]> {
  if (keys.length === 0) return []
  const sql = selectText(connection, table, keyColumns, columns)
  if (!connection.isInTransaction && keys.length < manyKeys) {
    const select = connection.gathered<readonly Row[], Selected[]>(sql, (asked) =>
      asked.length === 1
        ? connection.all<Selected>(sql, transpose(keyColumns, asked[0])).then((rows) => [rows])
        : selectForAll(connection, table, keyColumns, asked, columns),
    )
    return (await select(keys)) as T[]
  }
  const found: T[] = []
  for (const part of inChunks(keys, chunk)) {
    const rows = await connection.all<T>(sql, transpose(keyColumns, part))
    for (const row of rows) found.push(row)
  }
  return found
}

type Selected = Record<string, unknown>

/** What several ask for by one statement, each with rows of his own. */
async function selectForAll(
  connection: PostgresConnection,
  table: string,
  keyColumns: readonly string[],
  asked: readonly (readonly Row[])[],
  columns: readonly string[],
): Promise<Selected[][]> {
  const distinct = new Map(asked.flat().map((key) => [keyText(key), key]))
  const sql = selectText(connection, table, keyColumns, [...new Set([...columns, ...keyColumns])])
  const rows = await connection.all<Selected>(sql, transpose(keyColumns, [...distinct.values()]))
  const byKey = Map.groupBy(rows, (row) => keyText(keyColumns.map((name) => row[name])))
  return asked.map((keys) => keys.flatMap((key) => (byKey.get(keyText(key)) ?? []).map((row) => only(row, columns))))
}

function only(row: Selected, columns: readonly string[]): Selected {
  const own: Selected = {}
  for (const name of columns) own[name] = row[name]
  return own
}

/** For tuples: one look into the index a key. Left to itself the planner scans a small table whole for every batch. */
function selectText(
  connection: PostgresConnection,
  table: string,
  keyColumns: readonly string[],
  columns: readonly string[],
): string {
  const wanted = columns.map((name) => `t.${name}`).join(', ')
  if (keyColumns.length === 1) return `select ${wanted} from ${table} t where ${keyed(connection, table, keyColumns)}`
  const keys = keyColumns.map((_, i) => `key${i}`)
  const equal = keyColumns.map((name, i) => `${name} = u.${keys[i]}`).join(' and ')
  return `select ${wanted} from ${unnest(connection, table, keyColumns)} as u (${keys.join(', ')})
    cross join lateral (select ${columns.join(', ')} from ${table} where ${equal} offset 0) t`
}

export async function upsertFold(
  connection: PostgresConnection,
  table: string,
  spec: FoldSpec,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const columns = foldColumns(spec)
  // One statement may touch a row once only: rows of the same key are combined here, by the same rules.
  const combined = new Map<string, Record<string, unknown>>()
  for (const row of rows) {
    const text = keyText(spec.key.map((name) => row[name]))
    const before = combined.get(text)
    combined.set(text, before ? combine(spec, before, row) : { ...row })
  }
  const sorted = [...combined.keys()].sort().map((text) => combined.get(text)!)
  const values = sorted.map((row) => columns.map((name) => row[name]))
  await insertAll(connection, table, columns, values, onConflict(table, spec, 'postgres'))
}

function combine(spec: FoldSpec, a: Record<string, unknown>, b: Readonly<Record<string, unknown>>) {
  const numbers = (names: readonly string[] | undefined, both: (x: number, y: number) => number) => {
    for (const name of names ?? []) {
      const [x, y] = [a[name] as number | null, b[name] as number | null]
      a[name] = x === null ? y : y === null ? x : both(x, y)
    }
  }
  numbers(spec.add, (x, y) => x + y)
  numbers(spec.min, Math.min)
  numbers(spec.max, Math.max)
  for (const name of spec.set ?? []) a[name] = b[name]
  if (spec.latest && isLater(b, a, spec.latest.by))
    for (const name of [...spec.latest.columns, ...spec.latest.by]) a[name] = b[name]
  return a
}

function isLater(b: Readonly<Record<string, unknown>>, a: Record<string, unknown>, by: readonly [string, string]) {
  const [timeB, timeA] = [b[by[0]] as number, a[by[0]] as number]
  if (timeB !== timeA) return timeB > timeA
  return Buffer.compare(Buffer.from(b[by[1]] as string), Buffer.from(a[by[1]] as string)) > 0
}

export async function upsertRows(
  connection: PostgresConnection,
  table: string,
  key: readonly string[],
  columns: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  const places = key.map((name) => columns.indexOf(name))
  const lasts = new Map<string, Row>()
  for (const row of rows) lasts.set(keyText(places.map((place) => row[place])), row)
  const sorted = [...lasts.keys()].sort().map((text) => lasts.get(text)!)
  await insertAll(connection, table, columns, sorted, overwrite(key, columns))
}

export async function updateByKeys(
  connection: PostgresConnection,
  table: string,
  keyColumns: readonly string[],
  columns: readonly string[],
  rows: readonly Row[],
): Promise<boolean[]> {
  const keys = keyColumns.map((_, i) => `key${i}`)
  const values = columns.map((_, i) => `value${i}`)
  const sql = `update ${table} t set ${columns.map((name, i) => `${name} = u.value${i}`).join(', ')}
    from ${unnest(connection, table, [...keyColumns, ...columns])} as u (${[...keys, ...values].join(', ')})
    where ${keyColumns.map((name, i) => `t.${name} = u.key${i}`).join(' and ')}
    returning ${keys.map((key) => `u.${key}`).join(', ')}`
  const textOf = (row: Row) => keyText(row.slice(0, keyColumns.length))
  const sorted = rows.map((row) => [textOf(row), row] as const).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const found = new Set<string>()
  const ordered = sorted.map(([, row]) => row)
  for (const part of inChunks(ordered, chunk)) {
    const updated = await connection.all<Record<string, unknown>>(sql, transpose([...keyColumns, ...columns], part))
    for (const row of updated) found.add(keyText(keys.map((key) => row[key])))
  }
  return rows.map((row) => found.has(textOf(row)))
}

export async function deleteByKeys(
  connection: PostgresConnection,
  table: string,
  keyColumns: readonly string[],
  keys: readonly Row[],
): Promise<void> {
  const sorted = keys.map((key) => [keyText(key), key] as const).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const sql = `delete from ${table} t where ${keyed(connection, table, keyColumns)}`
  const ordered = sorted.map(([, key]) => key)
  for (const part of inChunks(ordered, chunk)) await connection.send(sql, transpose(keyColumns, part))
}

function keyed(connection: PostgresConnection, table: string, keyColumns: readonly string[]): string {
  const [first] = keyColumns
  if (keyColumns.length === 1) return `t.${first} = any($1::${connection.type(table, first)}[])`
  const names = keyColumns.map((name) => `t.${name}`).join(', ')
  return `(${names}) in (select * from ${unnest(connection, table, keyColumns)})`
}

export async function heldQuery<T>(connection: PostgresConnection, text: string, parameters: Row): Promise<T[]> {
  let numbered = numberedTexts.get(text)
  if (!numbered) {
    let n = 0
    numbered = text.replaceAll('?', () => `$${++n}`)
    numberedTexts.set(text, numbered)
  }
  return connection.all<T>(numbered, parameters)
}

const numberedTexts = new Map<string, string>()
