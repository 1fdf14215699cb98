import { describe, expect, it } from 'vitest'
import type { Database, Handlers } from '../db/database.ts'
import { forEachEngine } from '../db/testing.ts'
import { ingestHandler } from '../events/ingest.ts'
import { exampleNow, sendTo, statedPolicy, track } from '../events/testing.ts'
import { memoryFolds } from '../memory/fold.ts'
import { memoryHandlers, type RebuildReport } from '../memory/rebuild.ts'
import { simulatedWorld } from '../world.ts'
import { reviewsFold } from './fold.ts'
import { reviewsRebuilt } from './rebuild.ts'
import { reviewHandlers } from './store.ts'

const handlers: Handlers = {
  'events.ingest': ingestHandler([...memoryFolds, reviewsFold], {
    policy: statedPolicy,
    world: simulatedWorld(5, exampleNow),
  }),
  ...memoryHandlers([reviewsRebuilt]),
  ...reviewHandlers,
  'test.spoil': async (tx) => {
    await tx.k.updateTable('reviews').set({ stars: 1, text: 'spoilt' }).execute()
    await tx.k.deleteFrom('reviews').where('review', '=', 'R2').execute()
    await tx.k.deleteFrom('review_votes').execute()
  },
}

const at = (userId: string, minutes: number) => ({
  userId,
  timestamp: new Date(exampleNow - 60 * 60_000 + minutes * 60_000).toISOString(),
})
const review = (userId: string, minutes: number, rating: number, more: object = {}) =>
  track('Product Reviewed', at(userId, minutes), { product_id: 'espresso', rating, ...more })

async function dump(db: Database) {
  const { k } = db
  return {
    reviews: await k.selectFrom('reviews').selectAll().orderBy('identifier').orderBy('item').execute(),
    votes: await k.selectFrom('review_votes').selectAll().orderBy('identifier').orderBy('review').execute(),
    states: await k.selectFrom('review_states').selectAll().orderBy('identifier').execute(),
    events: await k.selectFrom('events').select(['seq', 'body']).orderBy('seq').execute(),
  }
}

forEachEngine((_engine, open) => {
  describe('reviews built anew', () => {
    it('are as they were, with what was decided, however often and whatever became of the rows', async () => {
      const db = await open(handlers)
      const rebuild = () => db.write<RebuildReport>('memory.rebuild', {})
      const moderate = (one: string, state: string, reason: string | null) =>
        db.write('reviews.moderate', { review: one, state, reason, note: 'seen', actor: 'key:1', now: exampleNow })
      await sendTo(db, [
        review('ada', 0, 4, { review_id: 'R1', review_body: 'Strong.' }),
        review('eve', 1, 1, { review_id: 'R1', review_body: 'Buy elsewhere.' }),
        review('bob', 2, 2, { review_id: 'R2', review_body: 'Bitter.' }),
        track('Review Voted', at('bob', 3), { review_id: 'R1', helpful: true }),
        track('Review Voted', at('eve', 3), { review_id: 'R1', helpful: false }),
        track('Review Withdrawn', at('cid', 4), { product_id: 'espresso' }),
      ])
      // Withdrawn, written anew, and looked at: the old words are gone, the new ones and the decision stay.
      await sendTo(db, [track('Review Withdrawn', at('ada', 5), { product_id: 'espresso' })])
      await sendTo(db, [review('ada', 6, 5, { review_body: 'Better now.' })])
      await moderate('R1', 'rejected', 'off-topic')
      await moderate('R2', 'published', null)
      const before = await dump(db)
      expect(before.reviews.map(({ text }) => text).sort()).toEqual(['Better now.', 'Bitter.', 'Buy elsewhere.', null])
      expect(before.states).toHaveLength(2)
      expect(await rebuild()).toMatchObject({ changed: [], rows: { reviews: 4, review_votes: 2 } })
      expect(await dump(db)).toEqual(before)
      await db.write('test.spoil', {})
      expect(await rebuild()).toMatchObject({ changed: ['reviews', 'review_votes'] })
      expect(await dump(db)).toEqual(before)
    })
  })
})
