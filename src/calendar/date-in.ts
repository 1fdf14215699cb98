/** The day of a year on which a rule's date falls. Pure. */
import { Temporal } from 'temporal-polyfill'
import { type DateRule, feastCountries, type LeapDay, type Weekday, weekdays } from './date-rule.ts'
import { orthodoxEaster, westernEaster } from './easter.ts'
import { feasts } from './feasts.ts'

/** Why a rule of the right form names no day of any year; null = it does. */
export function impossibleRule(rule: DateRule): string | null {
  if ('feast' in rule && feasts[rule.feast]?.[rule.country] === undefined) {
    const known = feastCountries.filter((country) => feasts[rule.feast]?.[country])
    return `${rule.feast} has no day in ${rule.country}; it has one in ${known.join(', ')}`
  }
  const day = 'date' in rule ? rule.date : 'from' in rule ? rule.from : null
  if (day !== null && !isDay(day)) return `there is no ${day}`
  return null
}

/** MM-DD, or YYYY-MM-DD, of a day that exists in some year. */
export function isDay(text: string): boolean {
  const match = /^(?:\d{4}-)?(\d\d)-(\d\d)$/.exec(text)
  if (match === null) return false
  const [month, day] = [Number(match[1]), Number(match[2])]
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(2024, month, 0)).getUTCDate()
}

/** The day of `year` that the rule names; null = none. */
export function dateIn(rule: DateRule, year: number, leapDay: LeapDay = 'feb-28'): Temporal.PlainDate | null {
  if ('unless' in rule) {
    const date = dateIn(rule.rule, year, leapDay)
    const avoided = dateIn(rule.unless, year, leapDay)
    return date !== null && avoided !== null && date.equals(avoided) ? dateIn(rule.instead, year, leapDay) : date
  }
  if ('date' in rule) {
    if (rule.date.length > 5 && year < Number(rule.date.slice(0, -6))) return null
    return dayIn(rule.date.slice(-5), year, leapDay)
  }
  if ('from' in rule) {
    const first = dayIn(rule.from, year, leapDay)
    return first.add({ days: (weekdayNumber(rule.weekday) - first.dayOfWeek + 7) % 7 })
  }
  if ('nth' in rule) return nthWeekday(rule.weekday, rule.nth, year, rule.month)?.add({ days: rule.plus ?? 0 }) ?? null
  if ('easter' in rule) {
    const [month, day] = rule.church === 'orthodox' ? orthodoxEaster(year) : westernEaster(year)
    return new Temporal.PlainDate(year, month, day).add({ days: rule.easter })
  }
  const ofCountry = feasts[rule.feast][rule.country]
  return ofCountry === undefined ? null : dateIn(ofCountry, year, leapDay)
}

function dayIn(day: string, year: number, leapDay: LeapDay): Temporal.PlainDate {
  const [month, dayOfMonth] = day.split('-').map(Number)
  const isLeap = new Date(Date.UTC(year, 2, 0)).getUTCDate() === 29
  if (month === 2 && dayOfMonth === 29 && !isLeap)
    return leapDay === 'mar-1' ? new Temporal.PlainDate(year, 3, 1) : new Temporal.PlainDate(year, 2, 28)
  return new Temporal.PlainDate(year, month, dayOfMonth)
}

const weekdayNumber = (weekday: Weekday) => weekdays.indexOf(weekday) + 1

/** Null where the month has not so many. */
function nthWeekday(weekday: Weekday, nth: number, year: number, month: number): Temporal.PlainDate | null {
  const first = new Temporal.PlainDate(year, month, 1)
  const wanted = weekdayNumber(weekday)
  const last = first.daysInMonth
  const earliest = 1 + ((wanted - first.dayOfWeek + 7) % 7)
  const count = 1 + Math.floor((last - earliest) / 7)
  if (Math.abs(nth) > count) return null
  return first.with({ day: earliest + 7 * (nth > 0 ? nth - 1 : count + nth) })
}
