import { expect, it } from 'vitest'
import { uncovered } from '../src/consent/personal-data.ts'
import { forEachEngine } from '../src/db/testing.ts'
import { personalData } from '../src/handlers.ts'
import { schemaOf } from './schema.ts'

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
