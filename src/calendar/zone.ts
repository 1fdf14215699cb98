/**
 * Times of day where somebody is. Two hours a year are odd, and decided so: a time that a change to summer time leaves out is
 * taken as late as the clock was put forward (02:30 becomes 03:30), and of a time that comes twice the first counts.
 */
import { Temporal } from 'temporal-polyfill'
import { countryCode, zoneOfCountry } from './countries.ts'

/** `HH:MM`, 00:00 to 23:59. */
export type TimeOfDay = string

export function isTimeOfDay(text: unknown): text is TimeOfDay {
  return typeof text === 'string' && /^([01]\d|2[0-3]):[0-5]\d$/.test(text)
}

/** Whether `zone` is an IANA time zone that this machine knows. Offsets are none: they know no summer time. */
export function isZone(zone: unknown): zone is string {
  if (typeof zone !== 'string' || !/^[A-Za-z][\w+-]*(\/[\w+-]+)*$/.test(zone) || zone.length > 64) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** What tells where somebody is, the surest first. */
export interface Whereabouts {
  /** The trait `timezone`. */
  readonly timezone?: unknown
  /** Of his address: a code (ISO 3166) or a name. */
  readonly country?: unknown
}

/** The zone that he said himself, else that of his address's country, else the shop's. */
export function zoneOf({ timezone, country }: Whereabouts, shop: string): string {
  if (isZone(timezone)) return timezone
  const code = countryCode(country)
  return (code === null ? null : zoneOfCountry(code)) ?? shop
}

/** By zone the span asked about last in which no clock is changed; the end is the next change. */
const steady = new Map<string, { readonly from: number; readonly until: number }>()
/** So many zones are remembered; there are some 600. */
const mostZones = 1000

/** Whether no clock in `zone` is changed between two times: then a day there has 24 hours. The calendar is slow, and asked of each event. */
export function isSteady(zone: string, time: number, other: number): boolean {
  let span = steady.get(zone)
  if (span === undefined || time < span.from || time >= span.until) {
    const local = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(zone)
    const until = local.getTimeZoneTransition('next')?.epochMilliseconds ?? Number.POSITIVE_INFINITY
    // A change at this very moment is behind it.
    const change = local.add({ milliseconds: 1 }).getTimeZoneTransition('previous')
    span = { from: change?.epochMilliseconds ?? Number.NEGATIVE_INFINITY, until }
    if (steady.size >= mostZones) steady.clear()
    steady.set(zone, span)
  }
  return other >= span.from && other < span.until
}

/** The day that it is at `at` in `zone`. */
export function dayAt(at: number, zone: string): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate()
}

/** `time` on `date` in `zone`, milliseconds. */
export function instantOf(date: Temporal.PlainDate, time: TimeOfDay, zone: string): number {
  return date.toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from(time) }).epochMilliseconds
}

/** The first `time` in `zone` at or after `now`: where something is to wait until 09:00. Once a day, each day. */
export function nextTime(now: number, time: TimeOfDay, zone: string): number {
  // From the day before: where the time of a day is left out, it may come as late as the day after.
  for (let date = dayAt(now, zone).subtract({ days: 1 }); ; date = date.add({ days: 1 })) {
    const at = instantOf(date, time, zone)
    if (at >= now) return at
  }
}

/** Hours of a day between two times; over midnight where `from` is after `until`. Equal = none. */
export interface Hours {
  readonly from: TimeOfDay
  readonly until: TimeOfDay
}

/** Null where `now` lies outside the quiet hours; else when they end. */
export function quietUntil(now: number, { from, until }: Hours, zone: string): number | null {
  if (from === until) return null
  // It is quiet as long as the next end comes before the next beginning. Both at once, in an hour that is left out: hours of
  // one day are none that day, those over midnight go on.
  const end = nextTime(now + 1, until, zone)
  const begin = nextTime(now + 1, from, zone)
  return end < begin || (end === begin && from > until) ? end : null
}
