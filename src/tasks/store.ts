/** Reading tasks: the queue, one task, and those of a customer. What consent does not reach is not shown. */
import { sql } from 'kysely'
import { type Permit, permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { peopleOf } from '../consent/store.ts'
import type { Reader } from '../db/database.ts'
import type { Tables } from '../db/tables.ts'
import { HabitueError } from '../errors.ts'
import { bestName, identitiesBehind } from '../identity/store.ts'
import type { TaskState, TaskView } from './task.ts'

export interface TaskFilter {
  /** Absent = open and claimed. */
  readonly state?: TaskState
  readonly queue?: string
  /** `person:<id>`: what he took, and what is meant for him and taken by nobody. */
  readonly owner?: string
  /** The `next` of the page before. */
  readonly after?: string
  readonly limit: number
}

export interface TaskPage {
  readonly tasks: readonly TaskView[]
  readonly next: string | null
}

interface Needs {
  readonly policy: Policy
  readonly now: number
}

/** A task without a time comes after those that have one. */
const never = Number.MAX_SAFE_INTEGER
const dueOrNever = sql<number>`coalesce(due, ${sql.lit(never)})`

type Row = Omit<Tables['tasks'], 'id'> & { id: number }

/**
 * The queue: the highest priority first, then what is due first, then the oldest. Resolved ones: the latest first.
 * @throws HabitueError invalid_option where `after` is none
 */
export async function taskPage(reader: Reader, filter: TaskFilter, needs: Needs): Promise<TaskPage> {
  const { state, queue, owner, after, limit } = filter
  let query = reader.k.selectFrom('tasks').selectAll()
  query = state === undefined ? query.where('state', '<>', 'resolved') : query.where('state', '=', state)
  if (queue !== undefined) query = query.where('queue', '=', queue)
  if (owner !== undefined)
    query = query.where((row) =>
      row.or([row('owner', '=', owner), row.and([row('owner', 'is', null), row('meant', '=', owner)])]),
    )
  const isPast = state === 'resolved'
  if (after !== undefined) query = query.where(isPast ? pastAfter(after) : waitingAfter(after))
  query = isPast
    ? query.orderBy('resolved', 'desc').orderBy('id', 'desc')
    : query.orderBy('priority', 'desc').orderBy(dueOrNever).orderBy('id')
  const rows = (await query.limit(limit + 1).execute()) as Row[]
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const next = rows.length > limit && last ? cursorOf(last, isPast) : null
  return { tasks: await shown(reader, page, needs), next }
}

/** @throws HabitueError not_found */
export async function taskOf(reader: Reader, id: number, needs: Needs): Promise<TaskView> {
  const row = await reader.k.selectFrom('tasks').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new HabitueError('not_found', `There is no task ${id}.`, { task: id })
  const [view] = await shown(reader, [row as Row], needs)
  return view
}

/** All tasks of a customer, those that wait first, then the latest; `limit` at most. */
export async function tasksOf(reader: Reader, allowed: Permit, limit: number, needs: Needs): Promise<TaskView[]> {
  const rows = await reader.k
    .selectFrom('tasks')
    .selectAll()
    .where('identifier', 'in', allowed.identifiers)
    .orderBy(sql`case when state = 'resolved' then 1 else 0 end`)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return shown(reader, rows as Row[], needs)
}

/** Those of one customer that wait and have this origin. Within a fold, before anything is told. */
export async function hasWaiting(reader: Reader, identifiers: readonly number[], origin: string): Promise<boolean> {
  const found = await reader.k
    .selectFrom('tasks')
    .select('id')
    .where('identifier', 'in', identifiers)
    .where('origin', '=', origin)
    .where('state', '<>', 'resolved')
    .limit(1)
    .execute()
  return found.length > 0
}

/** Open ones of which nobody was told yet, the oldest first. */
export async function untoldTasks(reader: Reader, limit: number): Promise<number[]> {
  const rows = await reader.k
    .selectFrom('tasks')
    .select('id')
    .where('told', 'is', null)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(({ id }) => Number(id))
}

/** Those whose time has come, and of which nobody was reminded yet; `next` = when the next one's comes, null = none. */
export async function dueTasks(
  reader: Reader,
  now: number,
  limit: number,
): Promise<{ readonly ids: readonly number[]; readonly next: number | null }> {
  const rows = await reader.k
    .selectFrom('tasks')
    .select(['id', 'due'])
    .where('due', 'is not', null)
    .where('reminded', 'is', null)
    .where('state', '<>', 'resolved')
    .orderBy('due')
    .limit(limit + 1)
    .execute()
  const come = rows.filter(({ due }) => (due as number) <= now).slice(0, limit)
  return { ids: come.map(({ id }) => Number(id)), next: rows[come.length]?.due ?? null }
}

/** How many wait, by queue. */
export async function waitingByQueue(reader: Reader): Promise<Readonly<Record<string, number>>> {
  const rows = await reader.k
    .selectFrom('tasks')
    .select(['queue', (eb) => eb.fn.countAll<number>().as('count')])
    .where('state', '<>', 'resolved')
    .groupBy('queue')
    .orderBy('queue')
    .execute()
  return Object.fromEntries(rows.map(({ queue, count }) => [queue, Number(count)]))
}

/** For `habitue doctor`: how many wait, and of how many the time is over. */
export async function taskReport(reader: Reader, now: number): Promise<{ waiting: number; overdue: number }> {
  const row = await reader.k
    .selectFrom('tasks')
    .select((eb) => [
      eb.fn.countAll<number>().as('waiting'),
      sql<number>`coalesce(sum(case when due < ${now} then 1 else 0 end), 0)`.as('overdue'),
    ])
    .where('state', '<>', 'resolved')
    .executeTakeFirstOrThrow()
  return { waiting: Number(row.waiting), overdue: Number(row.overdue) }
}

async function shown(reader: Reader, rows: readonly Row[], { policy, now }: Needs): Promise<TaskView[]> {
  if (rows.length === 0) return []
  const known = await identitiesBehind(reader, [...new Set(rows.map(({ identifier }) => identifier))])
  const identities = [...known.values()]
  const people = await peopleOf(reader, policy, identities, now)
  const allowed = new Map(people.map((person, i) => [identities[i].customer, permit(person, 'service') !== null]))
  const notes = await notesOf(reader, rows)
  return rows.map(({ identifier, data, told: _, ...row }) => {
    const identity = known.get(identifier)
    const isShown = identity !== undefined && allowed.get(identity.customer) === true
    const best = isShown ? bestName(identity.names) : null
    return {
      ...row,
      id: Number(row.id),
      customer: best && { kind: best.kind, value: best.value },
      note: isShown ? row.note : '',
      data: isShown ? JSON.parse(data) : {},
      state: row.state as TaskState,
      notes: isShown ? (notes.get(Number(row.id)) ?? []) : [],
    }
  })
}

async function notesOf(reader: Reader, rows: readonly Row[]) {
  const ids = rows.map(({ id }) => id)
  const found = await reader.k
    .selectFrom('task_notes')
    .select(['task', 'author', 'time', 'text'])
    .where('task', 'in', ids)
    .orderBy('id')
    .execute()
  return Map.groupBy(
    found.map(({ task, ...note }) => ({ task: Number(task), ...note })),
    ({ task }) => task,
  )
}

function cursorOf({ priority, due, resolved, id }: Row, isPast: boolean): string {
  return isPast ? `${resolved}.${id}` : `${priority}.${due ?? never}.${id}`
}

function waitingAfter(after: string) {
  const [priority, due, id] = numbersOf(after, 3)
  return sql<boolean>`(priority < ${priority} or (priority = ${priority} and (${dueOrNever} > ${due} or (${dueOrNever} = ${due} and id > ${id}))))`
}

function pastAfter(after: string) {
  const [resolved, id] = numbersOf(after, 2)
  return sql<boolean>`(resolved < ${resolved} or (resolved = ${resolved} and id < ${id}))`
}

function numbersOf(after: string, count: number): number[] {
  const numbers = after.split('.').map(Number)
  if (numbers.length === count && numbers.every(Number.isSafeInteger)) return numbers
  const expected = 'the `next` of a page of the same question'
  throw new HabitueError('invalid_option', `\`after\` is ${JSON.stringify(after)}; expected ${expected}.`)
}
