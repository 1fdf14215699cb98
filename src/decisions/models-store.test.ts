import { expect, it } from 'vitest'
import { forEachEngine, type TestDatabase } from '../db/testing.ts'
import { type Begun, chunks, leaseMs, listModels, loadModel, modelHandlers } from './models-store.ts'

async function begin(db: TestDatabase, now: number): Promise<{ id: number; version: number }> {
  const { version, ids } = await db.write<Begun>('models.begin', { names: ['shop'], now })
  return { id: ids.shop, version }
}
const finish = (db: TestDatabase, id: number, state: string, bytes = 0) =>
  db.write('models.finish', { id, state, report: '{}', bytes, now: 1 })

async function store(db: TestDatabase, bytes: Uint8Array): Promise<number> {
  const { id, version } = await begin(db, 0)
  let n = 0
  for (const piece of chunks(bytes)) await db.write('models.chunk', { id, n: n++, bytes: piece })
  await finish(db, id, 'ready', bytes.length)
  return version
}

const chunkCount = async (db: TestDatabase) => (await db.k.selectFrom('model_chunks').select('n').execute()).length

forEachEngine((_engine, open) => {
  it('stores bytes in pieces, and keeps those of the newest ready model only', async () => {
    const db = await open({
      ...modelHandlers,
      'test.lose': async (tx) => {
        await tx.k.deleteFrom('model_chunks').where('n', '=', 1).execute()
      },
    })
    const heard: unknown[] = []
    db.onChange((changes) => heard.push(...(changes.get('models') ?? [])))
    expect(await loadModel(db, 'shop')).toBeNull()
    await store(db, new Uint8Array(10))
    const bytes = Uint8Array.from({ length: 2_500_000 }, (_, i) => i % 251)
    expect(await store(db, bytes)).toBe(2)
    const loaded = await loadModel(db, 'shop')
    expect(loaded?.info).toMatchObject({ version: 2, state: 'ready' })
    expect(Buffer.from(loaded?.bytes ?? []).equals(Buffer.from(bytes))).toBe(true)
    expect(await chunkCount(db)).toBe(3)
    expect(heard).toEqual(['shop', 'shop'])
    await db.write('test.lose', null)
    await expect(loadModel(db, 'shop')).rejects.toThrow(RangeError)
  })

  it('lets one train at a time; a silent one is taken over, and what it still writes is refused', async () => {
    const db = await open(modelHandlers)
    const first = await begin(db, 0)
    await expect(begin(db, leaseMs - 1)).rejects.toMatchObject({ code: 'training_running' })
    expect(await db.write('models.renew', { version: first.version, now: leaseMs })).toBe(true)
    await expect(begin(db, leaseMs + 1)).rejects.toMatchObject({ code: 'training_running' })
    const second = await begin(db, 3 * leaseMs)
    expect(second.version).toBe(2)
    expect(await db.write('models.renew', { version: first.version, now: 3 * leaseMs })).toBe(false)
    const late = { id: first.id, n: 0, bytes: new Uint8Array(3) }
    await expect(db.write('models.chunk', late)).rejects.toMatchObject({ code: 'conflict' })
    await expect(finish(db, first.id, 'ready', 3)).rejects.toMatchObject({ code: 'conflict' })
    expect(await chunkCount(db)).toBe(0)
    await finish(db, second.id, 'cancelled')
    expect((await listModels(db, 'shop')).map(({ state }) => state)).toEqual(['cancelled', 'failed'])
  })

  it('two that begin at once: one of them trains', async () => {
    const db = await open(modelHandlers)
    const both = await Promise.allSettled([begin(db, 0), begin(db, 0)])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  it('keeps the model that serves however many trainings fail after it', async () => {
    const db = await open(modelHandlers)
    await store(db, new Uint8Array(10))
    for (let i = 0; i < 25; i++) await finish(db, (await begin(db, 0)).id, 'failed')
    expect((await loadModel(db, 'shop'))?.info.version).toBe(1)
    expect((await listModels(db, 'shop')).length).toBeLessThan(25)
  })
})
