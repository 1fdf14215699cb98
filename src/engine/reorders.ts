/** Ordering again by a link: what is offered now, and the press of the button. Whom it is charged to is the shop's to do. */
import { Temporal } from 'temporal-polyfill'
import { dayAt, instantOf } from '../calendar/zone.ts'
import type { Catalogue } from '../catalog/catalogue.ts'
import { readItem } from '../catalog/read.ts'
import type { Config } from '../config.ts'
import { type Permit, type Person, permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { personOf } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import { type SealedLinks, sealedLinks } from '../db/sealed-link.ts'
import type { DecisionAnswer, DecisionRequest } from '../decisions/request.ts'
import type { ReorderPage, ReordersApi } from '../engine-api/reorders.ts'
import { HabitueError } from '../errors.ts'
import { eventOf } from '../events/store.ts'
import { bestName, identitiesBehind, type KnownIdentity } from '../identity/store.ts'
import { traitsOf } from '../memory/customer.ts'
import { addressFor, maskedAddress, paymentOf } from '../memory/delivery.ts'
import { knownFacts } from '../memory/document.ts'
import { erasedNumber } from '../memory/erased-recipient.ts'
import { languageOf } from '../messages/salutation.ts'
import { derivedSource } from '../moments/derived.ts'
import {
  type Choice,
  chosen,
  type Due,
  dueOf,
  type Given,
  inTimeFirst,
  type Offer,
  type OfferLine,
  requested,
} from '../reorders/offer.ts'
import { type Reorder, reorderNamed } from '../reorders/store.ts'
import type { NewReorder } from '../reorders/write.ts'
import type { World } from '../world.ts'

export interface ReorderNeeds {
  readonly db: Database
  readonly config: Pick<Config, 'orders' | 'timeZone' | 'currency'>
  readonly policy: Policy
  readonly world: World
  readonly catalogue: Catalogue
  decide(request: DecisionRequest): Promise<DecisionAnswer>
}

/** Looked at, and shown, in the place of what is not to be had. */
const substitutesLookedAt = 12
const substitutesShown = 3

/** @throws HabitueError invalid_config */
export async function reordersApi(needs: ReorderNeeds): Promise<ReordersApi> {
  const { db, config, world } = needs
  checkAddress(config.orders.webhook)
  const links = await sealedLinks(db, 'reorder link')
  return {
    async hand(identifier, { key, event }, base) {
      if (config.orders.webhook === null) return { kind: 'suppressed', reason: 'no shop' }
      const somebody = await behind(needs, identifier)
      if ('reason' in somebody) return { kind: 'suppressed', reason: somebody.reason }
      const due = await dueNamed(needs, somebody, event)
      if (due === null) return { kind: 'suppressed', reason: 'nothing given' }
      const created = world.now()
      const expires = endOf(due.date, config.timeZone)
      if (expires <= created) return { kind: 'suppressed', reason: 'over' }
      const row: NewReorder = { id: randomName(world), key, identifier, event, created, expires }
      const id = await db.write<string>('reorders.make', row)
      return { kind: 'done', id, url: `${base.replace(/\/+$/, '')}/reorder/${links.tokenOf(id)}`, expires }
    },
    async page(token) {
      const found = await opened(needs, links, token)
      return 'offer' in found ? { state: 'open', language: found.language, offer: found.offer } : found
    },
    async order(token, words) {
      const found = await opened(needs, links, token)
      if (!('offer' in found)) return found.state === 'ordered' ? 'ordered' : 'closed'
      const { row, offer } = found
      const choices = offer.address === null ? null : chosen(offer, words)
      if (choices === null) return 'changed'
      await db.write('reorders.order', {
        id: row.id,
        properties: requested(row.id, offer, choices),
        now: world.now(),
      })
      await db.catchUp()
      return 'ordered'
    },
  }
}

/** @throws HabitueError invalid_config */
function checkAddress(url: string | null): void {
  const protocol = url === null ? 'https:' : URL.parse(url)?.protocol
  if (protocol === 'https:' || protocol === 'http:') return
  const message = `The setting orders.webhook is ${JSON.stringify(url)}; expected an address such as https://shop.example/orders.`
  throw new HabitueError('invalid_config', message, { name: 'orders.webhook' })
}

const randomName = (world: World) => Buffer.from(world.bytes(16)).toString('base64url')

/** The midnight that ends a day. */
function endOf(date: string, zone: string): number {
  return instantOf(Temporal.PlainDate.from(date).add({ days: 1 }), '00:00', zone)
}

interface Somebody {
  readonly identity: KnownIdentity
  readonly person: Person
  readonly service: Permit
  readonly personalisation: Permit
}

/** He, where he may be reminded of what he gave: who no longer allows it, and who is a minor, is offered nothing. */
async function behind(
  { db, policy, world }: ReorderNeeds,
  identifier: number,
): Promise<Somebody | { readonly reason: 'unknown' | 'consent' | 'minor' }> {
  const identity = (await identitiesBehind(db, [identifier])).get(identifier)
  if (!identity) return { reason: 'unknown' }
  const person = await personOf(db, policy, identity, world.now())
  const [service, personalisation] = [permit(person, 'service'), permit(person, 'personalisation')]
  if (person.audience.kind === 'minor') return { reason: 'minor' }
  return service && personalisation ? { identity, person, service, personalisation } : { reason: 'consent' }
}

/** Null where nothing was given, or its recipient was forgotten since. */
async function dueNamed({ db }: ReorderNeeds, { personalisation }: Somebody, message: string): Promise<Due | null> {
  const event = await eventOf(db, personalisation, { source: derivedSource, message })
  const due = event === null ? null : dueOf(event.properties)
  return due === null || erasedNumber(due.recipient) !== null ? null : due
}

type Opened =
  | Exclude<ReorderPage, { state: 'open' }>
  | { readonly language: string | null; readonly row: Reorder; readonly offer: Offer }

async function opened(needs: ReorderNeeds, links: SealedLinks, token: string): Promise<Opened> {
  const { db, world } = needs
  const id = links.open(token)
  const row = id === null ? null : await reorderNamed(db, id)
  if (row === null) return { state: 'unknown', language: null }
  const somebody = await behind(needs, row.identifier)
  if ('reason' in somebody) return { state: somebody.reason === 'unknown' ? 'unknown' : 'closed', language: null }
  const language = languageOf(await traitsOf(db, somebody.service))
  if (row.ordered !== null) return { state: 'ordered', language }
  if (row.expires <= world.now()) return { state: 'expired', language }
  const due = await dueNamed(needs, somebody, row.event)
  if (due === null) return { state: 'closed', language }
  return { language, row, offer: await offered(needs, somebody, due) }
}

async function offered(needs: ReorderNeeds, { service, identity }: Somebody, due: Due): Promise<Offer> {
  const { db, catalogue, world } = needs
  await catalogue.upToDate(db)
  const { facts } = await knownFacts(db, service, null, catalogue, { now: world.now(), past: false })
  const [address, payment] = [addressFor(facts, due.recipient), paymentOf(facts)]
  const { given, ...rest } = due
  const lines: OfferLine[] = []
  for (const line of given) {
    const same = await choiceOf(needs, line.item, line.quantity, null)
    const choices = same ? [{ ...same, isSame: true }] : await substitutes(needs, identity, due, line)
    lines.push({ ...line, title: catalogue.title(catalogue.idOf(line.item) ?? 0) ?? line.title, choices })
  }
  return {
    ...rest,
    lines,
    address: address && { id: address.id, masked: maskedAddress(address.value as object) },
    payment: payment && { id: payment.id, label: (payment.value as { label?: string }).label ?? '' },
  }
}

/** What comes close, chosen for the recipient by what was told of him alone: for a child as his parent has it. */
async function substitutes(
  needs: ReorderNeeds,
  { names }: KnownIdentity,
  { recipient, date }: Due,
  { item, quantity }: Given,
): Promise<Choice[]> {
  const { catalogue, decide } = needs
  if (catalogue.idOf(item) === undefined) return []
  const placements = [{ name: 'unavailable', count: substitutesLookedAt }] as const
  const answer = await decide({ customer: bestName(names), recipient, placements, item, log: false })
  const items = answer.placements.unavailable?.items ?? []
  const found = await Promise.all(items.map(({ id, reason }) => choiceOf(needs, id, quantity, reason)))
  const had = found.filter((one) => one !== null)
  return inTimeFirst(had, date).slice(0, substitutesShown)
}

/** As it is to be had today; null = it is not, or not so many of it. */
async function choiceOf(
  { db, catalogue, config, world }: ReorderNeeds,
  name: string,
  quantity: number,
  reason: Choice['reason'],
): Promise<Choice | null> {
  const id = catalogue.idOf(name)
  if (id === undefined || !catalogue.sellable(id, world.now())) return null
  const stock = catalogue.stock(id)
  const view = await readItem(db, name)
  if (view === null || (stock >= 0 && stock < quantity)) return null
  const { id: item, title, price, currency } = catalogue.card(id)
  const { deliveryDays } = view
  const arrives =
    deliveryDays == null ? null : dayAt(world.now(), config.timeZone).add({ days: deliveryDays }).toString()
  return {
    item,
    title: title ?? item,
    price,
    currency: price === null ? null : (currency ?? config.currency),
    arrives,
    isSame: false,
    reason,
  }
}
