/**
 * Tasks: what a person of the shop is to do for a customer. States: open -> claimed (by one person) -> resolved; released,
 * a claimed one is open again. A task belongs to an identifier, so it follows its customer through merges.
 */
import type { Purpose } from '../consent/policy.ts'
import { HabitueError } from '../errors.ts'
import type { Identifier } from '../identity/identity.ts'

export const taskStates = ['open', 'claimed', 'resolved'] as const
export type TaskState = (typeof taskStates)[number]

/** Those that pages offer; an outcome is any short text. */
export const usualOutcomes = ['done', 'put right', 'not reached', 'declined', 'nothing to do'] as const

export const usualQueue = 'service'
/** Of triggers and of promises. */
export const priorities = { high: 20, raised: 10, usual: 0 } as const

/** What a new task says. */
export interface TaskContent {
  /** A few words for people: `complaint`, `call back`. */
  readonly reason: string
  /** Absent = `service`. */
  readonly queue?: string
  /** Higher goes first; 0 where absent. */
  readonly priority?: number
  readonly note?: string
  /** By when, milliseconds since 1970. */
  readonly due?: number | null
  /** What it is about, as JSON: `{complaint: id, order: number}`. */
  readonly data?: Readonly<Record<string, unknown>>
  /** Who is to do it: `person:<id>`; absent = whoever takes it. */
  readonly owner?: string | null
}

/** A row to be inserted: what came from outside is checked. */
export interface NewTask extends Required<TaskContent> {
  /** The same task whenever the same key is used again. */
  readonly key: string
  readonly identifier: number
  /** `journey:<name>`, `trigger:<rule>`, `person:<id>`, `key:<id>`. */
  readonly origin: string
  readonly purpose: Purpose
  readonly created: number
}

export interface TaskNote {
  /** `person:<id>`, `key:<id>`. */
  readonly author: string
  readonly time: number
  readonly text: string
}

export interface TaskView {
  readonly id: number
  readonly key: string
  /** Of the customer, as he is best named; null = nothing of him may be shown now. */
  readonly customer: Identifier | null
  readonly queue: string
  readonly reason: string
  readonly priority: number
  /** '' where nothing of the customer may be shown. */
  readonly note: string
  readonly origin: string
  readonly data: Readonly<Record<string, unknown>>
  readonly due: number | null
  readonly created: number
  readonly state: TaskState
  /** Who is to have it: the person to whom the customer belongs; null = whoever takes it. */
  readonly meant: string | null
  readonly owner: string | null
  readonly claimed: number | null
  readonly resolved: number | null
  readonly outcome: string | null
  readonly notes: readonly TaskNote[]
}

export const limits = { key: 300, reason: 200, queue: 50, note: 4000, outcome: 100, data: 4000 } as const

/** @throws HabitueError invalid_body: the field, what was got and what was expected */
export function checkTask(content: TaskContent): Required<TaskContent> {
  const { reason, queue = usualQueue, priority = priorities.usual, note = '', due = null, data = {} } = content
  text('reason', reason, limits.reason, 1)
  text('note', note, limits.note, 0)
  if (!/^[a-z][\w-]{0,49}$/.test(queue)) throw invalid('queue', queue, 'a word of at most 50 letters, such as service')
  if (!Number.isInteger(priority) || Math.abs(priority) > 1000)
    throw invalid('priority', priority, 'a whole number from -1000 to 1000')
  if (due !== null && !Number.isSafeInteger(due)) throw invalid('due', due, 'a time')
  if (JSON.stringify(data).length > limits.data)
    throw invalid('data', '...', `at most ${limits.data} characters of JSON`)
  return { reason: reason.trim(), queue, priority, note: note.trim(), due, data, owner: content.owner ?? null }
}

/** A text of `fewest` to `most` characters. @throws HabitueError invalid_body */
export function text(field: string, given: string, most: number, fewest: number): void {
  const length = given.trim().length
  if (length >= fewest && given.length <= most && given.isWellFormed() && !given.includes('\0')) return
  throw invalid(field, given.slice(0, 60), `a text of ${fewest} to ${most} characters`)
}

function invalid(field: string, got: unknown, expected: string): HabitueError {
  return new HabitueError('invalid_body', `The task has "${field}" ${JSON.stringify(got)}; expected ${expected}.`, {
    field,
    expected,
  })
}
