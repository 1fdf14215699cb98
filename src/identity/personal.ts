/** Who somebody is, for export and erasure; and what this folder holds about him. */
import { inChunks, selectByKeys } from '../db/batch.ts'
import type { Reader, Tx } from '../db/database.ts'
import { type DataSubject, type HeldRow, type Holder, heldRows } from '../db/personal.ts'
import { claimsAbout, claimsMadeBy, pairOf } from './claims.ts'
import type { Identifier } from './identity.ts'
import { mergesOf } from './merges.ts'
import { identifiersOfAll, identifiersWith, resolve } from './store.ts'

/** The customer whom `identifier` names, with all that became one with him; null where nobody is known by it. */
export async function subjectOf(reader: Reader, identifier: Identifier): Promise<DataSubject | null> {
  const found = await resolve(reader, identifier)
  return found && subjectAt(reader, found.customer)
}

async function subjectAt(reader: Reader, customer: number): Promise<DataSubject> {
  const standing = (await mergesOf(reader, { customer })).filter(({ undone }) => undone === null)
  const merged = standing.map((merge) => merge.merged)
  const identifiers = await identifiersOfAll(reader, [customer])
  return {
    customers: [...new Set([customer, ...merged])],
    identifiers: identifiers.map(({ id }) => id),
    names: identifiers.map(({ kind, value }) => ({ kind, value })),
  }
}

/**
 * The same for an erasure, and nobody adds to him until the transaction ends. Besides, who is known by nothing but a device
 * and claimed to be him, and what somebody who claimed to be another sent from his device.
 */
export async function subjectToErase(tx: Tx, identifier: Identifier): Promise<DataSubject | null> {
  for (;;) {
    const found = await resolve(tx, identifier)
    if (!found) return null
    if (!(await lock(tx, found.customer, identifier))) continue
    const subject = await subjectAt(tx, found.customer)
    const strays = await unprovenStrangers(tx, subject)
    return {
      customers: [...new Set([...subject.customers, ...strays.map(({ customer }) => customer)])],
      identifiers: [...new Set([...subject.identifiers, ...strays.map(({ id }) => id)])],
      names: subject.names,
    }
  }
}

/** On PostgreSQL a merge may have come first: then the identifier belongs to another customer now. */
async function lock(tx: Tx, customer: number, identifier: Identifier): Promise<boolean> {
  if (tx.engine === 'sqlite') return true
  await tx.k.selectFrom('customers').select('id').where('id', '=', customer).forUpdate().execute()
  return (await resolve(tx, identifier))?.customer === customer
}

/** Identifiers of a visitor together with a user that he claims to be (claims.ts) which have to do with `person`. */
async function pairsOf(reader: Reader, { identifiers, names }: DataSubject) {
  const made = await claimsMadeBy(reader, identifiers)
  const about = await claimsAbout(reader, names)
  const claims = [...made, ...about].filter(({ kind }) => kind === 'user')
  const visitors = new Map<number, string>()
  for (const chunk of inChunks([...new Set(claims.map(({ identifier }) => identifier))], 1000)) {
    const rows = await reader.k.selectFrom('identifiers').select(['id', 'value']).where('id', 'in', chunk).execute()
    for (const { id, value } of rows) visitors.set(id, value)
  }
  const keys = claims.flatMap(({ identifier, value }) => {
    const visitor = visitors.get(identifier)
    return visitor === undefined ? [] : [['claim', pairOf({ kind: 'anonymous', value: visitor }, value).value]]
  })
  return selectByKeys<{ id: number; customer: number }>(reader, 'identifiers', ['kind', 'value'], keys, [
    'id',
    'customer',
  ])
}

