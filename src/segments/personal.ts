/** What this folder holds of a customer: in which segments he is, and when he is looked at again. */
import { type Holder, heldRows } from '../db/personal.ts'

export const segmentsData: readonly Holder[] = [
  heldRows({
    table: 'segment_members',
    title: 'Groups that you are counted among',
    identifier: 'identifier',
    shown: ['segment', 'since'],
    orderBy: ['segment'],
    times: ['since'],
  }),
  heldRows({
    table: 'segment_due',
    title: 'When these groups are looked at again',
    identifier: 'identifier',
    shown: ['due'],
    times: ['due'],
  }),
]
