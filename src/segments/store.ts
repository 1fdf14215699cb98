/** Definitions, who is in which segment, and how sizes went. */

import type { Permit } from '../consent/permit.ts'
import { permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { peopleOf } from '../consent/store.ts'
import { heldQuery, selectByKeys } from '../db/batch.ts'
import type { Handlers, Reader, Tx } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { Identifier } from '../identity/identity.ts'
import { bestName, identifiersOfAll, identitiesBehind, type KnownIdentity } from '../identity/store.ts'
import { builtIns, checkDefinition, compiledCondition, type Segment, type SegmentDefinition } from './definition.ts'
import { watchOf } from './watch.ts'

const definitionsQuery = 'select name, title, description, condition, updated from segments order by name'

/** All segments, those built in first. */
export async function storedSegments(reader: Reader): Promise<Segment[]> {
  const rows = await heldQuery<SegmentDefinition & { updated: number }>(reader, definitionsQuery, [])
  return [
    ...builtIns,
    ...rows.map((row) => ({
      ...row,
      updated: Number(row.updated),
      builtIn: false,
      purpose: 'personalisation' as const,
    })),
  ]
}

/** @throws HabitueError unknown_segment */
export async function segmentNamed(reader: Reader, name: string): Promise<Segment> {
  const all = await storedSegments(reader)
  const found = all.find((segment) => segment.name === name)
  if (found) return found
  const names = all.map((segment) => segment.name)
  throw new HabitueError('unknown_segment', `There is no segment "${name}"; there are ${names.join(', ')}.`, { names })
}

/** Each customer who is due is looked at for all of them. */
const mostSegments = 200

export interface PutSegment {
  readonly definition: SegmentDefinition
  readonly now: number
}

export const definitionHandlers: Handlers = {
  async 'segments.put'(tx, { definition, now }: PutSegment): Promise<void> {
    const checked = checkDefinition(definition)
    const own = (await storedSegments(tx)).filter(({ builtIn, name }) => !builtIn && name !== checked.name)
    if (own.length >= mostSegments)
      throw new HabitueError('conflict', `There are ${own.length} segments; at most ${mostSegments} may be defined.`)
    const before = await tx.k.selectFrom('segments').selectAll().where('name', '=', checked.name).executeTakeFirst()
    const row = { ...checked, updated: now }
    await tx.k
      .insertInto('segments')
      .values(row)
      .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
      .execute()
    if (before?.condition === checked.condition) return
    await watchAnew(tx)
    // From the beginning, for all: who was looked at before knows nothing of it.
    await tx.k.updateTable('segment_state').set({ sweep: 0, quiet: 1 }).where('id', '=', 1).execute()
  },
  /** Answers whether there was one. */
  async 'segments.remove'(tx, { name }: { name: string }): Promise<boolean> {
    const { numDeletedRows } = await tx.k.deleteFrom('segments').where('name', '=', name).executeTakeFirst()
    if (numDeletedRows === 0n) return false
    await tx.k.deleteFrom('segment_members').where('segment', '=', name).execute()
    await tx.k.deleteFrom('segment_days').where('segment', '=', name).execute()
    await watchAnew(tx)
    return true
  },
}

async function watchAnew(tx: Tx): Promise<void> {
  const own = (await storedSegments(tx)).filter(({ builtIn }) => !builtIn)
  const watched = own.map(({ condition }) => {
    const compiled = compiledCondition(condition)
    const nothing = { orders: [], events: [], cart: { lines: [], total: 0, quantity: 0 }, params: {} }
    const nobody = { orders: 0, bought: 0, returned: 0, openComplaint: false, facts: [], consent: [], traits: {} }
    const { value, until } = compiled.evaluate({ ...nothing, customer: nobody }, 0)
    return { uses: compiled.uses, holdsForNobody: value || until !== null }
  })
  const watch = JSON.stringify(watchOf(watched))
  await tx.k.updateTable('segment_state').set({ watch }).where('id', '=', 1).execute()
}

/** How many are in each segment. */
export async function sizes(reader: Reader): Promise<ReadonlyMap<string, number>> {
  const rows = await reader.k
    .selectFrom('segment_members')
    .select(['segment', (eb) => eb.fn.countAll<number>().as('count')])
    .groupBy('segment')
    .execute()
  return new Map(rows.map(({ segment, count }) => [segment, Number(count)]))
}

export interface Member {
  readonly customer: number
  /** One of his, which lasts when customers are merged. */
  readonly identifier: number
  /** By which he is best addressed. */
  readonly who: Identifier
  readonly since: number
}

export interface MemberPage {
  readonly members: readonly Member[]
  /** For `after`; null = that was all. */
  readonly next: string | null
}

export interface MemberQuery {
  readonly policy: Policy
  readonly now: number
  readonly after?: string
  readonly limit: number
}

/**
 * Who is in a segment, in order of identifier. Who may not be looked at now is left out.
 * @throws HabitueError invalid_option where `after` is none
 */
export async function memberPage(reader: Reader, segment: Segment, query: MemberQuery): Promise<MemberPage> {
  const { after = '0', limit } = query
  if (!/^\d{1,15}$/.test(after))
    throw new HabitueError('invalid_option', `\`after\` is ${JSON.stringify(after)}; expected the \`next\` of a page.`)
  const rows = await reader.k
    .selectFrom('segment_members')
    .select(['identifier', 'since'])
    .where('segment', '=', segment.name)
    .where('identifier', '>', Number(after))
    .orderBy('identifier')
    .limit(limit + 1)
    .execute()
  const page = rows.slice(0, limit)
  const known = await identitiesBehind(
    reader,
    page.map(({ identifier }) => identifier),
  )
  const allowed = await allowedOf(reader, [...known.values()], segment, query)
  const seen = new Set<number>()
  const members = page.flatMap(({ identifier, since }): Member[] => {
    const identity = known.get(identifier)
    const who = identity && allowed.has(identity.customer) ? bestName(identity.names) : null
    if (!identity || who === null || seen.has(identity.customer)) return []
    seen.add(identity.customer)
    return [
      { customer: identity.customer, identifier, who: { kind: who.kind, value: who.value }, since: Number(since) },
    ]
  })
  return { members, next: rows.length > limit ? String(page.at(-1)?.identifier) : null }
}

async function allowedOf(
  reader: Reader,
  identities: readonly KnownIdentity[],
  { purpose }: Segment,
  { policy, now }: MemberQuery,
): Promise<ReadonlySet<number>> {
  const people = await peopleOf(reader, policy, identities, now)
  return new Set(people.flatMap((person, i) => (permit(person, purpose) ? [identities[i].customer] : [])))
}

/** In which segments the customer of the permit is, and since when. */
export async function segmentsOf(
  reader: Reader,
  { identifiers, purpose }: Permit,
): Promise<readonly { readonly segment: string; readonly since: number }[]> {
  const keys = identifiers.map((identifier) => [identifier])
  type Row = { segment: string; since: number }
  const rows = await selectByKeys<Row>(reader, 'segment_members', ['identifier'], keys, ['segment', 'since'])
  const service = new Set(builtIns.flatMap((one) => (one.purpose === 'service' ? [one.name] : [])))
  const own = rows.filter(({ segment }) => purpose !== 'service' || service.has(segment))
  return [...Map.groupBy(own, ({ segment }) => segment)]
    .map(([segment, same]) => ({ segment, since: Math.min(...same.map(({ since }) => since)) }))
    .sort((a, b) => (a.segment < b.segment ? -1 : 1))
}

/** The names of the segments in which a customer is, whatever for: who asks has asked consent. */
export async function segmentNames(reader: Reader, customer: number): Promise<ReadonlySet<string>> {
  const linked = await identifiersOfAll(reader, [customer])
  const keys = linked.map(({ id }) => [id])
  const rows = await selectByKeys<{ segment: string }>(reader, 'segment_members', ['identifier'], keys, ['segment'])
  return new Set(rows.map(({ segment }) => segment))
}

export interface SizeOfDay {
  /** Midnight (UTC), milliseconds. */
  readonly day: number
  readonly size: number
  readonly entered: number
  readonly left: number
}

const dayMs = 86_400_000

/** The size at the end of each day on which it changed, and of today, from `from` on (milliseconds). */
export async function history(reader: Reader, name: string, from: number, now: number): Promise<SizeOfDay[]> {
  const rows = await reader.k
    .selectFrom('segment_days')
    .select(['day', 'entered', 'gone', 'size'])
    .where('segment', '=', name)
    .orderBy('day')
    .execute()
  const present = (await sizes(reader)).get(name) ?? 0
  let size = 0
  const days = rows.map((row) => {
    size = row.size === null ? Math.max(0, size + Number(row.entered) - Number(row.gone)) : Number(row.size)
    return { day: Number(row.day) * dayMs, size, entered: Number(row.entered), left: Number(row.gone) }
  })
  const today = Math.floor(now / dayMs) * dayMs
  const before = days.filter(({ day }) => day < today)
  const { entered = 0, left = 0 } = days.find(({ day }) => day === today) ?? {}
  return [...before, { day: today, size: present, entered, left }].filter(({ day }) => day >= from)
}
