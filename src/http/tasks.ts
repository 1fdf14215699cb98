/** /v1/tasks: what people of the shop are to do for customers. A person acts for himself; a key says for whom. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Engine, TaskActor, TaskView } from '../engine-api.ts'
import { taskStates } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { actorOf } from './audit.ts'
import { aboutCustomer, ByKind, known } from './facts.ts'
import type { App } from './typed-app.ts'

const Text = Type.String()
const MaybeText = Type.Union([Text, Type.Null()])
const Time = Type.String({ description: 'ISO 8601' })
const MaybeTime = Type.Union([Time, Type.Null()])
const Data = Type.Record(Text, Type.Unknown(), { description: 'What it is about: complaint, order, ...' })
const Who = Type.Object({ kind: Text, id: Text })

export const WireTask = Type.Object({
  id: Type.Integer(),
  key: Text,
  customer: Type.Union([Who, Type.Null()], { description: 'Null = nothing of him may be shown now.' }),
  queue: Text,
  reason: Text,
  priority: Type.Integer(),
  note: Text,
  origin: Text,
  data: Data,
  due: MaybeTime,
  created: Time,
  state: Type.Enum([...taskStates]),
  meant: Type.Union([Text, Type.Null()], { description: 'Who is to have it: to whom the customer belongs.' }),
  owner: MaybeText,
  ownerName: Type.Optional(Text),
  claimed: MaybeTime,
  resolved: MaybeTime,
  outcome: MaybeText,
  notes: Type.Array(Type.Object({ author: Text, time: Time, text: Text })),
})
const Page = Type.Object({ tasks: Type.Array(WireTask), next: MaybeText })
const Query = Type.Object(
  {
    state: Type.Optional(Type.Enum([...taskStates], { description: 'Absent = open and claimed.' })),
    queue: Type.Optional(Type.String({ maxLength: 50 })),
    owner: Type.Optional(Type.String({ maxLength: 100, description: '`me`, or `person:<id>`.' })),
    after: Type.Optional(Type.String({ maxLength: 100, description: 'The `next` of the page before.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: '50 by default.' })),
  },
  { additionalProperties: false },
)
const Wanted = Type.Object(
  {
    key: Type.Optional(
      Type.String({ minLength: 1, maxLength: 300, description: 'The same task whenever it is used again.' }),
    ),
    customer: Type.String({ minLength: 1, maxLength: 500 }),
    kind: Type.Optional(Type.String({ maxLength: 100, description: 'Of `customer`: user (default), email, ...' })),
    reason: Type.String({ minLength: 1, maxLength: 200, description: 'A few words: complaint, call back.' }),
    queue: Type.Optional(Type.String({ maxLength: 50, description: '`service` by default.' })),
    priority: Type.Optional(Type.Integer({ description: 'Higher goes first; 0 by default.' })),
    note: Type.Optional(Type.String({ maxLength: 4000 })),
    due: Type.Optional(Time),
    data: Type.Optional(Data),
  },
  { additionalProperties: false },
)
const Params = Type.Object({ task: Type.Integer({ minimum: 1 }) })
const By = {
  person: Type.Optional(Type.String({ maxLength: 100, description: 'For whom a key acts: the id of a person.' })),
}
const ByBody = Type.Optional(Type.Object(By, { additionalProperties: false }))
const NoteBody = Type.Object(
  { text: Type.String({ minLength: 1, maxLength: 4000 }), ...By },
  { additionalProperties: false },
)
const ResolveBody = Type.Object(
  {
    outcome: Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'done, put right, not reached, declined, nothing to do, or a word of your own.',
    }),
    note: Type.Optional(Type.String({ maxLength: 4000 })),
    settles: Type.Optional(Type.Boolean({ description: 'The complaint that led to it is settled. False by default.' })),
    ...By,
  },
  { additionalProperties: false },
)
const tags = ['tasks']
const read = { action: 'tasks.read' } as const
const write = { action: 'tasks.write' } as const

export function taskRoutes(app: App, engine: Engine): void {
  const { tasks, people } = engine
  const wire = async (task: TaskView) => taskWire(task, await people.names())
  /** Who did what to a customer's task stands in the audit log under his name there. */
  const note = (request: FastifyRequest, action: 'tasks.read' | 'tasks.write', task: TaskView) =>
    engine.audit.note({
      time: engine.world.now(),
      actor: actorOf(request),
      action,
      who: task.customer,
      detail: { method: request.method, route: request.routeOptions.url, task: task.id },
    })

  app.get(
    '/v1/tasks',
    { schema: { tags, querystring: Query, response: { 200: Page } }, config: read },
    async (request) => {
      const { limit = 50, owner, ...filter } = request.query
      const mine = owner === 'me' ? actorOf(request) : owner
      const page = await tasks.page({ ...filter, owner: mine, limit })
      const names = await people.names()
      engine.audit.note({
        time: engine.world.now(),
        actor: actorOf(request),
        action: 'tasks.read',
        who: null,
        detail: { method: 'GET', route: '/v1/tasks', tasks: page.tasks.length },
      })
      return { tasks: page.tasks.map((task) => taskWire(task, names)), next: page.next }
    },
  )
  app.post(
    '/v1/tasks',
    { schema: { tags, body: Wanted, response: { 200: WireTask, 201: WireTask } }, config: write },
    async (request, reply) => {
      const { customer, kind = 'user', due, ...content } = request.body
      const wanted = { ...content, origin: actorOf(request), due: due === undefined ? null : dueOf(due) }
      const { task, isNew } = await tasks.open({ kind, value: customer }, wanted)
      note(request, 'tasks.write', task)
      return reply.code(isNew ? 201 : 200).send(await wire(task))
    },
  )
  const one = { tags, params: Params, response: { 200: WireTask } }
  app.get('/v1/tasks/:task', { schema: one, config: read }, async (request) => {
    const task = await tasks.get(request.params.task)
    note(request, 'tasks.read', task)
    return wire(task)
  })
  for (const act of ['claim', 'release'] as const)
    app.post(`/v1/tasks/:task/${act}`, { schema: { ...one, body: ByBody }, config: write }, async (request) => {
      const task = await tasks[act](request.params.task, await taskActor(request, engine, request.body?.person))
      note(request, 'tasks.write', task)
      return wire(task)
    })
  app.post('/v1/tasks/:task/notes', { schema: { ...one, body: NoteBody }, config: write }, async (request) => {
    const { text, person } = request.body
    const task = await tasks.note(request.params.task, text, await taskActor(request, engine, person))
    note(request, 'tasks.write', task)
    return wire(task)
  })
  app.post('/v1/tasks/:task/resolve', { schema: { ...one, body: ResolveBody }, config: write }, async (request) => {
    const { outcome, note: said = '', settles = false, person } = request.body
    const actor = await taskActor(request, engine, person)
    const task = await tasks.resolve(request.params.task, { outcome, note: said, settles }, actor)
    note(request, 'tasks.write', task)
    return wire(task)
  })
  app.get(
    '/v1/customers/:id/tasks',
    {
      schema: {
        tags,
        params: Type.Object({ id: Type.String({ maxLength: 500 }) }),
        querystring: ByKind,
        response: { 200: Page },
      },
      config: read,
    },
    async (request) => {
      const who = await aboutCustomer(request, engine, 'tasks.read')
      const found = known(await tasks.of(who, 200), who)
      const names = await people.names()
      for (const task of found.slice(0, 1)) note(request, 'tasks.read', task)
      return { tasks: found.map((task) => taskWire(task, names)), next: null }
    },
  )
}

