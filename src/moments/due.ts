/**
 * When the engine is to look whether something has come about: one row for an identifier and a kind. Written in the
 * transaction of the events that make it due, so that whatever dies next, somebody will look.
 */
import { deleteByKeys, type FoldSpec, selectByKeys, upsertFold } from '../db/batch.ts'
import type { Reader, Tx } from '../db/database.ts'
import type { Tables } from '../db/tables.ts'

export const momentKinds = ['cart', 'unavailable', 'blocked', 'occasion'] as const
export type MomentKind = (typeof momentKinds)[number]
export type Moment = Tables['moments'] & { readonly kind: MomentKind }

const key = ['identifier', 'kind', 'item'] as const
const columns = [...key, 'since', 'due'] as const

/** How a row is combined with one that is there. `later`: the later time counts. `soon`: looked at then, whatever stood there. */
const specs = {
  later: { key, max: ['since', 'due'] },
  soon: { key, min: ['since'], set: ['due'] },
  /** As `soon`, and what came about before is not told: an import brings no news. */
  afresh: { key, max: ['since'], set: ['due'] },
} as const satisfies Record<string, FoldSpec>

export async function note(tx: Tx, how: keyof typeof specs, moments: readonly Moment[]): Promise<void> {
  // In one order everywhere: on PostgreSQL two transactions that note the same rows wait for each other, and go on.
  const sorted = moments.toSorted(
    (a, b) => a.identifier - b.identifier || (a.kind < b.kind ? -1 : 1) || a.item - b.item,
  )
  if (sorted.length > 0) await upsertFold(tx, 'moments', specs[how], sorted)
}

export async function drop(tx: Tx, kind: MomentKind, identifiers: readonly number[]): Promise<void> {
  if (identifiers.length === 0) return
  const keys = identifiers.toSorted((a, b) => a - b).map((identifier) => [identifier, kind, 0])
  await deleteByKeys(tx, 'moments', key, keys)
}

/** The rows due by `now`, the earliest first. */
export async function dueMoments(reader: Reader, now: number, limit: number): Promise<Moment[]> {
  const rows = await reader.k
    .selectFrom('moments')
    .select(columns)
    .where('due', '<=', now)
    .orderBy('due')
    .limit(limit)
    .execute()
  return rows as Moment[]
}

/** When the next row is due; null = there is none. */
export async function nextMoment(reader: Reader): Promise<number | null> {
  const row = await reader.k.selectFrom('moments').select('due').orderBy('due').limit(1).executeTakeFirst()
  return row?.due ?? null
}

/** Those of `moments` that stand as they were read: nothing has happened since that changes them. */
export async function unchanged(tx: Tx, moments: readonly Moment[]): Promise<Set<string>> {
  const keys = moments.map((moment) => key.map((column) => moment[column]))
  const rows = await selectByKeys<Moment>(tx, 'moments', key, keys, columns)
  const standing = new Map(rows.map((row) => [nameOf(row), row]))
  const same = moments.filter((moment) => {
    const row = standing.get(nameOf(moment))
    return row?.due === moment.due && row.since === moment.since
  })
  return new Set(same.map(nameOf))
}

export const nameOf = ({ identifier, kind, item }: Moment) => `${identifier} ${kind} ${item}`

/** Sets when to look again; null = no more. */
export async function settleMoments(
  tx: Tx,
  settled: readonly { readonly moment: Moment; readonly next: number | null }[],
): Promise<void> {
  const gone = settled.filter(({ next }) => next === null).map(({ moment }) => key.map((column) => moment[column]))
  if (gone.length > 0) await deleteByKeys(tx, 'moments', key, gone)
  const kept = settled.flatMap(({ moment, next }) => (next === null ? [] : [{ ...moment, due: next }]))
  await note(tx, 'soon', kept)
}
