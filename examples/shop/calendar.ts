/** Days, local hours and feasts. Times are milliseconds since 1970 (UTC); a day is its UTC midnight. */
export const DAY = 86_400_000
export const HOUR = 3_600_000
export const MINUTE = 60_000

/** 0 = Sunday. */
export const weekday = (day: number): number => new Date(day).getUTCDay()

/** The date of the `nth` Sunday (from 1) of a month (from 1). */
export function nthSunday(year: number, month: number, nth: number): number {
  const first = Date.UTC(year, month - 1, 1)
  return first + (((7 - weekday(first)) % 7) + 7 * (nth - 1)) * DAY
}

/** Whether the United States keep daylight saving time on that day (second Sunday of March to first of November). */
export function daylightSaving(day: number): boolean {
  const year = new Date(day).getUTCFullYear()
  return day >= nthSunday(year, 3, 2) && day < nthSunday(year, 11, 1)
}

/** The instant at which clocks in a zone with `utcOffset` hours (standard time) show `hour` (fractional) on `day`. */
export function instantOf(day: number, hour: number, utcOffset: number): number {
  const offset = utcOffset + (daylightSaving(day) ? 1 : 0)
  return Math.round(day + (hour - offset) * HOUR)
}

/** When a month and day fall within `[from, until)`; every year of the span. */
export function yearlyDates(month: number, day: number, from: number, until: number): number[] {
  const out: number[] = []
  for (let year = new Date(from).getUTCFullYear(); Date.UTC(year, 0, 1) < until; year++) {
    const date = Date.UTC(year, month - 1, day)
    if (date >= from && date < until) out.push(date)
  }
  return out
}

/** Mother's Day (United States: the second Sunday of May) in every year of `[from, until)`. */
export function mothersDays(from: number, until: number): number[] {
  const out: number[] = []
  for (let year = new Date(from).getUTCFullYear(); Date.UTC(year, 0, 1) < until; year++) {
    const date = nthSunday(year, 5, 2)
    if (date >= from && date < until) out.push(date)
  }
  return out
}

export type Season = 'spring' | 'summer' | 'autumn' | 'winter'

export function seasonOf(day: number): Season {
  const month = new Date(day).getUTCMonth()
  if (month >= 2 && month <= 4) return 'spring'
  if (month >= 5 && month <= 7) return 'summer'
  return month >= 8 && month <= 10 ? 'autumn' : 'winter'
}

/** `2026-05-10` */
export const isoDate = (day: number): string => new Date(day).toISOString().slice(0, 10)
