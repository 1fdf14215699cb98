/**
 * What changes a reorder.
 *
 * ```
 *  open ──(the button: with its event, once)──> ordered, due ──(the shop took it)──> handed
 *    └──(its day is over)──> expired                ├──(the shop is away)──> due again later
 *                                                   └──(refused, or for too long away)──> failed
 * ```
 */
import type { Handler, Handlers } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { IngestAnswer, IngestRequest } from '../events/event.ts'
import { ownEvent } from '../events/own.ts'
import { identifiersWith } from '../identity/store.ts'

/** The source of the events that tell an order. */
export const source = 'reorders'

/** The message that tells an order. */
export const messageOf = (id: string) => `reorder-${id}`

export interface NewReorder {
  /** 22 characters of base64url, random. */
  readonly id: string
  readonly key: string
  readonly identifier: number
  /** The message id of the `Occasion Due`. */
  readonly event: string
  readonly created: number
  readonly expires: number
}

/** Of a key that was used before, nothing happens. @returns the row's id */
const make: Handler<NewReorder, string> = async (tx, row) => {
  await tx.k
    .insertInto('reorders')
    .values({ ...row, attempts: 0 })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute()
  const query = tx.k.selectFrom('reorders').select('id').where('key', '=', row.key)
  return (await query.executeTakeFirstOrThrow()).id
}

export interface OrderAgain {
  readonly id: string
  /** Of `Order Requested`. */
  readonly properties: Readonly<Record<string, unknown>>
  readonly now: number
}

interface Needs {
  readonly currency: string
  readonly ingest: Handler<IngestRequest, IngestAnswer>
}

/**
 * Once: whoever presses twice has ordered once. The row says so and the event tells it in one transaction.
 * @returns false = it was ordered before, or is over
 * @throws HabitueError consent_refused
 */
const order =
  ({ currency, ingest }: Needs): Handler<OrderAgain, boolean> =>
  async (tx, { id, properties, now }) => {
    const row = await tx.k
      .updateTable('reorders')
      .set({ ordered: now, due: now })
      .where('id', '=', id)
      .where('ordered', 'is', null)
      .where('expires', '>', now)
      .returning('identifier')
      .executeTakeFirst()
    const [who] = row ? await identifiersWith(tx, [Number(row.identifier)]) : []
    if (!who) return false
    const told = { name: 'Order Requested', who, messageId: messageOf(id), time: now, properties }
    const events = [ownEvent(told, currency)]
    const request = { source, received: now, trust: 'verified', subject: null, historical: false, events } as const
    const { refused, session } = await ingest(tx, request)
    if (refused.length > 0 || session !== undefined)
      throw new HabitueError('consent_refused', refused[0]?.message ?? 'Consent does not let the order be kept.')
    return true
  }

/** What became of handing it over; `due` = null where that is over. */
export interface Handing {
  readonly id: string
  readonly due: number | null
  readonly handed: number | null
  readonly failed: string | null
}

const settle: Handler<Handing, void> = async (tx, { id, ...outcome }) => {
  const open = tx.k.updateTable('reorders').where('id', '=', id).where('handed', 'is', null)
  await open.set((row) => ({ ...outcome, attempts: row('attempts', '+', 1) })).execute()
}

/** @returns how many were dropped; fewer than `limit` = no more are due */
const retain: Handler<{ before: number; limit: number }, number> = async (tx, { before, limit }) => {
  const over = tx.k.selectFrom('reorders').select('id').where('expires', '<', before).where('due', 'is', null)
  const ids = (await over.limit(limit).execute()).map(({ id }) => id)
  if (ids.length > 0) await tx.k.deleteFrom('reorders').where('id', 'in', ids).execute()
  return ids.length
}

/** 'reorders.make', 'reorders.order', 'reorders.settle', 'reorders.retain'. */
export function reorderHandlers(needs: Needs): Handlers {
  return {
    'reorders.make': make,
    'reorders.order': order(needs),
    'reorders.settle': settle,
    'reorders.retain': retain,
  }
}
