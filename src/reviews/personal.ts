/** What a customer said of items and of others' reviews, for export and erasure. */
import { type Holder, heldRows } from '../db/personal.ts'

export const reviewsData: readonly Holder[] = [
  heldRows({
    table: 'review_states',
    title: 'What the shop decided about your reviews',
    identifier: 'identifier',
    shown: ['item', 'state', 'reason', 'note', 'time'],
    orderBy: ['time', 'item'],
    times: ['time'],
    items: ['item'],
    prose: ['note'],
  }),
  heldRows({
    table: 'review_votes',
    title: 'Which reviews you found helpful',
    identifier: 'identifier',
    shown: ['review', 'helpful', 'time'],
    orderBy: ['time', 'review'],
    times: ['time'],
  }),
  heldRows({
    table: 'reviews',
    title: 'Your reviews',
    identifier: 'identifier',
    shown: ['item', 'review', 'stars', 'title', 'text', 'author', 'helpful', 'votes', 'time'],
    prose: ['title', 'text'],
    orderBy: ['time', 'item'],
    times: ['time'],
    items: ['item'],
  }),
]
