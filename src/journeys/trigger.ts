/** Whether an event begins an instance, and under which key: pure, for the runner, the simulation and tests alike. */
import { dateIn, lengthOf } from './duration.ts'
import type { Values } from './expression.ts'
import type { Journey, Match, Trigger } from './journey.ts'
import type { Heard } from './state.ts'
import { type Around, type Looked, matches, valuesOf } from './values.ts'

/** What a trigger is asked with. */
export interface Asked extends Around {
  readonly zone: string
}

/**
 * Since when a trigger must see what the customer did, to decide; null = the event alone decides. A day of a window has 24
 * hours: it is asked of each event, and the calendar is slow.
 */
export function pastNeeded(trigger: Trigger, event: Heard): number | null {
  if (trigger.kind !== 'event' || (trigger.count === 1 && trigger.sequence.length === 1)) return null
  return trigger.within ? event.time - lengthOf(trigger.within) : 0
}

/** Does it ask what was said in the events of the past, or only which there were? */
export function asksOfPast(trigger: Trigger): boolean {
  return trigger.kind === 'event' && trigger.sequence.some(({ when }) => when !== undefined)
}

/** Is it an event of the kind that begins an instance, whatever was before? */
export function mayBegin(trigger: Trigger, event: Heard, asked: Asked): boolean {
  return trigger.kind !== 'event' || isLike(trigger.sequence[trigger.sequence.length - 1], event, asked)
}

type Past = Omit<Heard, 'items'>

/**
 * Does an event that may begin an instance begin one? `past` = what the customer did since `pastNeeded`, in order of time; it
 * may hold other events, the event itself, and later ones, which do not count.
 */
export function begins(trigger: Trigger, event: Heard, past: readonly Past[], asked: Asked): boolean {
  if (trigger.kind !== 'event') return true
  const { sequence, count } = trigger
  const since = pastNeeded(trigger, event)
  if (since === null) return true
  const before = past.filter((one) => one.time >= since && isBefore(one, event))
  const isOne = (match: Match) => (one: Past) => isLike(match, one, asked)
  if (count > 1) return before.filter(isOne(sequence[sequence.length - 1])).length + 1 >= count
  return inOrder(sequence.slice(0, -1).map(isOne), before)
}

/** The name first: conditions cost more. */
function isLike(match: Match, event: Past & Pick<Looked, 'items'>, asked: Asked): boolean {
  if (!match.names.has(event.name) || match.when === undefined) return match.names.has(event.name)
  return matches(match, event, valuesOf(asked, event))
}

/** Of two at the same time, by message id. */
function isBefore(one: Past, other: Past): boolean {
  return one.time < other.time || (one.time === other.time && one.messageId < other.messageId)
}

/** Did each of them come, one after another? The earliest that fits leaves the most room for the rest. */
function inOrder(wanted: readonly ((event: Past) => boolean)[], events: readonly Past[]): boolean {
  let next = 0
  for (const event of events) if (next < wanted.length && wanted[next](event)) next++
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
