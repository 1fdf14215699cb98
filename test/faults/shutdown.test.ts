import { afterAll, describe, it } from 'vitest'
import { emptyDatabases } from '../../src/db/testing.ts'
import { shutdownRounds } from './shutdown.ts'

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(engine, () => {
    const places = emptyDatabases(engine)
    afterAll(() => places.remove())

    it('ends gracefully when it is told to, and loses nothing that it acknowledged', async () => {
      await shutdownRounds(await places.create(), 5, 41)
    })
  })
}
