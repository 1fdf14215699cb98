/**
 * Does a journey help? Everybody who entered is judged by all that he ordered in his days from then on, whatever it had to do
 * with it: who buys what a mail names might have bought it anyway. So it is compared with those held out by chance, after
 * cancellations and returns. Only whose days are over is judged, and the intervals hold whenever and however often one looks.
 */
import { itemFacts } from '../catalog/read.ts'
import type { Policy } from '../consent/policy.ts'
import { permitsFor } from '../consent/store.ts'
import type { Reader } from '../db/database.ts'
import { customersAfter } from '../identity/population.ts'
import { identifiersOfAll } from '../identity/store.ts'
import { type OrdersAfter, ordersAfter, type Window } from '../memory/orders-after.ts'
import { differenceSequence, type Interval, type Sums, sequenceWidth, sumsOf } from '../models/sequential.ts'

const dayMs = 86_400_000

export interface Effect {
  /** Who entered; of them, whose days are over. */
  readonly customers: number
  readonly judged: number
  /** Means of those judged: orders, and margin in minor units (a line without a known cost counts its price). */
  readonly orders: number
  readonly margin: number
}

export interface Detectable {
  readonly months: number
  readonly holdout: number
  /** Of the mean of orders, the least that would show; null = nothing would. */
  readonly lift: number | null
}

export interface JourneyReport {
  readonly days: number
  readonly treated: Effect
  readonly held: Effect
  /** Treated less held out, with 95 % for all times at once; null where nobody is held out. */
  readonly difference: { readonly orders: Interval; readonly margin: Interval } | null
  /** Lines whose item has no cost: they count as if it were nothing. */
  readonly withoutCost: number
  readonly detectable: readonly Detectable[]
  readonly sentence: string
}

export interface ReportNeeds {
  readonly policy: Policy
  readonly now: number
  /** For how long after entering orders count. */
  readonly days: number
  /** Customers that would enter in a month, where nobody has yet. */
  readonly perMonth: number | null
  /** Also what could be told at all; costs a look at some thousand customers. */
  readonly foresee: boolean
}

interface Judged {
  readonly held: boolean
  readonly orders: number
  readonly margin: number
}

export async function reportOf(reader: Reader, journey: string, needs: ReportNeeds): Promise<JourneyReport> {
  const entries = await reader.k
    .selectFrom('journey_instances')
    .select(['identifier', 'held', 'started'])
    .where('journey', '=', journey)
    .orderBy('started')
    .execute()
  return judgedEntries(
    reader,
    entries.map(({ held, ...entry }) => ({ ...entry, held: held > 0 })),
    needs,
  )
}

/**
 * All journeys together that are not for service, against the customers who get none of them (`messages.holdout`): each from
 * the first that he entered or would have, which none of them brought about.
 */
export async function reportOfAll(reader: Reader, needs: ReportNeeds): Promise<JourneyReport> {
  const entries = await reader.k
    .selectFrom('journey_instances as i')
    .innerJoin('journey_versions as v', (on) =>
      on.onRef('v.journey', '=', 'i.journey').onRef('v.version', '=', 'i.version'),
    )
    .select(['i.identifier', 'i.held', 'i.started'])
    .where('v.purpose', '!=', 'service')
    .orderBy('i.started')
    .execute()
  return judgedEntries(
    reader,
    entries.map(({ held, ...entry }) => ({ ...entry, held: held === 2 })),
    needs,
  )
}

interface Entered {
  readonly identifier: number
  readonly held: boolean
  readonly started: number
}

/** `entries` in order of time. */
async function judgedEntries(reader: Reader, entries: readonly Entered[], needs: ReportNeeds): Promise<JourneyReport> {
  const { now, days } = needs
  const heldOf = new Map<number, boolean>()
  for (const { identifier, held } of entries) if (!heldOf.has(identifier)) heldOf.set(identifier, held)
  const windows = entries.map(({ identifier, started }) => windowFrom(identifier, started, days))
  const { judged, withoutCost } = await judge(
    reader,
    needs,
    windows.filter(({ until }) => until <= now),
    (identifier) => heldOf.get(identifier) as boolean,
  )
  const count = (held: boolean) => [...heldOf.values()].filter((one) => one === held).length
  const treated = effectOf(judged, false, count(false))
  const held = effectOf(judged, true, count(true))
  const of = (isHeld: boolean, key: 'orders' | 'margin') =>
    sumsOf(judged.flatMap((one) => (one.held === isHeld ? [one[key]] : [])))
  const difference =
    held.customers === 0
      ? null
      : {
          orders: differenceSequence(of(false, 'orders'), of(true, 'orders')),
          margin: differenceSequence(of(false, 'margin'), of(true, 'margin')),
        }
  const detectable = needs.foresee ? await detectableLifts(reader, needs, entries) : []
  return { days, treated, held, difference, withoutCost, detectable, sentence: sentenceOf(treated, held, difference) }
}