/**
 * A person is himself; a key acts as itself, or for the person it names. An agent cannot take a task from another; admins and
 * the shop's programs can.
 */
async function taskActor(request: FastifyRequest, engine: Engine, person: string | undefined): Promise<TaskActor> {
  const { session } = request.caller
  if (session) {
    if (person !== undefined && person !== session.person.id)
      throw new HabitueError('forbidden', 'Who is signed in acts for himself; only keys name another person.')
    return { by: actorOf(request), force: session.person.role === 'admin' }
  }
  if (person === undefined) return { by: actorOf(request), force: true }
  const found = (await engine.people.list()).find(({ id, removed }) => id === person && removed === null)
  if (!found) throw new HabitueError('not_found', `There is no person with the id ${JSON.stringify(person)}.`)
  return { by: `person:${found.id}`, force: true }
}

const iso = (time: number) => new Date(time).toISOString()
const isoOrNull = (time: number | null) => (time === null ? null : iso(time))

export function taskWire(task: TaskView, names: ReadonlyMap<string, string>): Type.Static<typeof WireTask> {
  const { customer, due, created, claimed, resolved, notes, owner } = task
  const ownerName = owner?.startsWith('person:') ? names.get(owner.slice('person:'.length)) : undefined
  return {
    ...task,
    data: { ...task.data },
    customer: customer && { kind: customer.kind, id: customer.value },
    ...(ownerName === undefined ? {} : { ownerName }),
    due: isoOrNull(due),
    created: iso(created),
    claimed: isoOrNull(claimed),
    resolved: isoOrNull(resolved),
    notes: notes.map(({ author, time, text }) => ({ author, time: iso(time), text })),
  }
}

/** Milliseconds since 1970. @throws HabitueError invalid_body */
function dueOf(given: string): number {
  const time = /^\d{4}-\d\d-\d\d/.test(given) ? Date.parse(given) : Number.NaN
  if (Number.isFinite(time)) return time
  throw new HabitueError(
    'invalid_body',
    `The field "due" is ${JSON.stringify(given.slice(0, 60))}; expected ISO 8601.`,
    {
      field: 'due',
    },
  )
}
