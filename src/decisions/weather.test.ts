import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { simulatedWorld } from '../world.ts'
import { phraseOf, usualText } from './usual-text.ts'
import { parseWeather, weatherFile } from './weather.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-weather-'))
afterAll(() => rmSync(folder, { recursive: true }))
const hour = 3_600_000

describe('a table of the weather', () => {
  it('answers with the latest reading of the place, and with none that is older than a day', async () => {
    const file = join(folder, 'weather.csv')
    writeFileSync(file, 'time,place,temperature,sky\n2026-01-02T12:00Z,Bonn,4.5,rain\n2026-01-02T06:00Z,Bonn,-1,\n')
    const world = simulatedWorld(1)
    const source = weatherFile(file, world)
    const noon = Date.parse('2026-01-02T12:00Z')
    expect(await source.at('Bonn', noon + hour)).toEqual({ temperature: 4.5, sky: 'rain' })
    expect(await source.at('Bonn', noon - hour)).toEqual({ temperature: -1 })
    expect(await source.at('Bonn', noon - 7 * hour)).toBeNull()
    expect(await source.at('Bonn', noon + 25 * hour)).toBeNull()
    expect(await source.at('Cologne', noon)).toBeNull()
    writeFileSync(file, 'time,temperature\n2026-01-02T12:00Z,20\n')
    utimesSync(file, 1, 2)
    expect(await source.at('Cologne', noon)).toBeNull()
    world.advance(61_000)
    expect(await source.at('Cologne', noon)).toEqual({ temperature: 20 })
  })

  it('says which line it cannot read, and which file', async () => {
    expect(() => parseWeather('time,temperature\n2026-01-02,3\nsoon,3\n', 'w.csv')).toThrow(/w\.csv, line 3/)
    expect(() => parseWeather('day,temperature\n', 'w.csv')).toThrow(/no column "time"/)
    await expect(weatherFile(join(folder, 'none.csv'), simulatedWorld(1)).at(null, 0)).rejects.toThrow(/cannot be read/)
  })
})

describe('the usual in words', () => {
  it('names the exception by its condition', () => {
    const cold = { name: 'temperature', below: 8 }
    expect(usualText('Espresso', { phrase: phraseOf(cold, true), item: 'Latte' })).toBe(
      'Usually Espresso; below 8 degrees Latte.',
    )
    expect(phraseOf(cold, false)).toBe('from 8 degrees')
    expect(phraseOf({ name: 'hour', below: 14.5 }, false)).toBe('from 14:30')
    expect(phraseOf({ name: 'days', is: 'weekday' }, false)).toBe('at the weekend')
    expect(phraseOf({ name: 'device', is: 'mobile' }, false)).toBe('when device is not mobile')
    expect(usualText('Tea', null)).toBe('Usually Tea.')
  })
})
