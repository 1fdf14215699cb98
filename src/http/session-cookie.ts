/**
 * The cookie of a person who is signed in: unreadable to scripts, never sent along from another site, and good for nothing
 * that changes anything unless the page also sends what only a page of this origin can know.
 */
import { timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Engine, Session } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import type { Caller } from './caller.ts'

const cookieName = 'habitue_session'
export const csrfHeader = 'x-habitue-csrf'
const reading: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The token of the cookie, or null. */
export function sessionCookie({ headers }: FastifyRequest): string | null {
  const match = /(?:^|;\s*)habitue_session=([\w-]{43})(?:;|$)/.exec(headers.cookie ?? '')
  return match ? match[1] : null
}

/** Sets the cookie, or with null takes it back. Without TLS browsers keep it for this machine only. */
export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, token: string | null): void {
  const isHere = request.protocol === 'http' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(request.hostname)
  const attributes = ['Path=/', 'HttpOnly', 'SameSite=Strict', ...(isHere ? [] : ['Secure'])]
  if (token === null) attributes.push('Max-Age=0')
  reply.header('set-cookie', [`${cookieName}=${token ?? ''}`, ...attributes].join('; '))
}

/**
 * The person behind the cookie, as a caller.
 * @throws HabitueError unauthorized (no such session), csrf_failed
 */
export async function callerOfSession(
  request: FastifyRequest,
  reply: FastifyReply,
  engine: Engine,
  token: string,
): Promise<Caller> {
  const session = await engine.people.verify(token)
  if (!session) throw new HabitueError('unauthorized', 'The session has ended; sign in again.')
  if (!reading.has(request.method)) checkOrigin(request, session)
  if (session.renewed) {
    setSessionCookie(request, reply, session.renewed.token)
    reply.header(csrfHeader, session.renewed.csrf)
  }
  const { id, name } = session.person
  return { id: `person:${id}`, kind: 'admin', name, origins: null, session }
}

/** Browsers say where a request comes from; and only a page of this origin knows the session's word. */
function checkOrigin({ headers }: FastifyRequest, session: Session): void {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new HabitueError('csrf_failed', 'The request came from another site.')
  const given = Buffer.from(String(headers[csrfHeader] ?? ''))
  const expected = Buffer.from(session.csrf)
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new HabitueError('csrf_failed', `The request lacks the word of the session (${csrfHeader}).`)
}
