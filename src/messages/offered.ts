/**
 * The products of a message, at the moment of sending: what was decided before is looked at again, and nothing is offered
 * that is gone, that the customer has bought since, or that would come too late.
 */
import type { Catalogue } from '../catalog/catalogue.ts'
import { itemsWith } from '../catalog/read.ts'
import type { Permit } from '../consent/permit.ts'
import type { Reader } from '../db/database.ts'
import { sentence, type Worded } from '../decisions/reason-words.ts'
import type { DecisionAnswer, DecisionRequest, PlacementName } from '../decisions/request.ts'
import type { Identifier } from '../identity/identity.ts'
import { history } from '../memory/history.ts'
import type { Template } from './template.ts'

const dayMs = 86_400_000

export interface OfferNeeds {
  readonly reader: Reader
  readonly catalogue: Catalogue
  decide(request: DecisionRequest): Promise<DecisionAnswer>
}

export interface Offer {
  readonly who: Identifier
  /** To read what he bought; null where that may not be used. */
  readonly permit: Permit | null
  readonly wanted: Template['items']
  /** `items` (ids, or objects with `id`, `reason`, `text`), `arriveBy`, `since`. */
  readonly data: Readonly<Record<string, unknown>>
  readonly language: string
  readonly now: number
}

/** As templates see it. */
export interface OfferedItem {
  readonly id: string
  readonly title: string
  /** With its currency, as the language writes it; '' = none is known. */
  readonly price: string
  readonly image: string
  /** What the picture shows, for who does not see it. */
  readonly alt: string
  readonly url: string
  /** Why it is shown, one sentence; '' = nothing is to be said. */
  readonly reason: string
}

export interface Offered {
  readonly items: readonly OfferedItem[]
  /** Internal ids. */
  readonly ids: readonly number[]
  /** By which clicks and orders are attributed; null = nothing was decided now. */
  readonly decision: string | null
  /** Why fewer than asked for, for the row of the message. */
  readonly dropped: readonly string[]
}

interface Wish {
  readonly id: string
  readonly reason: string
}

export async function offeredItems(needs: OfferNeeds, offer: Offer): Promise<Offered> {
  const { wanted, data, now } = offer
  const count = wanted?.count ?? 4
  const { wishes, decision } = await wishesOf(needs, offer, count)
  await needs.catalogue.upToDate(needs.reader)
  const bought = wishes.length > 0 ? await boughtSince(needs, offer) : new Set<number>()
  const items = await itemsWith(
    needs.reader,
    wishes.flatMap(({ id }) => needs.catalogue.idOf(id) ?? []),
  )
  const arriveBy = timeOf(data.arriveBy)
  const kept: OfferedItem[] = []
  const ids: number[] = []
  const dropped: string[] = []
  for (const { id, reason } of wishes) {
    if (kept.length >= count) break
    const internal = needs.catalogue.idOf(id)
    const item = internal === undefined ? undefined : items.get(internal)
    if (internal === undefined || item === undefined) dropped.push(`${id}: unknown`)
    else if (!needs.catalogue.sellable(internal, now)) dropped.push(`${id}: not to be had`)
    else if (bought.has(needs.catalogue.canonical(internal))) dropped.push(`${id}: bought since`)
    else if (arriveBy !== null && !(item.deliveryDays != null && now + item.deliveryDays * dayMs <= arriveBy))
      dropped.push(`${id}: would come too late`)
    else {
      const title = item.title ?? item.id
      const price = item.price == null ? '' : money(item.price, item.currency ?? '', offer.language)
      kept.push({ id: item.id, title, price, image: item.image ?? '', alt: title, url: item.url ?? '', reason })
      ids.push(internal)
    }
  }
  return { items: kept, ids, decision, dropped }
}

async function wishesOf(
  { decide }: OfferNeeds,
  { who, wanted, data, language }: Offer,
  count: number,
): Promise<{ wishes: readonly Wish[]; decision: string | null }> {
  const given = Array.isArray(data.items) ? data.items.flatMap((item) => wishOf(item, language)) : []
  if (given.length > 0 || !wanted?.placement) return { wishes: given, decision: null }
  const name = wanted.placement as PlacementName
  const item = typeof data.item === 'string' ? data.item : undefined
  // More than are shown, for some may fall out below.
  const answer = await decide({ customer: who, placements: [{ name, count: Math.min(count * 2, 50) }], item, language })
  const items = answer.placements[name]?.items ?? []
  return { wishes: items.map(({ id, text }) => ({ id, reason: text })), decision: answer.decisionId }
}

/** What was decided before is worded now, for the recipient; what the caller wrote himself stays. */
function wishOf(given: unknown, language: string): Wish[] {
  if (typeof given === 'string') return [{ id: given, reason: '' }]
  const { id, text, reason } = (given ?? {}) as Record<string, unknown>
  if (typeof id !== 'string') return []
  const worded = isReason(reason) ? sentence(reason, language) : ''
  const said = worded || (typeof text === 'string' ? text : typeof reason === 'string' ? reason : '')
  return [{ id, reason: said }]
}

/** As decisions give it; `data` may come from anybody who has a key. */
function isReason(given: unknown): given is Worded {
  const { kind, because = [], rating } = (given ?? {}) as Record<string, unknown>
  const isNamed = (one: unknown) => typeof (one as { id?: unknown } | null)?.id === 'string'
  const { expected, ratings, verified } = (rating ?? {}) as Record<string, unknown>
  const isCounted = rating === undefined || [expected, ratings, verified].every((one) => typeof one === 'number')
  return typeof kind === 'string' && Array.isArray(because) && because.every(isNamed) && isCounted
}

/** What he bought since the message was thought of: internal ids. */
async function boughtSince({ reader, catalogue }: OfferNeeds, { permit, data, now }: Offer): Promise<Set<number>> {
  if (!permit) return new Set()
  const since = timeOf(data.since) ?? now - 30 * dayMs
  const { self } = await history(reader, permit)
  const rows = self.filter((row) => row.bought > 0 && row.bought_last >= since)
  return new Set(rows.map(({ item }) => catalogue.canonical(item)))
}

function timeOf(value: unknown): number | null {
  const time = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isFinite(time) ? time : null
}

export function money(amount: number, currency: string, language: string): string {
  if (!/^[A-Z]{3}$/.test(currency)) return String(amount)
  return new Intl.NumberFormat(language, { style: 'currency', currency }).format(amount)
}
