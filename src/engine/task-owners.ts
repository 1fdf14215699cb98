/** New tasks reach the person to whom their customer belongs: they stand among his own, and a mail tells him, once. */
import { listPeople } from '../access/people.ts'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import type { MessagesApi } from '../engine-api/messages.ts'
import type { TasksApi } from '../engine-api/tasks.ts'
import { resolve } from '../identity/store.ts'
import { builtInNames } from '../messages/built-in.ts'
import type { Messenger } from '../messages/messenger.ts'
import { untoldTasks } from '../tasks/store.ts'
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
        const meant = await tell(needs, task, now)
        await db.write('tasks.told', { id, meant, now })
      }
      return { done: fresh.length, next: fresh.length === atOnce ? now : null }
    },
  }
}

/** `person:<id>` for whom it is; null = whoever takes it. */
async function tell({ db, config, messages, messenger }: Needs, task: TaskView, now: number): Promise<string | null> {
  const { customer } = task
  const identity = customer && (await resolve(db, customer))
  const owned = customer && (await messages.owner(customer))
  const person = owned?.speaks ?? owned?.owner ?? null
  if (!customer || !identity || person === null) return null
  const found = (await listPeople(db)).find(({ id, removed }) => id === person && removed === null)
  if (!found) return null
  const { smtpUrl, from } = config.messages
  if (found.email !== null && smtpUrl !== null && from !== null) {
    const base = config.page.url?.replace(/\/+$/, '')
    const place = `/desk/customers/${encodeURIComponent(customer.value)}?kind=${encodeURIComponent(customer.kind)}`
    await messenger.send({
      // A crash between the mail and the mark sends no second one.
      key: `task:${task.id}`,
      customer: identity.customer,
      channel: 'staff-email',
      purpose: 'service',
      template: builtInNames.task,
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
  return `person:${person}`
}

function dueText({ due }: TaskView, { timeZone }: Pick<Config, 'timeZone'>): string {
  if (due === null) return ''
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone }).format(due)
}
