/** Tasks for people of the shop, as HTTP sees them. */
import type { Identifier } from '../identity/identity.ts'
import type { TaskOutcome, TaskRequest } from '../tasks/open.ts'
import type { TaskFilter, TaskPage } from '../tasks/store.ts'
import type { TaskContent, TaskView } from '../tasks/task.ts'

/** Who acts on a task: `person:<id>`, `key:<id>`. `force` = may take it out of the hands of another. */
export interface TaskActor {
  readonly by: string
  readonly force: boolean
}

export interface TasksApi {
  /** `key` absent = a new task each time. @throws HabitueError not_found (nobody of that name), consent_refused, invalid_body */
  open(
    who: Identifier,
    wanted: TaskContent & { readonly key?: string; readonly origin: string },
  ): Promise<{ readonly task: TaskView; readonly isNew: boolean }>
  /** The same for a journey. @throws HabitueError invalid_body */
  hand(request: TaskRequest): Promise<TaskOutcome>
  /** @throws HabitueError invalid_option */
  page(filter: TaskFilter): Promise<TaskPage>
  /** @throws HabitueError not_found */
  get(id: number): Promise<TaskView>
  /** Those of one customer; null = nobody of that name, or nothing of him may be shown. */
  of(who: Identifier, limit: number): Promise<readonly TaskView[] | null>
  /** How many wait, by queue. */
  waiting(): Promise<Readonly<Record<string, number>>>
  /** @throws HabitueError not_found, conflict (another has it, or it is resolved) */
  claim(id: number, actor: TaskActor): Promise<TaskView>
  /** @throws HabitueError not_found, conflict */
  release(id: number, actor: TaskActor): Promise<TaskView>
  /** @throws HabitueError not_found, invalid_body */
  note(id: number, text: string, actor: TaskActor): Promise<TaskView>
  /** `settles`: the complaint that led to it is settled with it. @throws HabitueError not_found, conflict, card_number */
  resolve(
    id: number,
    result: { readonly outcome: string; readonly note: string; readonly settles: boolean },
    actor: TaskActor,
  ): Promise<TaskView>
}
