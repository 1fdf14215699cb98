import { it } from 'vitest'
import { forEachEngine } from '../../src/db/testing.ts'
import { killRounds } from './storage-kill.ts'

forEachEngine((_engine, open) => {
  it('keeps what it acknowledged through thirty kills', async () => {
    await killRounds(open, 30, 2)
  }, 300_000)
})
