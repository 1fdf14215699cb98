/**
 * Who is asking. A key comes as Basic authentication (as the user name, the way SDKs send a write key), as a Bearer
 * token, as `writeKey` in the query, or, for tracking, as `writeKey` in the body. A key is only ever compared as a hash,
 * and never written to a log or an answer.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type CustomerToken, type Engine, originAllowed, type TokenScope, type VerifiedKey } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import type { Caller } from './caller.ts'
import { type Action, permissionOf } from './permissions.ts'
import { createRateLimiter, type RateLimiter } from './rate-limit.ts'
import { callerOfSession, sessionCookie } from './session-cookie.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before the handler of every route that names an `action`. */
    caller: Caller
  }
  interface FastifyContextConfig {
    /** What the route does, for the table of permissions. */
    action?: Action
    /** Instead of an action: why anybody may call it, or who checks. */
    open?: string
  }
}

/** The header in which a page sends its visitor's customer token. */
export const tokenHeader = 'x-habitue-token'
const longestKey = 200

export interface Authentication {
  /** The key of a tracking request, whose body may hold it; checked, counted, and bound to its origin. */
  ofTracking(request: FastifyRequest, body: unknown): Promise<VerifiedKey>
}

/**
 * Lets no route exist without saying who may call it, and checks the key of each before its body is read.
 * Call before any route is defined.
 */
export function installAuthentication(app: FastifyInstance, engine: Engine): Authentication {
  const limiter = createRateLimiter(engine.config.rateLimits, engine.world)
  app.decorateRequest('caller')

  function check(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    try {
      const text = keyOfHeaders(request)
      if (text === null) {
        const cookie = sessionCookie(request)
        if (cookie === null) throw noKey()
        callerOfSession(request, reply, engine, cookie)
          .then((caller) => admitted(request, caller, limiter))
          .then(() => done(), done)
        return
      }
      const key = engine.keys.verify(text)
      if (key instanceof Promise) {
        key.then((late) => admitted(request, late, limiter)).then(() => done(), done)
        return
      }
      admitted(request, key, limiter)
    } catch (error) {
      done(error as Error)
      return
    }
    done()
  }

  app.addHook('onRoute', (route) => {
    const { action, open } = route.config ?? {}
    if (!action && !open) throw new Error(`The route ${route.url} says neither which action it is nor why it is open.`)
    if (!action) return
    const given = route.onRequest ?? []
    route.onRequest = [check, ...(Array.isArray(given) ? given : [given])]
  })

  return {
    async ofTracking(request, body) {
      const text = keyOfHeaders(request) ?? keyOfBody(body)
      if (text === null) throw noKey()
      return accepted(request, await engine.keys.verify(text), limiter)
    },
  }
}

/** Sets the caller, after the permission that the route's action needs. */
function admitted(request: FastifyRequest, key: Caller | null, limiter: RateLimiter): void {
  const caller = accepted(request, key, limiter)
  const action = request.routeOptions.config.action as Action
  // Where a token may do, the handler knows whom the request is about, and asks `requireCustomer`.
  if (!allows(caller, action) && (caller.session || !permissionOf(action).token)) throw mayNot(caller, action)
  request.caller = caller
}

/** A key that exists, from an origin that it is bound to, and not too often. */
function accepted(request: FastifyRequest, key: Caller | null, limiter: RateLimiter): Caller {
  if (!key) throw new HabitueError('unauthorized', 'The key is unknown or was revoked.')
  const { origin } = request.headers
  if (key.origins && origin !== undefined && !originAllowed(key.origins, origin)) {
    const message = `The key ${key.id} may not be used from ${JSON.stringify(origin.slice(0, 200))}; it is bound to ${key.origins.join(', ')}.`
    throw new HabitueError('origin_forbidden', message, { origins: key.origins })
  }
  const wait = limiter.take(key)
  if (wait > 0) {
    const message = `Too many requests with the key ${key.id}; try again in ${wait} s.`
    throw new HabitueError('rate_limited', message, { retryAfter: wait })
  }
  return key
}

