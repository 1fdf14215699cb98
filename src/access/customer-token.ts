/**
 * Customer tokens: how a page proves who its visitor is. The shop's own server signs one for the customer who is logged
 * in there; Habitue checks it and keeps nothing. It is a JSON Web Token (RFC 7519, compact form of RFC 7515), always
 * HS256, so any JWT library makes one:
 *
 *   header   {"alg": "HS256", "typ": "JWT", "kid": <id of a server key>}
 *   payload  {"sub": <user id>, "scope": "track read", "exp": <seconds since 1970>, "email": <optional>}
 *   secret   SHA-256 of the server key's text, as 64 hex digits; both sides know it, neither stores the key in clear
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { HabitueError } from '../errors.ts'
import type { KeyRing } from './key-ring.ts'

/** `track`: events of this user id count as the customer's own. `read`: recommendations for, and memory of, him. */
export type TokenScope = 'track' | 'read'

export interface CustomerToken {
  readonly user: string
  readonly scopes: readonly TokenScope[]
  /** Seconds since 1970. */
  readonly expires: number
  /** An e-mail address that the shop has confirmed to be this customer's; null = none stated. */
  readonly email: string | null
}

/** No token may be good for longer, in seconds: it is held by a browser. */
export const longestLife = 24 * 60 * 60
/** How far clocks may differ, in seconds. */
const leeway = 60
const longestToken = 4096

/** Signs a token. `secret` = SHA-256 of the server key's text, hex. */
export function signCustomerToken(
  token: { user: string; scopes?: readonly TokenScope[]; expires: number; email?: string | null },
  keyId: string,
  secret: string,
): string {
  const header = { alg: 'HS256', typ: 'JWT', kid: keyId }
  const payload = {
    sub: token.user,
    scope: (token.scopes ?? ['track', 'read']).join(' '),
    exp: token.expires,
    ...(token.email ? { email: token.email } : {}),
  }
  const signed = `${encode(header)}.${encode(payload)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

/**
 * Checks a token: form, signature by a living server key, expiry. `now` in milliseconds since 1970.
 * @throws HabitueError customer_token_invalid, saying what is wrong with it
 */
export async function verifyCustomerToken(text: string, ring: KeyRing, now: number): Promise<CustomerToken> {
  if (text.length > longestToken) throw invalid(`is ${text.length} characters long; at most ${longestToken} are read`)
  const parts = text.split('.')
  if (parts.length !== 3) throw invalid('is not of the form header.payload.signature')
  const [header, payload] = [decode(parts[0]), decode(parts[1])]
  if (header?.alg !== 'HS256') throw invalid('is not signed with HS256')
  if (typeof header.kid !== 'string') throw invalid('does not name its server key (`kid` in the header)')
  const secrets = await ring.signingSecrets(header.kid)
  if (secrets.length === 0) throw invalid('names a server key that does not exist or was revoked')
  const given = Buffer.from(parts[2], 'base64url')
  const signed = `${parts[0]}.${parts[1]}`
  if (!secrets.some((secret) => matches(given, secret, signed))) throw invalid('has a wrong signature')
  return checkClaims(payload, Math.floor(now / 1000))
}

function checkClaims(payload: Record<string, unknown> | null, now: number): CustomerToken {
  const { sub, exp, scope = 'track read', email = null, nbf } = payload ?? {}
  if (typeof sub !== 'string' || sub === '') throw invalid('names no customer (`sub`, a string)')
  if (typeof exp !== 'number' || !Number.isFinite(exp)) throw invalid('has no expiry (`exp`, seconds since 1970)')
  if (exp + leeway <= now) throw invalid(`expired ${now - exp} seconds ago`, { expired: true })
  if (exp > now + longestLife + leeway)
    throw invalid(`expires in ${exp - now} seconds; at most ${longestLife} are allowed`)
  if (typeof nbf === 'number' && nbf - leeway > now) throw invalid('is not valid yet (`nbf`)')
  if (typeof scope !== 'string') throw invalid('has a scope that is no string')
  if (email !== null && typeof email !== 'string') throw invalid('has an e-mail that is no string')
  const scopes = scope.split(' ').filter((word): word is TokenScope => word === 'track' || word === 'read')
  return { user: sub, scopes, expires: exp, email }
}

function matches(given: Buffer, secret: string, signed: string): boolean {
  const expected = createHmac('sha256', secret).update(signed).digest()
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function invalid(what: string, details: Record<string, unknown> = {}): HabitueError {
  return new HabitueError('customer_token_invalid', `The customer token ${what}.`, details)
}
