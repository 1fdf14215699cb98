/**
 * An order is the set of digests of its events (*parts*); everything else about it is the pure function `orderState`
 * of that set, so Order Completed, Updated, Cancelled, Refunded and Product Returned may arrive in any order.
 *
 * - The latest Order Updated with products says what was ordered, else all Order Completed together: of what several of
 *   them name (the page and the server tell of one order) the larger quantity counts, and what only one names counts too
 *   (an order of many lines may come line by line).
 * - A cancelled order stays cancelled, and its lines were never bought.
 * - A refund without products, of at least the total (or of no stated amount), returns everything; with products,
 *   these. A return and its refund speak of the same thing: of an item, the larger of the two sums counts.
 * - An item that is returned but is in no known line is a line of quantity 0: its order may have been before memory.
 */
import { isLater } from './interactions.ts'
import type { OrderContext } from './order-context.ts'

export type PartKind = 'completed' | 'updated' | 'cancelled' | 'refunded' | 'returned'

export interface PartLine {
  readonly item: number
  readonly quantity: number
  /** Price paid for one, minor units. */
  readonly price: number | null
  /** '' = the buyer himself. */
  readonly recipient: string
}

export interface OrderPart {
  readonly kind: PartKind
  readonly time: number
  readonly message: string
  /** Minor units. */
  readonly total: number | null
  readonly currency: string | null
  readonly reason: string | null
  readonly lines: readonly PartLine[]
  /** In which it was said. */
  readonly context: OrderContext | null
}

export interface OrderLine extends PartLine {
  readonly returned: number
  readonly returnedAt: number
  readonly reason: string | null
  readonly state: 'bought' | 'cancelled' | 'returned'
}

export interface OrderState {
  readonly time: number
  readonly state: 'placed' | 'cancelled' | 'refunded' | 'unknown'
  readonly total: number | null
  readonly currency: string | null
  readonly lines: readonly OrderLine[]
  /** In which it was placed; null = nothing is known of it. */
  readonly context: OrderContext | null
}

/** How many completions that tell of different lines are kept, the latest: an order of more lines comes as one event. */
const MAX_COMPLETIONS = 500

/** How many returns and refunds of one order are kept, the latest; more come from nobody who means well. */
const MAX_RETURNS = 500

/** The order that `parts` (sorted, not empty) tell of. */
export function orderState(parts: readonly OrderPart[]): OrderState {
  const cancelled = parts.some((part) => part.kind === 'cancelled')
  const definite = latest(parts, 'updated', hasLines) ?? latest(parts, 'completed', hasLines)
  const named = definite ?? latest(parts, 'cancelled', hasLines)
  const priced = latest(parts, 'updated', hasTotal) ?? latest(parts, 'completed', hasTotal)
  const opening =
    parts.find((part) => part.kind === 'completed') ?? parts.find((part) => part.kind === 'updated') ?? parts[0]
  const total = priced?.total ?? null
  const wholly = wholeRefund(parts, total)
  const ordered = named?.kind === 'completed' ? completedLines(parts) : (named?.lines ?? [])
  const lines = cancelled ? ordered.map(cancelledLine) : returnedLines(ordered, parts, wholly)
  const allBack = lines.length > 0 && lines.every((line) => line.quantity > 0 && line.returned >= line.quantity)
  return {
    time: opening.time,
    state: cancelled
      ? 'cancelled'
      : wholly !== null || (definite && allBack)
        ? 'refunded'
        : opening.kind === 'completed' || opening.kind === 'updated'
          ? 'placed'
          : 'unknown',
    total,
    currency: (priced ?? named ?? opening).currency,
    lines,
    context: parts.find((part) => part.kind === opening.kind && part.context !== null)?.context ?? null,
  }
}

const hasLines = (part: OrderPart) => part.lines.length > 0
const hasTotal = (part: OrderPart) => part.total !== null

function latest(parts: readonly OrderPart[], kind: PartKind, holds: (part: OrderPart) => boolean) {
  return parts.findLast((part) => part.kind === kind && holds(part))
}

const isCompleted = (part: OrderPart) => part.kind === 'completed'

/** The lines of all completions: of each (item, recipient) those of the part that names most of it. */
function completedLines(parts: readonly OrderPart[]): readonly PartLine[] {
  const completed = parts.filter((part) => isCompleted(part) && hasLines(part))
  if (completed.length === 1) return completed[0].lines
  const best = largest(completed)
  return completed.flatMap((part) => part.lines.filter((line) => best.get(lineKey(line))?.part === part))
}

const lineKey = ({ item, recipient }: PartLine) => `${item} ${recipient}`

/** Of each (item, recipient) the part that names the largest quantity, the latest of equals. */
function largest(completed: readonly OrderPart[]): Map<string, { part: OrderPart; quantity: number }> {
  const best = new Map<string, { part: OrderPart; quantity: number }>()
  for (const part of completed) {
    const sums = new Map<string, number>()
    for (const line of part.lines) sums.set(lineKey(line), (sums.get(lineKey(line)) ?? 0) + line.quantity)
    for (const [key, quantity] of sums)
      if (quantity >= (best.get(key)?.quantity ?? 0)) best.set(key, { part, quantity })
  }
  return best
}

function cancelledLine(line: PartLine): OrderLine {
  return { ...line, returned: 0, returnedAt: 0, reason: null, state: 'cancelled' }
}