/** Whether the caller may do `action` whomever it concerns. */
export function allows({ kind, session }: Caller, action: Action): boolean {
  const { kinds, roles = [] } = permissionOf(action)
  return session ? roles.includes(session.person.role) : kinds.includes(kind)
}

/** @throws HabitueError forbidden, unless `key` may do `action` */
export function requireAction(key: Caller, action: Action): void {
  if (!allows(key, action)) throw mayNot(key, action)
}

/**
 * Lets the caller act for the known customer `user` (null = one named by other means than a user id): a server does, a
 * page only with that customer's own token.
 * @throws HabitueError customer_token_required, customer_token_invalid
 */
export async function requireCustomer(
  request: FastifyRequest,
  engine: Engine,
  action: Action,
  user: string | null,
): Promise<void> {
  if (allows(request.caller, action)) return
  const scope = permissionOf(action).token
  if (!scope) throw mayNot(request.caller, action)
  const token = await tokenOf(request, engine)
  if (!token) {
    const message = `A page needs the customer's token to ${permissionOf(action).meaning}; send it as X-Habitue-Token.`
    throw new HabitueError('customer_token_required', message)
  }
  requireScope(token, scope)
  if (token.user !== user) {
    throw new HabitueError(
      'customer_token_invalid',
      'The customer token is of another customer than the one asked about.',
    )
  }
}

/** @throws HabitueError customer_token_invalid, unless the token has this scope */
export function requireScope(token: CustomerToken, scope: TokenScope): void {
  if (!token.scopes.includes(scope)) {
    throw new HabitueError('customer_token_invalid', `The customer token lacks the scope "${scope}".`, { scope })
  }
}

/** The token of the header, checked; null when there is none. @throws HabitueError customer_token_invalid */
async function tokenOf(request: FastifyRequest, engine: Engine): Promise<CustomerToken | null> {
  const text = request.headers[tokenHeader]
  return typeof text === 'string' && text !== '' ? engine.keys.verifyToken(text) : null
}

/** The key's text of the Authorization header, else of the query; null when neither has one. */
export function keyOfHeaders(request: FastifyRequest): string | null {
  const { authorization } = request.headers
  if (authorization) {
    const [scheme, value = ''] = authorization.split(' ', 2)
    const text = /^basic$/i.test(scheme) ? userName(value) : /^bearer$/i.test(scheme) ? value : ''
    if (text !== '') return sensible(text)
  }
  const { writeKey } = (request.query ?? {}) as { writeKey?: unknown }
  return typeof writeKey === 'string' && writeKey !== '' ? sensible(writeKey) : null
}

function userName(value: string): string {
  const pair = Buffer.from(value, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  return colon < 0 ? pair : pair.slice(0, colon)
}

function keyOfBody(body: unknown): string | null {
  if (body === null || typeof body !== 'object') return null
  const { writeKey, batch } = body as { writeKey?: unknown; batch?: unknown }
  if (typeof writeKey === 'string' && writeKey !== '') return sensible(writeKey)
  return Array.isArray(batch) && batch.length > 0 ? keyOfBody({ writeKey: batch[0]?.writeKey }) : null
}

/** Nobody's key is that long; hashing it would only cost time. */
function sensible(text: string): string {
  if (text.length > longestKey) throw new HabitueError('unauthorized', 'The key is unknown or was revoked.')
  return text
}

function noKey(): HabitueError {
  const ways = 'Basic authentication (the key as user name), a Bearer token, or writeKey'
  return new HabitueError('unauthorized', `The request has no key; send one as ${ways}.`)
}

function mayNot(key: Caller, action: Action): HabitueError {
  const { kinds, roles = [], meaning } = permissionOf(action)
  if (key.session) {
    const { role } = key.session.person
    const who = roles.length > 0 ? `the roles that may: ${roles.join(', ')}` : 'no person may, only keys'
    return new HabitueError('forbidden', `The role ${role} may not ${meaning}; ${who}.`, { role, expected: roles })
  }
  const message = `A ${key.kind} key may not ${meaning}; ${kinds.join(' and ')} keys may.`
  return new HabitueError('forbidden', message, { kind: key.kind, expected: kinds })
}
