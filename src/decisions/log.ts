/**
 * The log of decisions, written behind: a decision waits for no disk; within a second it is stored. When storage is
 * away for long the oldest entries are dropped and counted, rather than memory filled.
 */

import type { Permit } from '../consent/permit.ts'
import { insertRows } from '../db/batch.ts'
import type { Database, Handlers, Reader } from '../db/database.ts'

export interface LoggedDecision {
  readonly id: string
  readonly time: number
  readonly placement: string
  /** The identifier it was made for; null = a stranger. */
  readonly identifier: number | null
  readonly model: string
  /** JSON: [[internal item id, score, reason kind], ...] in the order shown. */
  readonly items: string
  readonly detail: string
}

const columns = ['id', 'time', 'placement', 'identifier', 'model', 'items', 'detail'] as const

export const logHandlers: Handlers = {
  'decisions.log': async (tx, rows: readonly unknown[][]) => {
    await insertRows(tx, 'decisions', columns, rows)
  },
}

export interface DecisionLog {
  add(decision: LoggedDecision): void
  /** Entries lost because storage was away. */
  readonly dropped: number
  /** Writes what waits. */
  flush(): Promise<void>
  close(): Promise<void>
}

const intervalMs = 250
const groupSize = 2_000
const capacity = 200_000

/** @param onError told when writing failed; the entries are kept and tried again */
export function decisionLog(db: Database, onError: (error: unknown) => void): DecisionLog {
  let waiting: unknown[][] = []
  let writing: Promise<void> | null = null
  let dropped = 0
  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = waiting.slice(0, groupSize)
      await db.write('decisions.log', group)
      waiting = waiting.slice(group.length)
    }
  }
  const flush = (): Promise<void> => {
    writing ??= write()
      .catch(onError)
      .finally(() => {
        writing = null
      })
    return writing
  }
  const timer = setInterval(flush, intervalMs)
  timer.unref()
  return {
    add: ({ id, time, placement, identifier, model, items, detail }) => {
      if (waiting.length >= capacity) {
        dropped += waiting.length - capacity + 1
        waiting = waiting.slice(-capacity + 1)
      }
      waiting.push([id, time, placement, identifier, model, items, detail])
    },
    get dropped() {
      return dropped
    },
    flush,
    close: async () => {
      clearInterval(timer)
      await flush()
    },
  }
}

export interface DecisionRecord extends LoggedDecision {
  readonly outcomes: readonly {
    readonly item: number
    readonly kind: string
    readonly time: number
    readonly value: number
  }[]
}

/** The latest decisions made for a customer, with what became of them; newest first. */
export async function decisionsOf(reader: Reader, permit: Permit, limit: number): Promise<DecisionRecord[]> {
  const rows = await reader.k
    .selectFrom('decisions')
    .selectAll()
    .where('identifier', 'in', [...permit.identifiers])
    .orderBy('time', 'desc')
    .limit(limit)
    .execute()
  if (rows.length === 0) return []
  const outcomes = await reader.k
    .selectFrom('outcomes')
    .selectAll()
    .where(
      'decision',
      'in',
      rows.map((row) => row.id),
    )
    .execute()
  return rows.map((row) => {
    const shown = new Set((JSON.parse(row.items) as [number][]).map(([item]) => item))
    return { ...row, outcomes: outcomes.filter(({ decision, item }) => decision === row.id && shown.has(item)) }
  })
}
