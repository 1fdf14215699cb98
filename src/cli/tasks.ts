import { type Command, Option } from 'commander'
import { taskStates } from '../engine-api/words.ts'
import { table } from './output.ts'
import { connected, optionsOf, wholeNumber } from './surroundings.ts'

/** As the wire has it; times ISO 8601. */
interface Task {
  readonly id: number
  readonly customer: { readonly kind: string; readonly id: string } | null
  readonly queue: string
  readonly reason: string
  readonly priority: number
  readonly note: string
  readonly due: string | null
  readonly created: string
  readonly state: string
  readonly owner: string | null
  readonly ownerName?: string
  readonly outcome: string | null
  readonly notes: readonly { readonly author: string; readonly time: string; readonly text: string }[]
}

const when = (time: string | null) => (time ?? '').slice(0, 16).replace('T', ' ')
const whom = ({ customer }: Task) => (customer === null ? '(withheld)' : `${customer.kind}:${customer.id}`)

/** `habitue tasks list | show | resolve` */
export function tasksCommand(program: Command): void {
  const tasks = program.command('tasks').description('What people of the shop are to do for customers.')
  tasks
    .command('list')
    .description('The queue: highest priority first.')
    .addOption(new Option('--state <state>', 'absent = open and claimed').choices([...taskStates]))
    .option('--queue <name>', 'of one queue')
    .option('--limit <n>', 'how many at most', wholeNumber, 50)
    .action((_: unknown, command: Command) => {
      const { state, queue, limit, ...where } = optionsOf<{ state?: string; queue?: string; limit: number }>(command)
      return connected(where, async (connection, out) => {
        const query = new URLSearchParams({ limit: String(limit), ...(state && { state }), ...(queue && { queue }) })
        const page = (await connection.request('GET', `/v1/tasks?${query}`)) as { tasks: Task[] }
        const row = (one: Task) => [
          one.id,
          one.priority,
          one.queue,
          one.reason,
          whom(one),
          when(one.due),
          one.state,
          one.ownerName ?? one.owner,
        ]
        const head = ['id', 'priority', 'queue', 'reason', 'customer', 'due', 'state', 'owner']
        out.result(page.tasks, () => table(head, page.tasks.map(row)))
      })
    })
  tasks
    .command('show')
    .description('One task with its notes.')
    .argument('<id>', 'as the list has it', wholeNumber)
    .action((id: number, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const task = (await connection.request('GET', `/v1/tasks/${id}`)) as Task
        out.result(task, () => described(task))
      }),
    )
  tasks
    .command('resolve')
    .description('End a task and say what came of it; the event Task Resolved tells it.')
    .argument('<id>', 'as the list has it', wholeNumber)
    .requiredOption('--outcome <text>', 'done, put right, not reached, declined, nothing to do, or your own')
    .option('--note <text>', 'what happened')
    .option('--settles', 'the complaint that led to it is settled')
    .action((id: number, _: unknown, command: Command) => {
      const { outcome, note, settles, ...where } = optionsOf<{ outcome: string; note?: string; settles?: true }>(
        command,
      )
      return connected(where, async (connection, out) => {
        const task = (await connection.request('POST', `/v1/tasks/${id}/resolve`, { outcome, note, settles })) as Task
        out.result(task, () => `Task ${id} is resolved: ${task.outcome}.`)
      })
    })
}

function described(task: Task): string {
  const lines = [
    `${task.id}  ${task.reason}  (${task.queue}, priority ${task.priority})`,
    `customer  ${whom(task)}`,
    `state     ${task.state}${task.owner === null ? '' : ` by ${task.ownerName ?? task.owner}`}${task.outcome === null ? '' : `: ${task.outcome}`}`,
    `opened    ${when(task.created)}${task.due === null ? '' : `, due ${when(task.due)}`}`,
    ...(task.note === '' ? [] : ['', task.note]),
    ...task.notes.map(({ author, time, text }) => `\n${when(time)} ${author}\n${text}`),
  ]
  return lines.join('\n')
}
