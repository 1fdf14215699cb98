/** What this folder holds of a customer: what people of the shop had to do for him, and what they noted. */
import { type Holder, heldRows } from '../db/personal.ts'

export const taskData: readonly Holder[] = [
  heldRows({
    table: 'task_notes',
    title: 'What was noted while somebody of the shop took care of you',
    identifier: 'identifier',
    shown: ['time', 'text'],
    prose: ['text'],
    orderBy: ['id'],
    times: ['time'],
  }),
  heldRows({
    table: 'tasks',
    title: 'What somebody of the shop was asked to do for you',
    identifier: 'identifier',
    shown: ['created', 'reason', 'note', 'data', 'due', 'state', 'resolved', 'outcome'],
    orderBy: ['id'],
    times: ['created', 'due', 'resolved'],
    json: ['data'],
    prose: ['note', 'data', 'outcome'],
  }),
]
