import { afterAll, describe, it } from 'vitest'
import { emptyDatabases } from '../../src/db/testing.ts'
import { killRounds } from './kill.ts'

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(engine, () => {
    const places = emptyDatabases(engine)
    afterAll(() => places.remove())

    it('remembers once what it acknowledged, through thirty kills', async () => {
      await killRounds(await places.create(), 30, 11)
    })
  })
}