/** All identifiers of those who claim to be him, or claimed from his device to be another, and are no known customers. */
async function unprovenStrangers(tx: Tx, subject: DataSubject) {
  const own = new Set(subject.identifiers)
  const claimants = (await claimsAbout(tx, subject.names)).map(({ identifier }) => identifier)
  const strangers = [...(await identifiersWith(tx, claimants)), ...(await pairsOf(tx, subject))]
  const customers = strangers.filter(({ id }) => !own.has(id)).map(({ customer }) => customer)
  const whole = await identifiersOfAll(tx, [...new Set(customers)])
  const known = new Set(whole.filter(({ kind }) => !deviceKinds.has(kind)).map(({ customer }) => customer))
  return whole.filter(({ customer }) => !known.has(customer))
}

/** Kinds that name a device and not a person. */
const deviceKinds: ReadonlySet<string> = new Set(['anonymous', 'claim'])

const identifiers: Holder = {
  ...heldRows({
    table: 'identifiers',
    title: 'How you are known here',
    customer: 'customer',
    shown: ['kind', 'value', 'first_seen', 'last_seen'],
    orderBy: ['id'],
    times: ['first_seen', 'last_seen'],
  }),
  about: ['id', 'customer'],
  async erase(tx, person) {
    let count = 0
    // What another known customer sent from his device stays with that customer, under a name that says nothing.
    for (const { id } of await pairsOf(tx, person)) {
      if (person.identifiers.includes(id)) continue
      const name = { value: `erased ${id}` }
      await tx.k.updateTable('identifiers').set(name).where('id', '=', id).execute()
      count++
    }
    for (const chunk of inChunks(person.identifiers, 500)) {
      const { numDeletedRows } = await tx.k.deleteFrom('identifiers').where('id', 'in', chunk).executeTakeFirst()
      count += Number(numDeletedRows)
    }
    return count
  },
}

const claims: Holder = {
  table: 'claims',
  about: ['identifier', 'value'],
  title: 'What pages of the shop said of who uses your devices, without proof',
  shown: ['kind', 'value', 'time', 'confirmed'],
  columns: { times: ['time', 'confirmed'] },
  async *read(reader, person): AsyncGenerator<HeldRow> {
    for (const { kind, value, time, confirmed } of await claimsMadeBy(reader, person.identifiers))
      yield { kind, value, time, confirmed }
  },
  async erase(tx, person) {
    const rows = [...(await claimsMadeBy(tx, person.identifiers)), ...(await claimsAbout(tx, person.names))]
    const unique = new Map(rows.map((row) => [`${row.identifier} ${row.kind} ${row.value}`, row]))
    for (const { identifier, kind, value } of unique.values())
      await tx.k
        .deleteFrom('claims')
        .where('identifier', '=', identifier)
        .where('kind', '=', kind)
        .where('value', '=', value)
        .execute()
    return unique.size
  },
}

const merges: Holder = {
  table: 'merges',
  about: ['kept', 'merged', 'anchor', 'identifiers'],
  title: 'When visits were recognised as yours',
  shown: ['identifiers', 'cause', 'time', 'undone'],
  columns: { times: ['time', 'undone'] },
  async *read(reader, person): AsyncGenerator<HeldRow> {
    for (const { identifiers, cause, time, undone } of await mergesOf(reader, { customer: person.customers[0] }))
      yield { identifiers: identifiers.map(({ kind, value }) => `${kind}:${value}`), cause, time, undone }
  },
  async erase(tx, person) {
    let count = 0
    for (const chunk of inChunks(person.customers, 500)) {
      const { numDeletedRows } = await tx.k
        .deleteFrom('merges')
        .where((row) => row.or([row('kept', 'in', chunk), row('merged', 'in', chunk)]))
        .executeTakeFirst()
      count += Number(numDeletedRows)
    }
    return count
  },
}

const customers = heldRows({
  table: 'customers',
  title: 'Since when you are known here',
  customer: 'id',
  shown: ['created'],
  orderBy: ['id'],
  times: ['created'],
})

/** In the order of erasure: what leads to others goes last. The ingest's cache ends with the row of `customers`. */
export const identityData: readonly Holder[] = [identifiers, claims, merges, customers]
