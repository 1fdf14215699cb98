/** Reading who somebody is. */
import { heldQuery, selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { Identifier, Identity } from './identity.ts'
import { normaliseIdentifier } from './normal.ts'

const identityQuery = `select own.id as named, own.customer as customer, c.version as version, other.id as id
  from identifiers own join customers c on c.id = own.customer join identifiers other on other.customer = own.customer
  where own.kind = ? and own.value = ? order by other.id`

/** An identity as it was found: by which row, and at which version of the customer. */
export interface FoundIdentity extends Identity {
  /** The row of the identifier that was asked for. */
  readonly named: number
  /** Rises with every change to the customer: what was kept at another version is old. */
  readonly version: number
}

/** The customer to whom an identifier belongs, with all identifiers linked to him; null where nobody is known by it. */
export async function resolve(reader: Reader, identifier: Identifier): Promise<FoundIdentity | null> {
  const rows = await linked(reader, identifier)
  if (rows.length === 0) return null
  const { customer, named, version } = rows[0]
  return { customer, named, version, identifiers: rows.map(({ id }) => id) }
}

/**
 * The same, of that identifier alone: what a page may ask about with nothing but a visitor's id, for the customer behind
 * it may be known, and then his memory is not the page's to read.
 */
export async function resolveAlone(reader: Reader, identifier: Identifier): Promise<FoundIdentity | null> {
  const found = await resolve(reader, identifier)
  return found && { ...found, identifiers: [found.named] }
}

interface LinkedRow {
  readonly named: number
  readonly customer: number
  readonly version: number
  readonly id: number
}

async function linked(reader: Reader, { kind, value }: Identifier): Promise<LinkedRow[]> {
  const normal = normaliseIdentifier(kind, value)
  return normal === null ? [] : heldQuery<LinkedRow>(reader, identityQuery, [kind, normal])
}

export interface IdentifierRecord extends Identifier {
  readonly id: number
  readonly customer: number
  readonly firstSeen: number
  readonly lastSeen: number
}

/** All identifiers of a customer, the oldest row first. */
export async function identifiersOf(
  reader: Reader,
  { customer }: Pick<Identity, 'customer'>,
): Promise<IdentifierRecord[]> {
  return records(reader, 'customer', [customer])
}

/** The identifiers of several customers, in order of row. */
export async function identifiersOfAll(reader: Reader, customers: readonly number[]): Promise<IdentifierRecord[]> {
  return records(reader, 'customer', customers)
}

/** The identifiers with these ids; those that are gone are absent. */
export async function identifiersWith(reader: Reader, ids: readonly number[]): Promise<IdentifierRecord[]> {
  return records(reader, 'id', ids)
}

async function records(reader: Reader, column: 'id' | 'customer', ids: readonly number[]): Promise<IdentifierRecord[]> {
  type Row = Identifier & { id: number; customer: number; first_seen: number; last_seen: number }
  const keys = ids.map((id) => [id])
  const columns = ['id', 'kind', 'value', 'customer', 'first_seen', 'last_seen']
  const rows = await selectByKeys<Row>(reader, 'identifiers', [column], keys, columns)
  return rows
    .map(({ first_seen: firstSeen, last_seen: lastSeen, ...row }) => ({ ...row, firstSeen, lastSeen }))
    .sort((a, b) => a.id - b.id)
}

/** Who somebody is now, with all that he is known by. */
export interface KnownIdentity extends Identity {
  readonly names: readonly IdentifierRecord[]
}

/** By identifier the customer to whom it belongs now; one that is gone is absent. */
export async function identitiesBehind(
  reader: Reader,
  ids: readonly number[],
): Promise<ReadonlyMap<number, KnownIdentity>> {
  const own = await identifiersWith(reader, ids)
  const all = await identifiersOfAll(reader, [...new Set(own.map(({ customer }) => customer))])
  const linked = Map.groupBy(all, ({ customer }) => customer)
  return new Map(
    own.map(({ id, customer }) => {
      const names = linked.get(customer) ?? []
      return [id, { customer, identifiers: names.map((one) => one.id), names }]
    }),
  )
}

/** By which of his names somebody is best addressed: the shop's own id before an e-mail address before the rest. */
export function bestName(names: readonly Identifier[]): Identifier | null {
  const rank = ({ kind }: Identifier) => {
    const at = ['user', 'email', 'phone'].indexOf(kind)
    return at >= 0 ? at : kind === 'anonymous' ? 9 : 5
  }
  return [...names].sort((a, b) => rank(a) - rank(b))[0] ?? null
}

/** Customers one of whose identifiers, of whatever kind, has this value; at most `limit`, the oldest first. */
export async function customersNamed(reader: Reader, value: string, limit: number): Promise<number[]> {
  const found = new Set<number>()
  for (const kind of await kindsInUse(reader)) {
    const normal = normaliseIdentifier(kind, value)
    const rows = normal === null ? [] : await heldQuery<LinkedRow>(reader, identityQuery, [kind, normal])
    if (rows.length > 0) found.add(rows[0].customer)
  }
  return [...found].sort((a, b) => a - b).slice(0, limit)
}

/** Kinds are few and identifiers many, so each kind is found by one step into the index. */
async function kindsInUse(reader: Reader): Promise<string[]> {
  const query = 'select min(kind) as kind from identifiers where kind > ?'
  const kinds: string[] = []
  for (;;) {
    const [row] = await heldQuery<{ kind: string | null }>(reader, query, [kinds.at(-1) ?? ''])
    if (!row || row.kind === null) return kinds
    kinds.push(row.kind)
  }
}

/** When a customer was first known, and the version that rises with every change to him; null where there is none. */
export async function customerRow(
  reader: Reader,
  customer: number,
): Promise<{ created: number; version: number } | null> {
  const query = 'select created, version from customers where id = ?'
  const [row] = await heldQuery<{ created: number; version: number }>(reader, query, [customer])
  return row ?? null
}
