import { expect, it } from 'vitest'
import { forEachEngine } from '../db/testing.ts'
import { simulatedWorld } from '../world.ts'
import { type ImportProgress, importId, listImports, readImportProgress, recordImportHandler } from './progress.ts'

forEachEngine((_engine, open) => {
  it('an import’s progress is kept, and never goes backwards', async () => {
    const world = simulatedWorld(1)
    const db = await open({ record: recordImportHandler(world) })
    const id = importId('orders', 'a'.repeat(64))
    const at = (line: number, done = false): ImportProgress => ({
      id,
      kind: 'orders',
      name: 'lines.csv',
      line,
      bytes: line * 10,
      refused: 1,
      done,
    })
    expect(await readImportProgress(db, id)).toBeNull()
    await db.write('record', at(1000))
    await db.write('record', at(3000))
    await db.write('record', at(2000))
    expect(await readImportProgress(db, id)).toEqual(at(3000))
    await db.write('record', at(3000, true))
    world.advance(1)
    await db.write('record', { ...at(5), id: importId('users', 'b'.repeat(64)), kind: 'users' })
    expect((await listImports(db)).map(({ kind, done }) => [kind, done])).toEqual([
      ['users', false],
      ['orders', true],
    ])
  })
})
