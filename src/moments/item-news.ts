/**
 * An item is there again, or costs less: who waits for it is told, some hundreds at a time, so that ten thousand who wait
 * hold nobody up. What is no longer true when somebody's turn comes is not told.
 */
import { dayAt } from '../calendar/zone.ts'
import { aliasesOf } from '../catalog/aliases.ts'
import { fromMinorUnits } from '../catalog/money.ts'
import { type Permit, permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import type { Reader } from '../db/database.ts'
import type { IncomingEvent } from '../events/event.ts'
import { fateOf, type ItemFate } from '../memory/since-then.ts'
import { type Behind, peopleBehind } from './behind.ts'
import { derived, derivedId, productOf } from './derived.ts'
import type { News, PriceFall } from './item-watch.ts'
import type { Looking } from './look.ts'
import { askedFor, nextWaiting, type Wait, waitReasons, waitsFor } from './waits.ts'

export interface Told {
  readonly events: readonly IncomingEvent[]
  /** Waits that end with it: what was asked for once is told once. */
  readonly over: readonly Wait[]
  /** The identifier up to which it has been told; null = that was all. */
  readonly told: number | null
}

interface Telling extends Looking {
  readonly policy: Policy
  /** Rows a piece. */
  readonly limit: number
}

export async function tellNews(reader: Reader, news: News, telling: Telling): Promise<Told> {
  const { now, policy, limit } = telling
  const { item, told } = news
  if (!isStillTrue(news, telling)) return { events: [], over: [], told: null }
  const items = [item, ...(await aliasesOf(reader, [item])).keys()]
  // Who named a price of his own is told when it is reached; the others when the fall is one that counts.
  const reasons = news.fall === null || news.fall.counts ? waitReasons : (['watch'] as const)
  const { waits, isLast } = await nextWaiting(reader, items, { told, limit, reasons })
  const behind = await peopleBehind(
    reader,
    policy,
    waits.map(({ identifier }) => identifier),
    now,
  )
  const customers = new Map([...behind.values()].map((one) => [one.identity.customer, one]))
  const permits = [...customers.values()].flatMap(({ person }) => permit(person, 'service') ?? [])
  const everyWait = await waitsFor(
    reader,
    items,
    permits.flatMap(({ identifiers }) => identifiers),
  )
  const byIdentifier = Map.groupBy(everyWait, ({ identifier }) => identifier)
  const fates = await fateOf(reader, permits, items)
  const done = permits.map((allowed) => {
    const one = customers.get(allowed.customer) as Behind
    const own = allowed.identifiers.flatMap((identifier) => byIdentifier.get(identifier) ?? [])
    return tellOne(news, telling, one, rightful(own, one, fates.get(allowed.customer)))
  })
  return {
    events: done.flatMap(({ events }) => events),
    over: done.flatMap(({ over }) => over),
    told: isLast ? null : (waits.at(-1)?.identifier ?? null),
  }
}

/** Is it as it was when it was noted: to be had, and for that price at most? */
function isStillTrue({ item, fall }: News, { catalogue, now }: Looking): boolean {
  if (!catalogue.sellable(item, now)) return false
  const { price, currency } = catalogue.card(item)
  return fall === null || (price !== null && price <= fall.price && currency === fall.currency)
}

/** The waits that may be answered: his requests, and what was seen of him as far as consent reaches; none where it is settled. */
function rightful(waits: readonly Wait[], { person }: Behind, fate: ItemFate | undefined): Wait[] {
  const personal: Permit | null = permit(person, 'personalisation')
  const { bought = 0, refused = false } = fate ?? {}
  return waits.filter(({ reason, time, identifier }) => {
    if (bought >= time) return false
    if (askedFor.has(reason)) return true
    return personal !== null && !refused && time >= (personal.since?.get(identifier) ?? 0)
  })
}

function tellOne(news: News, telling: Telling, { who, first }: Behind, waits: readonly Wait[]): Told {
  const { fall, item } = news
  const reached = waits.filter((wait) => answers(wait, fall))
  const reasons = waitReasons.filter((reason) => reached.some((wait) => wait.reason === reason))
  if (reasons.length === 0) return { events: [], over: [], told: null }
  const { catalogue, config, now } = telling
  const day = dayAt(now, config.timeZone).toString()
  const name = fall === null ? 'Back In Stock' : 'Price Dropped'
  const kind = fall === null ? 'back-in-stock' : 'price-dropped'
  const messageId = derivedId(kind, first, item, fall === null ? day : `${news.time} ${fall.price}`)
  const properties = { ...productOf(catalogue, item), reason: reasons[0], reasons, ...(fall ? fallen(fall) : {}) }
  const over = reached.filter(({ reason }) => askedFor.has(reason))
  return { events: derived({ name, who, messageId, time: now, properties }, config.currency), over, told: null }
}

/** Does the news answer what he waits for? */
function answers({ reason, below, currency }: Wait, fall: PriceFall | null): boolean {
  if (fall === null) return reason !== 'watch'
  if (reason === 'asked') return false
  if (reason !== 'watch' || below === null) return fall.counts
  return fall.price < below && (fall.currency ?? currency) === currency
}

function fallen({ price, before, lowest, currency }: PriceFall) {
  const amount = (minor: number) => fromMinorUnits(minor, currency)
  // One that was asked for when it was there already has not fallen.
  return {
    price: amount(price),
    ...(before > price ? { old_price: amount(before) } : {}),
    lowest_price: amount(lowest),
  }
}
