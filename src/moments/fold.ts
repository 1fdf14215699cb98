/**
 * What events make due, in their transaction. Matches and writes rows only; whether something has come about is looked at
 * when it is due (work.ts). Events of carts, orders, occasions and wishes cost a row; all others one look at their name.
 */
import type { Config } from '../config.ts'
import { inChunks } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import type { AdmittedEvent, Fold } from '../events/event.ts'
import { isBirthdayTrait } from '../memory/told-traits.ts'
import { drop, type Moment, type MomentKind, note } from './due.ts'
import { noteReached } from './item-watch.ts'
import { forgetWaits, speaksOfWaiting, waitsOf, writeWaits } from './waits.ts'

const minute = 60_000
const hour = 60 * minute

export type MomentsSettings = Pick<Config, 'moments' | 'currency'>

/** Events that put something into the open cart, or take something out. */
const cartNames: ReadonlySet<string> = new Set([
  ...['Product Added', 'Wishlist Product Added to Cart', 'Product Removed', 'Cart Viewed'],
])
/** Who does this with an item that is sold out wanted it. */
const wantingNames: ReadonlySet<string> = new Set([
  ...['Product Viewed', 'Product Added', 'Wishlist Product Added to Cart', 'Cart Viewed', 'Checkout Started'],
])
const occasionNames: ReadonlySet<string> = new Set(['Occasion Added', 'Occasion Removed'])
/** Facts of any kind. */
const factNames: ReadonlySet<string> = new Set([
  ...['Fact Told', 'Fact Corrected', 'Fact Inferred', 'Question Answered', 'Preference Told'],
])

export function momentsFold({ moments, currency }: MomentsSettings): Fold {
  return {
    name: 'moments',
    async apply(tx, events) {
      const own = events.filter(({ identifier }) => identifier !== null)
      const waiting = own.filter(({ name }) => speaksOfWaiting(name))
      if (waiting.length > 0) {
        await writeWaits(tx, waitsOf(waiting, currency))
        const news = waiting.filter((event) => isNews(event, moments))
        await noteReached(tx, waitsOf(news, currency), news[0]?.received ?? 0)
      }
      await noteCarts(tx, own, moments)
      await noteMissing(tx, own, moments)
      await noteOccasions(tx, own, moments)
    },
    async forget(tx, identifiers) {
      for (const ids of inChunks(identifiers, 500)) {
        await tx.k.deleteFrom('moments').where('identifier', 'in', ids).execute()
        await forgetWaits(tx, ids)
      }
    },
  }
}

/** An import, or an event that comes in too late, is no occasion to act. */
function isNews({ historical, received, time }: AdmittedEvent, { oldestHours }: Config['moments']): boolean {
  return !historical && received - time <= oldestHours * hour
}

function rowOf(kind: MomentKind, event: AdmittedEvent, due: number, item = 0): Moment {
  return { kind, identifier: event.identifier as number, item, since: event.received, due }
}

async function noteCarts(tx: Tx, events: readonly AdmittedEvent[], settings: Config['moments']): Promise<void> {
  if (settings.cartMinutes <= 0) return
  const ordered = events.filter((event) => event.name === 'Order Completed' && isNews(event, settings))
  await drop(
    tx,
    'cart',
    ordered.map(({ identifier }) => identifier as number),
  )
  const changed = events.filter((event) => cartNames.has(event.name) && isNews(event, settings))
  await note(
    tx,
    'later',
    changed.map((event) => rowOf('cart', event, event.time + settings.cartMinutes * minute)),
  )
}

async function noteMissing(tx: Tx, events: readonly AdmittedEvent[], settings: Config['moments']): Promise<void> {
  const refused = events.filter(
    (event) => event.missing.length > 0 && wantingNames.has(event.name) && isNews(event, settings),
  )
  const rows = refused.flatMap((event) => {
    const kind = event.name === 'Checkout Started' ? 'blocked' : 'unavailable'
    return event.missing.map((item) => rowOf(kind, event, event.received, item))
  })
  await note(tx, 'soon', rows)
}

async function noteOccasions(tx: Tx, events: readonly AdmittedEvent[], settings: Config['moments']): Promise<void> {
  const told = events.filter(speaksOfOccasions)
  if (told.length === 0) return
  const [past, news] = [told.filter(({ historical }) => historical), told.filter(({ historical }) => !historical)]
  const rows = (of: readonly AdmittedEvent[]) => of.map((event) => rowOf('occasion', event, event.received))
  await note(tx, 'afresh', rows(past))
  // What comes in late, but not too late, was known when it was said: what has come near in between is told.
  const said = (event: AdmittedEvent) =>
    isNews(event, settings) ? Math.min(event.time, event.received) : event.received
  await note(
    tx,
    'soon',
    rows(news).map((row, i) => ({ ...row, since: said(news[i]) })),
  )
}

function speaksOfOccasions(event: AdmittedEvent): boolean {
  const { name, type } = event
  if (occasionNames.has(name) || name === 'Consent Given') return true
  if (factNames.has(name)) return event.properties.kind === 'occasion'
  if (name === 'Order Completed') return event.products.some(({ recipient }) => recipient !== '')
  return type === 'identify' && Object.keys(event.properties).some(isBirthdayTrait)
}
