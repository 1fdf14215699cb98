/** Occasions that come near: a lead before each, at a time of the customer's own day. */
import { countryCode } from '../calendar/countries.ts'
import type { DateRule } from '../calendar/date-rule.ts'
import { feastNamed } from '../calendar/feast-words.ts'
import { feasts } from '../calendar/feasts.ts'
import { nextOccurrence, type Occurrence, type OccurrenceOptions } from '../calendar/occurrence.ts'
import { dayAt, instantOf, zoneOf } from '../calendar/zone.ts'
import type { Catalogue } from '../catalog/catalogue.ts'
import { type Person, permit } from '../consent/permit.ts'
import type { Reader } from '../db/database.ts'
import { type CustomerOrder, orders } from '../memory/customer.ts'
import { addressFor, paymentOf } from '../memory/delivery.ts'
import { knownFacts } from '../memory/document.ts'
import type { FactView } from '../memory/fact-view.ts'
import { type KnownOccasion, knownOccasions } from '../memory/occasions.ts'
import { whereabouts } from '../memory/whereabouts.ts'
import type { Behind } from './behind.ts'
import { derived, derivedId, productOf } from './derived.ts'
import type { Moment } from './due.ts'
import type { Look, Looking } from './look.ts'

/** Orders among which the last present is looked for, and lines of it that are named. */
const ordersLookedAt = 500
const mostLines = 20

/** All of the customer's occasions are looked at together; the next look is when the first of them comes near. */
export async function lookAtOccasions(
  reader: Reader,
  { catalogue, config, now }: Looking,
  behind: Behind,
  moment: Moment,
): Promise<Look> {
  const allowed = permit(behind.person, 'personalisation')
  const known = allowed === null ? [] : await knownOccasions(reader, allowed, now)
  if (allowed === null || known.length === 0) return { events: [], next: null }
  const place = await whereabouts(reader, allowed)
  const country = countryCode(place.country) ?? (config.consent.country || null)
  const { occasionLeadDays: lead, occasionTime: time, leapDay } = config.moments
  const options = { zone: zoneOf(place, config.timeZone), time, lead, leapDay }
  const found = known.map((occasion) => {
    const rule = ruleOf(occasion, country)
    return { occasion, rule, ...nearest(occasion, rule, { since: moment.since, now }, options) }
  })
  const near = found.filter(({ due }) => due !== null)
  const placed = near.length === 0 ? [] : await orders(reader, allowed, { limit: ordersLookedAt })
  const gifts = near.map(({ occasion }) => lastGift(placed, occasion.recipient, catalogue))
  const facts = gifts.some((gift) => 'products' in gift) ? await factsOf(reader, behind.person, catalogue, now) : []
  const events = near.flatMap(({ occasion, rule, due }, i) => {
    if (due === null) return []
    const { recipient, provenance } = occasion
    const date = due.date.toString()
    const messageId = derivedId(
      'occasion-due',
      ...[behind.first, recipient.toLowerCase(), occasion.occasion.toLowerCase(), date],
    )
    const feast = 'feast' in rule ? { feast: rule.feast } : {}
    const days = dayAt(now, options.zone).until(due.date).days
    const gift = 'products' in gifts[i] ? { ...gifts[i], ...deliveryOf(facts, recipient) } : {}
    const properties = { occasion: occasion.occasion, recipient, date, days, provenance, ...feast, ...gift }
    return derived({ name: 'Occasion Due', who: behind.who, messageId, time: now, properties }, config.currency)
  })
  const next = Math.min(...found.map((one) => one.next))
  return { events, next: Number.isFinite(next) ? next : null }
}

/** What his orders say, and what he told; no picture of him is made. */
async function factsOf(
  reader: Reader,
  person: Person,
  catalogue: Catalogue,
  now: number,
): Promise<readonly FactView[]> {
  const allowed = permit(person, 'service')
  return allowed === null ? [] : (await knownFacts(reader, allowed, null, catalogue, { now, past: false })).facts
}

/** Where it would go and with what it would be paid: by the ids of facts, for an event says neither. */
function deliveryOf(facts: readonly FactView[], recipient: string) {
  const [address, payment] = [addressFor(facts, recipient), paymentOf(facts)]
  return {
    ...(address === null ? {} : { address_id: address.id }),
    ...(payment === null ? {} : { payment_id: payment.id }),
  }
}

/** What he gave this person last, to be offered again; nothing where he gave nothing, or it is for himself. */
function lastGift(placed: readonly CustomerOrder[], recipient: string, catalogue: Catalogue) {
  if (recipient === '') return {}
  for (const { number, time, state, lines } of placed) {
    if (state === 'cancelled') continue
    const given = lines.filter((line) => line.recipient.toLowerCase() === recipient.toLowerCase() && line.quantity > 0)
    const products = given.slice(0, mostLines).flatMap(({ item, quantity }) => {
      const product = productOf(catalogue, item)
      return product === null ? [] : [{ ...product, quantity }]
    })
    if (products.length === 0) continue
    return { last_order: number, last_given: new Date(time).toISOString().slice(0, 10), products }
  }
  return {}
}

/** A feast that moves is meant, and not the day on which it fell last time. */
function ruleOf({ occasion, date }: KnownOccasion, country: string | null): DateRule {
  const feast = feastNamed(occasion)
  return feast !== null && country !== null && feasts[feast][country] ? { feast, country } : { date }
}

/**
 * `due` = the occurrence that has come near and is not over; `next` = when the one after it comes near. What was near before
 * it was known (`since`) is not told any more: he has just said it himself.
 */
function nearest(
  { date, provenance, confirmed }: KnownOccasion,
  rule: DateRule,
  { since, now }: { readonly since: number; readonly now: number },
  options: OccurrenceOptions & { readonly lead: number },
): { due: Occurrence | null; next: number } {
  const { zone, time, lead } = options
  const today = instantOf(dayAt(now, zone).subtract({ days: lead }), time, zone)
  // The day for which an order was made is looked after by that order.
  const ordered = provenance !== 'told' && date.length > 5 ? Date.parse(`${date}T23:59:59Z`) : 0
  const after = Math.max(today, since + 1, confirmed + 1, ordered + 1)
  const first = nextOccurrence(rule, after, options)
  if (first === null || first.at > now) return { due: null, next: first?.at ?? Number.POSITIVE_INFINITY }
  return { due: first, next: nextOccurrence(rule, first.at + 1, options)?.at ?? Number.POSITIVE_INFINITY }
}
