/** Easter Sunday in the Gregorian calendar, as [month, day]. Pure; years from 1583. */

/** Of the Western churches: the anonymous Gregorian computus (Nature, 20 April 1876; Meeus, "Astronomical Algorithms", 8). */
export function westernEaster(year: number): readonly [month: number, day: number] {
  const a = year % 19
  const b = Math.floor(year / 100)
  const c = year % 100
  const f = Math.floor((b + 8) / 25)
  const g = Math.floor((b - f + 1) / 3)
  const h = (19 * a + b - Math.floor(b / 4) - g + 15) % 30
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7
  const m = Math.floor((a + 11 * h + 22 * l) / 451)
  const n = h + l - 7 * m + 114
  return [Math.floor(n / 31), (n % 31) + 1]
}

/** Of the Orthodox churches: Meeus' Julian algorithm, then the days by which the Julian calendar is behind. */
export function orthodoxEaster(year: number): readonly [month: number, day: number] {
  const d = (19 * (year % 19) + 15) % 30
  const e = (2 * (year % 4) + 4 * (year % 7) - d + 34) % 7
  const n = d + e + 114
  const behind = Math.floor(year / 100) - Math.floor(year / 400) - 2
  const julian = Date.UTC(year, Math.floor(n / 31) - 1, (n % 31) + 1)
  const date = new Date(julian + behind * 86_400_000)
  return [date.getUTCMonth() + 1, date.getUTCDate()]
}
