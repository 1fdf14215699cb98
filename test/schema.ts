/** For tests: the schema of a database, as the database itself tells of it. */
import { sql } from 'kysely'
import type { SchemaTable } from '../src/consent/personal-data.ts'
import type { Reader } from '../src/db/database.ts'

/** The tables of a database, as the database itself tells of them. */
export async function schemaOf(reader: Reader): Promise<SchemaTable[]> {
  const query =
    reader.engine === 'sqlite'
      ? sql<{ name: string; column: string }>`select m.name as name, c.name as "column"
          from sqlite_schema m join pragma_table_info(m.name) c where m.type = 'table'`
      : sql<{ name: string; column: string }>`select table_name as name, column_name as "column"
          from information_schema.columns where table_schema = 'public'`
  const { rows } = await query.execute(reader.k)
  const tables = Map.groupBy(rows, ({ name }) => name)
  return [...tables].map(([name, columns]) => ({ name, columns: columns.map(({ column }) => column) }))
}
