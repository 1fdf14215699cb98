import { afterAll, describe, it } from 'vitest'
import { emptyDatabases } from '../../src/db/testing.ts'
import { mailKillRounds } from './mail-kill.ts'

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(engine, () => {
    const places = emptyDatabases(engine)
    afterAll(() => places.remove())

    it('sends nothing twice, and lists what is missing, through eight kills', async () => {
      await mailKillRounds(await places.create(), { kills: 8, mails: 1_200, seed: 61 })
    })
    it('of ten thousand instances of a journey none mails twice, and what is missing is listed', async () => {
      await mailKillRounds(await places.create(), { kills: 20, mails: 20_000, seed: 64, byJourney: true })
    })
    it.runIf(engine === 'postgres')('two runners of a journey, one killed and one stopped past its lease', async () => {
      await mailKillRounds(await places.create(), { kills: 3, mails: 2_000, seed: 65, isPair: true, byJourney: true })
    })
    it.runIf(engine === 'postgres')('two servers, one killed and one stopped past its lease and resumed', async () => {
      await mailKillRounds(await places.create(), { kills: 3, mails: 600, seed: 62, isPair: true })
    })
  })
}
