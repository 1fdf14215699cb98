/** Orders and carts as conditions see them: what was sent back taken off, amounts in major units of the shop's currency. Pure. */
import type { ItemFacts } from '../catalog/read.ts'
import type { CustomerOrder } from '../memory/customer.ts'
import { intervalOf, type Levels, orderTimes } from './levels.ts'

export interface Shop {
  /** Of the shop. */
  readonly currency: string
  readonly items: ReadonlyMap<number, ItemFacts>
  /** Minor units in a major one. */
  readonly scale: number
}

/** An order as conditions see it; null where only a return of it is known. */
export interface OrderValue {
  readonly id: string
  readonly time: number
  readonly state: string
  readonly total: number | null
  readonly margin: number | null
  readonly quantity: number
  readonly returned: number
  readonly recipient: string | null
}

export function orderValue(order: CustomerOrder, shop: Shop): (OrderValue & Record<string, unknown>) | null {
  if (order.state === 'unknown') return null
  const { lines, state, currency } = order
  const isGone = state === 'cancelled' || state === 'refunded'
  const isForeign = currency !== null && currency !== shop.currency
  const sent = lines.reduce((sum, line) => sum + (line.price ?? 0) * Math.min(line.returned, line.quantity), 0)
  const listed = lines.reduce((sum, line) => sum + (line.price ?? 0) * line.quantity, 0)
  const total = isGone ? 0 : Math.max(0, (order.total ?? listed) - sent)
  const recipient = lines.find((line) => line.recipient !== '')?.recipient ?? null
  return {
    id: order.number ?? '',
    time: order.time,
    state,
    total: isForeign ? null : total / shop.scale,
    margin: isForeign ? null : isGone ? 0 : marginOf(lines, shop),
    currency: currency ?? shop.currency,
    quantity: lines.reduce((sum, line) => sum + line.quantity, 0),
    returned: lines.reduce((sum, line) => sum + Math.min(line.returned, line.quantity), 0),
    gift: recipient !== null,
    recipient,
    lines: lines.map((line) => lineValue(line, shop)),
  }
}

/** What was kept, less what it cost the shop; null where a price or a cost is not known. */
function marginOf(lines: CustomerOrder['lines'], { items, scale }: Shop): number | null {
  let margin = 0
  for (const { item, price, quantity, returned } of lines) {
    const kept = Math.max(0, quantity - returned)
    const cost = items.get(item)?.cost ?? null
    if (kept > 0 && (price === null || cost === null)) return null
    margin += kept * ((price ?? 0) - (cost ?? 0))
  }
  return margin / scale
}

interface Line {
  readonly item: number
  readonly quantity: number
  readonly returned?: number
  readonly price?: number | null
}

function lineValue({ item, quantity, returned = 0, price }: Line, { items, scale, currency }: Shop) {
  const known = items.get(item)
  const listed = known && (known.currency === null || known.currency === currency) ? known.price : null
  const paid = price === undefined ? listed : price
  return {
    item: known?.item ?? null,
    title: known?.title ?? null,
    categories: known?.categories ?? [],
    brand: known?.brand ?? null,
    quantity,
    returned,
    price: paid === null ? null : paid / scale,
  }
}

/** The open cart; its amounts are today's prices. */
export function cartValue(cart: { readonly lines: readonly Line[]; readonly updated: number } | undefined, shop: Shop) {
  const lines = (cart?.lines ?? []).map((line) => lineValue(line, shop))
  return {
    total: lines.reduce((sum, { price, quantity }) => sum + (price ?? 0) * quantity, 0),
    quantity: lines.reduce((sum, { quantity }) => sum + quantity, 0),
    lines,
    updated: cart && cart.updated > 0 ? cart.updated : null,
  }
}

export function orderSums(orders: readonly OrderValue[], levels: Levels) {
  const kept = orders.filter(({ state }) => state !== 'cancelled')
  const times = orderTimes(kept)
  const amounts = kept.flatMap(({ total }) => (total === null ? [] : [total]))
  return {
    orders: kept.length,
    firstOrder: times[0] ?? null,
    lastOrder: times.at(-1) ?? null,
    revenue: amounts.length === 0 ? null : Math.round(amounts.reduce((a, b) => a + b, 0) * 1e6) / 1e6,
    bought: kept.reduce((sum, { quantity }) => sum + quantity, 0),
    returned: kept.reduce((sum, order) => sum + order.returned, 0),
    interval: intervalOf(times, levels),
    recipients: [...new Set(kept.flatMap(({ recipient }) => recipient ?? []))],
  }
}
