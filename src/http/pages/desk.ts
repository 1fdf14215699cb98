/** /desk: plain pages for people of the shop. The queue, the search, and a customer's page; every change is a form that is posted. */
import type { FastifyReply } from 'fastify'
import type { Engine, Identifier, TaskView } from '../../engine-api.ts'
import { HabitueError } from '../../errors.ts'
import type { App } from '../typed-app.ts'
import { deskActs } from './desk-acts.ts'
import { renderCustomer } from './desk-customer.ts'
import { clockOf, customerPath, deskNotice } from './desk-frame.ts'
import { renderFind, renderQueue } from './desk-queue.ts'
import {
  type DeskRequest,
  deskFormLimit,
  deskRoute,
  deskSignInRoutes,
  forStaff,
  fromStaff,
  mayNot,
  type Staff,
} from './desk-session.ts'
import { deskView } from './desk-view.ts'
import { sendPage } from './headers.ts'

const customerRoute = '/desk/customers/:id'
const taskRoute = '/desk/tasks/:task'
const shown = 50

export function deskRoutes(app: App, engine: Engine): void {
  const limited = { ...deskRoute, bodyLimit: deskFormLimit }
  deskSignInRoutes(app, engine)
  app.get('/desk', deskRoute, forStaff(engine, 'tasks.read', queue(engine)))
  app.get('/desk/find', deskRoute, forStaff(engine, 'customers.find', find(engine)))
  app.get(customerRoute, deskRoute, forStaff(engine, 'customers.read', customer(engine)))
  app.post(customerRoute, limited, fromStaff(engine, 'customers.read', act(engine)))
  app.post(taskRoute, limited, fromStaff(engine, 'tasks.write', actOnTask(engine)))
}

const queue = (engine: Engine) => async (request: DeskRequest, reply: FastifyReply, staff: Staff) => {
  const { tasks, people, config, world } = engine
  const { queue = null, mine, after } = request.query
  const isMine = mine === 'yes'
  const filter = {
    ...(queue === null ? {} : { queue }),
    ...(isMine ? { owner: staff.actor } : {}),
    after,
    limit: shown,
  }
  const page = await tasks.page(filter)
  note(engine, staff, 'tasks.read', null, 'GET', '/desk')
  const view = { staff, page, waiting: await tasks.waiting(), queue, isMine, names: await people.names() }
  return sendPage(engine, reply, 200, renderQueue({ ...view, clock: clockOf(config.timeZone), now: world.now() }))
}

/** By whatever the person has at hand: an identifier of any kind, an order, a name. */
const find = (engine: Engine) => async (request: DeskRequest, reply: FastifyReply, staff: Staff) => {
  const asked = (request.query.q ?? '').trim().slice(0, 300)
  if (asked === '') return sendPage(engine, reply, 200, renderFind(staff, '', null))
  const { customers } = engine
  let found = await customers.find({ identifier: asked, limit: 20 })
  if (found.length === 0) found = await customers.find({ order: asked, limit: 20 })
  if (found.length === 0) found = await customers.find({ name: asked, limit: 20 })
  note(engine, staff, 'customers.find', null, 'GET', '/desk/find')
  return sendPage(engine, reply, 200, renderFind(staff, asked, found))
}

const customer = (engine: Engine) => async (request: DeskRequest, reply: FastifyReply, staff: Staff) => {
  const who = whoOf(request)
  const { before, done = null } = request.query
  const view = await deskView(engine, staff, who, { before, done, failed: null })
  if (!view)
    return sendPage(
      engine,
      reply,
      404,
      deskNotice(staff, 'Not here', 'Nobody is known by that name, or nothing of him may be shown.'),
    )
  note(engine, staff, 'customers.read', who, 'GET', customerRoute)
  return sendPage(engine, reply, 200, renderCustomer(view))
}

const act =
  (engine: Engine) => async (request: DeskRequest, reply: FastifyReply, staff: Staff, form: URLSearchParams) => {
    const who = whoOf(request)
    const name = form.get('do') ?? ''
    if (!Object.hasOwn(deskActs, name)) throw new HabitueError('not_found', 'There is no such button.')
    const { action, run } = deskActs[name]
    if (!staff.may(action)) throw mayNot(staff.session, action)
    return answered(engine, reply, staff, { who, act: name }, async () => {
      const done = await run({ engine, staff, who, form })
      note(engine, staff, action, who, 'POST', customerRoute)
      return done
    })
  }

const actOnTask =
  (engine: Engine) => async (request: DeskRequest, reply: FastifyReply, staff: Staff, form: URLSearchParams) => {
    const { tasks } = engine
    const id = Number(request.params.task)
    if (!Number.isSafeInteger(id)) throw new HabitueError('not_found', 'There is no such task.')
    const actor = { by: staff.actor, force: staff.session.person.role === 'admin' }
    const before = await tasks.get(id)
    const acts: Readonly<Record<string, () => Promise<TaskView>>> = {
      claim: () => tasks.claim(id, actor),
      release: () => tasks.release(id, actor),
      note: () => tasks.note(id, form.get('note') ?? '', actor),
      resolve: () =>
        tasks.resolve(
          id,
          { outcome: form.get('outcome') ?? '', note: form.get('note') ?? '', settles: form.get('settles') === 'yes' },
          actor,
        ),
    }
    const name = form.get('do') ?? ''
    if (!Object.hasOwn(acts, name)) throw new HabitueError('not_found', 'There is no such button.')
    return answered(engine, reply, staff, { who: before.customer, act: name }, async () => {
      await acts[name]()
      note(engine, staff, 'tasks.write', before.customer, 'POST', taskRoute)
      return name
    })
  }

/** The page again, asked for anew, so that loading it again sends no form twice; what can be mended is said on it at once. */
async function answered(
  engine: Engine,
  reply: FastifyReply,
  staff: Staff,
  { who, act }: { readonly who: Identifier | null; readonly act: string },
  run: () => Promise<string>,
) {
  try {
    const done = await run()
    const back = who === null ? '/desk' : `${customerPath(who)}&done=${done}`
    return await reply.code(303).header('location', back).header('cache-control', 'no-store').send()
  } catch (error) {
    if (!(error instanceof HabitueError) || error.status >= 500 || who === null) throw error
    const view = await deskView(engine, staff, who, { done: null, failed: { act, why: error.message } })
    if (!view) throw error
    return sendPage(engine, reply, error.status, renderCustomer(view))
  }
}

function whoOf({ params, query }: DeskRequest): Identifier {
  return { kind: query.kind ?? 'user', value: params.id ?? '' }
}

function note(
  engine: Engine,
  { actor }: Staff,
  action: string,
  who: Identifier | null,
  method: 'GET' | 'POST',
  route: string,
): void {
  engine.audit.note({ time: engine.world.now(), actor, action, who, detail: { method, route } })
}
