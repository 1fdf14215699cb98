/**
 * Personalisation refused, or a minor recognised: what was gathered for it goes, what service needs stays. Of interactions
 * the columns of orders stay; how often each item was looked at on each day keeps its sums, which name nobody (the checkpoint
 * takes what the events leave, so that a rebuild still finds it).
 */
import { sql } from 'kysely'
import { deleteByKeys, inChunks, upsertFold } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import { ordersPlaced, personalEvents } from '../events/store.ts'
import { writeCarts } from './cart-rows.ts'
import { speaksOfFacts } from './fact-events.ts'
import { NEVER } from './interactions.ts'
import { countItemDays, type ItemDays, itemDayCounts, itemDayKey } from './item-days.ts'

const idsAtOnce = 500

/** Before the events go: `dropPersonal` deletes them afterwards. */
export async function forgetPersonal(tx: Tx, identifiers: readonly number[]): Promise<void> {
  const days: ItemDays = new Map()
  const facts: unknown[][] = []
  for await (const events of personalEvents(tx, identifiers)) {
    countItemDays(days, events)
    for (const { identifier, messageId, name } of events) if (speaksOfFacts(name)) facts.push([identifier, messageId])
  }
  await deleteByKeys(tx, 'facts', ['identifier', 'message'], facts)
  for (const ids of inChunks(identifiers, idsAtOnce)) {
    await clearInteractions(tx, ids)
    await tx.k.deleteFrom('interactions_checkpoint').where('identifier', 'in', ids).execute()
    await tx.k.deleteFrom('carts').where('identifier', 'in', ids).execute()
    await tx.k.deleteFrom('carts_checkpoint').where('identifier', 'in', ids).execute()
    await writeCarts(tx, 'carts', await ordersPlaced(tx, ids))
  }
  if (days.size > 0)
    await upsertFold(tx, 'item_days_checkpoint', { key: itemDayKey, add: itemDayCounts }, [...days.values()])
}

async function clearInteractions(tx: Tx, identifiers: readonly number[]): Promise<void> {
  const blank = { views: 0, view_last: 0, carts: 0, cart_last: 0, wished: 0, wish_last: 0, refused: 0, refused_last: 0 }
  await tx.k
    .updateTable('interactions')
    .set({ ...blank, rating: null, rating_time: 0, rating_message: '' })
    .where('identifier', 'in', identifiers)
    .execute()
  await tx.k
    .deleteFrom('interactions')
    .where('identifier', 'in', identifiers)
    .where('bought_first', '=', NEVER)
    .where(sql<boolean>`bought = 0 and orders = 0 and returned = 0 and bought_last = 0 and return_last = 0`)
    .execute()
}
