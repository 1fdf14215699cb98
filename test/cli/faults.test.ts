/** A short round of each loop of `npm run test:faults`. */
import { afterAll, describe, it } from 'vitest'
import { emptyDatabases } from '../../src/db/testing.ts'
import { loseConnections } from '../faults/connection.ts'
import { fullDisk, limitedFile, mayMount } from '../faults/disk-full.ts'
import { killRounds } from '../faults/kill.ts'
import { mailKillRounds } from '../faults/mail-kill.ts'
import { shutdownRounds } from '../faults/shutdown.ts'

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(engine, { timeout: 180_000 }, () => {
    const places = emptyDatabases(engine)
    afterAll(() => places.remove())

    it('remembers once what it acknowledged before it was killed', async () => {
      await killRounds(await places.create(), 2, 12)
    })
    it('sends no mail twice when it is killed, and lists what is missing', async () => {
      await mailKillRounds(await places.create(), { kills: 2, mails: 300, seed: 63 })
    })
    // On PostgreSQL the claims of a runner that was killed end after minutes: test:faults has the patience.
    it.runIf(engine === 'sqlite')(
      'of two mails of a journey none comes twice, and what is missing is listed',
      async () => {
        await mailKillRounds(await places.create(), { kills: 2, mails: 200, seed: 66, byJourney: true })
      },
    )
    it('ends gracefully when it is told to, and loses nothing that it acknowledged', async () => {
      await shutdownRounds(await places.create(), 1, 42)
    })
    it.runIf(engine === 'postgres')('outlives the loss of its database', async () => {
      await loseConnections(await places.create(), 2, 32)
    })
    it.runIf(engine === 'sqlite' && mayMount)('outlives a full disk', () => fullDisk(24))
    it.runIf(engine === 'sqlite')('outlives a file that may not grow', () => limitedFile(25))
  })
}
