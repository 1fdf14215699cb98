/** A cart that was left: what is in it, and what it would have cost. */
import type { Catalogue } from '../catalog/catalogue.ts'
import { fromMinorUnits } from '../catalog/money.ts'
import { permit } from '../consent/permit.ts'
import type { Reader } from '../db/database.ts'
import { cart, orders } from '../memory/customer.ts'
import type { Behind } from './behind.ts'
import { derived, derivedId, productOf } from './derived.ts'
import type { Look, Looking } from './look.ts'

const minute = 60_000
/** Lines that the event names; what the others cost is in its value. */
const mostLines = 50

/** The customer's whole cart counts, whichever of his identifiers put something into it. */
export async function lookAtCart(reader: Reader, { catalogue, config, now }: Looking, behind: Behind): Promise<Look> {
  const allowed = permit(behind.person, 'personalisation')
  if (allowed === null) return { events: [], next: null }
  const { lines, updated } = await cart(reader, allowed, now)
  if (lines.length === 0) return { events: [], next: null }
  const due = updated + config.moments.cartMinutes * minute
  if (due > now) return { events: [], next: due }
  const text = lines.map(({ item, quantity }) => `${item}x${quantity}`).join()
  // A cart lasts from one order to the next, however often it is left.
  const [last] = await orders(reader, allowed, { limit: 1 })
  const properties = {
    cart_id: derivedId('cart', behind.first, last?.time ?? 0),
    ...worthOf(catalogue, lines, config.currency),
    quantity: lines.reduce((sum, { quantity }) => sum + quantity, 0),
    products: lines.slice(0, mostLines).flatMap(({ item, quantity }) => {
      const product = productOf(catalogue, item)
      return product === null ? [] : [{ ...product, quantity }]
    }),
  }
  const messageId = derivedId('cart-abandoned', behind.first, updated, text)
  const event = { name: 'Cart Abandoned', who: behind.who, messageId, time: now, properties }
  return { events: derived(event, config.currency), next: null }
}

/** In the shop's currency, else in that of its first item that has a price; what costs another is left out. */
function worthOf(
  catalogue: Catalogue,
  lines: readonly { readonly item: number; readonly quantity: number }[],
  shop: string,
): { value: number; currency: string } {
  const priced = lines.flatMap(({ item, quantity }) => {
    const { price, currency } = catalogue.card(catalogue.canonical(item))
    return price === null ? [] : [{ amount: price * quantity, currency: currency ?? shop }]
  })
  const currency = priced.find((one) => one.currency === shop)?.currency ?? priced[0]?.currency ?? shop
  const amounts = priced.filter((one) => one.currency === currency).map(({ amount }) => amount)
  const total = amounts.reduce((sum, amount) => sum + amount, 0)
  return { value: fromMinorUnits(total, currency), currency }
}
