/** All that writes journeys' rows: claims of what is due, and what became of it. */
import { commitLazily, deleteByKeys, inChunks, insertMissing, updateByKeys, upsertFold } from '../db/batch.ts'
import type { Handlers, Tx } from '../db/database.ts'
import {
  type Entering,
  enteringColumns,
  enteringValues,
  type Held,
  instanceColumns,
  type StoredInstance,
  stateColumns,
  stateValues,
} from './instance.ts'
import { NOT_ENTERED } from './journey.ts'
import type { Note, State } from './state.ts'

export interface Claim {
  readonly now: number
  readonly limit: number
  /** Of this claim alone. */
  readonly claim: string
  /** When others may take it, if nothing was heard of it. */
  readonly until: number
}

/** Instances that a runner is still at, by their claims. */
export interface Renewal {
  readonly claimed: readonly (readonly [instance: number, claim: string])[]
  readonly until: number
}

export interface InboxRow {
  readonly id: number
  readonly identifier: number | null
  readonly name: string
  readonly historical: number
  readonly body: string
  readonly only_for: string | null
}

export interface Changed {
  readonly id: number
  readonly turn: number
  readonly state: State
}

/** Counted for the report. */
export interface Counted extends Omit<Note, 'outcome'> {
  readonly journey: string
  readonly version: number
  readonly outcome: Note['outcome'] | 'entered' | 'refused'
  readonly held: Held
}

/** What came of events that were looked at. */
export interface Matched {
  readonly now: number
  readonly claim: string
  readonly looked: readonly number[]
  readonly entering: readonly Entering[]
  /** `rows` = the events that it heard. */
  readonly changed: readonly (Changed & { readonly journey: string; readonly rows: readonly number[] })[]
  /** Events that some journeys were too busy to hear; `after` = when to try again. */
  readonly again: readonly { readonly row: number; readonly journeys: readonly string[] }[]
  readonly after: number
  readonly counted: readonly Counted[]
  /** Of what is due then, claimed in the same transaction. */
  readonly next: Claim
}

/** What became of instances whose turn it was. */
export interface Settled {
  readonly now: number
  readonly claim: string
  readonly changed: readonly (Changed & { readonly counted: readonly Counted[] })[]
}

/** What people and notices changed: instances as they were read, at another step or version. */
export interface ChangedByHand {
  readonly now: number
  readonly counted?: readonly Counted[]
  readonly changed: readonly (Changed & { readonly version: number })[]
}

/** A day is one of UTC here, as in all sums. */
const dayMs = 86_400_000

export const runnerHandlers: Handlers = {
  'journeys.claimEvents': (tx, claim: Claim) => claimEvents(tx, claim),
  'journeys.claimInstances': (tx, claim: Claim & { readonly journeys: readonly string[] }) => claimInstances(tx, claim),
  'journeys.renew': (tx, { claimed, until }: Renewal) =>
    updateByKeys(
      tx,
      'journey_instances',
      ['id', 'claim'],
      ['due'],
      claimed.map(([id, claim]) => [id, claim, until]),
    ),
  'journeys.matched': (tx, matched: Matched) => matchedEvents(tx, matched),
  'journeys.settled': (tx, settled: Settled) => settledInstances(tx, settled),
  'journeys.change': async (tx, { now, changed, counted = [] }: ChangedByHand) => {
    await count(tx, counted, now)
    return updateByKeys(
      tx,
      'journey_instances',
      ['id', 'turn'],
      [...stateColumns, 'version'],
      changed.map(({ id, turn, state, version }) => [id, turn, ...stateValues(state, turn + 1, now), version]),
    )
  },
  'journeys.endSome': (tx, ending: { journey: string; now: number; limit: number }) => endSome(tx, ending),
  'journeys.release': (tx, { now }: { now: number }) => release(tx, now),
}

