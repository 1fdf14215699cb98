import { afterAll, describe, it } from 'vitest'
import { emptyDatabases } from '../../src/db/testing.ts'
import { killRounds } from '../faults/kill.ts'

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(engine, () => {
    const places = emptyDatabases(engine)
    afterAll(() => places.remove())

    it('remembers once what it acknowledged before it was killed', async () => {
      await killRounds(await places.create(), 2, 12)
    })
  })
}
