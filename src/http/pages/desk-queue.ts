/** The queue of tasks, and the search for a customer. */
import type { CustomersApi, TaskPage, TaskView } from '../../engine-api.ts'
import { escaped as e } from '../html.ts'
import { block, type Clock, customerPath, deskButton, deskDocument, deskForm, type Shown } from './desk-frame.ts'

export interface QueueView {
  readonly staff: Shown
  readonly clock: Clock
  readonly now: number
  readonly page: TaskPage
  /** How many wait, by queue. */
  readonly waiting: Readonly<Record<string, number>>
  /** What the list was narrowed to. */
  readonly queue: string | null
  readonly isMine: boolean
  readonly names: ReadonlyMap<string, string>
}

export function renderQueue(view: QueueView): string {
  const { staff, page, waiting, queue, isMine } = view
  const link = (href: string, label: string, isHere: boolean) =>
    `<li><a href="${e(href)}"${isHere ? ' aria-current="true"' : ''}>${e(label)}</a></li>`
  const total = Object.values(waiting).reduce((sum, count) => sum + count, 0)
  const queues = Object.entries(waiting).map(([name, count]) =>
    link(`/desk?queue=${encodeURIComponent(name)}`, `${name} (${count})`, queue === name),
  )
  const nav = `<nav aria-label="Queues"><ul>${link('/desk', `All (${total})`, queue === null && !isMine)}${link('/desk?mine=yes', 'Mine', isMine)}${queues.join('')}</ul></nav>`
  const rows = page.tasks.map((task) => `<li>${taskCard(view, task)}</li>`)
  const more =
    page.next === null
      ? ''
      : `<p><a href="/desk?${e(new URLSearchParams({ ...(queue === null ? {} : { queue }), ...(isMine ? { mine: 'yes' } : {}), after: page.next }).toString())}">More</a></p>`
  const tasks = rows.length === 0 ? '<p>Nothing waits here.</p>' : `<ul class="cards">${rows.join('')}</ul>${more}`
  return deskDocument(staff, 'Queue', nav + block('tasks', 'Tasks', tasks))
}

function taskCard(view: QueueView, task: TaskView): string {
  const { staff, now, clock } = view
  const who =
    task.customer === null ? 'Withheld' : `<a href="${e(customerPath(task.customer))}">${e(task.customer.value)}</a>`
  const note = task.note === '' ? '' : `<p>${e(task.note)}</p>`
  const acts =
    task.state === 'open'
      ? deskForm(
          staff,
          `/desk/tasks/${task.id}`,
          {},
          deskButton('claim', 'Take it', `${task.reason}, task ${task.id}`, 'now'),
        )
      : ''
  const said = `<p class="what">${e(task.reason)}: ${who}</p><p class="from">${marks(task, now, clock, view.names)}</p>${note}`
  return `<div class="card"><div>${said}</div>${acts}</div>`
}

/** Urgency, due time and owner of a task, as HTML. */
export function marks(task: TaskView, now: number, clock: Clock, names: ReadonlyMap<string, string>): string {
  const { priority, due, owner, meant, queue, created } = task
  const nameOf = (person: string) => names.get(person.replace(/^person:/, '')) ?? person
  const isLate = due !== null && due < now
  const parts = [
    priority >= 20 ? '<span class="mark urgent">urgent</span>' : '',
    due === null
      ? ''
      : `<span class="mark${isLate ? ' urgent' : ''}">${isLate ? 'was due' : 'due'} ${e(clock.dateTime(due))}</span>`,
    owner === null ? '' : `<span class="mark on">${e(nameOf(owner))}</span>`,
    owner !== null || meant === null ? '' : `<span class="mark">for ${e(nameOf(meant))}</span>`,
    `${e(queue)}, since ${e(clock.dateTime(created))}`,
  ]
  return parts.filter(Boolean).join(' ')
}

export function renderFind(
  staff: Shown,
  asked: string,
  found: Awaited<ReturnType<CustomersApi['find']>> | null,
): string {
  const form = `<form method="get" action="/desk/find" role="search"><label for="q">E-mail, customer number, telephone, order number, or name</label>
<input type="text" id="q" name="q" value="${e(asked)}" maxlength="300"><div class="row"><button class="now">Find</button></div></form>`
  const rows = (found ?? []).map(({ identifiers, name }) => {
    const best = identifiers.find(({ kind }) => kind === 'user') ?? identifiers[0]
    const known = identifiers.filter(({ kind }) => kind !== 'anonymous').slice(0, 5)
    return `<li><p class="what"><a href="${e(customerPath(best))}">${e(name ?? best.value)}</a></p><p class="from">${e(known.map(({ kind, value }) => `${kind} ${value}`).join(', '))}</p></li>`
  })
  const none = found !== null && rows.length === 0 ? '<p role="status">Nobody is known by that.</p>' : ''
  const results = rows.length === 0 ? none : `<ul class="cards">${rows.join('')}</ul>`
  return deskDocument(
    staff,
    'Find a customer',
    `<section class="block">${form}</section>${block('found', 'Found', results)}`,
  )
}
