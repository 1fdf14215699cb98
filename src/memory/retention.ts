/**
 * The end of views: events that only said that something was looked at are dropped when their time is over, and what they had
 * left in memory goes into the checkpoint in the same transaction, so that a rebuild still finds it. Orders, ratings,
 * traits and all that is no view stay as long as the customer does.
 *
 * A *pass* looks at all events in stored order, a piece at a call; the next pass begins when a day's worth is due.
 */
import { upsertFold } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import type { AdmittedEvent } from '../events/event.ts'
import { dropViews } from '../events/store.ts'
import { writeCarts } from './cart-rows.ts'
import { countInteractions, type InteractionRows, interactionKey } from './interactions.ts'
import { countItemDays, type ItemDays, itemDayKey } from './item-days.ts'

const MS_A_DAY = 86_400_000
/** `seq` of a pass that has looked at everything. */
const DONE = -1

export interface RetainOrder {
  /** Views before this time are dropped, milliseconds. */
  readonly before: number
  /** Events looked at in one call: the writer is not held up for long. */
  readonly limit: number
}

/** The handler `memory.retain`. @returns `limit` while there is more to look at, then 0 */
export async function retain(tx: Tx, { before, limit }: RetainOrder): Promise<number> {
  const pass = await presentPass(tx)
  if (pass.seq === DONE) {
    if (before < pass.before + MS_A_DAY) return 0
    pass.seq = 0
    pass.before = before
  }
  const { events, next } = await dropViews(tx, pass.before, limit, pass.seq)
  await keepCounts(tx, events)
  await tx.k
    .updateTable('retention')
    .set({ seq: next ?? DONE, before: pass.before })
    .where('id', '=', 1)
    .execute()
  return next === null ? 0 : limit
}

/** On PostgreSQL locked: two nodes must not put the same events into the checkpoint. */
async function presentPass(tx: Tx): Promise<{ seq: number; before: number }> {
  const before = Number.MIN_SAFE_INTEGER
  const first = tx.k.insertInto('retention').values({ id: 1, seq: DONE, before })
  await first.onConflict((conflict) => conflict.column('id').doNothing()).execute()
  const query = tx.k.selectFrom('retention').select(['seq', 'before']).where('id', '=', 1)
  return (tx.engine === 'postgres' ? query.forUpdate() : query).executeTakeFirstOrThrow()
}

/** Of what views leave: counts of interactions and of days, and what a view of the cart said. */
async function keepCounts(tx: Tx, events: readonly AdmittedEvent[]): Promise<void> {
  const interactions: InteractionRows = new Map()
  const days: ItemDays = new Map()
  countInteractions(interactions, events)
  countItemDays(days, events)
  await upsertFold(tx, 'interactions_checkpoint', { key: interactionKey, add: ['views'], max: ['view_last'] }, [
    ...interactions.values(),
  ])
  await upsertFold(tx, 'item_days_checkpoint', { key: itemDayKey, add: ['views'] }, [...days.values()])
  await writeCarts(tx, 'carts_checkpoint', events)
}
