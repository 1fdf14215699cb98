/** What changes tasks. Each is one transaction: of two people who claim a task at once, one has it. */
import type { Handler, Handlers, Tx } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { IngestAnswer, IngestRequest } from '../events/event.ts'
import { ownEvent } from '../events/own.ts'
import { bestName, identitiesBehind } from '../identity/store.ts'
import { type NewTask, priorities, type TaskState } from './task.ts'

/** The source of the events that tasks make: with it their message ids are unique. */
export const source = 'tasks'

interface Act {
  readonly id: number
  /** `person:<id>`, `key:<id>`. */
  readonly by: string
  readonly now: number
  /** May take a task out of the hands of another. */
  readonly force: boolean
}

interface Resolution extends Act {
  readonly outcome: string
  readonly note: string
  /** The complaint that led to it is settled with it. */
  readonly settles: boolean
}

/** Of the shop, for the events that a task makes. */
export interface TaskNeeds {
  readonly currency: string
  readonly ingest: Handler<IngestRequest, IngestAnswer>
}

/** Opens it; of a key that was used before, nothing happens. @returns its id, and whether it is new */
export async function insertTask(tx: Tx, task: NewTask): Promise<{ id: number; isNew: boolean }> {
  const { data, owner, created } = task
  const claim =
    owner === null ? { state: 'open', claimed: null } : { state: 'claimed', claimed: created, told: created }
  const inserted = await tx.k
    .insertInto('tasks')
    .values({ ...task, data: JSON.stringify(data), ...claim })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (inserted) return { id: Number(inserted.id), isNew: true }
  const known = await tx.k.selectFrom('tasks').select('id').where('key', '=', task.key).executeTakeFirstOrThrow()
  return { id: Number(known.id), isNew: false }
}

const claim: Handler<Act, void> = async (tx, { id, by, now, force }) => {
  const row = await taskRow(tx, id)
  if (row.state === 'resolved') throw conflict(row)
  if (row.owner === by) return
  if (row.owner !== null && !force) throw conflict(row)
  const taken = { state: 'claimed', owner: by, claimed: now, told: now }
  await tx.k.updateTable('tasks').set(taken).where('id', '=', id).execute()
}

const release: Handler<Act, void> = async (tx, { id, by, force }) => {
  const row = await taskRow(tx, id)
  if (row.state !== 'claimed' || (row.owner !== by && !force)) throw conflict(row)
  await tx.k.updateTable('tasks').set({ state: 'open', owner: null, claimed: null }).where('id', '=', id).execute()
}

const note: Handler<Act & { text: string }, void> = async (tx, { id, by, now, text }) => {
  const { identifier } = await taskRow(tx, id)
  await tx.k.insertInto('task_notes').values({ task: id, identifier, author: by, time: now, text }).execute()
}

/** What somebody had who left waits for everybody again. */
const releaseOf: Handler<{ owner: string }, void> = async (tx, { owner }) => {
  const open = { state: 'open', owner: null, claimed: null }
  await tx.k.updateTable('tasks').set(open).where('owner', '=', owner).where('state', '=', 'claimed').execute()
  await tx.k.updateTable('tasks').set({ meant: null }).where('meant', '=', owner).where('state', '=', 'open').execute()
}

/** For whom it is was looked up; from here on nobody is told again. */
const told: Handler<{ id: number; meant: string | null; now: number }, void> = async (tx, { id, meant, now }) => {
  await tx.k.updateTable('tasks').set({ meant, told: now }).where('id', '=', id).where('told', 'is', null).execute()
}

/** Its time has come: it goes before what may wait, and nobody is reminded again. */
const reminded: Handler<{ id: number; now: number }, void> = async (tx, { id, now }) => {
  const { priority } = await taskRow(tx, id)
  const raised = { reminded: now, priority: Math.max(priority, priorities.high) }
  await tx.k.updateTable('tasks').set(raised).where('id', '=', id).where('reminded', 'is', null).execute()
}

/** With the event that tells it, in the same transaction. @returns whether consent let the event be kept */
const resolve =
  ({ currency, ingest }: TaskNeeds): Handler<Resolution, boolean> =>
  async (tx, { id, by, now, force, outcome, note: said, settles }) => {
    const row = await taskRow(tx, id)
    if (row.state === 'resolved' || (row.owner !== null && row.owner !== by && !force)) throw conflict(row)
    const done = {
      state: 'resolved',
      owner: row.owner ?? by,
      claimed: row.claimed ?? now,
      resolved: now,
      outcome,
      told: now,
    }
    await tx.k.updateTable('tasks').set(done).where('id', '=', id).execute()
    if (said !== '') await note(tx, { id, by, now, force, text: said })
    const known = (await identitiesBehind(tx, [row.identifier])).get(row.identifier)
    const own = known?.names.find((name) => name.id === row.identifier)
    const who = own ?? (known && bestName(known.names))
    if (!who) return false
    const { key, reason, queue, origin } = row
    const remark = said === '' ? {} : { note: said }
    const properties = { task_id: String(id), task_key: key, reason, queue, outcome, origin, ...remark }
    const events = [ownEvent({ name: 'Task Resolved', who, messageId: `task-${id}`, time: now, properties }, currency)]
    const { complaint } = JSON.parse(row.data) as { complaint?: unknown }
    if (settles && typeof complaint === 'string') {
      const properties = { complaint_id: complaint, resolution: said || outcome }
      const settled = { name: 'Complaint Resolved', who, messageId: `task-${id}-complaint`, time: now, properties }
      events.push(ownEvent(settled, currency))
    }
    const request = { source, received: now, trust: 'verified', subject: null, historical: false, events } as const
    return (await ingest(tx, request)).refused.length === 0
  }

/** 'tasks.open', 'tasks.claim', 'tasks.release', 'tasks.releaseOf', 'tasks.note', 'tasks.told', 'tasks.reminded', 'tasks.resolve'. */
export function taskHandlers(needs: TaskNeeds): Handlers {
  return {
    'tasks.open': (tx, task: NewTask) => insertTask(tx, task),
    'tasks.claim': claim,
    'tasks.release': release,
    'tasks.releaseOf': releaseOf,
    'tasks.note': note,
    'tasks.told': told,
    'tasks.reminded': reminded,
    'tasks.resolve': resolve(needs),
  }
}

interface Row {
  readonly id: number
  readonly key: string
  readonly identifier: number
  readonly queue: string
  readonly reason: string
  readonly priority: number
  readonly origin: string
  readonly data: string
  readonly state: string
  readonly owner: string | null
  readonly claimed: number | null
}

/** Held until the transaction ends. @throws HabitueError not_found */
async function taskRow(tx: Tx, id: number): Promise<Row> {
  let query = tx.k
    .selectFrom('tasks')
    .select(['id', 'key', 'identifier', 'queue', 'reason', 'priority', 'origin', 'data', 'state', 'owner', 'claimed'])
    .where('id', '=', id)
  if (tx.engine === 'postgres') query = query.forUpdate()
  const row = await query.executeTakeFirst()
  if (!row) throw new HabitueError('not_found', `There is no task ${id}.`, { task: id })
  return { ...row, id: Number(row.id) }
}

function conflict({ id, state, owner }: Row): HabitueError {
  const how: Record<TaskState, string> = {
    open: 'is not claimed',
    claimed: `is in the hands of ${owner}`,
    resolved: 'is resolved',
  }
  return new HabitueError('conflict', `The task ${id} ${how[state as TaskState]}.`, { task: id, state, owner })
}
