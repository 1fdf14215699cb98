/**
 * Links to a survey. A link is a random name and its keyed hash: it cannot be guessed, holds nobody's name, and is worth
 * nothing once its row is revoked, ended or erased. Who calls again with the same invitation gets the same link.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Reader } from '../db/database.ts'
import { secretKey } from '../db/secret.ts'

/** Of the name, and of the 128 bits of its hash: 22 characters each. */
const form = /^([\w-]{22})\.([\w-]{22})$/

export interface SurveyLinks {
  tokenOf(invitation: string): string
  /** The invitation; null = no link of this shop. */
  open(token: string): string | null
}

export async function surveyLinks(reader: Reader): Promise<SurveyLinks> {
  const key = await secretKey(reader, 'survey link')
  const mark = (id: string) => createHmac('sha256', key).update(id).digest().subarray(0, 16)
  return {
    tokenOf: (invitation) => `${invitation}.${mark(invitation).toString('base64url')}`,
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
