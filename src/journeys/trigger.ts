/** Whether an event begins an instance, and under which key: pure, for the runner, the simulation and tests alike. */
import type { ConditionValues } from '../conditions/condition.ts'
import { after, type Duration, dateIn } from './duration.ts'
import type { Values } from './expression.ts'
import type { Journey, Match, Trigger } from './journey.ts'
import { type Heard, matches, shownEvent } from './step.ts'

/** Which of a customer's past events a trigger must see to decide; null = the event alone decides. */
export interface PastNeeded {
  readonly names: readonly string[]
  readonly since: number
}

export function pastNeeded(trigger: Trigger, event: Heard, zone: string): PastNeeded | null {
  if (trigger.kind !== 'event' || (trigger.count === 1 && trigger.sequence.length === 1)) return null
  const names = new Set(trigger.sequence.flatMap((match) => [...match.names]))
  return { names: [...names], since: trigger.within ? windowStart(event, trigger.within, zone) : 0 }
}

function windowStart(event: Heard, within: Duration, zone: string): number {
  return after(event.time, within, zone, -1)
}

/**
 * Does this event begin an instance? `past` = the customer's events that `pastNeeded` asked for, in order of time; it may
 * hold the event itself, and later ones, which do not count.
 */
export function begins(
  trigger: Trigger,
  event: Heard,
  past: readonly Heard[],
  { view, now, zone }: { readonly view: ConditionValues; readonly now: number; readonly zone: string },
): boolean {
  if (trigger.kind === 'segment' || trigger.kind === 'every') return true
  const isLike = (match: Match, one: Heard) => matches(match, one, { roots: { ...view, event: shownEvent(one) }, now })
  const { sequence, count, within } = trigger
  const last = sequence[sequence.length - 1]
  if (!isLike(last, event)) return false
  const since = within ? windowStart(event, within, zone) : 0
  const before = past.filter((one) => one.time >= since && isBefore(one, event))
  if (count > 1) return before.filter((one) => isLike(last, one)).length + 1 >= count
  return inOrder(sequence.slice(0, -1), before, isLike)
}

/** Of two at the same time, by message id. */
function isBefore(one: Heard, other: Heard): boolean {
  return one.time < other.time || (one.time === other.time && one.messageId < other.messageId)
}

/** Did each of them come, one after another? The earliest that fits leaves the most room for the rest. */
function inOrder(wanted: readonly Match[], events: readonly Heard[], isLike: (match: Match, event: Heard) => boolean) {
  let next = 0
  for (const event of events) if (next < wanted.length && isLike(wanted[next], event)) next++
  return next === wanted.length
}

/**
 * What an instance is counted by within its journey: with `once: customer` always the same. Null where the key cannot be
 * worked out (a cart without an id): then it does not begin, for it could begin any number of times.
 */
export function entryKey(journey: Journey, event: Heard | null, values: Values, zone: string): string | null {
  const { once } = journey
  if ('key' in once) return keyText(() => once.key.evaluate(values))
  const properties = event?.properties ?? {}
  switch (once.per) {
    case 'year':
    case 'month':
    case 'day':
      return dateIn(zone, values.now, once.per)
    case 'cart':
      return keyText(() => properties.cart_id ?? properties.order_id)
    case 'order':
      return keyText(() => properties.order_id)
    case 'item':
      return keyText(() => event?.items[0])
    case 'event':
      return event?.messageId ?? null
    default:
      return ''
  }
}

const longestKey = 200

function keyText(work: () => unknown): string | null {
  try {
    const value = work()
    if (value === null || value === undefined || value === '') return null
    return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, longestKey)
  } catch {
    return null
  }
}
