import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { AddRequest } from '../../test/faults/storage-handlers.ts'
import { systemWorld } from '../world.ts'
import type { Changes, Database } from './database.ts'
import { openDatabase } from './open.ts'
import { silentLog } from './testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-writer-'))
const writerEntry = new URL('../../test/faults/storage-writer.ts', import.meta.url)
const opened: Database[] = []
let files = 0

async function open(dataFile = join(folder, `${files++}.db`)): Promise<Database> {
  const options = { handlers: null, writerEntry, world: systemWorld, log: silentLog }
  const database = await openDatabase({ databaseUrl: null, dataFile }, options)
  opened.push(database)
  return database
}

afterAll(async () => {
  for (const database of opened) await database.close()
  rmSync(folder, { recursive: true, force: true })
})

const add = (db: Database, request: AddRequest) => db.write<{ added: number }>('add', request)
const views = async (db: Database, item: number) => {
  const row = await db.k.selectFrom('item_days').select('views').where('item', '=', item).executeTakeFirst()
  return row?.views ?? 0
}

describe('the writer thread', () => {
  it('commits many requests, of which the failing ones leave nothing and spoil no other', async () => {
    const db = await open()
    const requests = Array.from({ length: 400 }, (_, i) => ({
      messages: [`m${i}`, `m${i % 50}`],
      item: 1,
      fail: i % 7 === 3,
    }))
    const settled = await Promise.allSettled(requests.map((request) => add(db, request)))
    const rejected = settled.filter((s) => s.status === 'rejected')
    expect(rejected.length).toBe(requests.filter(({ fail }) => fail).length)
    expect(rejected[0].reason).toMatchObject({ name: 'HabitueError', code: 'invalid_event', details: { item: 1 } })
    const added = settled.reduce((sum, s) => sum + (s.status === 'fulfilled' ? s.value.added : 0), 0)
    expect(await views(db, 1)).toBe(added)
    const { count } = await db.k
      .selectFrom('seen')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    expect(count).toBe(added)
  })

  it('tells listeners before it answers, and the next read sees the write', async () => {
    const db = await open()
    const told: Changes[] = []
    const stop = db.onChange((changes) => told.push(changes))
    await add(db, { messages: ['a'], item: 9 })
    expect(told).toEqual([new Map([['items', new Set([9])]])])
    expect(await views(db, 9)).toBe(1)
    await expect(add(db, { messages: ['b'], item: 9, fail: true })).rejects.toThrow('told to fail')
    expect(told.length).toBe(1)
    const changes = await db.k.selectFrom('changes').selectAll().execute()
    expect(changes).toEqual([{ topic: 'items', version: 1 }])
    stop()
    await add(db, { messages: ['c'], item: 9 })
    expect(told.length).toBe(1)
  })

  it('keeps the code of a coded error, and says plainly what is not coded', async () => {
    const db = await open()
    await expect(db.write('stumble', null)).rejects.toThrow('a mistake of the program')
    await expect(db.write('missing', null)).rejects.toThrow('no handler missing')
    await expect(db.write('nothing', () => {})).rejects.toThrow()
    expect(await db.write('nothing', { bytes: new Uint8Array(3) })).toBe(null)
  })

  it('loses no request that arrives while a handler waits', async () => {
    const db = await open()
    const slow = Array.from({ length: 20 }, (_, i) => db.write('dawdle', { key: `dawdle ${i}` }))
    await new Promise((resolve) => setTimeout(resolve, 2))
    slow.push(...Array.from({ length: 20 }, (_, i) => db.write('dawdle', { key: `late ${i}` })))
    await Promise.all(slow)
    const rows = await db.k.selectFrom('meta').select('key').where('key', 'like', '%a%e %').execute()
    expect(rows.length).toBe(40)
  })

  it('answers a full disk with its code, keeps what fits, and goes on when there is room', async () => {
    const db = await open()
    await add(db, { messages: ['before'], item: 1 })
    await db.write('limit', { spare: 10 })
    const settled = await Promise.allSettled([
      add(db, { messages: ['small'], item: 1 }),
      db.write('stuff', { bytes: 500_000 }),
      db.write('stuff', { bytes: 500_000, swallow: true }),
      add(db, { messages: ['another'], item: 1 }),
    ])
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    expect((settled[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'storage_full', status: 503 })
    expect(await views(db, 1)).toBe(3)
    const stuffed = await db.k.selectFrom('meta').select('key').where('key', 'like', '%s%ed%').execute()
    expect(stuffed.filter(({ key }) => key !== 'schema_version')).toEqual([])
    await db.write('limit', { spare: null })
    await db.write('stuff', { bytes: 500_000 })
  })

  it('rejects what waits when the thread dies, stores none of it, and is back soon', async () => {
    const db = await open()
    await add(db, { messages: ['safe'], item: 1 })
    // While the first is being committed the others come to wait, and are one group.
    const first = add(db, { messages: ['first'], item: 1 }).catch(() => null)
    const cut = await Promise.allSettled([add(db, { messages: ['cut off'], item: 1 }), db.write('die', null)])
    const stored = (await first) === null ? 1 : 2
    for (const result of cut) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'storage_unavailable' } })
    }
    await expect
      .poll(() => add(db, { messages: ['back'], item: 1 }).catch(() => null), { timeout: 10_000 })
      .toEqual({ added: 1 })
    expect(await views(db, 1)).toBe(stored + 1)
  })

  it('finishes what waits when it is closed, and refuses what comes after', async () => {
    const file = join(folder, 'closing.db')
    const db = await open(file)
    const writes = Array.from({ length: 50 }, (_, i) => add(db, { messages: [`m${i}`], item: 1 }))
    const closed = db.close()
    await expect(add(db, { messages: ['late'], item: 1 })).rejects.toMatchObject({ code: 'storage_unavailable' })
    await Promise.all(writes)
    await closed
    expect(await views(await open(file), 1)).toBe(50)
  })
})
