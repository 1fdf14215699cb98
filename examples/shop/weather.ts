/** A seeded year of weather in each of the shop's cities: a yearly wave, days that hang together, and the hour. */
import { DAY } from './calendar.ts'
import { normal, stream } from './draws.ts'

export interface City {
  readonly name: string
  readonly state: string
  readonly zip: string
  readonly timezone: string
  /** Hours from UTC in standard time. */
  readonly utcOffset: number
  /** Degrees Celsius: mean of the year, and half the difference between July and January. */
  readonly mean: number
  readonly swing: number
}

export const cities: readonly City[] = [
  { name: 'Boston', state: 'MA', zip: '021', timezone: 'America/New_York', utcOffset: -5, mean: 10.9, swing: 12.2 },
  { name: 'New York', state: 'NY', zip: '100', timezone: 'America/New_York', utcOffset: -5, mean: 13, swing: 12.4 },
  { name: 'Chicago', state: 'IL', zip: '606', timezone: 'America/Chicago', utcOffset: -6, mean: 10.5, swing: 13.7 },
  { name: 'Denver', state: 'CO', zip: '802', timezone: 'America/Denver', utcOffset: -7, mean: 10.4, swing: 11.8 },
  { name: 'Seattle', state: 'WA', zip: '981', timezone: 'America/Los_Angeles', utcOffset: -8, mean: 11.6, swing: 7.1 },
]

export interface Weather {
  /** Degrees Celsius, one decimal, in a city (index into `cities`) on a day of the span at a local hour. */
  temperature(city: number, dayIndex: number, hour: number): number
}

/** How much of yesterday's deviation stays today: an autoregressive process of the first order. */
const persistence = 0.75
const deviation = 2.4

export function makeWeather(seed: number, start: number, days: number): Weather {
  const series = cities.map((city) => {
    const draw = stream(seed, 'weather', city.name)
    const daily = new Float64Array(days)
    let anomaly = 0
    for (let d = 0; d < days; d++) {
      anomaly = persistence * anomaly + deviation * normal(draw)
      daily[d] = city.mean + city.swing * yearWave(start + d * DAY) + anomaly
    }
    return daily
  })
  return {
    temperature: (city, dayIndex, hour) => {
      const ofDay = -3.5 * Math.cos(((hour - 4) / 24) * 2 * Math.PI)
      return Math.round((series[city][dayIndex] + ofDay) * 10) / 10
    },
  }
}

/** -1 in the middle of January, +1 in the middle of July. */
function yearWave(day: number): number {
  const dayOfYear = (day - Date.UTC(new Date(day).getUTCFullYear(), 0, 1)) / DAY
  return -Math.cos(((dayOfYear - 18) / 365.25) * 2 * Math.PI)
}
