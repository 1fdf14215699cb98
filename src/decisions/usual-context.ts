/** The context of a choice as preferences see it: what was said, the weather, and the time where it was made. */

import { HabitueError } from '../errors.ts'
import { type Moment, momentOf } from '../memory/conditions.ts'
import type { OrderContext } from '../memory/order-context.ts'
import type { UsualContext } from '../models/usual-splits.ts'

/** Names that say where and when, from which the rest is worked out, and that decide nothing themselves. */
const helpers = new Set(['timezone'])

/** `hour` 0..24 and `days` "weekday" or "weekend", where the zone is known, are added; what was said of them holds. */
export function usualContext(said: OrderContext, time: number): UsualContext {
  const context: Record<string, number | string> = {}
  if (typeof said.timezone === 'string') Object.assign(context, localTime(time, said.timezone))
  for (const [name, value] of Object.entries(said)) if (!helpers.has(name)) context[name] = value
  return context
}

/** The same as facts with a condition see it. */
export function usualMoment(context: UsualContext, time: number, timezone: unknown): Moment {
  const parts = typeof timezone === 'string' ? formatOf(timezone)?.formatToParts(time) : undefined
  const part = (type: string) => parts?.find((one) => one.type === type)?.value
  const clock = parts ? { clock: `${part('hour')}:${part('minute')}`, weekday: part('weekday') } : {}
  return momentOf({ ...clock, ...context })
}

/** @throws HabitueError invalid_body on a zone that there is not */
export function checkZone(timezone: unknown): void {
  if (timezone === undefined || (typeof timezone === 'string' && formatOf(timezone) !== null)) return
  throw new HabitueError(
    'invalid_body',
    `context.timezone: expected a name like Europe/Berlin, got ${JSON.stringify(timezone)}`,
  )
}

function localTime(time: number, timezone: string): UsualContext {
  const parts = formatOf(timezone)?.formatToParts(time)
  if (!parts) return {}
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? ''
  const hour = Number(part('hour')) + Number(part('minute')) / 60
  return { hour: Math.round(hour * 100) / 100, days: /^S/.test(part('weekday')) ? 'weekend' : 'weekday' }
}

/** A format costs a thousand times its use. Zones are few; a pure function's memo, bounded. */
const formats = new Map<string, Intl.DateTimeFormat | null>()

function formatOf(timeZone: string): Intl.DateTimeFormat | null {
  const known = formats.get(timeZone)
  if (known !== undefined) return known
  if (formats.size >= 600) formats.clear()
  const made = makeFormat(timeZone)
  formats.set(timeZone, made)
  return made
}

function makeFormat(timeZone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'long',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
  } catch {
    return null
  }
}
