import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { storageHandlers } from '../../test/faults/storage-handlers.ts'
import { insertRows } from './batch.ts'
import type { Changes, Handlers } from './database.ts'
import { openReader } from './open.ts'
import { forEachEngine } from './testing.ts'

const handlers: Handlers = {
  ...storageHandlers,
  put: (tx, items: readonly string[]) =>
    insertRows(
      tx,
      'items',
      ['item', 'price', 'created', 'updated'],
      items.map((item) => [item, 1, 1, 1]),
    ),
  price: async (tx, price: number) => {
    tx.changed('items', 1)
    await tx.k.updateTable('items').set({ price }).execute()
  },
  /** Swallows the failure of a statement and goes on. */
  blunder: async (tx) => {
    await insertRows(tx, 'imports', ['id'], [['no kind']]).catch(() => {})
    await insertRows(tx, 'rules', ['id', 'doc', 'updated'], [['r', '{}', 1]])
  },
}

const folder = mkdtempSync(join(tmpdir(), 'habitue-database-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

forEachEngine((engine, open) => {
  it('keeps all that a handler wrote, or nothing', async () => {
    const db = await open(handlers)
    await db.write('add', { messages: ['a', 'b', 'a'], item: 1 })
    await expect(db.write('add', { messages: ['c'], item: 1, fail: true })).rejects.toMatchObject({
      code: 'invalid_event',
    })
    await expect(db.write('put', ['x', 'y', 'x'])).rejects.toThrow(/unique/i)
    await expect(db.write('missing', null)).rejects.toThrow('missing')
    expect(await db.k.selectFrom('item_days').select(['item', 'views']).execute()).toEqual([{ item: 1, views: 2 }])
    expect(await db.k.selectFrom('items').select('item').execute()).toEqual([])
  })

  it('serialises writers that meet in one row', async () => {
    const db = await open(handlers)
    const writes = Array.from({ length: 60 }, (_, i) => db.write('add', { messages: [`m${i}`], item: 1 }))
    await Promise.all(writes)
    expect(await db.k.selectFrom('item_days').select(['item', 'views']).execute()).toEqual([{ item: 1, views: 60 }])
    expect(await db.k.selectFrom('changes').selectAll().execute()).toEqual([{ topic: 'items', version: 60 }])
  })

  it('gives integers back as numbers, and refuses those that a number cannot hold', async () => {
    const db = await open(handlers)
    await db.write('put', ['a'])
    await db.write('price', Number.MAX_SAFE_INTEGER)
    const row = await db.k
      .selectFrom('items')
      .select(({ fn }) => ['price', fn.countAll<number>().over().as('count'), fn.sum<number>('price').over().as('sum')])
      .executeTakeFirstOrThrow()
    expect(row).toEqual({ price: Number.MAX_SAFE_INTEGER, count: 1, sum: Number.MAX_SAFE_INTEGER })
    await db.write('price', 2 ** 60)
    await expect(db.k.selectFrom('items').select('price').execute()).rejects.toThrow()
  })

  it('tells listeners of commits only, before the answer', async () => {
    const db = await open(handlers)
    const told: Changes[] = []
    db.onChange((changes) => told.push(changes))
    await expect(db.write('add', { messages: ['a'], item: 4, fail: true })).rejects.toThrow()
    await db.write('add', { messages: ['a'], item: 5 })
    expect(told).toEqual([new Map([['items', new Set([5])]])])
  })

  it('acknowledges what is committed although a listener fails', async () => {
    const db = await open(handlers)
    let told = 0
    db.onChange(() => {
      throw new Error('a broken cache')
    })
    db.onChange(() => told++)
    expect(await db.write('add', { messages: ['a'], item: 5 })).toEqual({ added: 1 })
    expect(told).toBe(1)
  })

  it('streams from one moment while others write and read', async () => {
    const db = await open(handlers)
    const names = Array.from({ length: 500 }, (_, i) => `item ${i}`)
    await db.write('put', names)
    const seen: (number | null)[] = []
    for await (const { price } of db.k.selectFrom('items').select('price').stream(50)) {
      seen.push(price)
      if (seen.length !== 10) continue
      await db.write('price', 7)
      const now = await db.k.selectFrom('items').select('price').distinct().execute()
      expect(now).toEqual([{ price: 7 }])
    }
    expect(seen).toEqual(names.map(() => 1))
    for await (const _ of db.k.selectFrom('items').select('price').stream()) break
    await db.write('price', 8)
  })

  it('reads several statements from one moment in a transaction', async () => {
    const db = await open(handlers)
    await db.write('put', ['a'])
    const prices = await db.k
      .transaction()
      .setIsolationLevel(engine === 'postgres' ? 'repeatable read' : 'serializable')
      .execute(async (trx) => {
        const before = await trx.selectFrom('items').select('price').execute()
        await db.write('price', 9)
        return [before, await trx.selectFrom('items').select('price').execute()]
      })
    expect(prices[1]).toEqual(prices[0])
    expect(await db.k.selectFrom('items').select('price').execute()).toEqual([{ price: 9 }])
  })

  it('gives a thread a reader of its own', async () => {
    const db = await open(handlers)
    await db.write('put', ['a', 'b'])
    const reader = await openReader(db.config)
    expect((await reader.k.selectFrom('items').select('item').execute()).length).toBe(2)
    await reader.close()
  })

  it('refuses to write after it is closed', async () => {
    const db = await open(handlers)
    await db.close()
    await expect(db.write('put', ['a'])).rejects.toMatchObject({ code: 'storage_unavailable' })
  })

  it('backs up a database in use, or says what does', async () => {
    const db = await open(handlers)
    const file = join(folder, `${engine}.backup`)
    if (engine === 'postgres') {
      await expect(db.backup(file)).rejects.toMatchObject({ code: 'backup_unsupported', message: /pg_dump/ })
      return
    }
    await db.write(
      'put',
      Array.from({ length: 3000 }, (_, i) => `item ${i} ${'x'.repeat(500)}`),
    )
    let writing = true
    const writes = (async () => {
      for (let n = 0; writing; n++) await db.write('add', { messages: [`m${n}`], item: 1 })
    })()
    await db.backup(file)
    writing = false
    await writes
    const copy = await open(handlers, { config: { databaseUrl: null, dataFile: file } })
    expect((await copy.k.selectFrom('items').select('item').execute()).length).toBe(3000)
    const { views } = (await copy.k.selectFrom('item_days').select('views').executeTakeFirst()) ?? { views: 0 }
    expect((await copy.k.selectFrom('seen').select('key').execute()).length).toBe(views)
    await expect(db.backup(file)).rejects.toMatchObject({ code: 'conflict' })
    await expect(db.backup(join(folder, 'absent', 'b'))).rejects.toMatchObject({ code: 'storage_unavailable' })
  })

  it('never half-applies a handler that swallowed an error', async () => {
    const db = await open(handlers)
    const write = db.write('blunder', null)
    // SQLite undoes the failed statement alone; PostgreSQL gives the whole transaction up, and says so.
    if (engine === 'postgres') await expect(write).rejects.toThrow()
    else await write
    const rules = await db.k.selectFrom('rules').select('id').execute()
    expect(rules.length).toBe(engine === 'postgres' ? 0 : 1)
  })
})
