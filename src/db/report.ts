/** How much is stored and whether storage is as it should be; for `habitue doctor`. */
import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { sql } from 'kysely'
import { HabitueError } from '../errors.ts'
import type { Database } from './database.ts'
import { latestVersion } from './migrate.ts'

export interface StorageReport {
  /** The file, or the name of the PostgreSQL database with its version. */
  readonly place: string
  readonly schema: number
  /** Tables with their indexes. */
  readonly bytesByTable: Readonly<Record<string, number>>
  readonly bytes: number
  /** Left on the disk of the file; null on PostgreSQL. */
  readonly freeBytes: number | null
  readonly troubles: readonly { readonly what: string; readonly mend: string }[]
}

const leastFreeBytes = 256 * 1024 * 1024

export async function storageReport(db: Database): Promise<StorageReport> {
  const row = await db.k.selectFrom('meta').select('value').where('key', '=', 'schema_version').executeTakeFirst()
  const schema = Number(row?.value ?? latestVersion)
  return db.connection.engine === 'sqlite' ? sqliteReport(db, db.connection.file, schema) : postgresReport(db, schema)
}

async function sqliteReport(db: Database, file: string, schema: number): Promise<StorageReport> {
  const { rows } = await sql<{ name: string; bytes: number }>`
    select s.tbl_name as name, sum(d.pgsize) as bytes from dbstat d join sqlite_schema s on s.name = d.name
    group by s.tbl_name order by 2 desc`.execute(db.k)
  const { rows: check } = await sql<{ quick_check: string }>`pragma quick_check(3)`.execute(db.k)
  const { bsize, bavail } = statfsSync(dirname(file))
  const freeBytes = bsize * bavail
  const troubles = []
  if (check[0]?.quick_check !== 'ok') {
    const what = `The database file is damaged: ${check.map((one) => one.quick_check).join('; ')}`
    troubles.push({ what, mend: 'Restore a backup.' })
  }
  if (freeBytes < leastFreeBytes) {
    const what = `Only ${Math.round(freeBytes / 1e6)} MB are left on the disk.`
    troubles.push({ what, mend: 'Make room; when the disk is full nothing is stored (503).' })
  }
  const bytesByTable = Object.fromEntries(rows.map(({ name, bytes }) => [name, Number(bytes)]))
  return { place: file, schema, bytesByTable, bytes: statSync(file).size, freeBytes, troubles }
}

async function postgresReport(db: Database, schema: number): Promise<StorageReport> {
  const { rows } = await sql<{ name: string; bytes: number }>`
    select relname as name, pg_total_relation_size(oid) as bytes from pg_class
    where relkind = 'r' and relnamespace = current_schema()::regnamespace order by 2 desc`.execute(db.k)
  const { rows: settings } = await sql<{ place: string; fsync: string; commit: string }>`
    select current_database() || ' on PostgreSQL ' || current_setting('server_version') as place,
      current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit`.execute(db.k)
  const { place, fsync } = settings[0]
  const troubles = []
  if (fsync !== 'on') {
    const what = 'fsync is off in PostgreSQL: what was acknowledged may be lost when the machine fails.'
    troubles.push({ what, mend: 'Set fsync = on.' })
  }
  const bytesByTable = Object.fromEntries(rows.map(({ name, bytes }) => [name, Number(bytes)]))
  const bytes = Object.values(bytesByTable).reduce((sum, one) => sum + one, 0)
  return { place, schema, bytesByTable, bytes, freeBytes: null, troubles }
}

/** Whether the database answers: `ok`, or a sentence that says what is wrong. */
export async function databaseHealth(db: Database): Promise<'ok' | string> {
  try {
    await db.k.selectFrom('meta').select('key').limit(1).execute()
    return 'ok'
  } catch (error) {
    return error instanceof HabitueError ? error.message : 'The database cannot be read.'
  }
}
