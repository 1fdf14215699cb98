/**
 * The log of decisions, written behind: a decision waits for no disk; within a second it is stored. When storage is
 * away for long the oldest entries are dropped and counted, rather than memory filled.
 */

import type { Permit } from '../consent/permit.ts'
import { upsertRows } from '../db/batch.ts'
import type { Database, Handlers, Reader, Tx } from '../db/database.ts'
import { identifiersWith } from '../identity/store.ts'

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
    const known = await existing(tx, rows)
    // The same rows again, when nobody knows whether the first write went through, are the same rows.
    await upsertRows(tx, 'decisions', ['id', 'placement'], columns, known)
  },
}

const identifierAt = columns.indexOf('identifier')

/** Of a customer who was erased while his decisions waited here, nothing is written any more. */
async function existing(tx: Tx, rows: readonly unknown[][]): Promise<readonly unknown[][]> {
  const ids = [...new Set(rows.flatMap((row) => (row[identifierAt] as number | null) ?? []))]
  const found = new Set((await identifiersWith(tx, ids)).map(({ id }) => id))
  if (found.size === ids.length) return rows
  return rows.filter((row) => row[identifierAt] === null || found.has(row[identifierAt] as number))
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
/** Groups that wait at most: 200,000 decisions. */
const mostGroups = 100
/** While storage is away it is tried ever more rarely, down to this. */
const longestPauseMs = 15_000

/** @param onError told when writing failed; the entries are kept and tried again */
export function decisionLog(db: Database, onError: (error: unknown) => void): DecisionLog {
  /** The oldest first; the last one is being filled. */
  const groups: unknown[][][] = []
  let writing: Promise<void> | null = null
  let dropped = 0
  let failures = 0
  let pause = 0
  const keepWithin = (most: number) => {
    while (groups.length > most) dropped += (groups.shift() as unknown[][]).length
  }
  const write = async (): Promise<void> => {
    for (let group = groups.shift(); group; group = groups.shift()) {
      try {
        await db.write('decisions.log', group)
        failures = 0
      } catch (error) {
        groups.unshift(group)
        keepWithin(mostGroups)
        pause = Math.min(intervalMs * 2 ** failures++, longestPauseMs)
        throw error
      }
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
  const tick = () => {
    pause -= intervalMs
    if (pause <= 0) flush()
  }
  const timer = setInterval(tick, intervalMs)
  timer.unref()
  return {
    add: ({ id, time, placement, identifier, model, items, detail }) => {
      let last = groups.at(-1)
      if (!last || last.length >= groupSize) {
        last = []
        groups.push(last)
        keepWithin(mostGroups)
      }
      last.push([id, time, placement, identifier, model, items, detail])
    },
    get dropped() {
      return dropped
    },
    flush,
    close: async () => {
      clearInterval(timer)
      await writing
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
