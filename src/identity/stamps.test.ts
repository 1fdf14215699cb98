/** Whoever keeps a copy of a customer reads again after a new stamp; many customers get theirs in one statement. */
import { expect, it } from 'vitest'
import { insertRows } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import { forEachEngine } from '../db/testing.ts'
import { seededRandom } from '../world.ts'
import { restamp } from './named.ts'

forEachEngine((engine, open) => {
  it('draws a stamp of its own for each customer, and asks the database as often for a thousand as for two', async () => {
    const random = seededRandom(3)
    let statements = 0
    /** What goes to the database, by Kysely or in a batch. */
    const counting = (tx: Tx): Tx => {
      const connection = new Proxy(tx.connection, {
        get(target, name) {
          const value = Reflect.get(target, name) as unknown
          if (typeof value !== 'function') return value
          return (...given: unknown[]) => {
            if (['all', 'send'].includes(String(name))) statements++
            return Reflect.apply(value, target, given)
          }
        },
      })
      const k = new Proxy(tx.k, {
        get(target, name) {
          const value = Reflect.get(target, name) as unknown
          if (typeof value !== 'function') return value
          return (...given: unknown[]) => {
            statements++
            return Reflect.apply(value, target, given)
          }
        },
      })
      return new Proxy(tx, {
        get: (target, name) => (name === 'k' ? k : name === 'connection' ? connection : Reflect.get(target, name)),
      })
    }
    const db = await open({
      make: (tx, ids: readonly number[]) =>
        insertRows(
          tx,
          'customers',
          ['id', 'created', 'version', 'links'],
          ids.map((id) => [id, 0, 0, 7]),
        ),
      restamp: async (tx, ids: readonly number[]) => {
        statements = 0
        await restamp(counting(tx), ids, { random })
        return statements
      },
    })
    const all = Array.from({ length: 1000 }, (_, i) => i + 1)
    await db.write('make', [...all, 5000])
    const few = await db.write<number>('restamp', [3, 1, 3])
    const many = await db.write<number>('restamp', all.toReversed())
    // SQLite runs a held statement a row, without a way to anywhere.
    if (engine === 'postgres') expect(many).toBe(few)
    expect(many).toBeLessThan(5)
    const rows = await db.k.selectFrom('customers').select(['id', 'links']).orderBy('id').execute()
    const stamps = new Set(rows.map(({ links }) => Number(links)))
    expect(stamps.size).toBe(1001)
    expect(rows.filter(({ links }) => Number(links) === 7).map(({ id }) => id)).toEqual([5000])
  })
})
