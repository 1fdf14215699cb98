/**
 * The fold of memory: a batch of admitted events -> its rows, in the transaction of the events. Everything is summed up
 * over the batch first, then written in a few statements. One fold and not five, so that a table is written once
 * a batch and, on PostgreSQL, always in the same order (orders' locks, then the rows of customers, then the days of items).
 */
import { deleteByKeys, type FoldSpec, selectByKeys, upsertFold } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import type { ItemDayRow } from '../db/tables.ts'
import type { AdmittedEvent, Fold } from '../events/event.ts'
import { writeCarts } from './cart-rows.ts'
import { foldFacts } from './facts-fold.ts'
import {
  addColumns,
  countInteractions,
  type InteractionRows,
  interactionKey,
  isBlank,
  maxColumns,
  minColumns,
} from './interactions.ts'
import { countItemDays, type ItemDays, itemDayCounts, itemDayKey } from './item-days.ts'
import { orderEvents } from './order-changes.ts'
import { foldOrders, recountOrders } from './order-store.ts'
import { traitRows } from './traits.ts'
import { forgetPersonal } from './withdrawn.ts'

const memoryFold: Fold = { name: 'memory', apply: remember, forget: forgetPersonal }

/** What memory wants to be told of each batch, in order. */
export const memoryFolds: readonly Fold[] = [memoryFold]

async function remember(tx: Tx, events: readonly AdmittedEvent[]): Promise<void> {
  const interactions: InteractionRows = new Map()
  const days: ItemDays = new Map()
  countInteractions(interactions, events)
  countItemDays(days, events)
  const orders = orderEvents(events)
  const recount = orders.length > 0 ? await foldOrders(tx, orders, interactions, days) : []
  await writeInteractions(tx, interactions)
  await recountOrders(tx, recount)
  await writeCarts(tx, 'carts', events)
  await writeTraits(tx, events)
  await foldFacts(tx, events)
  await writeItemDays(tx, days)
}

const viewSpec: FoldSpec = { key: interactionKey, add: ['views'], max: ['view_last'] }
const wholeSpec: FoldSpec = {
  key: interactionKey,
  add: addColumns,
  min: minColumns,
  max: maxColumns,
  latest: { columns: ['rating'], by: ['rating_time', 'rating_message'] },
}

/** Most rows of a batch are views and nothing else; a statement of two columns does for them. */
async function writeInteractions(tx: Tx, rows: InteractionRows): Promise<void> {
  const views = []
  const others = []
  for (const row of rows.values()) {
    const viewed = row.views > 0 && row.carts + row.orders + row.returned === 0 && row.rating === null
    const only = viewed && row.wished === 0 && row.wish_last === 0 && row.refused === 0 && row.refused_last === 0
    if (only) views.push(row)
    else if (!isBlank(row)) others.push(row)
  }
  if (views.length > 0) await upsertFold(tx, 'interactions', viewSpec, views)
  if (others.length > 0) await upsertFold(tx, 'interactions', wholeSpec, others)
}

async function writeTraits(tx: Tx, events: readonly AdmittedEvent[]): Promise<void> {
  const rows = traitRows(events)
  const latest = { columns: ['value', 'search'], by: ['time', 'message'] } as const
  if (rows.length > 0) await upsertFold(tx, 'traits', { key: ['identifier', 'name'], latest }, rows)
}

/** Adds to the counts; where something was taken back, a row of which nothing is left is dropped. */
async function writeItemDays(tx: Tx, days: ItemDays): Promise<void> {
  const rows = [...days.values()].filter((row) => itemDayCounts.some((column) => row[column] !== 0))
  if (rows.length === 0) return
  await upsertFold(tx, 'item_days', { key: itemDayKey, add: itemDayCounts }, rows)
  const shrunk = rows.filter((row) => itemDayCounts.some((column) => row[column] < 0))
  if (shrunk.length === 0) return
  const keys = shrunk.map((row) => itemDayKey.map((column) => row[column]))
  const now = await selectByKeys<ItemDayRow>(tx, 'item_days', itemDayKey, keys, [...itemDayKey, ...itemDayCounts])
  const blank = now.filter((row) => itemDayCounts.every((column) => row[column] === 0))
  if (blank.length > 0) {
    await deleteByKeys(
      tx,
      'item_days',
      itemDayKey,
      blank.map((row) => itemDayKey.map((column) => row[column])),
    )
  }
}
