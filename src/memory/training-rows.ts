/**
 * What everybody did, as models learn it: group by group of (customer, recipient), so that nothing is held but the chunk that
 * is read. Runs wherever there is a `Reader`, a worker thread of its own included.
 */
import type { SignalWeights } from '../config.ts'
import type { PopulationPermit } from '../consent/permit.ts'
import type { Reader } from '../db/database.ts'
import type { InteractionRow } from '../db/tables.ts'
import { identifiersByCustomer } from '../identity/population.ts'
import { forgottenByIdentifier } from './facts.ts'
import { combined } from './history.ts'
import { interactionRows } from './interaction-rows.ts'
import { joinedOrders } from './order-joins.ts'
import { minorRecipients } from './recipient-facts.ts'
import { sameName } from './recipient-words.ts'
import { timeOf, weightOf } from './signals.ts'
import { usableRows } from './since.ts'

/** One customer's items, or those that he bought for one recipient: a taste of its own, never mixed with his. */
export interface TrainingGroup {
  readonly customer: number
  /** '' = the customer himself. */
  readonly recipient: string
  /** Internal item ids, ascending. */
  readonly items: readonly number[]
  /** Weight of each item, not 0 (`weightOf`). */
  readonly weights: readonly number[]
  /** Milliseconds, the latest interaction with each item. */
  readonly times: readonly number[]
  /** In how many orders each item was bought. */
  readonly orders: readonly number[]
  /** What he gave stars, whatever weight that has; for models of ratings. */
  readonly rated: readonly RatedItem[]
}

/** One of a customer's own ratings. */
export interface RatedItem {
  /** Internal id. */
  readonly item: number
  readonly rating: number
  /** Milliseconds. */
  readonly time: number
}

/** Groups by ascending customer, of those whom the population permit reaches. */
export async function* trainingRows(
  reader: Reader,
  permit: PopulationPermit,
  signals: SignalWeights,
): AsyncGenerator<TrainingGroup> {
  const forgotten = await forgottenByIdentifier(reader)
  const minors = await minorRecipients(reader, permit)
  for await (const links of identifiersByCustomer(reader)) {
    const customerOf = new Map(links.map(({ id, customer }) => [id, customer]))
    const rows = await interactionRows(reader, [...customerOf.keys()])
    const ofCustomer = Map.groupBy(rows, (row) => customerOf.get(row.identifier) as number)
    const several = [...Map.groupBy(links, ({ customer }) => customer).values()]
      .filter((same) => same.length > 1)
      .flat()
    const joined = await joinedOrders(reader, new Map(several.map(({ id, customer }) => [id, customer])))
    const identifiersOf = Map.groupBy(links, ({ customer }) => customer)
    for (const [customer, own] of identifiersOf) {
      const stored = ofCustomer.get(customer)
      const anew = joined.get(customer)
      if (!stored && !anew) continue
      const allowed = permit.of(
        customer,
        own.map(({ id }) => id),
      )
      if (allowed === null) continue
      const { since } = allowed
      const counted =
        since === null
          ? combined(stored ?? [], anew ?? [])
          : combined(await usableRows(reader, stored ?? [], since), [])
      const gone = new Set(own.flatMap(({ id }) => [...(forgotten.get(id) ?? [])]))
      const taste = gone.size === 0 ? counted : counted.filter(({ item }) => !gone.has(item))
      const children = own.flatMap(({ id }) => minors.get(id) ?? [])
      const isOfChild = ({ recipient }: InteractionRow) => children.some((name) => sameName(name, recipient))
      yield* groupsOf(customer, children.length === 0 ? taste : taste.filter((row) => !isOfChild(row)), signals)
    }
  }
}

function* groupsOf(
  customer: number,
  rows: readonly InteractionRow[],
  signals: SignalWeights,
): Generator<TrainingGroup> {
  const sorted = rows.toSorted((a, b) => a.item - b.item)
  for (const [recipient, same] of Map.groupBy(sorted, (row) => row.recipient)) {
    const items: number[] = []
    const weights: number[] = []
    const times: number[] = []
    const orders: number[] = []
    for (const row of same) {
      const weight = weightOf(row, signals)
      if (weight === 0) continue
      items.push(row.item)
      weights.push(weight)
      times.push(timeOf(row))
      orders.push(row.orders)
    }
    const rated = recipient === '' ? ratedItems(same) : []
    if (items.length > 0 || rated.length > 0) yield { customer, recipient, items, weights, times, orders, rated }
  }
}

/** The rows that were given a rating. */
export function ratedItems(rows: readonly Pick<InteractionRow, 'item' | 'rating' | 'rating_time'>[]): RatedItem[] {
  return rows.flatMap(({ item, rating, rating_time: time }) => (rating === null ? [] : [{ item, rating, time }]))
}
