/** Who works at the desk: signing in and out by plain forms, and what every page of the desk asks before it shows anything. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Engine, Session } from '../../engine-api.ts'
import { HabitueError } from '../../errors.ts'
import { allows } from '../authentication.ts'
import { escaped as e } from '../html.ts'
import { type Action, permissionOf } from '../permissions.ts'
import { sessionCookie, setSessionCookie } from '../session-cookie.ts'
import type { App } from '../typed-app.ts'
import { deskDocument, deskForm, deskNotice } from './desk-frame.ts'
import { sendPage } from './headers.ts'

/** Who is signed in, and what goes with every page that is sent. */
export interface Staff {
  readonly session: Session
  /** What every form sends back. */
  readonly word: string
  readonly may: (action: Action) => boolean
  /** As the audit log names him. */
  readonly actor: string
}

export type DeskRequest = FastifyRequest<{
  Params: Record<string, string | undefined>
  Querystring: Record<string, string | undefined>
}>
type Handle = (request: DeskRequest, reply: FastifyReply, staff: Staff) => Promise<unknown>

export const deskRoute = {
  schema: { hide: true },
  config: { open: 'who is signed in is looked at here', reads: 'raw' },
} as const
/** Bytes; no form of the desk is larger. */
export const deskFormLimit = 64 * 1024
const signInPath = '/desk/sign-in'

/** Shows the page to who is signed in and may see it; others sign in, and come back to it. */
export function forStaff(engine: Engine, action: Action, handle: Handle) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const token = sessionCookie(request)
    const session = token === null ? null : await engine.people.verify(token)
    if (!session) {
      const query = new URLSearchParams({ next: request.method === 'GET' ? request.url : '/desk' })
      return reply.code(303).header('location', `${signInPath}?${query}`).header('cache-control', 'no-store').send()
    }
    if (session.renewed) setSessionCookie(request, reply, session.renewed.token)
    const staff = await staffOf(engine, session)
    try {
      if (!staff.may(action)) throw mayNot(session, action)
      return await handle(request as DeskRequest, reply, staff)
    } catch (error) {
      return sendTrouble(engine, request, reply, staff, error)
    }
  }
}

/** The same for a form that came back: from a page of this session and no other. */
export function fromStaff(
  engine: Engine,
  action: Action,
  handle: (request: DeskRequest, reply: FastifyReply, staff: Staff, form: URLSearchParams) => Promise<unknown>,
) {
  return forStaff(engine, action, async (request, reply, staff) => {
    const form = formOf(request)
    if (isForeign(request) || !(await engine.desk.isFormWord(staff.session, form.get('form') ?? '')))
      throw new HabitueError('csrf_failed', 'This form is of another session. Load the page again.')
    return handle(request, reply, staff, form)
  })
}

export function mayNot({ person }: Session, action: Action): HabitueError {
  const { meaning, roles = [] } = permissionOf(action)
  return new HabitueError(
    'forbidden',
    `The role ${person.role} may not ${meaning}; ${roles.join(' and ') || 'nobody'} may.`,
  )
}

export function deskSignInRoutes(app: App, engine: Engine): void {
  const { people, audit, world } = engine
  const note = (actor: string, action: string) =>
    audit.note({ time: world.now(), actor, action, who: null, detail: {} })
  app.get(signInPath, deskRoute, (request, reply) => {
    const { next } = (request as DeskRequest).query
    return sendPage(engine, reply, 200, signInPage(safeNext(next), null))
  })
  app.post(signInPath, { ...deskRoute, bodyLimit: deskFormLimit }, async (request, reply) => {
    const form = formOf(request)
    const next = safeNext(form.get('next') ?? undefined)
    try {
      if (isForeign(request)) throw new HabitueError('csrf_failed', 'The request came from another site.')
      const signedIn = await people.signIn(form.get('email') ?? '', form.get('password') ?? '', request.ip)
      note(`person:${signedIn.session.person.id}`, 'session.start')
      setSessionCookie(request, reply, signedIn.token)
      return reply.code(303).header('location', next).header('cache-control', 'no-store').send()
    } catch (error) {
      if (!(error instanceof HabitueError) || error.status >= 500) throw error
      if (error.code === 'sign_in_failed') note('nobody', 'session.refused')
      return sendPage(engine, reply, error.status, signInPage(next, error.message))
    }
  })
  app.post(
    '/desk/sign-out',
    { ...deskRoute, bodyLimit: deskFormLimit },
    fromStaff(engine, 'tasks.read', async (request, reply, { session, actor }) => {
      await people.signOut(session.id)
      note(actor, 'session.end')
      setSessionCookie(request, reply, null)
      return reply.code(303).header('location', signInPath).send()
    }),
  )
}

async function staffOf(engine: Engine, session: Session): Promise<Staff> {
  const { id, name } = session.person
  const caller = { id: `person:${id}`, kind: 'admin', name, origins: null, session } as const
  return {
    session,
    word: await engine.desk.formWord(session),
    may: (action) => allows(caller, action),
    actor: `person:${id}`,
  }
}

function formOf({ body }: FastifyRequest): URLSearchParams {
  return new URLSearchParams(Buffer.isBuffer(body) ? body.toString('utf8') : '')
}

function isForeign({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

/** A page of the desk, and of no other host. */
function safeNext(next: string | undefined): string {
  return next !== undefined &&
    next.length < 1000 &&
    /^\/desk(?:[/?][\w./?=&%:@+~-]*)?$/.test(next) &&
    !next.includes('//')
    ? next
    : '/desk'
}

function signInPage(next: string, trouble: string | null): string {
  const said = trouble === null ? '' : `<div class="say bad" role="alert">${e(trouble)}</div>`
  // A link of a mail comes from another site, so the browser keeps the cookie to itself until the next step.
  const inner = `<section class="block">${said}${deskForm(
    null,
    signInPath,
    { next },
    `<label for="email">E-mail</label><input type="email" id="email" name="email" autocomplete="username" required>
<label for="password">Password</label><input type="password" id="password" name="password" autocomplete="current-password" required>
<div class="row"><button class="now">Sign in</button></div>`,
    true,
  )}<p class="soft">Signed in already? <a href="${e(next)}">Go on</a></p></section>`
  return deskDocument(null, 'Sign in', inner)
}

/** A page for people, whatever went wrong; faults are logged as those of the API are. */
function sendTrouble(engine: Engine, request: FastifyRequest, reply: FastifyReply, staff: Staff, error: unknown) {
  if (error instanceof HabitueError && error.status < 500)
    return sendPage(engine, reply, error.status, deskNotice(staff, 'That did not work', error.message))
  const { name, message, stack } = error as Error
  const fault = { name, message, stack }
  const route = `${request.method} ${request.routeOptions.url}`
  engine.log.error({ requestId: request.id, route, fault }, 'a page of the desk failed')
  return sendPage(
    engine,
    reply,
    503,
    deskNotice(staff, 'That did not work', 'A fault of the server; the log has more.'),
  )
}
