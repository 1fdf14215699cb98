/** Answers in the database: appended, read for many at once, never changed. */
import { heldQuery, insertRows, selectByKeys } from '../db/batch.ts'
import type { Reader, Tx } from '../db/database.ts'
import type { Identity } from '../identity/identity.ts'
import type { AnswerRow } from './answers.ts'
import { Person, type PopulationPermit, permit, populationPermitOf } from './permit.ts'
import type { Policy, Purpose } from './policy.ts'

export const answerColumns = [
  'identifier',
  'purpose',
  'channel',
  'answer',
  'basis',
  'time',
  'received',
  'position',
  'message',
  'source',
  'wording',
  'proof',
  'expires',
  'born',
  'weak',
  'verified',
  'covers',
] as const

const ofOne = `select ${answerColumns.join(', ')} from consents where identifier = ?`

/** All answers of these identifiers, in no order. */
export async function answersOf(reader: Reader, identifiers: readonly number[]): Promise<AnswerRow[]> {
  // On PostgreSQL those who ask at the same time share a statement.
  if (identifiers.length === 1 && reader.engine === 'sqlite') return heldQuery<AnswerRow>(reader, ofOne, identifiers)
  const keys = identifiers.map((identifier) => [identifier])
  return selectByKeys<AnswerRow>(reader, 'consents', ['identifier'], keys, answerColumns)
}

/** A known person with his answers. */
export async function personOf(reader: Reader, policy: Policy, identity: Identity, now: number): Promise<Person> {
  return new Person(policy, identity, await answersOf(reader, identity.identifiers), now)
}

/** The same for many, read at once. */
export async function peopleOf(
  reader: Reader,
  policy: Policy,
  identities: readonly Identity[],
  now: number,
): Promise<Person[]> {
  const rows = await answersOf(
    reader,
    identities.flatMap(({ identifiers }) => identifiers),
  )
  const byIdentifier = Map.groupBy(rows, ({ identifier }) => identifier)
  return identities.map((identity) => {
    const own = identity.identifiers.flatMap((identifier) => byIdentifier.get(identifier) ?? [])
    return new Person(policy, identity, own, now)
  })
}

export async function appendAnswers(tx: Tx, rows: readonly AnswerRow[]): Promise<void> {
  const values = rows.map((row) => answerColumns.map((column) => row[column]))
  if (values.length > 0) await insertRows(tx, 'consents', answerColumns, values)
}

/**
 * The permit to use what everybody did, for `purpose`; null where no basis is stated at all. All answers are read now: those
 * who answered are fewer than those who did not.
 */
export async function populationPermit(
  reader: Reader,
  policy: Policy,
  purpose: Purpose,
  now: number,
): Promise<PopulationPermit | null> {
  return policy.bases[purpose] === null ? null : permitBy(await allAnswers(reader), policy, purpose, now)
}

function permitBy(
  byIdentifier: ReadonlyMap<number, readonly AnswerRow[]>,
  policy: Policy,
  purpose: Purpose,
  now: number,
): PopulationPermit {
  return populationPermitOf(purpose, { now, majority: policy.majority }, (customer, identifiers) => {
    const rows = identifiers.flatMap((identifier) => byIdentifier.get(identifier) ?? [])
    return permit(new Person(policy, { customer, identifiers }, rows, now), purpose)
  })
}

/** The same of those alone who are asked about: the answers of these identifiers are read, and no others. */
export function permitsFor(
  reader: Reader,
  policy: Policy,
  purpose: Purpose,
  now: number,
): (identifiers: readonly number[]) => Promise<PopulationPermit | null> {
  return async (asked) => {
    if (policy.bases[purpose] === null) return null
    const answers = await answersOf(reader, asked)
    return permitBy(
      Map.groupBy(answers, (row) => row.identifier),
      policy,
      purpose,
      now,
    )
  }
}

export async function allAnswers(reader: Reader): Promise<Map<number, AnswerRow[]>> {
  const byIdentifier = new Map<number, AnswerRow[]>()
  const query = reader.k.selectFrom('consents').select(answerColumns)
  for await (const row of query.stream(1000)) {
    const same = byIdentifier.get(row.identifier)
    if (same) same.push(row as AnswerRow)
    else byIdentifier.set(row.identifier, [row as AnswerRow])
  }
  return byIdentifier
}
