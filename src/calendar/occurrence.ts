/** When, on the clock, a date that recurs is due somewhere. Pure. */
import type { Temporal } from 'temporal-polyfill'
import { dateIn } from './date-in.ts'
import type { DateRule, LeapDay } from './date-rule.ts'
import { dayAt, instantOf, type TimeOfDay } from './zone.ts'

export interface OccurrenceOptions {
  /** IANA zone in which the day and the time count. */
  readonly zone: string
  /** HH:MM. */
  readonly time: TimeOfDay
  /** Days before the date at which it is due; 0 = on the day. */
  readonly lead?: number
  readonly leapDay?: LeapDay
}

export interface Occurrence {
  /** The day itself. */
  readonly date: Temporal.PlainDate
  /** When it is due, milliseconds: `time` in `zone`, `lead` days before. */
  readonly at: number
}

/** A fifth weekday of a month comes at the latest after this many years, 29 February after eight. */
const yearsAhead = 30

/** The first occurrence that is due at or after `after` (milliseconds); null = there is none. */
export function nextOccurrence(rule: DateRule, after: number, options: OccurrenceOptions): Occurrence | null {
  const { zone, time, lead = 0, leapDay } = options
  // Dates of a Thursday in November plus some days, or a birth in the future, may lie in another year than the rule's.
  const first = dayAt(after, zone).year - 1
  const start = 'date' in rule && rule.date.length > 5 ? Math.max(first, Number(rule.date.slice(0, -6))) : first
  for (let year = start; year <= start + yearsAhead; year++) {
    const date = dateIn(rule, year, leapDay)
    if (date === null) continue
    const at = instantOf(date.subtract({ days: lead }), time, zone)
    if (at >= after) return { date, at }
  }
  return null
}
