/** Decisions are kept in full for a time, then as counts a day. */
import { deleteByKeys, upsertFold } from '../db/batch.ts'
import type { Handlers, Tx } from '../db/database.ts'

const dayMs = 86_400_000

export interface RetainDecisions {
  /** Decisions before this time become counts. */
  readonly before: number
  /** At most so many in one call: the writer is not held up for long. */
  readonly limit: number
}

export const retentionHandlers: Handlers = {
  /** Answers how many decisions became counts; fewer than `limit` means that no more are due. */
  'decisions.retain': async (tx, { before, limit }: RetainDecisions) => {
    const rows = await tx.k
      .selectFrom('decisions')
      .select(['id', 'placement', 'model', 'time', 'items'])
      .where('time', '<', before)
      .orderBy('time')
      .limit(limit)
      .execute()
    if (rows.length < limit) await dropOrphans(tx, before)
    if (rows.length === 0) return 0
    await upsertFold(tx, 'decision_days', { key: ['day', 'placement', 'model', 'kind'], add: ['count', 'value'] }, [
      ...rows.flatMap((row) => shownCounts(row)),
      ...(await outcomeCounts(tx, rows)),
    ])
    await deleteByKeys(
      tx,
      'decisions',
      ['id', 'placement'],
      rows.map(({ id, placement }) => [id, placement]),
    )
    return rows.length
  },
}

interface Row {
  readonly id: string
  readonly placement: string
  readonly model: string
  readonly time: number
  readonly items: string
}

function shownCounts({ placement, model, time, items }: Row) {
  const day = Math.floor(time / dayMs)
  const key = { day, placement, model }
  return [
    { ...key, kind: 'decision', count: 1, value: 0 },
    { ...key, kind: 'shown', count: (JSON.parse(items) as unknown[]).length, value: 0 },
  ]
}

/** Outcomes of decisions that are gone, or that never were: an event may carry any id. */
async function dropOrphans(tx: Tx, before: number): Promise<void> {
  await tx.k
    .deleteFrom('outcomes')
    .where('time', '<', before)
    .where((eb) => eb.not(eb.exists(eb.selectFrom('decisions').select('id').whereRef('id', '=', 'outcomes.decision'))))
    .execute()
}

/** Counts of what became of the decisions; those rows go with them. */
async function outcomeCounts(tx: Tx, rows: readonly Row[]) {
  const ids = [...new Set(rows.map(({ id }) => id))]
  const outcomes = await tx.k.selectFrom('outcomes').selectAll().where('decision', 'in', ids).execute()
  const placed = new Map(
    rows.flatMap((row) => (JSON.parse(row.items) as [number][]).map(([item]) => [`${row.id}\n${item}`, row] as const)),
  )
  const counted = outcomes.flatMap((outcome) => {
    const row = placed.get(`${outcome.decision}\n${outcome.item}`)
    return row ? [{ row, outcome }] : []
  })
  await deleteByKeys(
    tx,
    'outcomes',
    ['decision', 'item', 'kind', 'message'],
    counted.map(({ outcome }) => [outcome.decision, outcome.item, outcome.kind, outcome.message]),
  )
  return counted.map(({ row, outcome }) => ({
    day: Math.floor(row.time / dayMs),
    placement: row.placement,
    model: row.model,
    kind: outcome.kind,
    count: 1,
    value: outcome.value,
  }))
}
