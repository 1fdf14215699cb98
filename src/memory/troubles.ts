/** What is wrong with a customer's orders now: late, failed, sent back. Pure; whoever serves him sees it first. */
import type { AdmittedEvent } from '../events/event.ts'

export interface Trouble {
  readonly kind: 'late' | 'delivery-failed' | 'payment-failed' | 'returned'
  /** As the shop numbers it; null = none was named. */
  readonly order: string | null
  /** When it happened, or by when it had been promised; milliseconds. */
  readonly time: number
  /** As the event says why; '' = it does not. */
  readonly reason: string
}

const day = 86_400_000
/** After so long nobody waits for it any more, or it was told elsewhere. */
const lateDays = 120
const recentDays = { returned: 60, payment: 14 } as const

interface OrderSoFar {
  /** Since when it is over: delivered, cancelled, refunded. */
  ended: boolean
  promised: number | null
  delayed: Trouble | null
}

/** Of events in order of time; the latest trouble first. */
export function troublesOf(events: readonly AdmittedEvent[], now: number): Trouble[] {
  const orders = new Map<string, OrderSoFar>()
  const other: Trouble[] = []
  let paid = 0
  for (const event of events) {
    const { name, time, properties } = event
    const order = words(properties.order_id ?? properties.orderId)
    const said = { order: order || null, time, reason: words(properties.reason) }
    const state = orders.get(order) ?? { ended: false, promised: null, delayed: null }
    if (order !== '') orders.set(order, state)
    state.promised = promisedIn(properties) ?? state.promised
    if (name === 'Order Completed') paid = time
    if (name === 'Order Delivered' || name === 'Order Cancelled' || name === 'Order Refunded') state.ended = true
    if (name === 'Delivery Delayed') state.delayed = { kind: 'late', ...said }
    if (name === 'Delivery Failed') state.delayed = { kind: 'delivery-failed', ...said }
    if (order === '' && state.delayed) other.push(state.delayed)
    if (name === 'Payment Failed' && now - time < recentDays.payment * day)
      other.push({ kind: 'payment-failed', ...said })
    if ((name === 'Product Returned' || name === 'Order Refunded') && now - time < recentDays.returned * day)
      other.push({ kind: 'returned', ...said })
  }
  const late = [...orders].flatMap(([order, state]) => lateOf(order, state, now))
  const open = other.filter(({ kind, time }) => kind !== 'payment-failed' || time > paid)
  return [...late, ...open].filter(({ time }) => now - time < lateDays * day).sort((a, b) => b.time - a.time)
}

function lateOf(order: string, { ended, promised, delayed }: OrderSoFar, now: number): Trouble[] {
  if (ended) return []
  if (delayed) return [delayed]
  // Promised for a day is kept until that day is over.
  return promised !== null && promised + day <= now ? [{ kind: 'late', order, time: promised, reason: '' }] : []
}

function promisedIn({ delivery_date: one, deliveryDate: two }: AdmittedEvent['properties']): number | null {
  const given = one ?? two
  const time = typeof given === 'string' && /^\d{4}-\d\d-\d\d/.test(given) ? Date.parse(given) : Number.NaN
  return Number.isFinite(time) ? time : null
}

function words(value: unknown): string {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? value.trim().slice(0, 255) : ''
}
