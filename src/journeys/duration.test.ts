import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { expect, it } from 'vitest'
import { after } from './duration.ts'

const hour = 3_600_000

it('a day later is the same time of day there, whatever clocks did between', () => {
  const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Tokyo', 'UTC', 'Africa/Casablanca']
  // Around changes of the clock above all.
  const change = Date.parse('2026-03-29T01:00:00Z')
  const time = fc.oneof(
    fc.integer({ min: -40 * hour, max: 40 * hour }).map((by) => change + by),
    fc.integer({ min: Date.parse('1999-01-01'), max: Date.parse('2060-01-01') }),
    fc.constantFrom(change - 1, change, change + 1),
  )
  const sign = fc.constantFrom<1 | -1>(1, -1)
  const days = fc.integer({ min: 0, max: 400 })
  fc.assert(
    fc.property(
      time,
      days,
      fc.constantFrom(...zones),
      sign,
      fc.integer({ min: 0, max: hour }),
      (at, n, zone, by, ms) => {
        const start = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
        const moved = by === 1 ? start.add({ days: n }) : start.subtract({ days: n })
        expect(after(at, { years: 0, months: 0, days: n, ms }, zone, by)).toBe(moved.epochMilliseconds + by * ms)
      },
    ),
    { numRuns: 1500, seed: 5 },
  )
})
