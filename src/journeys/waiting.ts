/** Until when a wait waits, and for which item. Pure. */
import { after, nextTimeOfDay, timeOf } from './duration.ts'
import type { Values } from './expression.ts'
import type { Wait } from './journey.ts'

/** @throws where a value that it needs cannot be worked out */
export function waiting(wait: Wait, values: Values, zone: string): { due: number; item: string | null } {
  const { now } = values
  switch (wait.kind) {
    case 'for':
      return { due: after(now, wait.duration, zone), item: null }
    case 'until':
      return { due: nextTimeOfDay(now, wait.at, wait.on, zone), item: null }
    case 'date':
      return { due: dateOf(wait, values, zone), item: null }
    case 'event':
      return { due: after(now, wait.atMost, zone), item: wait.item === null ? null : String(wait.item(values)) }
  }
}

function dateOf({ date, before }: Extract<Wait, { kind: 'date' }>, values: Values, zone: string): number {
  const value = date.evaluate(values)
  const time = typeof value === 'number' ? value : timeOf(String(value), zone)
  if (!Number.isFinite(time)) throw new Error(`${JSON.stringify(value)} is no time`)
  return before === null ? time : after(time, before, zone, -1)
}
