/**
 * What customers told of themselves, as far as models may use it: facts of the kind `attribute` by names that the operator
 * has listed. What was corrected counts as corrected; what was deleted, taken back or has expired is not there.
 */
import type { Permit, PopulationPermit } from '../consent/permit.ts'
import { selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { FactRow, Tables, TombstoneRow } from '../db/tables.ts'
import { identifiersByCustomer } from '../identity/population.ts'
import { decodeFact } from './fact.ts'
import { currentFacts } from './fact-view.ts'
import { factColumns, tombstoneColumns } from './facts-fold.ts'
import { isLater } from './interactions.ts'
import { traitStatements } from './told-traits.ts'

/** By name. */
export type Attributes = Readonly<Record<string, unknown>>

type TraitRow = Pick<Tables['traits'], 'identifier' | 'name' | 'value' | 'time' | 'message'>
const traitColumns = ['identifier', 'name', 'value', 'time', 'message'] as const

/** Of one customer. */
export async function toldAttributes(
  reader: Reader,
  permit: Permit,
  names: ReadonlySet<string>,
  now: number,
): Promise<Attributes> {
  return attributesOf(await rowsOf(reader, permit.identifiers, names), permit, now)
}

/** Of everybody whom the population permit reaches and who told anything of the kind; by customer. */
export async function trainingAttributes(
  reader: Reader,
  permit: PopulationPermit,
  names: ReadonlySet<string>,
  now: number,
): Promise<Map<number, Attributes>> {
  const found = new Map<number, Attributes>()
  if (names.size === 0) return found
  for await (const links of identifiersByCustomer(reader)) {
    const rows = await rowsOf(
      reader,
      links.map(({ id }) => id),
      names,
    )
    const customerOf = new Map(links.map(({ id, customer }) => [id, customer]))
    const told = new Set([...rows.traits, ...rows.facts].map(({ identifier }) => customerOf.get(identifier) as number))
    const identifiersOf = Map.groupBy(links, ({ customer }) => customer)
    for (const customer of told) {
      const own = (identifiersOf.get(customer) ?? []).map(({ id }) => id)
      const allowed = permit.of(customer, own)
      if (allowed === null) continue
      const attributes = attributesOf(rows, allowed, now)
      if (Object.keys(attributes).length > 0) found.set(customer, attributes)
    }
  }
  return found
}

interface Rows {
  readonly traits: readonly TraitRow[]
  readonly facts: readonly FactRow[]
  readonly tombstones: readonly TombstoneRow[]
}

async function rowsOf(reader: Reader, identifiers: readonly number[], names: ReadonlySet<string>): Promise<Rows> {
  const keys = identifiers.map((identifier) => [identifier])
  const kinds = identifiers.map((identifier) => [identifier, 'attribute'])
  const traits = (await selectByKeys<TraitRow>(reader, 'traits', ['identifier'], keys, [...traitColumns])).filter(
    ({ name }) => names.has(name),
  )
  const facts = (await selectByKeys<FactRow>(reader, 'facts', ['identifier', 'kind'], kinds, factColumns)).filter(
    ({ subject }) => names.has(subject),
  )
  if (traits.length + facts.length === 0) return { traits, facts, tombstones: [] }
  const tombstones = await selectByKeys<TombstoneRow>(reader, 'fact_tombstones', ['identifier'], keys, tombstoneColumns)
  return { traits, facts, tombstones }
}

/** What was told before somebody refused, or while he did, is not used when he has agreed anew. */
function attributesOf({ traits, facts, tombstones }: Rows, { identifiers, since }: Permit, now: number): Attributes {
  const own = new Set(identifiers)
  const usable = ({ identifier, time }: { readonly identifier: number; readonly time: number }) =>
    own.has(identifier) && time >= (since?.get(identifier) ?? Number.NEGATIVE_INFINITY)
  const inOrder = traits.filter(usable).sort((a, b) => (isLater(a.time, a.message, b.time, b.message) ? 1 : -1))
  const statements = [...traitStatements(inOrder), ...facts.filter(usable).map(decodeFact)]
  const deleted = tombstones.filter(({ identifier }) => own.has(identifier))
  const told = currentFacts({ statements, tombstones: deleted }, now).filter(
    ({ kind, provenance, recipient, condition }) =>
      kind === 'attribute' && provenance === 'told' && recipient === '' && condition === null,
  )
  return Object.fromEntries(told.map(({ subject, value }) => [subject, value]))
}
