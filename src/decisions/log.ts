/**
 * The log of decisions, written behind: a decision waits for no disk; within a second it is stored. When storage is
 * away for long the oldest entries are dropped and counted, rather than memory filled.
 */
import { sql } from 'kysely'
import { type Permit, permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { peopleOf } from '../consent/store.ts'
import { upsertRows } from '../db/batch.ts'
import type { Database, Handlers, Reader, Tx } from '../db/database.ts'
import type { Identity } from '../identity/identity.ts'
import { identitiesBehind } from '../identity/store.ts'
import type { World } from '../world.ts'
import { type Exposure, noteExposures } from './experiments-store.ts'

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

export interface LogNeeds {
  readonly policy: Policy
  readonly world: World
}

export function logHandlers({ policy, world }: LogNeeds): Handlers {
  return {
    'decisions.log': async (tx, rows: readonly unknown[][]) => {
      await lockNames(tx, 'shared')
      const named = await stillNamed(tx, rows, policy, world.now())
      // The same rows again, when nobody knows whether the first write went through, are the same rows.
      await upsertRows(tx, 'decisions', ['id', 'placement'], columns, named)
      await noteExposures(tx, named.flatMap(exposureOf))
    },
  }
}

/**
 * PostgreSQL: no name is written into the log while a withdrawal takes names out of it, for neither would see the other's
 * rows. Writers of the log share the lock.
 */
export async function lockNames(tx: Tx, how: 'shared' | 'alone'): Promise<void> {
  if (tx.engine !== 'postgres') return
  if (how === 'shared') await sql`select pg_advisory_xact_lock_shared(hashtext('habitue.decisions'))`.execute(tx.k)
  else await sql`select pg_advisory_xact_lock(hashtext('habitue.decisions'))`.execute(tx.k)
}

const detailAt = columns.indexOf('detail')

/** Who saw which arm of an experiment, as the row of the decision says. */
function exposureOf(row: readonly unknown[]): Exposure[] {
  const detail = row[detailAt] as string
  const identifier = row[identifierAt] as number | null
  if (identifier === null || !detail.includes('"experiment":')) return []
  const { experiment, arm } = JSON.parse(detail) as { experiment: string; arm: string }
  return [{ experiment, identifier, arm, time: row[timeAt] as number }]
}

const identifierAt = columns.indexOf('identifier')
const timeAt = columns.indexOf('time')

/**
 * What happened while decisions waited here: of a customer who was erased nothing is written any more, and who refused to be
 * known by what he does is not named.
 */
async function stillNamed(
  tx: Tx,
  rows: readonly unknown[][],
  policy: Policy,
  now: number,
): Promise<readonly unknown[][]> {
  const ids = [...new Set(rows.flatMap((row) => (row[identifierAt] as number | null) ?? []))]
  if (ids.length === 0) return rows
  const behind = await identitiesBehind(tx, ids)
  const customers = new Map([...behind.values()].map((identity) => [identity.customer, identity]))
  const people = await peopleOf(tx, policy, [...customers.values()], now)
  const permits = new Map(
    people.map((person) => [(person.identity as Identity).customer, permit(person, 'personalisation')]),
  )
  return rows.flatMap((row) => {
    const id = row[identifierAt] as number | null
    if (id === null) return [row]
    const identity = behind.get(id)
    if (!identity) return []
    const allowed = permits.get(identity.customer)
    // He may have agreed again meanwhile; what was before that stays unnamed.
    const isNamed = allowed && (row[timeAt] as number) >= (allowed.since?.get(id) ?? 0)
    return [isNamed ? row : row.map((value, i) => (i === identifierAt ? null : value))]
  })
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
