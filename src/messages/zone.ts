/** The hours of the day where a customer is. */
import { Temporal } from 'temporal-polyfill'

/** Hours 0 to 24 of the local day; from 21 to 8 spans midnight. */
export interface QuietHours {
  readonly from: number
  readonly to: number
}

/** `21-8`; '' and what begins when it ends = none. Null = it cannot be read. */
export function parseQuietHours(text: string): QuietHours | 'none' | null {
  if (text.trim() === '') return 'none'
  const [, from, to] = /^\s*(\d{1,2})\s*-\s*(\d{1,2})\s*$/.exec(text) ?? []
  if (from === undefined || Number(from) > 24 || Number(to) > 24) return null
  const hours = { from: Number(from) % 24, to: Number(to) % 24 }
  return hours.from === hours.to ? 'none' : hours
}

/**
 * When the quiet hours end in which `now` falls, milliseconds; null = it falls in none. By the wall clock of `zone`: where
 * it jumps over the end, they end at the first minute after the jump; where an hour comes twice, at its first coming.
 */
export function quietUntil(now: number, zone: string, { from, to }: QuietHours): number | null {
  const local = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone)
  const { hour } = local
  const isQuiet = from < to ? hour >= from && hour < to : hour >= from || hour < to
  if (!isQuiet) return null
  const day = hour >= to ? local.toPlainDate().add({ days: 1 }) : local.toPlainDate()
  const end = day.toZonedDateTime({ timeZone: zone, plainTime: new Temporal.PlainTime(to) })
  // An hour that comes twice: the second time round its end is past already.
  return Math.max(end.epochMilliseconds, now + 60_000)
}
