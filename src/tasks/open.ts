/** Opening a task for a customer, as far as consent reaches: what journeys, buttons and the API do. */
import { permit } from '../consent/permit.ts'
import type { Policy, Purpose } from '../consent/policy.ts'
import { personOf } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import { checkContent } from '../events/content.ts'
import { identitiesBehind } from '../identity/store.ts'
import type { World } from '../world.ts'
import { checkTask, limits, type NewTask, type TaskContent, text } from './task.ts'

export interface TaskRequest extends TaskContent {
  /** The same task whenever the same key is used again. */
  readonly key: string
  /** Of the customer; it stays when he is merged. */
  readonly identifier: number
  /** `journey:<name>`, `person:<id>`, `key:<id>`. */
  readonly origin: string
  /** For which purpose what led to it was kept: with `personalisation` the task goes when that is refused. */
  readonly purpose: Purpose
}

export type TaskOutcome =
  | { readonly kind: 'done'; readonly task: number; readonly isNew: boolean }
  /** He is gone, or nothing may be done for him. */
  | { readonly kind: 'suppressed'; readonly reason: 'unknown' | 'consent' }

interface Needs {
  readonly db: Database
  readonly policy: Policy
  readonly world: World
}

/** @throws HabitueError invalid_body, invalid_text, card_number */
export async function openTask({ db, policy, world }: Needs, request: TaskRequest): Promise<TaskOutcome> {
  const { key, identifier, origin, purpose, ...content } = request
  text('key', key, limits.key, 1)
  const checked = checkTask(content)
  checkContent({ note: checked.note, data: checked.data }, '')
  const identity = (await identitiesBehind(db, [identifier])).get(identifier)
  if (!identity) return { kind: 'suppressed', reason: 'unknown' }
  const now = world.now()
  const person = await personOf(db, policy, identity, now)
  if (permit(person, 'service') === null) return { kind: 'suppressed', reason: 'consent' }
  const row: NewTask = { ...checked, key, identifier, origin, purpose, created: now }
  const { id, isNew } = await db.write<{ id: number; isNew: boolean }>('tasks.open', row)
  return { kind: 'done', task: id, isNew }
}