const windowFrom = (identifier: number, from: number, days: number): Window => {
  return { identifier, from, until: from + days * dayMs }
}

async function judge(
  reader: Reader,
  { policy, now }: ReportNeeds,
  windows: readonly Window[],
  isHeld: (identifier: number) => boolean,
): Promise<{ judged: Judged[]; withoutCost: number }> {
  const found: OrdersAfter[] = []
  for await (const one of ordersAfter(reader, permitsFor(reader, policy, 'service', now), windows)) found.push(one)
  const costs = await itemFacts(reader, [...new Set(found.flatMap(({ lines }) => lines.map(({ item }) => item)))])
  let withoutCost = 0
  const judged = found.map(({ identifier, lines }) => {
    let margin = 0
    for (const { item, quantity, price } of lines) {
      const known = costs.get(item)
      if (known?.cost == null) withoutCost++
      margin += quantity * ((price ?? known?.price ?? 0) - (known?.cost ?? 0))
    }
    return { held: isHeld(identifier), orders: new Set(lines.map(({ number }) => number)).size, margin }
  })
  return { judged, withoutCost }
}

function effectOf(judged: readonly Judged[], held: boolean, customers: number): Effect {
  const own = judged.filter((one) => one.held === held)
  const mean = (key: 'orders' | 'margin') =>
    own.length === 0 ? 0 : own.reduce((sum, one) => sum + one[key], 0) / own.length
  return { customers, judged: own.length, orders: mean('orders'), margin: mean('margin') }
}

/** Of the population that says how orders vary. */
const sampled = 5000
const months = [3, 12]
const holdouts = [0.05, 0.1, 0.2, 0.5]

/**
 * What could be told after so long at each size of holdout: half the width of the interval, as a share of the mean. How
 * orders vary is taken from all customers' last `days`.
 */
async function detectableLifts(
  reader: Reader,
  needs: ReportNeeds,
  entries: readonly { readonly started: number }[],
): Promise<Detectable[]> {
  const { now, days } = needs
  const first = entries[0]?.started ?? now
  const lasted = Math.max(now - first, 7 * dayMs)
  const perMonth = entries.length >= 10 ? (entries.length * 30 * dayMs) / lasted : needs.perMonth
  const customers = await customersAfter(reader, 0, sampled)
  const linked = Map.groupBy(await identifiersOfAll(reader, customers), ({ customer }) => customer)
  const windows = [...linked.values()].map(([own]) => windowFrom(own.id, now - days * dayMs, days))
  const { judged } = await judge(reader, needs, windows, () => false)
  const sums = sumsOf(judged.map(({ orders }) => orders))
  return months.flatMap((span) =>
    holdouts.map((holdout) => ({ months: span, holdout, lift: liftOf(sums, (perMonth ?? 0) * span, holdout) })),
  )
}

/** Fewer than these in an arm say nothing (models/sequential.ts). */
const fewest = 30

function liftOf({ n, sum, squares }: Sums, entering: number, holdout: number): number | null {
  if (n < 2 || sum <= 0 || entering * Math.min(holdout, 1 - holdout) < fewest) return null
  const variance = Math.max(0, (squares - (sum * sum) / n) / (n - 1))
  const spread = Math.sqrt(variance / (1 - holdout) + variance / holdout)
  const lift = (spread * sequenceWidth(entering)) / (sum / n)
  // More than twice as many orders is no effect that a journey has.
  return lift <= 1 ? lift : null
}

function sentenceOf(treated: Effect, held: Effect, difference: JourneyReport['difference']): string {
  if (treated.customers === 0) return 'Nobody has entered yet.'
  const { orders, customers } = treated
  const told = `${customers} customers entered`
  if (difference === null)
    return `${told}; nobody was held out, so what they would have ordered without it cannot be told.`
  const { low, high, estimate } = difference.orders
  const hundred = (mean: number) => (100 * mean).toFixed(1)
  if (!Number.isFinite(low))
    return `${told}, ${held.customers} were held out; the days of too few of them are over to tell anything.`
  const both = `${hundred(orders)} orders for 100 customers against ${hundred(orders - estimate)} without it`
  if (low > 0) return `It helps: ${both} (between ${hundred(low)} and ${hundred(high)} more).`
  if (high < 0) return `It harms: ${both} (between ${hundred(-high)} and ${hundred(-low)} fewer).`
  const judged = treated.judged + held.judged
  return `It cannot be told with ${judged} customers: ${both} (between ${hundred(low)} and ${hundred(high)}).`
}