/** The refund by which everything came back, or null. Refunds of amounts alone add up to the total. */
function wholeRefund(parts: readonly OrderPart[], total: number | null): OrderPart | null {
  let refunded = 0
  for (const part of parts) {
    if (part.kind !== 'refunded' || part.lines.length > 0) continue
    if (part.total === null || total === null) return part
    refunded += part.total
    if (refunded >= total) return part
  }
  return null
}

interface Return {
  refunded: number
  returned: number
  at: number
  reason: string | null
}

/** The ordered lines with what came back of each, and a line of quantity 0 for each item that was not ordered. */
function returnedLines(ordered: readonly PartLine[], parts: readonly OrderPart[], wholly: OrderPart | null) {
  const returns = sumReturns(parts)
  const left = new Map([...returns].map(([item, { refunded, returned }]) => [item, Math.max(refunded, returned)]))
  const lines: OrderLine[] = []
  for (const line of ordered) {
    const back = wholly ? line.quantity : Math.min(line.quantity, left.get(line.item) ?? 0)
    left.set(line.item, (left.get(line.item) ?? 0) - back)
    const { at, reason } = returns.get(line.item) ?? { at: 0, reason: null }
    lines.push({
      ...line,
      returned: back,
      returnedAt: back > 0 ? Math.max(at, wholly?.time ?? 0) : 0,
      reason: back > 0 ? (reason ?? wholly?.reason ?? null) : null,
      state: back > 0 && back >= line.quantity ? 'returned' : 'bought',
    })
  }
  const known = new Set(ordered.map((line) => line.item))
  const strays = parts.filter(isReturn).flatMap((part) => part.lines)
  for (const line of strays) {
    if (known.has(line.item)) continue
    known.add(line.item)
    const { refunded, returned, at, reason } = returns.get(line.item) as Return
    const back = Math.max(refunded, returned)
    lines.push({ ...line, quantity: 0, returned: back, returnedAt: at, reason, state: 'returned' })
  }
  return lines
}

const isReturn = (part: OrderPart) => part.kind === 'refunded' || part.kind === 'returned'

function sumReturns(parts: readonly OrderPart[]): Map<number, Return> {
  const sums = new Map<number, Return>()
  for (const part of parts) {
    if (!isReturn(part)) continue
    for (const { item, quantity } of part.lines) {
      const sum = sums.get(item) ?? { refunded: 0, returned: 0, at: 0, reason: null }
      if (part.kind === 'refunded') sum.refunded += quantity
      else sum.returned += quantity
      sum.at = Math.max(sum.at, part.time)
      sum.reason = part.reason ?? sum.reason
      sums.set(item, sum)
    }
  }
  return sums
}

/** Sorted by (time, message), each once, and without those whose absence changes nothing. */
export function mergeParts(a: readonly OrderPart[], b: readonly OrderPart[]): OrderPart[] {
  const sorted = [...a, ...b].sort(compareParts)
  return compact(sorted.filter((part, i) => i === 0 || compareParts(part, sorted[i - 1]) !== 0))
}

function compareParts(a: OrderPart, b: OrderPart): number {
  if (isLater(a.time, a.message, b.time, b.message)) return 1
  if (isLater(b.time, b.message, a.time, a.message)) return -1
  return a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0
}

/**
 * Keeps, of sorted parts, what `orderState` looks at: the first and the last of a kind, and of completions the
 * largest of each item. Each of these choices may be made before or after more parts arrive, and gives the same.
 */
function compact(parts: readonly OrderPart[]): OrderPart[] {
  const kept = new Set<OrderPart | undefined>([parts[0]])
  const completed = parts.filter((part) => isCompleted(part) && hasLines(part))
  const telling = new Set([...largest(completed).values()].map(({ part }) => part))
  for (const part of completed.filter((one) => telling.has(one)).slice(-MAX_COMPLETIONS)) kept.add(part)
  for (const kind of ['completed', 'updated', 'cancelled'] as const) {
    kept.add(parts.find((part) => part.kind === kind))
    kept.add(latest(parts, kind, hasLines))
    kept.add(latest(parts, kind, hasTotal))
    kept.add(parts.find((part) => part.kind === kind && part.context !== null))
  }
  for (const part of parts.filter(isReturn).slice(-MAX_RETURNS)) kept.add(part)
  return parts.filter((part) => kept.has(part))
}

type StoredLine = [item: number, quantity: number, price: number | null, recipient?: string]
type StoredPart = [
  kind: PartKind,
  time: number,
  message: string,
  lines: StoredLine[],
  total?: number | null,
  currency?: string | null,
  reason?: string | null,
  context?: OrderContext,
]

/** Parts as the JSON of `orders.parts`: arrays, for an order with many lines is rewritten whole. */
export function encodeParts(parts: readonly OrderPart[]): string {
  const stored = parts.map((part): StoredPart => {
    const lines = part.lines.map(
      ({ item, quantity, price, recipient }): StoredLine =>
        recipient === '' ? [item, quantity, price] : [item, quantity, price, recipient],
    )
    const stored: StoredPart = [part.kind, part.time, part.message, lines, part.total, part.currency, part.reason]
    if (part.context !== null) stored.push(part.context)
    return stored
  })
  return JSON.stringify(stored)
}

export function decodeParts(json: string): OrderPart[] {
  return (JSON.parse(json) as StoredPart[]).map(
    ([kind, time, message, lines, total = null, currency = null, reason = null, context = null]) => ({
      kind,
      time,
      message,
      total,
      currency,
      reason,
      context,
      lines: lines.map(([item, quantity, price, recipient = '']) => ({ item, quantity, price, recipient })),
    }),
  )
}
