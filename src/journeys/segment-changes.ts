/** Who came into a segment, or left it, as journeys are told: in the transaction of the change. */
import { insertRows } from '../db/batch.ts'
import type { SegmentHook } from '../segments/settle.ts'
import { type Noted, notedColumns } from './fold.ts'
import { heldNames } from './names.ts'
import { segmentEvent } from './trigger-form.ts'

export function segmentHook(): SegmentHook {
  const namesOf = heldNames()
  return async (tx, changes) => {
    const names = await namesOf(tx)
    if (names === null) return
    const rows = changes.flatMap(({ segment, customer, identifier, entered, time, live }) => {
      const name = segmentEvent(segment, entered ? 'entered' : 'left')
      const wanted = names[name]
      if (wanted === undefined || (!live && !wanted.historical)) return []
      const messageId = `${name}:${customer}:${time}`
      const noted: Noted = { time, received: time, messageId, properties: { segment, entered }, items: [] }
      return [[time, identifier, name, live ? 0 : 1, JSON.stringify(noted)]]
    })
    if (rows.length > 0) await insertRows(tx, 'journey_inbox', notedColumns, rows)
  }
}