async function claimEvents(tx: Tx, { now, limit, claim, until }: Claim): Promise<InboxRow[]> {
  let query = tx.k
    .selectFrom('journey_inbox')
    .select(['id', 'identifier', 'name', 'historical', 'body', 'only_for'])
    .where('due', '<=', now)
    .orderBy('due')
    .orderBy('id')
    .limit(limit)
  if (tx.engine === 'postgres') query = query.forUpdate().skipLocked()
  const rows = await query.execute()
  await updateByKeys(
    tx,
    'journey_inbox',
    ['id'],
    ['claim', 'due'],
    rows.map(({ id }) => [id, claim, until]),
  )
  return rows
}

/** Of each journey its share, so that one with a million due holds up no other. */
async function claimInstances(
  tx: Tx,
  { now, limit, claim, until, journeys }: Claim & { readonly journeys: readonly string[] },
): Promise<StoredInstance[]> {
  const found: StoredInstance[] = []
  for (const [i, journey] of journeys.entries()) {
    const share = Math.ceil((limit - found.length) / (journeys.length - i))
    if (share <= 0) break
    let query = tx.k
      .selectFrom('journey_instances')
      .select(instanceColumns)
      .where('journey', '=', journey)
      .where('due', '<=', now)
      .orderBy('due')
      .limit(share)
    if (tx.engine === 'postgres') query = query.forUpdate().skipLocked()
    found.push(...((await query.execute()) as StoredInstance[]))
  }
  if (journeys.length > 1) found.push(...(await alsoDue(tx, found, { now, limit, journeys })))
  const rows = found.map(({ id, turn }) => [id, claim, until, turn + 1])
  await updateByKeys(tx, 'journey_instances', ['id'], ['claim', 'due', 'turn'], rows)
  return found.map((row) => ({ ...row, claim, turn: row.turn + 1 }))
}

/** What else is due of the same customers, for the more important to go first: some hundreds at most, for one may be in a journey often. */
async function alsoDue(
  tx: Tx,
  found: readonly StoredInstance[],
  { now, limit, journeys }: Pick<Claim, 'now' | 'limit'> & { readonly journeys: readonly string[] },
): Promise<StoredInstance[]> {
  const known = new Set(found.map(({ id }) => id))
  const identifiers = [...new Set(found.map(({ identifier }) => identifier))]
  const also: StoredInstance[] = []
  for (const chunk of inChunks(identifiers, 500)) {
    const own = tx.k.selectFrom('journey_instances').select(instanceColumns).where('identifier', 'in', chunk)
    let query = own
      .where('due', '<=', now)
      .where('journey', 'in', journeys)
      .orderBy('due')
      .limit(found.length + limit)
    if (tx.engine === 'postgres') query = query.forUpdate().skipLocked()
    also.push(...((await query.execute()) as StoredInstance[]).filter(({ id }) => !known.has(id)))
  }
  return also
}

/** Answers what `next` claimed. */
async function matchedEvents(tx: Tx, matched: Matched): Promise<InboxRow[]> {
  const { now, claim, looked, changed } = matched
  const keys = looked.map((id) => [id, claim, claim])
  const ours = await updateByKeys(tx, 'journey_inbox', ['id', 'claim'], ['claim'], keys)
  // Whoever claimed them since does all of it.
  if (ours.includes(false)) throw new Error('The claim of events ran out before they were looked at')
  await enter(tx, matched.entering, now)
  const kept = await change(
    tx,
    ['id', 'turn'],
    changed.map(({ id, turn, state }) => [id, turn, ...stateValues(state, turn + 1, now)]),
  )
  const lost = changed.filter((_, i) => !kept[i])
  const again = new Map(matched.again.map(({ row, journeys }) => [row, new Set(journeys)]))
  for (const { rows, journey } of lost)
    for (const row of rows) again.set(row, (again.get(row) ?? new Set<string>()).add(journey))
  const retried = [...again].map(([row, journeys]) => [row, null, matched.after, JSON.stringify([...journeys])])
  await updateByKeys(tx, 'journey_inbox', ['id'], ['claim', 'due', 'only_for'], retried)
  const done = looked.filter((id) => !again.has(id)).map((id) => [id])
  await deleteByKeys(tx, 'journey_inbox', ['id'], done)
  await dropNotEntered(tx, changed)
  await count(tx, matched.counted, now)
  return claimEvents(tx, matched.next)
}

