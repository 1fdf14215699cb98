/**
 * Reviews and votes built anew from the stored events, with memory. What people of the shop decided stands beside them and
 * stays; so does by what each review is named, which hangs on who else had the name when it came, and which votes and links
 * go by. What a withdrawal took out of the events is gone already: here it only empties the row.
 */
import type { Tx } from '../db/database.ts'
import type { RebuiltPart } from '../memory/rebuild.ts'
import { countReviews } from './fold.ts'

/** Before any event, so whatever is told overrules it; a row that stays so was told by nothing. */
const untold = -1e15
const blank = { stars: null, title: null, text: null, author: null, print: '', helpful: 0, votes: 0 }

export const reviewsRebuilt: RebuiltPart = {
  tables: { reviews: ['identifier', 'item'], review_votes: ['identifier', 'review'] },
  fold: { apply: countReviews },
  async begin(tx: Tx) {
    await tx.k
      .updateTable('reviews')
      .set({ ...blank, time: untold, message: '' })
      .execute()
    await tx.k.deleteFrom('review_votes').execute()
  },
  async end(tx: Tx) {
    await tx.k.deleteFrom('reviews').where('time', '=', untold).execute()
  },
}
