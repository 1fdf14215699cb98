/**
 * Where weather comes from when a request does not bring it. A source is told a place and a time, and never who the
 * customer is. Built in: a table in a file. Another source implements `WeatherSource`.
 */
import { readFile, stat } from 'node:fs/promises'
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'

/** `temperature` in degrees and whatever else the source says; null = it does not know. */
export type Weather = Readonly<Record<string, number | string>>

export interface WeatherSource {
  /** @param place as the shop names its places; null = it has but one. @param time milliseconds */
  at(place: string | null, time: number): Promise<Weather | null>
}

export const noWeather: WeatherSource = { at: async () => null }

interface Reading {
  readonly time: number
  readonly weather: Weather
}

/** How old a reading may be. */
const validMs = 24 * 3_600_000
/** How often the file is asked whether it changed. */
const askedMs = 60_000
const anywhere = ''

/**
 * A CSV file `time,temperature[,place][,...]`: time ISO 8601, any other columns are numbers or words of the weather.
 * The latest reading of the place at or before the time holds for a day. The file may be written anew at any time.
 */
export function weatherFile(file: string, world: World): WeatherSource {
  let table: ReadonlyMap<string, readonly Reading[]> = new Map()
  let changed = -1
  let asked = Number.NEGATIVE_INFINITY
  const current = async () => {
    if (world.now() - asked < askedMs) return table
    asked = world.now()
    const { mtimeMs } = await stat(file).catch((cause) => {
      throw new HabitueError('invalid_file', `The weather file ${file} cannot be read: ${(cause as Error).message}`)
    })
    if (mtimeMs !== changed) {
      table = parseWeather(await readFile(file, 'utf8'), file)
      changed = mtimeMs
    }
    return table
  }
  return {
    async at(place, time) {
      const readings = await current()
      return latest(readings.get(place ?? anywhere), time) ?? latest(readings.get(anywhere), time)
    },
  }
}

/** By place ('' = anywhere), in the order of time. @throws HabitueError missing_column, invalid_line */
export function parseWeather(text: string, file: string): Map<string, Reading[]> {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/)
  const names = lines[0].split(',').map((name) => name.trim())
  const timeColumn = names.indexOf('time')
  const placeColumn = names.indexOf('place')
  if (timeColumn < 0)
    throw new HabitueError(
      'missing_column',
      `${file}, line 1: there is no column "time"; there are ${names.join(', ')}`,
    )
  const byPlace = new Map<string, Reading[]>()
  lines.slice(1).forEach((line, n) => {
    if (line.trim() === '') return
    const fields = line.split(',').map((field) => field.trim())
    const time = Date.parse(fields[timeColumn] ?? '')
    if (fields.length !== names.length || Number.isNaN(time))
      throw new HabitueError('invalid_line', `${file}, line ${n + 2}: expected ${names.join(', ')}, got ${line}`)
    const weather: Record<string, number | string> = {}
    names.forEach((name, column) => {
      if (column === timeColumn || column === placeColumn || fields[column] === '') return
      const number = Number(fields[column])
      weather[name] = Number.isFinite(number) ? number : fields[column]
    })
    const place = placeColumn < 0 ? anywhere : fields[placeColumn]
    const readings = byPlace.get(place)
    if (readings) readings.push({ time, weather })
    else byPlace.set(place, [{ time, weather }])
  })
  for (const readings of byPlace.values()) readings.sort((a, b) => a.time - b.time)
  return byPlace
}

function latest(readings: readonly Reading[] | undefined, time: number): Weather | null {
  if (!readings) return null
  let low = 0
  let high = readings.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (readings[middle].time <= time) low = middle + 1
    else high = middle
  }
  const reading = readings[low - 1]
  return reading && time - reading.time <= validMs ? reading.weather : null
}
