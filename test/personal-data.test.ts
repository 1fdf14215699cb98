import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { type SchemaTable, uncovered } from '../src/consent/personal-data.ts'
import type { Reader } from '../src/db/database.ts'
import { forEachEngine } from '../src/db/testing.ts'
import { personalData } from '../src/handlers.ts'

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

forEachEngine((_engine, open) => {
  it('every table with rows about somebody has a holder for export and erasure', async () => {
    expect(uncovered(await schemaOf(await open()), personalData)).toEqual([])
  })

  it('a table that nobody thought of is found', async () => {
    const schema = await schemaOf(await open())
    expect(uncovered([...schema, { name: 'birthdays', columns: ['identifier', 'day'] }], personalData)).toHaveLength(1)
    const renamed = schema.map((table) => (table.name === 'carts' ? { ...table, columns: ['owner', 'state'] } : table))
    expect(uncovered(renamed, personalData)).toEqual(['carts has no column identifier'])
    const grown = schema.map((table) => (table.name === 'rules' ? { ...table, columns: ['id', 'email'] } : table))
    expect(uncovered(grown, personalData)[0]).toContain('rules.email')
  })
})
