/** The dates that matter to a customer: what he told, his birthday, and the days his presents were for. */
import type { Permit } from '../consent/permit.ts'
import { heldQuery, selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { FactRow, TombstoneRow } from '../db/tables.ts'
import { decodeFact, type Statement } from './fact.ts'
import { currentFacts } from './fact-view.ts'
import { factColumns, tombstoneColumns } from './facts-fold.ts'
import { traitStatements } from './told-traits.ts'
import type { ToldTrait } from './traits.ts'

export interface KnownOccasion {
  /** What it is: `birthday`, `Mother's Day`. */
  readonly occasion: string
  /** '' = the customer himself. */
  readonly recipient: string
  /** MM-DD or YYYY-MM-DD. */
  readonly date: string
  readonly provenance: Statement['provenance']
  /** When it was last told or seen. */
  readonly confirmed: number
}

const columns = factColumns.join(', ')
const factsOfOne = `select ${columns} from facts where identifier = ? and kind = 'occasion'`
const factsOfMany = `select ${columns} from facts where identifier = any(?::bigint[]) and kind = 'occasion'`
const traitsOfOne = 'select name, value, time, message from traits where identifier = ?'
const traitsOfMany = 'select name, value, time, message from traits where identifier = any(?::bigint[])'

async function rowsOf<T>(reader: Reader, identifiers: readonly number[], one: string, many: string): Promise<T[]> {
  if (reader.engine === 'postgres') return heldQuery<T>(reader, many, [identifiers])
  const rows: T[] = []
  for (const identifier of identifiers) rows.push(...(await heldQuery<T>(reader, one, [identifier])))
  return rows
}

/** Those that hold at `now`; a date that he took back or deleted is none. */
export async function knownOccasions(reader: Reader, permit: Permit, now: number): Promise<KnownOccasion[]> {
  const { identifiers } = permit
  const facts = await rowsOf<FactRow>(reader, identifiers, factsOfOne, factsOfMany)
  const traits = await rowsOf<ToldTrait>(reader, identifiers, traitsOfOne, traitsOfMany)
  const birthdays = traitStatements(traits.sort((a, b) => a.time - b.time)).filter(({ kind }) => kind === 'occasion')
  if (facts.length + birthdays.length === 0) return []
  const keys = identifiers.map((identifier) => [identifier])
  const tombstones = await selectByKeys<TombstoneRow>(reader, 'fact_tombstones', ['identifier'], keys, tombstoneColumns)
  return currentFacts({ statements: [...facts.map(decodeFact), ...birthdays], tombstones }, now).map(
    ({ subject, recipient, value, provenance, confirmed }) => {
      return { occasion: subject, recipient, date: (value as { date: string }).date, provenance, confirmed }
    },
  )
}
