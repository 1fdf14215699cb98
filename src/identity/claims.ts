/**
 * What pages assert without proof. A claim joins nothing and is believed by nobody until an event that is trusted names
 * the same pair together. It serves to tell people on one device apart meanwhile: where the visitor's device belongs to a
 * known user and the page says it is another, the event goes to an identifier of the pair (kind `claim`), never to the
 * owner of the device; once the pair is confirmed, that identifier is linked to the user.
 */
import { insertRows, selectByKeys, upsertRows } from '../db/batch.ts'
import type { Reader, Tx } from '../db/database.ts'
import type { Identifier, Identity } from './identity.ts'
import { hasUser, type Member } from './links.ts'

/** Most claims that one identifier may make; a page that makes up more is not listened to. */
export const mostClaims = 20

/** A claim of one event that does not hold already. */
export interface Claim extends Identifier {
  readonly by: Member
  readonly time: number
  readonly cause: string
  /** Of the event, in its batch. */
  readonly position: number
}

/** A trusted event that changed links, or could not. */
export interface Vouched {
  readonly members: readonly Member[]
  readonly demoted: readonly Member[]
  readonly time: number
}

export interface ClaimRow {
  readonly identifier: number
  readonly kind: string
  readonly value: string
  readonly time: number
  readonly confirmed: number | null
}

const columns = ['identifier', 'kind', 'value', 'time', 'confirmed'] as const
const key = ['identifier', 'kind', 'value'] as const

/** The identifier of a visitor together with the user that he claims to be. */
export function pairOf(visitor: Identifier, user: string): Identifier {
  return { kind: 'claim', value: `${visitor.value} ${user}` }
}

export interface Proven {
  readonly pair: Identifier
  readonly user: string
  readonly time: number
}

/**
 * Confirms the claims that trusted events bear out. Returns the pairs of a visitor and a user that could not be joined,
 * because the device belongs to somebody else: what the page sent for them belongs to the user now.
 */
export async function confirmClaims(tx: Tx, vouched: readonly Vouched[]): Promise<Proven[]> {
  const pairs = vouched.flatMap(({ members, demoted, time }) =>
    members
      .filter(({ kind }) => kind === 'anonymous')
      .flatMap((visitor) =>
        members
          .filter(({ kind }) => kind !== 'anonymous')
          .map((other) => ({ visitor, other, time, apart: demoted.includes(visitor) && other.kind === 'user' })),
      ),
  )
  if (pairs.length === 0) return []
  const known = await claimsBy(
    tx,
    pairs.map(({ visitor }) => visitor.id),
  )
  const rows: unknown[][] = []
  const proven: Proven[] = []
  for (const { visitor, other, time, apart } of pairs) {
    const claim = known.get(textOf(visitor.id, other))
    if (claim?.confirmed != null || (claim === undefined && !apart)) continue
    const row = {
      identifier: visitor.id,
      kind: other.kind,
      value: other.value,
      time: claim?.time ?? time,
      confirmed: time,
    }
    known.set(textOf(visitor.id, other), row)
    rows.push(columns.map((column) => row[column]))
    if (apart) proven.push({ pair: pairOf(visitor, other.value), user: other.value, time })
  }
  await upsertRows(tx, 'claims', key, columns, rows)
  return proven
}

/** Keeps claims that are new, up to `mostClaims` of each identifier. */
export async function recordClaims(tx: Tx, claims: readonly Claim[]): Promise<void> {
  if (claims.length === 0) return
  const known = await claimsBy(
    tx,
    claims.map(({ by }) => by.id),
  )
  const counts = new Map<number, number>()
  for (const { identifier } of known.values()) counts.set(identifier, (counts.get(identifier) ?? 0) + 1)
  const rows = new Map<string, unknown[]>()
  for (const { by, kind, value, time } of claims) {
    const text = textOf(by.id, { kind, value })
    const count = counts.get(by.id) ?? 0
    if (known.has(text) || rows.has(text) || count >= mostClaims) continue
    counts.set(by.id, count + 1)
    rows.set(text, [by.id, kind, value, time, null])
  }
  await insertRows(tx, 'claims', columns, [...rows.values()])
}

export interface Contradiction {
  readonly claim: Claim
  readonly pair: Identifier
  readonly confirmed: boolean
}

/** Claims to be a user by a visitor whose device belongs to another; their customers' members are loaded. */
export async function contradictions(tx: Tx, claims: readonly Claim[]): Promise<Contradiction[]> {
  const apart = claims.filter(({ by, kind }) => kind === 'user' && by.kind === 'anonymous' && hasUser(by.customer!))
  if (apart.length === 0) return []
  const known = await claimsBy(
    tx,
    apart.map(({ by }) => by.id),
  )
  return apart.map((claim) => ({
    claim,
    pair: pairOf(claim.by, claim.value),
    confirmed: known.get(textOf(claim.by.id, claim))?.confirmed != null,
  }))
}

/** What the identifiers of a customer claim and nobody confirmed. */
export async function claimsOf(reader: Reader, identity: Identity): Promise<ClaimRow[]> {
  const rows = await selectClaims(reader, identity.identifiers)
  return rows.filter(({ confirmed }) => confirmed === null).sort((a, b) => a.time - b.time)
}

/** All that these identifiers claimed, confirmed or not. */
export function claimsMadeBy(reader: Reader, identifiers: readonly number[]): Promise<ClaimRow[]> {
  return selectClaims(reader, identifiers)
}

/** Claims of whomever to be one of `names`. */
export function claimsAbout(reader: Reader, names: readonly Identifier[]): Promise<ClaimRow[]> {
  const keys = names.map(({ kind, value }) => [value, kind])
  return selectByKeys<ClaimRow>(reader, 'claims', ['value', 'kind'], keys, columns)
}

async function claimsBy(tx: Tx, identifiers: readonly number[]): Promise<Map<string, ClaimRow>> {
  const rows = await selectClaims(tx, identifiers)
  return new Map(rows.map((row) => [textOf(row.identifier, row), row]))
}

async function selectClaims(reader: Reader, identifiers: readonly number[]): Promise<ClaimRow[]> {
  const keys = identifiers.map((id) => [id])
  return selectByKeys<ClaimRow>(reader, 'claims', ['identifier'], keys, columns)
}

function textOf(identifier: number, { kind, value }: Identifier): string {
  return `${identifier} ${kind} ${value}`
}
