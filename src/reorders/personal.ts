/** What this folder holds of a customer: what he may order again by a link, and did. */
import { type Holder, heldRows } from '../db/personal.ts'

export const reorderData: readonly Holder[] = [
  heldRows({
    table: 'reorders',
    title: 'What you were offered to order again',
    identifier: 'identifier',
    shown: ['event', 'created', 'expires', 'ordered', 'handed'],
    orderBy: ['created', 'id'],
    times: ['created', 'expires', 'ordered', 'handed'],
  }),
]
