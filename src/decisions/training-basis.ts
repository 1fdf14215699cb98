/**
 * Whether anybody may still be learned from. Where nobody may (the shop states no basis any longer, or all who had agreed
 * have withdrawn), what was learned stops serving; the next training that reaches somebody makes new models.
 */
import type { Config } from '../config.ts'
import { policyOf } from '../consent/policy.ts'
import { lastAnswer, reachesAnybody } from '../consent/reach.ts'
import type { Database } from '../db/database.ts'
import type { World } from '../world.ts'
import { listModels } from './models-store.ts'

/** Consent may run out by itself: it is asked about so often where nobody answers anything. */
const againMs = 60 * 60_000

export interface TrainingBasis {
  /** Withdraws the models where nobody may be learned from. Cheap where nothing changed since it was last asked. */
  check(): Promise<void>
}

export function trainingBasis({
  db,
  config,
  world,
}: {
  readonly db: Database
  readonly config: Config
  readonly world: World
}): TrainingBasis {
  const policy = policyOf(config)
  let asked: { readonly answer: number; readonly at: number } | null = null
  return {
    async check() {
      if (!(await listModels(db)).some(({ state }) => state === 'ready')) return
      const answer = await lastAnswer(db, 'training')
      const now = world.now()
      if (asked && asked.answer === answer && now - asked.at < againMs) return
      if (!(await reachesAnybody(db, policy, 'training', now))) {
        const why = policy.bases.training === null ? 'no legal basis is stated for it' : 'nobody allows it any longer'
        await db.write('models.withdraw', { why: `What was learned for the purpose training is put away: ${why}.` })
      }
      asked = { answer, at: now }
    },
  }
}
