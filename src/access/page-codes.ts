/**
 * Codes of six digits that prove a customer's e-mail address to his own page. Stored is who asked, for which link, and
 * how often it was tried: the code itself is a keyed hash of the row's random id, so it stands nowhere. A code is good
 * for ten minutes, for five tries, once, and for the link for which it was asked.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Handler, Handlers, Reader } from '../db/database.ts'
import { heldRows } from '../db/personal.ts'
import { secretKey } from '../db/secret.ts'
import { HabitueError } from '../errors.ts'

const minute = 60_000
export const codeLifeMs = 10 * minute
const mostTries = 5
/** Codes that one customer gets in an hour: with five tries each, guessing one takes years. */
const mostAnHour = 3
const keptMs = 60 * minute

export interface AskedCode {
  readonly id: string
  readonly customer: number
  /** SHA-256 of the link, hex. */
  readonly link: string
  readonly now: number
}

export interface PageCode {
  readonly id: string
  readonly customer: number
  /** Six digits. */
  readonly code: string
  /** Milliseconds since 1970. */
  readonly until: number
}

/** @throws HabitueError rate_limited */
const ask: Handler<AskedCode, void> = async (tx, { id, customer, link, now }) => {
  await tx.k
    .deleteFrom('page_codes')
    .where('created', '<=', now - keptMs)
    .execute()
  const recent = await tx.k.selectFrom('page_codes').select('created').where('customer', '=', customer).execute()
  if (recent.length >= mostAnHour) {
    const wait = Math.ceil((Math.min(...recent.map(({ created }) => created)) + keptMs - now) / 1000)
    throw new HabitueError('rate_limited', `Too many codes were asked for; try again in ${wait} s.`, {
      retryAfter: wait,
    })
  }
  // The newest alone counts.
  await tx.k.updateTable('page_codes').set({ until: now, sent: 1 }).where('customer', '=', customer).execute()
  const row = { id, customer, link, created: now, until: now + codeLifeMs, tries: 0, sent: 0 }
  await tx.k.insertInto('page_codes').values(row).execute()
}

/** Counts the try before it compares. @returns whether it was the code */
const attempt: Handler<{ link: string; code: string; now: number }, boolean> = async (tx, { link, code, now }) => {
  let query = tx.k
    .selectFrom('page_codes')
    .select(['id', 'tries'])
    .where('link', '=', link)
    .where('until', '>', now)
    .where('tries', '<', mostTries)
  if (tx.engine === 'postgres') query = query.forUpdate()
  const row = await query.executeTakeFirst()
  if (!row) return false
  const expected = Buffer.from(codeOf(await secretKey(tx, 'page code'), row.id))
  const given = Buffer.from(code)
  const isRight = given.length === expected.length && timingSafeEqual(given, expected)
  const tries = row.tries + 1
  const change = isRight ? { tries, sent: 1, until: now } : { tries }
  await tx.k.updateTable('page_codes').set(change).where('id', '=', row.id).execute()
  return isRight
}

const sent: Handler<{ id: string }, boolean> = async (tx, { id }) => {
  const { numUpdatedRows } = await tx.k
    .updateTable('page_codes')
    .set({ sent: 1 })
    .where('id', '=', id)
    .where('sent', '=', 0)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

export const pageCodeHandlers: Handlers = {
  'access.askPageCode': ask,
  'access.tryPageCode': attempt,
  'access.sentPageCode': sent,
}

/** Codes that nobody has sent yet, the oldest first. */
export async function waitingCodes(reader: Reader, now: number): Promise<PageCode[]> {
  const key = await secretKey(reader, 'page code')
  const rows = await reader.k
    .selectFrom('page_codes')
    .select(['id', 'customer', 'until'])
    .where('sent', '=', 0)
    .where('until', '>', now)
    .orderBy('created')
    .orderBy('id')
    .limit(1000)
    .execute()
  return rows.map((row) => ({ ...row, code: codeOf(key, row.id) }))
}

/** Dynamic truncation to digits (RFC 4226, 5.3). */
function codeOf(key: Uint8Array, id: string): string {
  const digest = createHmac('sha256', key).update(id).digest()
  const at = digest[digest.length - 1] & 0x0f
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

export const pageCodesData = heldRows({
  table: 'page_codes',
  title: 'Codes that you asked for on your page',
  customer: 'customer',
  shown: ['created', 'until'],
  orderBy: ['created'],
  times: ['created', 'until'],
})
