/**
 * Links to a row that a customer may open: a random name and its keyed hash. It cannot be guessed, holds nobody's name, and is
 * worth nothing once its row is revoked, ended or erased. Who asks again for the same row gets the same link.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Reader } from './database.ts'
import { secretKey } from './secret.ts'

/** Of the name, and of the 128 bits of its hash: 22 characters each. */
const form = /^([\w-]{22})\.([\w-]{22})$/

export interface SealedLinks {
  /** `name` = 16 random bytes in base64url. */
  tokenOf(name: string): string
  /** The name; null = no link of this shop. */
  open(token: string): string | null
}

/** `purpose`: a link for one is none for another. */
export async function sealedLinks(reader: Reader, purpose: string): Promise<SealedLinks> {
  const key = await secretKey(reader, purpose)
  const mark = (name: string) => createHmac('sha256', key).update(name).digest().subarray(0, 16)
  return {
    tokenOf: (name) => `${name}.${mark(name).toString('base64url')}`,
    open(token) {
      const match = form.exec(token)
      if (!match) return null
      const given = Buffer.from(match[2], 'base64url')
      const isOurs =
        given.length === 16 && given.toString('base64url') === match[2] && timingSafeEqual(given, mark(match[1]))
      return isOurs ? match[1] : null
    },
  }
}
