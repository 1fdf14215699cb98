/** What journeys hold about customers, for export and erasure. */
import { type Holder, heldRows } from '../db/personal.ts'

export const journeyData: readonly Holder[] = [
  heldRows({
    table: 'journey_inbox',
    title: 'What you did, on its way to standing processes',
    identifier: 'identifier',
    shown: ['name', 'due', 'body'],
    orderBy: ['due'],
    times: ['due'],
    json: ['body'],
    prose: ['body'],
  }),
  heldRows({
    table: 'journey_instances',
    title: 'Standing processes that you are or were in',
    identifier: 'identifier',
    shown: ['journey', 'version', 'phase', 'step', 'due', 'state', 'reason', 'started', 'ended'],
    orderBy: ['started'],
    times: ['due', 'started', 'ended'],
    json: ['state'],
    prose: ['state'],
  }),
]
