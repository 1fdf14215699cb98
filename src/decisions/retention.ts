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
    const counted = await countDays(tx, rows)
    await deleteByKeys(tx, 'outcomes', ['decision', 'item', 'kind', 'message'], counted)
    await deleteByKeys(
      tx,
      'decisions',
      ['id', 'placement'],
      rows.map(({ id, placement }) => [id, placement]),
    )
    return rows.length
  },
}

/** Adds decisions and their outcomes to the counts of their days; answers the keys of the outcomes that were counted. */
export async function countDays(tx: Tx, rows: readonly DecisionOfDay[]): Promise<unknown[][]> {
  const { counts, keys } = await outcomeCounts(tx, rows)
  await upsertFold(tx, 'decision_days', { key: ['day', 'placement', 'model', 'kind'], add: ['count', 'value'] }, [
    ...rows.flatMap((row) => shownCounts(row)),
    ...counts,
  ])
  return keys
}

/** What the counts of days need of a decision. */
export interface DecisionOfDay {
  readonly id: string
  readonly placement: string
  readonly model: string
  readonly time: number
  readonly items: string
}

function shownCounts({ placement, model, time, items }: DecisionOfDay) {
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

/** Counts of what became of the decisions. */
async function outcomeCounts(tx: Tx, rows: readonly DecisionOfDay[]) {
  const ids = [...new Set(rows.map(({ id }) => id))]
  const outcomes = await tx.k.selectFrom('outcomes').selectAll().where('decision', 'in', ids).execute()
  const placed = new Map(
    rows.flatMap((row) => (JSON.parse(row.items) as [number][]).map(([item]) => [`${row.id}\n${item}`, row] as const)),
  )
  const counted = outcomes.flatMap((outcome) => {
    const row = placed.get(`${outcome.decision}\n${outcome.item}`)
    return row ? [{ row, outcome }] : []
  })
  const counts = counted.map(({ row, outcome }) => ({
    day: Math.floor(row.time / dayMs),
    placement: row.placement,
    model: row.model,
    kind: outcome.kind,
    count: 1,
    value: outcome.value,
  }))
  return {
    counts,
    keys: counted.map(({ outcome: { decision, item, kind, message } }) => [decision, item, kind, message]),
  }
}
