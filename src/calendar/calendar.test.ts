import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, it } from 'vitest'
import { countryCode, zoneOfCountry } from './countries.ts'
import { dateIn, impossibleRule, isDay } from './date-in.ts'
import { type DateRule, type Feast, feastCountries, feastNames, weekdays } from './date-rule.ts'
import { orthodoxEaster, westernEaster } from './easter.ts'
import { nextOccurrence } from './occurrence.ts'
import { dayAt, instantOf, isZone, nextTime, quietUntil, zoneOf } from './zone.ts'

const seeded = { seed: 5, numRuns: 300 }
const zones = [
  ...['Europe/Berlin', 'Europe/London', 'America/New_York', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kolkata'],
  // Summer time that begins at midnight, a day that was left out, Ramadan, no summer time.
  ...['America/Havana', 'Pacific/Apia', 'Africa/Casablanca', 'Asia/Tokyo', 'UTC'],
]
const aZone = fc.constantFrom(...zones)
const aTime = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  .map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`)
const anInstant = fc.integer({ min: Date.UTC(2005, 0, 1), max: Date.UTC(2035, 0, 1) })
const utc = (text: string) => Date.parse(text)

describe('Easter', () => {
  it('falls on the known Sundays of both churches', () => {
    const shown = (of: typeof westernEaster, years: number[]) => years.map((year) => of(year).join('-'))
    expect(shown(westernEaster, [1818, 1961, 2000, 2024, 2025, 2026, 2038, 2285])).toEqual(
      '3-22 4-2 4-23 3-31 4-20 4-5 4-25 3-22'.split(' '),
    )
    expect(shown(orthodoxEaster, [1950, 2019, 2021, 2023, 2024, 2025, 2026, 2100])).toEqual(
      '4-9 4-28 5-2 4-16 5-5 4-20 4-12 5-2'.split(' '),
    )
  })

  it('is a Sunday of spring every year, the Orthodox never before the Western', () => {
    for (let year = 1600; year <= 2400; year++) {
      const western = new Temporal.PlainDate(year, ...westernEaster(year))
      const orthodox = new Temporal.PlainDate(year, ...orthodoxEaster(year))
      expect([western.dayOfWeek, orthodox.dayOfWeek]).toEqual([7, 7])
      expect(Temporal.PlainDate.compare(western, new Temporal.PlainDate(year, 3, 22))).toBeGreaterThanOrEqual(0)
      expect(Temporal.PlainDate.compare(western, new Temporal.PlainDate(year, 4, 25))).toBeLessThanOrEqual(0)
      expect(Temporal.PlainDate.compare(orthodox, western)).toBeGreaterThanOrEqual(0)
    }
  })
})

describe('feasts', () => {
  const on = (feast: Feast, country: string, year: number) => dateIn({ feast, country }, year)?.toString()

  it("keeps each country's Mother's Day", () => {
    const in2025 = { DE: '05-11', AT: '05-11', CH: '05-11', IT: '05-11', US: '05-11', CA: '05-11', NL: '05-11' }
    const others = { BE: '05-11', DK: '05-11', FR: '05-25', SE: '05-25', ES: '05-04', PL: '05-26', NO: '02-09' }
    const last = { GB: '03-30', IE: '03-30', RU: '11-30' }
    for (const [country, day] of Object.entries({ ...in2025, ...others, ...last }))
      expect(`${country} ${on('mothers-day', country, 2025)}`).toBe(`${country} 2025-${day}`)
  })

  it('moves the French one out of the way of Pentecost, and the British one with Easter', () => {
    expect([2022, 2023, 2024, 2026, 2028].map((year) => on('mothers-day', 'FR', year))).toEqual(
      '2022-05-29 2023-06-04 2024-05-26 2026-05-31 2028-05-28'.split(' '),
    )
    expect([2023, 2024, 2026].map((year) => on('mothers-day', 'GB', year))).toEqual(
      '2023-03-19 2024-03-10 2026-03-15'.split(' '),
    )
  })

  it("keeps each country's Father's Day, teacher's day and the others", () => {
    const shown = (feast: Feast, countries: string) => countries.split(' ').map((country) => on(feast, country, 2025))
    expect(shown('fathers-day', 'DE AT CH FR IT GB SE DK PL RU')).toEqual([
      ...['2025-05-29', '2025-06-08', '2025-06-01', '2025-06-15', '2025-03-19', '2025-06-15', '2025-11-09'],
      ...['2025-06-05', '2025-06-23', '2025-10-19'],
    ])
    expect(shown('teachers-day', 'DE US PL ES')).toEqual('2025-10-05 2025-05-06 2025-10-14 2025-11-27'.split(' '))
    expect(shown('thanksgiving', 'US CA')).toEqual(['2025-11-27', '2025-10-13'])
    expect(shown('black-friday', 'DE')).toEqual(['2025-11-28'])
    expect(shown('christmas', 'DE RU')).toEqual(['2025-12-25', '2025-01-07'])
    expect([on('easter', 'RU', 2024), on('easter', 'DE', 2024)]).toEqual(['2024-05-05', '2024-03-31'])
    expect([on('all-saints', 'SE', 2025), on('all-saints', 'SE', 2026)]).toEqual(['2025-11-01', '2026-10-31'])
  })

  it('has a mother, a father, a teacher, a valentine and a Christmas in every country, and says where it has no day', () => {
    for (const country of feastCountries) {
      for (const feast of ['mothers-day', 'fathers-day', 'valentines-day', 'womens-day', 'teachers-day', 'christmas'])
        expect(impossibleRule({ feast: feast as Feast, country })).toBeNull()
    }
    expect(impossibleRule({ feast: 'thanksgiving', country: 'DE' })).toBe(
      'thanksgiving has no day in DE; it has one in CA, US',
    )
    expect(impossibleRule({ date: '02-30' })).toBe('there is no 02-30')
    expect([isDay('02-29'), isDay('1980-02-29'), isDay('04-31'), isDay('4-1')]).toEqual([true, true, false, false])
  })

  it('names one day of each year for every feast of every country', () => {
    for (const feast of feastNames)
      for (const country of feastCountries)
        for (let year = 2020; year < 2040; year++) {
          const date = dateIn({ feast, country }, year)
          if (impossibleRule({ feast, country }) === null) expect(date?.year).toBe(year)
          else expect(date).toBeNull()
        }
  })
})

describe('a date by rule', () => {
  it('is a weekday of the month, counted from either end, where the month has so many', () => {
    const all = fc.record({
      weekday: fc.constantFrom(...weekdays),
      month: fc.integer({ min: 1, max: 12 }),
      year: fc.integer({ min: 1990, max: 2100 }),
    })
    fc.assert(
      fc.property(all, ({ weekday, month, year }) => {
        const days: string[] = []
        const first = new Temporal.PlainDate(year, month, 1)
        for (let date = first; date.month === month; date = date.add({ days: 1 }))
          if (weekdays[date.dayOfWeek - 1] === weekday) days.push(date.toString())
        for (let nth = 1; nth <= 5; nth++) {
          expect(dateIn({ weekday, nth, month }, year)?.toString()).toBe(days[nth - 1])
          expect(dateIn({ weekday, nth: -nth, month }, year)?.toString()).toBe(days.at(-nth))
        }
      }),
      seeded,
    )
  })

  it('of 29 February is kept on the 28th, or on 1 March where the shop wants that', () => {
    const born = { date: '2004-02-29' }
    expect(dateIn(born, 2024)?.toString()).toBe('2024-02-29')
    expect(dateIn(born, 2025)?.toString()).toBe('2025-02-28')
    expect(dateIn(born, 2025, 'mar-1')?.toString()).toBe('2025-03-01')
    expect(dateIn(born, 2100)?.toString()).toBe('2100-02-28')
    expect(dateIn(born, 2003)).toBeNull()
  })
})

const aRule: fc.Arbitrary<DateRule> = fc.oneof(
  fc.integer({ min: 1, max: 366 }).map((n) => ({
    date: new Date(Date.UTC(2024, 0, n)).toISOString().slice(5, 10),
  })),
  fc.record({
    weekday: fc.constantFrom(...weekdays),
    nth: fc.constantFrom(1, 2, 5, -1),
    month: fc.integer({ min: 1, max: 12 }),
  }),
  fc.record({ easter: fc.integer({ min: -60, max: 60 }), church: fc.constantFrom('western', 'orthodox') }),
  fc.record({
    feast: fc.constantFrom('mothers-day', 'fathers-day', 'christmas'),
    country: fc.constantFrom('FR', 'RU'),
  }),
) as fc.Arbitrary<DateRule>

describe('the next occurrence', () => {
  it('is the first that is due at or after the instant, whatever rule, zone and lead', () => {
    fc.assert(
      fc.property(aRule, anInstant, aZone, aTime, fc.integer({ min: 0, max: 60 }), (rule, after, zone, time, lead) => {
        const found = nextOccurrence(rule, after, { zone, time, lead })
        // Plainly: every year's, in order.
        const year = dayAt(after, zone).year
        const all = Array.from({ length: 14 }, (_, n) => dateIn(rule, year - 1 + n))
          .flatMap((date) => (date === null ? [] : [instantOf(date.subtract({ days: lead }), time, zone)]))
          .filter((at) => at >= after)
        expect(found?.at).toBe(Math.min(...all))
        expect(nextOccurrence(rule, found?.at as number, { zone, time, lead })).toEqual(found)
        expect(nextOccurrence(rule, (found?.at as number) + 1, { zone, time, lead })?.at).toBeGreaterThan(
          found?.at as number,
        )
      }),
      { ...seeded, numRuns: 150 },
    )
  })

  it('comes in good time before New Year, and in the zone of the customer', () => {
    const rule: DateRule = { feast: 'new-year', country: 'DE' }
    const options = { time: '09:00', lead: 10 }
    const berlin = nextOccurrence(rule, utc('2025-06-01T00:00:00Z'), { ...options, zone: 'Europe/Berlin' })
    expect(berlin?.date.toString()).toBe('2026-01-01')
    expect(berlin?.at).toBe(utc('2025-12-22T08:00:00Z'))
    const tokyo = nextOccurrence(rule, utc('2025-06-01T00:00:00Z'), { ...options, zone: 'Asia/Tokyo' })
    expect(tokyo?.at).toBe(utc('2025-12-22T00:00:00Z'))
  })

  it('of somebody not born yet is his birth', () => {
    const found = nextOccurrence({ date: '2031-05-04' }, utc('2025-01-01T00:00:00Z'), { zone: 'UTC', time: '00:00' })
    expect(found?.date.toString()).toBe('2031-05-04')
  })
})

describe('a time of day', () => {
  it('that summer time leaves out comes as late as the clock was put forward; one that comes twice counts once', () => {
    const berlin = 'Europe/Berlin'
    expect(nextTime(utc('2025-03-30T00:00:00Z'), '02:30', berlin)).toBe(utc('2025-03-30T01:30:00Z'))
    const first = utc('2025-10-26T00:30:00Z')
    expect(nextTime(utc('2025-10-25T22:00:00Z'), '02:30', berlin)).toBe(first)
    expect(nextTime(first + 1, '02:30', berlin)).toBe(utc('2025-10-27T01:30:00Z'))
    // Havana goes from 00:00 to 01:00.
    expect(nextTime(utc('2025-03-09T04:00:00Z'), '00:00', 'America/Havana')).toBe(utc('2025-03-09T05:00:00Z'))
  })

  it('comes at or after now, within about a day, at that time of the clock wherever no change leaves it out', () => {
    fc.assert(
      fc.property(anInstant, aTime, aZone, (now, time, zone) => {
        const at = nextTime(now, time, zone)
        expect(at).toBeGreaterThanOrEqual(now)
        expect(at - now).toBeLessThanOrEqual(50 * 3_600_000)
        expect(nextTime(at, time, zone)).toBe(at)
        const shown = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
        const before = Temporal.Instant.fromEpochMilliseconds(at - 26 * 3_600_000).toZonedDateTimeISO(zone)
        if (shown.offset === before.offset) expect(shown.toPlainTime().toString().slice(0, 5)).toBe(time)
      }),
      seeded,
    )
  })

  it('comes once on each day of a year', () => {
    for (const zone of ['Europe/Berlin', 'America/Havana', 'Australia/Lord_Howe'])
      for (const time of ['00:00', '01:45', '02:30', '09:00']) {
        const days = new Set<string>()
        let count = 0
        for (let at = utc('2025-01-01T12:00:00Z'); ; count++) {
          at = nextTime(at + 1, time, zone)
          if (at >= utc('2026-01-01T12:00:00Z')) break
          days.add(dayAt(at, zone).toString())
        }
        expect([count, days.size]).toEqual([365, 365])
      }
  })
})

describe('quiet hours', () => {
  it('are told by the clock on the wall, also over midnight and over a change of it', () => {
    fc.assert(
      fc.property(anInstant, aTime, aTime, aZone, (now, from, until, zone) => {
        const ends = quietUntil(now, { from, until }, zone)
        const wall = (at: number) =>
          Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainTime().toString().slice(0, 5)
        const offset = (at: number) => Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).offset
        if (ends !== null) expect(ends).toBe(nextTime(now + 1, until, zone))
        if (offset(now - 30 * 3_600_000) !== offset(now + 30 * 3_600_000)) return
        const clock = wall(now)
        const inside = from < until ? clock >= from && clock < until : clock >= from || clock < until
        expect(ends !== null).toBe(from !== until && inside)
      }),
      seeded,
    )
  })

  it('end when the night ends, in the longer and in the shorter night', () => {
    const night = { from: '21:00', until: '08:00' }
    expect(quietUntil(utc('2025-10-25T20:00:00Z'), night, 'Europe/Berlin')).toBe(utc('2025-10-26T07:00:00Z'))
    expect(quietUntil(utc('2025-03-29T21:00:00Z'), night, 'Europe/Berlin')).toBe(utc('2025-03-30T06:00:00Z'))
    expect(quietUntil(utc('2025-03-30T06:00:00Z'), night, 'Europe/Berlin')).toBeNull()
    expect(quietUntil(utc('2025-03-30T05:00:00Z'), { from: '07:00', until: '07:00' }, 'UTC')).toBeNull()
  })

  it('end once where their end comes twice, and where it is left out at the first minute after', () => {
    const late = { from: '21:00', until: '02:00' }
    const ends = (at: string, hours = late) => {
      const found = quietUntil(utc(at), hours, 'Europe/Berlin')
      return found === null ? null : new Date(found).toISOString().slice(11, 16)
    }
    // 26 October 2025: 02:00 comes at 00:00 UTC and again at 01:00 UTC.
    expect(ends('2025-10-25T23:59:00Z')).toBe('00:00')
    expect([ends('2025-10-26T00:30:00Z'), ends('2025-10-26T01:00:00Z'), ends('2025-10-26T01:30:00Z')]).toEqual([
      ...[null, null, null],
    ])
    // 30 March 2025: after 01:59 comes 03:00, at 01:00 UTC.
    expect([ends('2025-03-30T00:59:00Z'), ends('2025-03-30T01:00:00Z')]).toEqual(['01:00', null])
    // Hours that are left out as a whole are none that day.
    const small = { from: '02:00', until: '03:00' }
    expect([ends('2025-03-30T00:30:00Z', small), ends('2025-03-30T01:00:00Z', small)]).toEqual([null, null])
    expect([ends('2025-10-26T00:30:00Z', small), ends('2025-10-26T01:30:00Z', small)]).toEqual(['02:00', '02:00'])
  })
})

describe('where somebody is', () => {
  it('is what he said, else the country of his address, else where the shop is', () => {
    const shop = 'Europe/Vienna'
    expect(zoneOf({ timezone: 'Asia/Tokyo', country: 'DE' }, shop)).toBe('Asia/Tokyo')
    expect(zoneOf({ timezone: 'Mars/Olympus', country: 'United States' }, shop)).toBe('America/New_York')
    expect(zoneOf({ timezone: '+02:00', country: 'gb' }, shop)).toBe('Europe/London')
    expect(zoneOf({ country: 'Österreich' }, 'UTC')).toBe('Europe/Vienna')
    expect(zoneOf({ country: 'Nowhere' }, shop)).toBe(shop)
    expect(zoneOf({}, shop)).toBe(shop)
    expect([isZone('Europe/Berlin'), isZone('UTC'), isZone('Europe/../etc'), isZone(5)]).toEqual([
      ...[true, true, false, false],
    ])
  })

  it('knows a country by its code and by its name in several languages, and a zone for every one that has people', () => {
    expect(['Germany', 'Deutschland', 'ALLEMAGNE', 'UK', 'usa'].map(countryCode)).toEqual([
      'DE',
      'DE',
      'DE',
      'GB',
      'US',
    ])
    expect([countryCode('X'), countryCode(5), countryCode('Atlantis')]).toEqual([null, null, null])
    for (const country of feastCountries) expect(isZone(zoneOfCountry(country))).toBe(true)
    for (const country of ['AU', 'BR', 'CN', 'MX', 'UA', 'JP', 'IN']) expect(isZone(zoneOfCountry(country))).toBe(true)
    expect(zoneOfCountry('ZZ')).toBeNull()
  })
})
