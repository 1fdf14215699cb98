/**
 * What became of a decision: later views, carts and orders of an item that it showed. By the decision's id where the
 * event carries one, else by time: the latest decision that showed the item to the same customer, by whichever of his
 * identifiers. A fold that only adds rows; imports of the past are attributed to nothing.
 */
import { inChunks, insertRows } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import type { AdmittedEvent, Fold } from '../events/event.ts'
import { identifiersOfAll } from '../identity/store.ts'
import { lockNames } from './log.ts'

const hour = 3_600_000

/** Which event counts as which outcome, and for how long after the decision. */
const outcomeKinds: Readonly<Record<string, { readonly kind: string; readonly withinMs: number }>> = {
  'Recommendation Viewed': { kind: 'seen', withinMs: 24 * hour },
  'Recommendation Clicked': { kind: 'click', withinMs: 24 * hour },
  'Product Clicked': { kind: 'click', withinMs: 24 * hour },
  'Product Viewed': { kind: 'view', withinMs: 24 * hour },
  'Product Added': { kind: 'cart', withinMs: 3 * 24 * hour },
  'Order Completed': { kind: 'order', withinMs: 30 * 24 * hour },
}

const longestMs = Math.max(...Object.values(outcomeKinds).map(({ withinMs }) => withinMs))

/** How many of a customer's latest decisions are looked through. */
const looked = 50
const columns = ['decision', 'item', 'kind', 'time', 'value', 'message'] as const

interface Shown {
  readonly id: string
  readonly time: number
  readonly items: ReadonlySet<number>
}

export const attributionFold: Fold = {
  name: 'attribution',
  async forget(tx, identifiers) {
    await lockNames(tx, 'alone')
    for (const chunk of inChunks(identifiers, 500)) {
      await tx.k.deleteFrom('exposures').where('identifier', 'in', chunk).execute()
      await tx.k.updateTable('decisions').set({ identifier: null }).where('identifier', 'in', chunk).execute()
    }
  },
  async apply(tx, events) {
    const live = events.filter((event) => !event.historical && event.items.length > 0 && event.name in outcomeKinds)
    if (live.length === 0) return
    const byTime = live.filter((event) => (event.decisionId ?? null) === null && event.customer !== null)
    const since = byTime.reduce((least, { time }) => Math.min(least, time), Number.POSITIVE_INFINITY) - longestMs
    const shown = await latestDecisions(tx, [...new Set(byTime.map((event) => event.customer as number))], since)
    const rows = live.flatMap((event) => outcomesOf(event, shown))
    const unique = new Map(rows.map((row) => [`${row[0]}\n${row[1]}\n${row[2]}\n${row[5]}`, row]))
    if (unique.size > 0) await insertRows(tx, 'outcomes', columns, [...unique.values()])
  },
}

function outcomesOf(event: AdmittedEvent, shown: ReadonlyMap<number, readonly Shown[]>): unknown[][] {
  const { kind, withinMs } = outcomeKinds[event.name]
  const named = event.decisionId ?? null
  const value = (i: number) => (kind === 'order' ? (event.products[i].price ?? 0) * event.products[i].quantity : 0)
  const row = (decision: string, i: number) => [
    decision,
    event.items[i],
    kind,
    event.time,
    value(i),
    `${event.source}/${event.messageId}`,
  ]
  return event.items.flatMap((item, i) => {
    if (named !== null) return [row(named, i)]
    const decision = shown
      .get(event.customer as number)
      ?.find((one) => one.items.has(item) && one.time <= event.time && event.time - one.time <= withinMs)
    return decision ? [row(decision.id, i)] : []
  })
}

/**
 * The latest decisions for each customer, newest first: few statements for the batch, for ingest is a hot path, and one
 * where nothing was decided of late.
 */
async function latestDecisions(tx: Tx, customers: readonly number[], since: number): Promise<Map<number, Shown[]>> {
  const found = new Map<number, Shown[]>()
  if (customers.length === 0 || !(await anyDecision(tx, since))) return found
  const linked = await identifiersOfAll(tx, customers)
  const customerOf = new Map(linked.map(({ id, customer }) => [id, customer]))
  const rows = await tx.k
    .selectFrom('decisions')
    .select(['identifier', 'id', 'time', 'items'])
    .where('identifier', 'in', [...customerOf.keys()])
    .where('time', '>=', since)
    .orderBy('time', 'desc')
    .limit(looked * customers.length)
    .execute()
  for (const { identifier, id, time, items } of rows) {
    const customer = customerOf.get(identifier as number) as number
    const list = found.get(customer) ?? []
    if (list.length === 0) found.set(customer, list)
    if (list.length < looked)
      list.push({ id, time, items: new Set((JSON.parse(items) as [number][]).map(([item]) => item)) })
  }
  return found
}

async function anyDecision(tx: Tx, since: number): Promise<boolean> {
  const row = await tx.k.selectFrom('decisions').select('id').where('time', '>=', since).limit(1).executeTakeFirst()
  return row !== undefined
}