/** Whose claim ran out changes nothing and counts nothing: whoever has it now does both. */
async function settledInstances(tx: Tx, { now, claim, changed }: Settled): Promise<void> {
  await commitLazily(tx)
  const rows = changed.map(({ id, turn, state }) => [id, claim, ...stateValues(state, turn + 1, now)])
  const isOurs = await change(tx, ['id', 'claim'], rows)
  const kept = changed.filter((_, i) => isOurs[i])
  await dropNotEntered(tx, kept)
  await count(
    tx,
    kept.flatMap(({ counted }) => counted),
    now,
  )
}

/** Which of them were still as they were read. */
function change(tx: Tx, key: readonly string[], rows: readonly unknown[][]): Promise<boolean[]> {
  return updateByKeys(tx, 'journey_instances', key, stateColumns, rows)
}

/** Who is in already (another runner was faster) enters once. */
async function enter(tx: Tx, entering: readonly Entering[], now: number): Promise<void> {
  const rows = entering.map((one) => enteringValues(one, now))
  if (rows.length > 0) await insertMissing(tx, 'journey_instances', ['journey', 'entry'], enteringColumns, rows)
}

/** Of an absence that was none, nothing stays: it may begin again. */
async function dropNotEntered(tx: Tx, changed: readonly Changed[]): Promise<void> {
  const gone = changed.filter(({ state }) => state.phase === 'ended' && state.reason === NOT_ENTERED)
  const keys = gone.map(({ id, turn }) => [id, turn + 1])
  if (keys.length > 0) await deleteByKeys(tx, 'journey_instances', ['id', 'turn'], keys)
}

const countKey = ['journey', 'version', 'step', 'outcome', 'reason', 'held', 'day']
/** A reason is a word or a sentence of ours; it may not grow into a row for each customer. */
const longestReason = 100

async function count(tx: Tx, counted: readonly Counted[], now: number): Promise<void> {
  const day = Math.floor(now / dayMs)
  const rows = counted.map((one) => ({ ...one, reason: one.reason.slice(0, longestReason), day, count: 1 }))
  if (rows.length > 0) await upsertFold(tx, 'journey_counts', { key: countKey, add: ['count'] }, rows)
}

/** Of a journey that was stopped; answers how many. What a runner is at this moment is not undone, and is heard of no more. */
async function endSome(
  tx: Tx,
  { journey, now, limit }: { readonly journey: string; readonly now: number; readonly limit: number },
): Promise<number> {
  const rows = await tx.k
    .selectFrom('journey_instances')
    .select(['id', 'turn'])
    .where('journey', '=', journey)
    .where('ended', 'is', null)
    .limit(limit)
    .execute()
  const columns = ['phase', 'due', 'claim', 'item', 'reason', 'ended', 'turn']
  const values = rows.map(({ id, turn }) => [id, 'ended', null, null, null, 'stopped', now, turn + 1])
  await updateByKeys(tx, 'journey_instances', ['id'], columns, values)
  return rows.length
}

/** One process owns a SQLite file: what it finds claimed when it starts was left by one that is gone. */
async function release(tx: Tx, now: number): Promise<void> {
  if (tx.engine !== 'sqlite') return
  await tx.k.updateTable('journey_inbox').set({ claim: null, due: now }).where('claim', 'is not', null).execute()
  await tx.k.updateTable('journey_instances').set({ claim: null, due: now }).where('claim', 'is not', null).execute()
}
