/** Tasks for people of the shop, as HTTP and journeys use them. */
import type { Policy } from '../consent/policy.ts'
import type { Database } from '../db/database.ts'
import type { TaskActor, TasksApi } from '../engine-api/tasks.ts'
import { HabitueError } from '../errors.ts'
import { checkContent } from '../events/content.ts'
import { resolve } from '../identity/store.ts'
import { openTask } from '../tasks/open.ts'
import { taskOf, taskPage, tasksOf, waitingByQueue } from '../tasks/store.ts'
import { limits, text } from '../tasks/task.ts'
import type { World } from '../world.ts'
import { permitOf } from './facts.ts'

interface Needs {
  readonly db: Database
  readonly policy: Policy
  readonly world: World
}

export function tasksApi(needs: Needs): TasksApi {
  const { db, policy, world } = needs
  const asked = () => ({ policy, now: world.now() })
  const get = (id: number) => taskOf(db, id, asked())
  const act = async (name: string, id: number, actor: TaskActor, more: object = {}) => {
    await db.write(`tasks.${name}`, { id, now: world.now(), ...actor, ...more })
    await db.catchUp()
    return get(id)
  }
  return {
    hand: (request) => openTask(needs, request),
    async open(who, { key = world.uuid(), origin, ...content }) {
      const identity = await resolve(db, who)
      if (!identity)
        throw new HabitueError('not_found', `Nobody is known by the ${who.kind} id ${JSON.stringify(who.value)}.`, {
          ...who,
        })
      const request = { ...content, key, origin, identifier: identity.named, purpose: 'service' } as const
      const outcome = await openTask(needs, request)
      if (outcome.kind === 'suppressed')
        throw new HabitueError('consent_refused', 'Consent does not let anything be done for this customer.')
      return { task: await get(outcome.task), isNew: outcome.isNew }
    },
    page: (filter) => taskPage(db, filter, asked()),
    get,
    async of(who, limit) {
      const allowed = await permitOf(needs, who, 'service')
      return allowed && tasksOf(db, allowed, limit, asked())
    },
    waiting: () => waitingByQueue(db),
    claim: (id, actor) => act('claim', id, actor),
    release: (id, actor) => act('release', id, actor),
    async note(id, said, actor) {
      text('text', said, limits.note, 1)
      checkContent({ text: said }, '')
      return act('note', id, actor, { text: said.trim() })
    },
    async resolve(id, { outcome, note, settles }, actor) {
      text('outcome', outcome, limits.outcome, 1)
      text('note', note, limits.note, 0)
      return act('resolve', id, actor, { outcome: outcome.trim(), note: note.trim(), settles })
    },
  }
}
