import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { storageHandlers as handlers } from '../../test/faults/storage-handlers.ts'
import { systemWorld } from '../world.ts'
import { everything } from './database.ts'
import { forEachEngine } from './testing.ts'

/** Ends every connection to the database but this one. */
const cutOthers = (stranger: pg.Client) =>
  stranger.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )

describe('several processes on one PostgreSQL', () => {
  forEachEngine(
    (_engine, open) => {
      it('hear of each other, and catch up after a silence', async () => {
        const world = systemWorld
        const one = await open(handlers, { world })
        const two = await open(handlers, { world, config: one.config })
        const told: [string, string | number][] = []
        two.onChange((changes) => {
          for (const [topic, keys] of changes) for (const key of keys) told.push([topic, key])
        })
        await one.write('add', { messages: ['a'], item: 3 })
        await one.write('add', { messages: ['b'], item: 4 })
        await expect
          .poll(() => told)
          .toEqual([
            ['items', 3],
            ['items', 4],
          ])
        // A change that nobody signals: found by comparing versions.
        const stranger = new pg.Client({ connectionString: one.config.databaseUrl! })
        await stranger.connect()
        await stranger.query("update changes set version = version + 1 where topic = 'items'")
        await expect.poll(() => told.slice(2), { timeout: 15_000 }).toEqual([['items', everything]])
        await stranger.end()
      }, 30_000)

      it('outlive the loss of their connections', async () => {
        const db = await open(handlers, { world: systemWorld })
        const other = await open(handlers, { world: systemWorld, config: db.config })
        const told = new Set<string | number>()
        db.onChange((changes) => {
          for (const key of changes.get('items') ?? []) told.add(key)
        })
        const stranger = new pg.Client({ connectionString: db.config.databaseUrl! })
        await stranger.connect()
        const acknowledged = new Set<string>()
        let refused = 0
        for (let round = 0; round < 4; round++) {
          const writes = Array.from({ length: 30 }, async (_, i) => {
            const message = `${round} ${i}`
            try {
              await db.write('add', { messages: [message], item: 1 })
              acknowledged.add(message)
            } catch (error) {
              expect(error).toMatchObject({ code: 'storage_unavailable', status: 503 })
              refused++
            }
          })
          await new Promise((resolve) => setTimeout(resolve, round))
          await cutOthers(stranger)
          await Promise.all(writes)
        }
        expect(refused).toBeGreaterThan(0)
        const stored = await expect
          .poll(
            () =>
              db.k
                .selectFrom('seen')
                .select('key')
                .execute()
                .catch(() => null),
            { timeout: 10_000 },
          )
          .not.toBe(null)
          .then(() => db.k.selectFrom('seen').select('key').execute())
        const keys = new Set(stored.map(({ key }) => Buffer.from(key).toString()))
        for (const message of acknowledged) expect(keys).toContain(message)
        const { views } = await db.k.selectFrom('item_days').select('views').executeTakeFirstOrThrow()
        expect(views).toBe(keys.size)
        // Listening was lost too, and is taken up again.
        await expect
          .poll(
            async () => {
              await other.write('add', { messages: [], item: 77 }).catch(() => {})
              return told.has(77)
            },
            { timeout: 15_000, interval: 500 },
          )
          .toBe(true)
        await stranger.end()
      }, 60_000)

      it('are read through the loss of their connections', async () => {
        const db = await open(handlers, { world: systemWorld })
        const stranger = new pg.Client({ connectionString: db.config.databaseUrl! })
        await stranger.connect()
        let lost = 0
        for (let round = 0; round < 20; round++) {
          const reads = Array.from({ length: 20 }, () =>
            db.k
              .transaction()
              .execute(async (trx) => {
                await trx.selectFrom('seen').select('key').execute()
                await new Promise((resolve) => setTimeout(resolve, 5))
                return trx.selectFrom('seen').select('key').execute()
              })
              .catch((error) => {
                expect(error).toMatchObject({ code: 'storage_unavailable', status: 503 })
                lost++
              }),
          )
          await new Promise((resolve) => setTimeout(resolve, round))
          await cutOthers(stranger)
          await Promise.all(reads)
        }
        expect(lost).toBeGreaterThan(0)
        await stranger.end()
        await expect
          .poll(
            () =>
              db.k
                .selectFrom('seen')
                .select('key')
                .execute()
                .catch(() => null),
            { timeout: 10_000 },
          )
          .toEqual([])
      }, 60_000)
    },
    { engines: ['postgres'] },
  )
})
