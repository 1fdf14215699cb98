/** Reading what is kept of a customer's facts. */
import type { Permit } from '../consent/permit.ts'
import { selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { FactRow, TombstoneRow } from '../db/tables.ts'
import { decodeFact, type Statement } from './fact.ts'
import { FORGOTTEN } from './fact-events.ts'
import { factColumns, tombstoneColumns } from './facts-fold.ts'

/** Facts that one customer may be told to have. Nobody has so many; a page that sends them in a loop does. */
export const mostTold = 1000

export interface StoredFacts {
  /** In order of time. */
  readonly statements: readonly Statement[]
  readonly tombstones: readonly TombstoneRow[]
  /** Internal ids of items that are not to count as taste. */
  readonly forgotten: ReadonlySet<number>
}

/** All that is kept of the customer's facts; `until` = only what had been told by then. */
export async function storedFacts(
  reader: Reader,
  permit: Permit,
  until = Number.POSITIVE_INFINITY,
): Promise<StoredFacts> {
  const keys = permit.identifiers.map((identifier) => [identifier])
  const [rows, tombstones] = await Promise.all([
    selectByKeys<FactRow>(reader, 'facts', ['identifier'], keys, factColumns),
    selectByKeys<TombstoneRow>(reader, 'fact_tombstones', ['identifier'], keys, tombstoneColumns),
  ])
  const told = rows.filter(({ kind, time }) => kind !== FORGOTTEN && time <= until).map(decodeFact)
  told.sort((a, b) => a.time - b.time || (a.message < b.message ? -1 : 1))
  return { statements: told, tombstones, forgotten: forgottenOf(rows) }
}

/** Of everybody the items that are not to count as taste, by identifier: for what is learned from all. */
export async function forgottenByIdentifier(reader: Reader): Promise<Map<number, Set<number>>> {
  const rows = await reader.k.selectFrom('facts').select(factColumns).where('kind', '=', FORGOTTEN).execute()
  const byIdentifier = Map.groupBy(rows, ({ identifier }) => identifier)
  return new Map([...byIdentifier].map(([identifier, own]) => [identifier, forgottenOf(own)]))
}

/** Of several identifiers the latest word about an item counts. */
export function forgottenOf(rows: readonly Pick<FactRow, 'kind' | 'fact' | 'doc' | 'time' | 'message'>[]): Set<number> {
  const latest = new Map<string, (typeof rows)[number]>()
  for (const row of rows) {
    if (row.kind !== FORGOTTEN) continue
    const known = latest.get(row.fact)
    const later = !known || row.time > known.time || (row.time === known.time && row.message > known.message)
    if (later) latest.set(row.fact, row)
  }
  return new Set([...latest.values()].filter(({ doc }) => doc === '1').map(({ fact }) => Number(fact)))
}
