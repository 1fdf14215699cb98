import { expect, it } from 'vitest'
import { forEachEngine } from '../db/testing.ts'
import { currentServing } from './current-serving.ts'
import { type Begun, modelHandlers } from './models-store.ts'

forEachEngine((_engine, open) => {
  it('begins without a model that it cannot read, and says so once', async () => {
    const db = await open(modelHandlers)
    const { ids } = await db.write<Begun>('models.begin', { names: ['shop'], now: 0 })
    await db.write('models.chunk', { id: ids.shop, n: 0, bytes: new Uint8Array(100) })
    await db.write('models.finish', { id: ids.shop, state: 'ready', report: '{}', bytes: 100, now: 0 })
    const errors: unknown[] = []
    const current = await currentServing({ db, onSwap: () => {}, onError: (error) => errors.push(error) })
    current.changed()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(current.serving()).toBeNull()
    expect(errors).toEqual([expect.any(RangeError)])
    current.close()
  })
})
