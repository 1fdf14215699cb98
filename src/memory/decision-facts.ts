/** What a decision must know of a customer's facts: what is never shown, what is not to count as taste, his dates. */
import type { Permit } from '../consent/permit.ts'
import { heldQuery, selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { FactRow, TombstoneRow } from '../db/tables.ts'
import type { Condition } from './conditions.ts'
import { decodeFact } from './fact.ts'
import { FORGOTTEN } from './fact-events.ts'
import { currentFacts, type FactView } from './fact-view.ts'
import { forgottenOf } from './facts.ts'
import { factColumns, tombstoneColumns } from './facts-fold.ts'

/** Something that the customer said is never to be shown to him. */
export interface NeverRule {
  readonly about: 'item' | 'category' | 'attribute' | 'text' | 'allergy' | 'diet'
  /** The item's id, the category, `name=value`, the words, the allergen, the diet. */
  readonly name: string
  /** When it holds; null = always. */
  readonly condition: Condition | null
}

/** A date that matters. */
export interface Occasion {
  /** '' = the customer himself. */
  readonly recipient: string
  /** MM-DD or YYYY-MM-DD. */
  readonly date: string
}

/** Something that he had left one way, and somebody else changed: the next answer says so, until he says it himself. */
export interface ChangedSetting {
  readonly setting: string
  readonly value: unknown
  /** What he had left; absent = nothing. */
  readonly was?: unknown
  /** `shop`, `substitute`. */
  readonly by: string
  /** Since when, milliseconds. */
  readonly since: number
}

export interface DecisionFacts {
  readonly rules: readonly NeverRule[]
  /** Internal ids of items that are not to count as taste. */
  readonly forgotten: ReadonlySet<number>
  readonly occasions: readonly Occasion[]
  readonly changed: readonly ChangedSetting[]
  /** Sensitive categories of which he agreed by name that they be used; lower case. */
  readonly agreed: ReadonlySet<string>
}

export const noDecisionFacts: DecisionFacts = {
  rules: [],
  forgotten: new Set(),
  occasions: [],
  changed: [],
  agreed: new Set(),
}

const kinds = "('allergy', 'consent', 'diet', 'forgotten', 'occasion', 'preference', 'setting')"
const columns = factColumns.join(', ')
const ofOne = `select ${columns} from facts where identifier = ? and kind in ${kinds}`
const ofMany = `select ${columns} from facts where identifier = any(?::bigint[]) and kind in ${kinds}`

/** Most customers have none: one look into the index, for each identifier on SQLite. */
async function rowsOf(reader: Reader, identifiers: readonly number[]): Promise<FactRow[]> {
  if (reader.engine === 'postgres') return heldQuery<FactRow>(reader, ofMany, [identifiers])
  const rows: FactRow[] = []
  for (const identifier of identifiers) rows.push(...(await heldQuery<FactRow>(reader, ofOne, [identifier])))
  return rows
}

export async function decisionFacts(reader: Reader, permit: Permit, now: number): Promise<DecisionFacts> {
  const rows = await rowsOf(reader, permit.identifiers)
  if (rows.length === 0) return noDecisionFacts
  const keys = permit.identifiers.map((identifier) => [identifier])
  const tombstones = await selectByKeys<TombstoneRow>(reader, 'fact_tombstones', ['identifier'], keys, tombstoneColumns)
  const statements = rows.filter(({ kind }) => kind !== FORGOTTEN).map(decodeFact)
  const facts = currentFacts({ statements, tombstones }, now)
  return {
    // A guess is no rule: only what he said himself keeps something from him.
    rules: facts.flatMap((fact) => (fact.provenance === 'told' && fact.recipient === '' ? (ruleOf(fact) ?? []) : [])),
    forgotten: forgottenOf(rows),
    occasions: facts
      .filter(({ kind }) => kind === 'occasion')
      .map(({ recipient, value }) => ({ recipient, date: (value as { date: string }).date })),
    agreed: agreedIn(facts),
    changed: facts.flatMap(({ kind, subject, value, by, was, validFrom }) =>
      kind === 'setting' && by !== null ? [{ setting: subject, value, was, by, since: validFrom }] : [],
    ),
  }
}

/** Told by himself and of himself; whoever agreed under a condition has not agreed. */
export function agreedIn(facts: readonly FactView[]): Set<string> {
  const granted = facts.filter(
    ({ kind, value, recipient, provenance, condition }) =>
      kind === 'consent' && value === 'granted' && recipient === '' && provenance === 'told' && condition === null,
  )
  return new Set(granted.map(({ subject }) => subject.replace(/^category:/, '').toLowerCase()))
}

/** What a told fact keeps from being shown; null = nothing. */
export function ruleOf({ kind, subject, value, condition }: FactView): NeverRule | null {
  if (kind === 'allergy') return value === false ? null : { about: 'allergy', name: subject, condition }
  if (kind === 'diet') return { about: 'diet', name: String(value), condition }
  if (kind !== 'preference' || value === 'likes') return null
  for (const about of ['item', 'category', 'attribute'] as const) {
    if (subject.startsWith(`${about}:`)) return { about, name: subject.slice(about.length + 1), condition }
  }
  return { about: 'text', name: subject, condition }
}
