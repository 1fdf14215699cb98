/** Spans of time as people write them, and times of day in a zone. Days and longer go by the calendar of the zone. */
import { Temporal } from 'temporal-polyfill'
import type { DateRule } from '../calendar/date-rule.ts'
import { nextOccurrence } from '../calendar/occurrence.ts'
import { dayAt, instantOf, isSteady, nextTime } from '../calendar/zone.ts'

/** Of units that the calendar makes longer and shorter, and of those that are always the same. */
export interface Duration {
  readonly years: number
  readonly months: number
  readonly days: number
  readonly ms: number
}

const units: Readonly<Record<string, Partial<Duration>>> = {
  s: { ms: 1000 },
  sec: { ms: 1000 },
  second: { ms: 1000 },
  m: { ms: 60_000 },
  min: { ms: 60_000 },
  minute: { ms: 60_000 },
  h: { ms: 3_600_000 },
  hour: { ms: 3_600_000 },
  d: { days: 1 },
  day: { days: 1 },
  w: { days: 7 },
  week: { days: 7 },
  mo: { months: 1 },
  month: { months: 1 },
  y: { years: 1 },
  year: { years: 1 },
}

/** Nothing waits longer. */
const longestYears = 50

/** Null where the text is none: an unknown unit, zero, or longer than 50 years. */
export function parseDuration(text: string): Duration | null {
  const total = { years: 0, months: 0, days: 0, ms: 0 }
  if (!/^\s*(\d{1,9}\s*[a-z]+\s*)+$/i.test(text)) return null
  for (const [, count, word] of text.matchAll(/(\d+)\s*([a-z]+)/gi)) {
    const folded = word.toLowerCase()
    const unit = units[folded] ?? units[folded.replace(/s$/, '')]
    if (unit === undefined) return null
    for (const part of ['years', 'months', 'days', 'ms'] as const) total[part] += Number(count) * (unit[part] ?? 0)
  }
  const length = lengthOf(total)
  return length > 0 && length <= longestYears * 366 * dayMs ? total : null
}

const dayMs = 86_400_000

/** Milliseconds, about: where a month has 30 days and a year 365. */
export function lengthOf({ years, months, days, ms }: Duration): number {
  return (years * 365 + months * 30 + days) * dayMs + ms
}

/** The same time of day that many days, months and years later (or earlier), and then the hours and less. */
export function after(time: number, { years, months, days, ms }: Duration, zone: string, sign: 1 | -1 = 1): number {
  if (years === 0 && months === 0 && days === 0) return time + sign * ms
  const apart = sign * days * dayMs
  if (years === 0 && months === 0 && isSteady(zone, time, time + apart)) return time + apart + sign * ms
  const start = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(zone)
  const moved = sign === 1 ? start.add({ years, months, days }) : start.subtract({ years, months, days })
  return moved.epochMilliseconds + sign * ms
}

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']

/** The next time (later than `now`) at which it is `at` (`09:00`) in `zone`, on one of the weekdays `on` (all where empty). */
export function nextTimeOfDay(now: number, at: string, on: readonly string[], zone: string): number {
  for (let time = nextTime(now + 1, at, zone); ; time = nextTime(time + 1, at, zone))
    if (on.length === 0 || on.includes(weekdays[dayAt(time, zone).dayOfWeek - 1])) return time
}

export interface Schedule {
  readonly every: string | DateRule
  readonly leadDays: number
  readonly at: string
}

/** Of a rule whose date lies further off than anybody waits. */
const neverMs = 40 * 365 * dayMs

/** The next time (later than `now`) of a schedule: each day, each first of a month, each of a weekday, or a lead before a date. */
export function nextOnSchedule(now: number, { every, leadDays, at }: Schedule, zone: string): number {
  if (typeof every !== 'string')
    return nextOccurrence(every, now + 1, { zone, time: at, lead: leadDays })?.at ?? now + neverMs
  if (every !== 'month') return nextTimeOfDay(now, at, every === 'day' ? [] : [every], zone)
  const first = dayAt(now, zone).with({ day: 1 })
  const times = [first, first.add({ months: 1 })].map((date) => instantOf(date, at, zone))
  return times.find((time) => time > now) ?? instantOf(first.add({ months: 2 }), at, zone)
}

/** The year, month and day in `zone`: `2025`, `2025-03`, `2025-03-01`. */
export function dateIn(zone: string, now: number, unit: 'year' | 'month' | 'day'): string {
  const text = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate().toString()
  return text.slice(0, { year: 4, month: 7, day: 10 }[unit])
}

/** A day begins for people when they are up: of a date without a time it is this time where they are. */
const morning = '09:00'

/** Of a text in ISO 8601 the time; NaN where it is none. */
export function timeOf(text: string, zone: string): number {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return Date.parse(text)
  try {
    return instantOf(Temporal.PlainDate.from(text), morning, zone)
  } catch {
    return Number.NaN
  }
}
