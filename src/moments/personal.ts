/** What is kept of who waits for what, for export and erasure. */
import { type Holder, heldRows } from '../db/personal.ts'

export const momentsData: readonly Holder[] = [
  heldRows({
    table: 'moments',
    title: 'What the shop will look at next, and when',
    identifier: 'identifier',
    shown: ['kind', 'item', 'due'],
    orderBy: ['due'],
    times: ['due'],
    items: ['item'],
  }),
  heldRows({
    table: 'item_waits',
    title: 'Items you wait for',
    identifier: 'identifier',
    shown: ['item', 'reason', 'waits', 'below', 'currency', 'time'],
    orderBy: ['item', 'reason'],
    times: ['time'],
    items: ['item'],
  }),
]
