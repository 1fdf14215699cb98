/**
 * What is due is looked at: the customers whose rows changed, those for whom time alone may have changed the answer, and,
 * after a definition changed, everybody in turn. One transaction a piece: memberships, what they trigger, and when each
 * customer is to be looked at again. A customer who is marked meanwhile stays due.
 */

import { permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { deleteByKeys, heldQuery, insertRows, selectByKeys, upsertFold } from '../db/batch.ts'
import type { Handler, Reader, Tx } from '../db/database.ts'
import { customersAfter } from '../identity/population.ts'
import { identifiersWith } from '../identity/store.ts'
import { lockFree, touchCustomers } from '../identity/touch.ts'
import { customerViews, type Subject, subjectsOf, wantedBy } from './customer-view.ts'
import { type CompiledSegment, compiled } from './definition.ts'
import { causes, dueSpec, markCustomers } from './fold.ts'
import { type Levels, unknownLevels } from './levels.ts'
import { storedSegments } from './store.ts'

/** Somebody came into a segment, or is in it no more. */
export interface SegmentChange {
  readonly segment: string
  readonly customer: number
  /** One of his identifiers, which lasts when customers are merged. */
  readonly identifier: number
  readonly entered: boolean
  readonly time: number
  /** Not because of an import, nor because a definition is new: such a change may trigger something. */
  readonly live: boolean
}

/** Told in the transaction of the changes; matches and writes rows only. */
export type SegmentHook = (tx: Tx, changes: readonly SegmentChange[]) => Promise<void>

export interface SettleRequest {
  readonly now: number
  /** Customers at most. */
  readonly limit: number
}

export interface SettleAnswer {
  /** Customers that were looked at. */
  readonly done: number
  readonly changes: number
  /** When the next is due: not after `now` = there are more; null = nobody. */
  readonly next: number | null
}

export interface SettleNeeds {
  readonly policy: Policy
  /** Of the shop. */
  readonly currency: string
  readonly hooks: readonly SegmentHook[]
}

// A type and not an interface: it is handed on as a record of columns.
type DueRow = {
  readonly identifier: number
  readonly due: number
  /** causes of fold.ts. */
  readonly cause: number
}

interface State {
  readonly levels: string | null
  readonly sweep: number | null
  readonly quiet: number
}

const day = 86_400_000

/** The handler `segments.settle`. */
export function settleHandler(needs: SettleNeeds): Handler<SettleRequest, SettleAnswer> {
  return async (tx, { now, limit }) => {
    const state = await stateOf(tx)
    const { due, customers } = await claim(tx, now, limit)
    const swept =
      due.length < limit && state?.sweep != null
        ? await sweepOn(tx, state.sweep, { now, limit: limit - due.length })
        : []
    const quiet = new Set(swept.filter((customer) => state?.quiet === 1 && !customers.has(customer)))
    for (const [customer, rows] of customers)
      if (rows.every(({ cause }) => cause === causes.imported)) quiet.add(customer)
    const all = [...new Set([...customers.keys(), ...swept])]
    const levels = state?.levels ? (JSON.parse(state.levels) as Levels) : unknownLevels
    const changes = all.length === 0 ? [] : await look(tx, all, { ...needs, now, levels, quiet })
    const done = due.length + swept.length
    const next = await nextDue(tx, now)
    // What another process holds is looked for again in a moment.
    return { done, changes: changes.length, next: done === 0 && next !== null ? Math.max(next, now + 100) : next }
  }
}

async function stateOf(tx: Tx): Promise<State | undefined> {
  // Another process that sweeps is not waited for: it goes on by itself.
  const lock = tx.engine === 'postgres' ? ' for update skip locked' : ''
  const sweeping = await heldQuery<State>(tx, `select levels, sweep, quiet from segment_state where id = 1${lock}`, [])
  if (sweeping.length > 0) return sweeping[0]
  return (await heldQuery<State>(tx, 'select levels, null as sweep, quiet from segment_state where id = 1', []))[0]
}

const dueColumns = ['identifier', 'due', 'cause'] as const

interface Claimed {
  /** Rows that were taken away. */
  readonly due: readonly DueRow[]
  /** By customer the rows by which he was due. */
  readonly customers: ReadonlyMap<number, readonly DueRow[]>
}

/**
 * Takes away the rows that are due. PostgreSQL: those of customers whom nobody is changing now; who is held until the end of
 * this transaction, so that whatever is marked meanwhile stays marked.
 */
async function claim(tx: Tx, now: number, limit: number): Promise<Claimed> {
  const query = tx.k.selectFrom('segment_due').select(dueColumns).where('due', '<=', now).orderBy('due').limit(limit)
  let due = (await query.execute()) as DueRow[]
  let customers = await customersOf(tx, due)
  if (tx.engine === 'postgres' && due.length > 0) {
    const free = await lockFree(tx, [...customers.keys()])
    const living = new Set([...customers.values()].flat())
    const dead = due.filter((row) => !living.has(row))
    const keys = [...customers].flatMap(([customer, rows]) => (free.has(customer) ? rows : []))
    due = await selectByKeys<DueRow>(
      tx,
      'segment_due',
      ['identifier'],
      keys.map(({ identifier }) => [identifier]),
      dueColumns,
    )
    // Whose customers changed between the two looks comes next time.
    customers = new Map([...(await customersOf(tx, due))].filter(([customer]) => free.has(customer)))
    due = [...[...customers.values()].flat(), ...dead]
  }
  await deleteByKeys(
    tx,
    'segment_due',
    ['identifier'],
    due.map(({ identifier }) => [identifier]),
  )
  return { due, customers }
}

/** By customer the rows by which he is due; rows of identifiers that are gone are about nobody. */
async function customersOf(tx: Tx, due: readonly DueRow[]): Promise<Map<number, DueRow[]>> {
  const known = await identifiersWith(
    tx,
    due.map(({ identifier }) => identifier),
  )
  const customerOf = new Map(known.map(({ id, customer }) => [id, customer]))
  const living = due.filter(({ identifier }) => customerOf.has(identifier))
  return Map.groupBy(living, ({ identifier }) => customerOf.get(identifier) as number)
}

/** The next customers of the sweep; whoever is being changed right now is marked, and comes later. */
async function sweepOn(tx: Tx, after: number, { now, limit }: SettleRequest): Promise<number[]> {
  const customers = await customersAfter(tx, after, limit)
  const sweep = customers.length < limit ? null : (customers.at(-1) as number)
  await tx.k.updateTable('segment_state').set({ sweep }).where('id', '=', 1).execute()
  const free = await lockFree(tx, customers)
  const busy = customers.filter((customer) => !free.has(customer))
  if (busy.length > 0) await markCustomers(tx, busy, { received: now, historical: true })
  return customers.filter((customer) => free.has(customer))
}

/** When somebody is due next; `now` while all are looked at in turn, null = nobody. */
export async function nextDue(reader: Reader, now: number): Promise<number | null> {
  const [row] = await heldQuery<{ due: number | null; sweep: number | null }>(
    reader,
    'select (select min(due) from segment_due) as due, (select sweep from segment_state where id = 1) as sweep',
    [],
  )
  if (row?.sweep != null) return now
  return row?.due == null ? null : Number(row.due)
}

interface Look extends SettleNeeds {
  readonly now: number
  readonly levels: Levels
  readonly quiet: ReadonlySet<number>
}

interface MemberRow {
  readonly segment: string
  readonly identifier: number
  readonly since: number
}

async function look(tx: Tx, customers: readonly number[], needs: Look): Promise<SegmentChange[]> {
  const { policy, now, levels } = needs
  const segments = (await storedSegments(tx)).map(compiled)
  const subjects = await subjectsOf(tx, policy, customers, 'service', now)
  const members = await membersOf(tx, subjects)
  const found: Found = { changes: [], gone: [], due: [] }
  const soonest = new Map<number, number>()
  for (const [purpose, same] of Map.groupBy(segments, (segment) => segment.purpose)) {
    const reached = subjects.map((subject) => ({ ...subject, permit: permit(subject.person, purpose) }))
    const wanted = wantedBy(same.map((segment) => segment.compiled.uses))
    const margin = wanted.margin || levels.measure === 'margin'
    const views = await customerViews(tx, reached, { ...wanted, margin }, { ...needs, levels })
    for (const subject of reached) {
      const view = views.get(subject.customer)
      const own = members.get(subject.customer) ?? []
      for (const segment of same) {
        const verdict = view
          ? segment.compiled.evaluate({ ...view, params: levels }, now)
          : { value: false, until: null }
        compare(found, subject, segment, { isIn: verdict.value, own, needs })
        if (verdict.until !== null && verdict.until < (soonest.get(subject.customer) ?? Infinity))
          soonest.set(subject.customer, verdict.until)
      }
    }
  }
  // Consent that ends, and a minor who comes of age, change it too.
  for (const { customer, names, person } of subjects) {
    const until = Math.min(soonest.get(customer) ?? Infinity, person.until)
    if (until < Infinity) found.due.push({ identifier: names[0].id, due: Math.max(until, now + 1), cause: causes.time })
  }
  await write(tx, found, needs)
  return found.changes
}

async function membersOf(tx: Tx, subjects: readonly Subject[]): Promise<Map<number, MemberRow[]>> {
  const customerOf = new Map(subjects.flatMap(({ customer, names }) => names.map(({ id }) => [id, customer] as const)))
  const keys = [...customerOf.keys()].map((id) => [id])
  const columns = ['segment', 'identifier', 'since']
  const rows = await selectByKeys<MemberRow>(tx, 'segment_members', ['identifier'], keys, columns)
  return Map.groupBy(rows, ({ identifier }) => customerOf.get(identifier) as number)
}

interface Found {
  readonly changes: SegmentChange[]
  /** Rows of members that end. */
  readonly gone: MemberRow[]
  readonly due: DueRow[]
}

interface Standing {
  readonly isIn: boolean
  readonly own: readonly MemberRow[]
  readonly needs: Look
}

function compare(found: Found, subject: Subject, { name }: CompiledSegment, { isIn, own, needs }: Standing): void {
  const rows = own.filter(({ segment }) => segment === name).sort((a, b) => a.since - b.since)
  // Customers who were both in it became one: who came first counts.
  found.gone.push(...(isIn ? rows.slice(1) : rows))
  if (isIn === rows.length > 0) return
  const { customer, names } = subject
  const identifier = rows[0]?.identifier ?? names[0].id
  found.changes.push({
    segment: name,
    customer,
    identifier,
    entered: isIn,
    time: needs.now,
    live: !needs.quiet.has(customer),
  })
}

async function write(tx: Tx, { changes, gone, due }: Found, { now, hooks }: Look): Promise<void> {
  await deleteByKeys(
    tx,
    'segment_members',
    ['segment', 'identifier'],
    gone.map(({ segment, identifier }) => [segment, identifier]),
  )
  const entered = changes.filter((change) => change.entered)
  await insertRows(
    tx,
    'segment_members',
    ['segment', 'identifier', 'since'],
    entered.map(({ segment, identifier }) => [segment, identifier, now]),
  )
  await upsertFold(tx, 'segment_due', dueSpec, due)
  if (changes.length === 0) return
  const today = Math.floor(now / day)
  const days = [...Map.groupBy(changes, ({ segment }) => segment)].map(([segment, same]) => {
    const more = same.filter((change) => change.entered).length
    return { segment, day: today, entered: more, gone: same.length - more }
  })
  await upsertFold(tx, 'segment_days', { key: ['segment', 'day'], add: ['entered', 'gone'] }, days)
  await touchCustomers(
    tx,
    changes.map(({ customer }) => customer),
  )
  for (const hook of hooks) await hook(tx, changes)
}

/** Everybody is looked at again, in pieces; `quiet` = what comes of it triggers nothing. */
export async function startSweep(tx: Tx, quiet: boolean): Promise<void> {
  await tx.k
    .updateTable('segment_state')
    .set({ sweep: 0, quiet: quiet ? 1 : 0 })
    .where('id', '=', 1)
    .execute()
}

/** The handler `segments.sweep`: memory was built anew, so all are compared anew as well. */
export const sweepHandler: Handler<unknown, void> = async (tx) => {
  await startSweep(tx, true)
  await tx.k.updateTable('segment_state').set({ computed: 0, surveying: 0 }).where('id', '=', 1).execute()
}
