/**
 * Links to a customer's own page. A link is sealed, not only signed (AES-256-GCM): it names one customer and ends at a
 * time, and neither can be read out of an address that stands in a log, or changed. The keys come from the secret of the
 * database, each for one purpose, so that nothing else that Habitue signs opens the page, and a link opens nothing else.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { Reader } from '../db/database.ts'
import { openText, sealText } from '../db/sealed-text.ts'
import { secretKey } from '../db/secret.ts'
import { HabitueError } from '../errors.ts'

export interface PageLink {
  readonly who: { readonly kind: string; readonly value: string }
  /** Milliseconds since 1970. */
  readonly expires: number
}

/** Milliseconds. A link that waits in a mail lives for weeks; one that a shop's page opens, for minutes. */
export const longestLinkMs = 30 * 24 * 60 * 60_000
/** How long somebody who gave the code may see and do what asks for it. */
export const proofMs = 30 * 60_000
/** So that the address stays within what routes take. */
const longestName = 300

export interface PageKeys {
  /** Of 12 random bytes that were never used before. @throws HabitueError invalid_body (the name is too long) */
  seal(link: PageLink, iv: Uint8Array): string
  /** @throws HabitueError page_link_invalid */
  open(token: string, now: number): PageLink
  /** What a form of this page must send back; another page's does not do. */
  formWord(token: string): string
  isFormWord(token: string, given: string): boolean
  /** What the browser keeps that gave the code for this link: good for it alone, until `until`. */
  proof(token: string, until: number): string
  isProof(token: string, given: string, now: number): boolean
}

/** `reader`: of the database whose secret the keys come from. */
export async function pageKeys(reader: Reader): Promise<PageKeys> {
  const [link, form, proof] = await Promise.all(
    ['page link', 'page form', 'page proof'].map((purpose) => secretKey(reader, purpose)),
  )
  const word = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest('base64url')
  return {
    seal: (one, iv) => seal(link, one, iv),
    open: (token, now) => open(link, token, now),
    formWord: (token) => word(form, token),
    isFormWord: (token, given) => isSame(given, word(form, token)),
    proof: (token, until) => `${until}.${word(proof, `${until}.${token}`)}`,
    isProof(token, given, now) {
      const [until, mark = ''] = given.split('.', 2)
      return isSame(mark, word(proof, `${until}.${token}`)) && Number(until) > now
    },
  }
}

/** Names a link where the link itself must not stand. */
export function linkDigest(token: string): string {
  return hash('sha256', token, 'hex')
}

function seal(key: Uint8Array, { who, expires }: PageLink, iv: Uint8Array): string {
  if (Buffer.byteLength(who.value) + Buffer.byteLength(who.kind) > longestName)
    throw new HabitueError('invalid_body', `The id is longer than ${longestName} bytes; a page's link cannot hold it.`)
  return sealText(key, JSON.stringify([who.kind, who.value, expires]), iv)
}

function open(key: Uint8Array, token: string, now: number): PageLink {
  const text = openText(key, token)
  if (text === null) throw invalid()
  const [kind, value, expires] = JSON.parse(text) as [string, string, number]
  if (expires <= now) throw new HabitueError('page_link_invalid', 'The link has expired.', { expired: true })
  return { who: { kind, value }, expires }
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function invalid(): HabitueError {
  return new HabitueError('page_link_invalid', 'The link is not one of this shop.', { expired: false })
}
