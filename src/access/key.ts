/**
 * What a key is: its kinds, its text (`hbs_<id>_<256 random bits>`), its hash, and the origins that a page's key is
 * bound to. Pure; nothing here is stored.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'

export type KeyKind = 'publishable' | 'server' | 'admin'

export const keyKinds: readonly KeyKind[] = ['publishable', 'server', 'admin']

/** A key as everybody may see it: never its text, never its hash. */
export interface KeyInfo {
  /** Stable over rotation; also the `source` of the events sent with it. */
  readonly id: string
  readonly kind: KeyKind
  readonly name: string
  /** Origins from which a publishable key may be used; null for the other kinds. */
  readonly origins: readonly string[] | null
  /** Milliseconds since 1970. */
  readonly created: number
  readonly lastUsed: number | null
  readonly revoked: number | null
  /** Until when the text before the last rotation still works; null = there is none. */
  readonly previousUntil: number | null
}

const prefixes: Readonly<Record<KeyKind, string>> = { publishable: 'hbp', server: 'hbs', admin: 'hba' }

/** A new id: 12 hex digits, so that it never holds the separator `_`. */
export function newKeyId(world: World): string {
  return Buffer.from(world.bytes(6)).toString('hex')
}

/** The text of a key, shown once: kind, id and 256 random bits in base64url. */
export function newKeyText(world: World, kind: KeyKind, id: string): string {
  return `${prefixes[kind]}_${id}_${Buffer.from(world.bytes(32)).toString('base64url')}`
}

/** SHA-256 of the text, hex: what is stored of a key, and the secret with which its customer tokens are signed. */
export function hashKey(text: string): string {
  return hash('sha256', text, 'hex')
}

/** Compares two hex digests in a time that does not tell where they differ. */
export function sameDigest(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))
}

/**
 * The canonical form of the origins given for a key: scheme, host and port. `https://*.shop.example` stands for every
 * host below `shop.example`.
 * @throws HabitueError invalid_body when one is no origin, or a publishable key has none.
 */
export function checkOrigins(kind: KeyKind, origins: readonly string[] | null): readonly string[] | null {
  if (kind !== 'publishable') {
    if (origins && origins.length > 0) {
      throw new HabitueError('invalid_body', `Only a publishable key is bound to origins; this one is a ${kind} key.`)
    }
    return null
  }
  if (!origins || origins.length === 0) {
    const expected = 'at least one origin, such as https://shop.example'
    throw new HabitueError('invalid_body', `A publishable key needs ${expected}; got none.`, { expected })
  }
  return [...new Set(origins.map(canonicalOrigin))]
}

function canonicalOrigin(text: string): string {
  const [, scheme, wildcard, place] = /^(https?:\/\/)(\*\.)?([^/*?#@\s]+)\/?$/i.exec(text) ?? []
  const url = place === undefined ? null : URL.parse(scheme + place)
  if (!url?.hostname) {
    const expected = 'an origin: scheme, host and port, such as https://shop.example or https://*.shop.example'
    throw new HabitueError('invalid_body', `The origin is ${JSON.stringify(text)}; expected ${expected}.`, { expected })
  }
  return wildcard ? url.origin.replace('://', '://*.') : url.origin
}

/** Whether a page of `origin` (the header that a browser sends) may use a key bound to `origins`. */
export function originAllowed(origins: readonly string[] | null, origin: string): boolean {
  if (!origins) return true
  const asked = origin.toLowerCase()
  return origins.some((allowed) => {
    if (!allowed.includes('://*.')) return allowed === asked
    const [scheme, host] = allowed.split('://*')
    return asked.startsWith(`${scheme}://`) && asked.endsWith(host) && asked.length > scheme.length + 3 + host.length
  })
}
