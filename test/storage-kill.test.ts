import { it } from 'vitest'
import { forEachEngine } from '../src/db/testing.ts'
import { killRounds } from './faults/storage-kill.ts'

forEachEngine((_engine, open) => {
  it('keeps what it acknowledged when the process is killed', async () => {
    await killRounds(open, 2, 1)
  })
})
