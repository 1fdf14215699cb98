/** /v1/session: people of the shop sign in and out. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { type Engine, type PersonInfo, roles, type Session } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { callerOfSession, sessionCookie, setSessionCookie } from './session-cookie.ts'
import type { App } from './typed-app.ts'

const NullableTime = Type.Union([Type.String(), Type.Null()])
export const PersonAnswer = Type.Object({
  id: Type.String(),
  email: Type.Union([Type.String(), Type.Null()], { description: 'Null = removed.' }),
  name: Type.String(),
  role: Type.Enum([...roles]),
  created: Type.String({ description: 'ISO 8601' }),
  signedIn: NullableTime,
  removed: NullableTime,
})
const SessionAnswer = Type.Object({
  person: PersonAnswer,
  csrf: Type.String({ description: 'To be sent as X-Habitue-CSRF with whatever changes something.' }),
  until: Type.String({ description: 'When the session ends at the latest. ISO 8601' }),
})
const Password = Type.String({ minLength: 1, maxLength: 1000 })
const SignIn = Type.Object(
  { email: Type.String({ minLength: 1, maxLength: 254 }), password: Password },
  { additionalProperties: false },
)
const NewPassword = Type.Object({ old: Password, password: Password }, { additionalProperties: false })

export function sessionRoutes(app: App, engine: Engine): void {
  const { people, audit, world } = engine
  const tags = ['people']
  const config = { open: 'this is where people sign in; the cookie is looked at here' }
  const note = (actor: string, action: string) =>
    audit.note({ time: world.now(), actor, action, who: null, detail: {} })

  app.post(
    '/v1/session',
    { schema: { tags, body: SignIn, response: { 200: SessionAnswer } }, config },
    async (request, reply) => {
      checkSite(request)
      const { email, password } = request.body
      const signedIn = await people.signIn(email, password, request.ip).catch((error: unknown) => {
        if (error instanceof HabitueError && error.code === 'sign_in_failed') note('nobody', 'session.refused')
        throw error
      })
      note(`person:${signedIn.session.person.id}`, 'session.start')
      setSessionCookie(request, reply, signedIn.token)
      return reply.header('cache-control', 'no-store').send(wire(signedIn.session))
    },
  )
  app.get('/v1/session', { schema: { tags, response: { 200: SessionAnswer } }, config }, async (request, reply) => {
    const session = await sessionOf(request)
    reply.header('cache-control', 'no-store')
    if (session.renewed) setSessionCookie(request, reply, session.renewed.token)
    return wire(session)
  })
  app.delete('/v1/session', { schema: { tags }, config }, async (request, reply) => {
    const token = sessionCookie(request)
    if (token !== null) {
      const { session } = await callerOfSession(request, reply, engine, token)
      await people.signOut((session as Session).id)
      note(`person:${(session as Session).person.id}`, 'session.end')
    }
    setSessionCookie(request, reply, null)
    return reply.code(204).send()
  })
  app.post('/v1/session/password', { schema: { tags, body: NewPassword }, config }, async (request, reply) => {
    const token = sessionCookie(request)
    if (token === null) throw noSession()
    const { session } = await callerOfSession(request, reply, engine, token)
    await people.changePassword(session as Session, request.body.old, request.body.password, request.ip)
    note(`person:${(session as Session).person.id}`, 'session.password')
    return reply.code(204).send()
  })

  async function sessionOf(request: FastifyRequest): Promise<Session> {
    const token = sessionCookie(request)
    const session = token === null ? null : await people.verify(token)
    if (!session) throw noSession()
    return session
  }
}

/** Nobody is signed in by a page of another site (login CSRF). */
function checkSite({ headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new HabitueError('csrf_failed', 'The request came from another site.')
}

function wire({ person, csrf, renewed, until }: Session) {
  return { person: personWire(person), csrf: renewed?.csrf ?? csrf, until: new Date(until).toISOString() }
}

/** A person as the wire has it. */
export function personWire({ created, signedIn, removed, ...rest }: PersonInfo) {
  const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString())
  return { ...rest, created: new Date(created).toISOString(), signedIn: iso(signedIn), removed: iso(removed) }
}

function noSession(): HabitueError {
  return new HabitueError('session_required', 'Nobody is signed in here.')
}
