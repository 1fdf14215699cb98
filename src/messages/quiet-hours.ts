/** The setting `messages.quietHours`. */
import type { Hours } from '../calendar/zone.ts'

/** `21-8`; '' and what begins when it ends = none. Null = it cannot be read. */
export function parseQuietHours(text: string): Hours | 'none' | null {
  if (text.trim() === '') return 'none'
  const [, from, until] = /^\s*(\d{1,2})\s*-\s*(\d{1,2})\s*$/.exec(text) ?? []
  if (from === undefined || Number(from) > 24 || Number(until) > 24) return null
  const timeOf = (hour: string) => `${String(Number(hour) % 24).padStart(2, '0')}:00`
  const hours = { from: timeOf(from), until: timeOf(until) }
  return hours.from === hours.until ? 'none' : hours
}
