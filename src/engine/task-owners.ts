/**
 * New tasks reach the person to whom their customer belongs: they stand among his own, and a mail tells him, once. When the
 * time of one has come (a call back was promised), whoever has it is reminded, and it goes before what may wait.
 */
import { listPeople } from '../access/people.ts'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import type { MessagesApi } from '../engine-api/messages.ts'
import type { TasksApi } from '../engine-api/tasks.ts'
import { resolve } from '../identity/store.ts'
import { builtInNames } from '../messages/built-in.ts'
import type { Messenger } from '../messages/messenger.ts'
import { dueTasks, untoldTasks } from '../tasks/store.ts'
import type { TaskView } from '../tasks/task.ts'
import type { Work } from './loop.ts'

interface Needs {
  readonly db: Database
  readonly config: Pick<Config, 'page' | 'messages' | 'timeZone'>
  readonly tasks: Pick<TasksApi, 'get'>
  readonly messages: Pick<MessagesApi, 'owner'>
  readonly messenger: Pick<Messenger, 'send'>
}

const atOnce = 20

export function taskOwnersWork(needs: Needs): Work {
  const { db, tasks } = needs
  return {
    name: 'tasks',
    async settle(now) {
      const fresh = await untoldTasks(db, atOnce)
      for (const id of fresh) {
        const task = await tasks.get(id)
        const person = await personFor(needs, task)
        const isTold = person !== null && (await tell(needs, task, person, now, 'task'))
        await db.write('tasks.told', { id, meant: isTold ? `person:${person}` : null, now })
      }
      const due = await dueTasks(db, now, atOnce)
      for (const id of due.ids) {
        const task = await tasks.get(id)
        const person = personOf(task.owner) ?? personOf(task.meant) ?? (await personFor(needs, task))
        if (person !== null) await tell(needs, task, person, now, 'taskDue')
        await db.write('tasks.reminded', { id, now })
      }
      return { done: fresh.length + due.ids.length, next: fresh.length === atOnce ? now : due.next }
    },
  }
}

const personOf = (owner: string | null) => (owner?.startsWith('person:') ? owner.slice('person:'.length) : null)

/** To whom the customer belongs; null = whoever takes it. */
async function personFor({ messages }: Needs, { customer }: TaskView): Promise<string | null> {
  const owned = customer && (await messages.owner(customer))
  return owned?.speaks ?? owned?.owner ?? null
}

/** False where he is no longer there, or the customer is not. */
async function tell(
  { db, config, messenger }: Needs,
  task: TaskView,
  person: string,
  now: number,
  kind: 'task' | 'taskDue',
): Promise<boolean> {
  const { customer } = task
  const identity = customer && (await resolve(db, customer))
  if (!customer || !identity) return false
  const found = (await listPeople(db)).find(({ id, removed }) => id === person && removed === null)
  if (!found) return false
  const { smtpUrl, from } = config.messages
  if (found.email !== null && smtpUrl !== null && from !== null) {
    const base = config.page.url?.replace(/\/+$/, '')
    const place = `/desk/customers/${encodeURIComponent(customer.value)}?kind=${encodeURIComponent(customer.kind)}`
    await messenger.send({
      // A crash between the mail and the mark sends no second one.
      key: kind === 'task' ? `task:${task.id}` : `task:${task.id}:due`,
      customer: identity.customer,
      channel: 'staff-email',
      purpose: 'service',
      template: builtInNames[kind],
      automatic: false,
      repeat: true,
      now,
      data: {
        to: found.email,
        task: { reason: task.reason, note: task.note, due: dueText(task, config) },
        page: base ? base + place : '',
      },
    })
  }
  return true
}

function dueText({ due }: TaskView, { timeZone }: Pick<Config, 'timeZone'>): string {
  if (due === null) return ''
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone }).format(due)
}
