import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { unwatched } from '../models/pace.ts'
import { seededRandom, simulatedWorld } from '../world.ts'
import { evalRating } from './command.ts'
import { featuresOf } from './rating-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-rating-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** 60 customers, half like even items and half odd ones, told apart by a trait; every tenth row is a test row. */
function files() {
  const random = seededRandom(5)
  const rows: string[] = []
  const split: string[] = []
  for (let user = 0; user < 60; user++) {
    for (let item = user % 3; item < 40; item += 1 + (user % 2)) {
      const stars = user % 2 === item % 2 ? (random() < 0.8 ? 5 : 4) : random() < 0.8 ? 1 : 2
      rows.push(`u${user},i${item},${stars},${1_000_000 + 3600 * (user + 2 * item)}`)
      split.push(rows.length % 10 === 0 ? 'test' : 'train')
    }
  }
  const write = (name: string, lines: string[]) => {
    writeFileSync(join(folder, name), `${lines.join('\n')}\n`)
    return join(folder, name)
  }
  return {
    interactions: write('interactions.csv', ['user,item,value,time', ...rows]),
    split: write('split.csv', ['split', ...split]),
    users: write('users.csv', [
      'user,side',
      ...Array.from({ length: 60 }, (_, u) => `u${u},${u % 2 ? 'odd' : 'even'}`),
    ]),
    items: write('items.csv', ['item,tags', ...Array.from({ length: 40 }, (_, i) => `i${i},${i % 2 ? 'a|b' : 'c'}`)]),
  }
}

const flags = { set: ['sweeps=40', 'burnIn=0.3', 'rank=3'], seed: 2 }
const around = { world: simulatedWorld(1), progress: unwatched() }

describe('eval rating', () => {
  const given = files()

  it('foretells test rows, and learns a customer held out whole', async () => {
    const { metrics } = await evalRating({ ...given, curve: true }, flags, around)
    expect(metrics.rmse).toBeLessThan(0.8)
    expect(metrics.mae).toBeLessThan(0.6)
    expect(metrics['spread/z']).toBeGreaterThan(0.5)
    expect(metrics['curve/customers']).toBeGreaterThan(2)
    expect(metrics['rmse/after20']).toBeLessThanOrEqual(metrics['rmse/after0'])
  })

  it('gives the same figures for the same seed', async () => {
    const [one, two] = [await evalRating(given, flags, around), await evalRating(given, flags, around)]
    expect(one.metrics).toEqual(two.metrics)
  })

  it('says what it expects where files do not go together', async () => {
    await expect(evalRating({ users: given.users }, flags, around)).rejects.toThrow('--train')
  })
})

describe('columns of traits', () => {
  it('takes lists, words, years, ranges and the region of a code; a name tells nothing', () => {
    expect(featuresOf(['a|b', 'b', 'c'])).toEqual([[['a', 'b'], ['b'], ['c']]])
    const many = Array.from({ length: 60 }, (_, n) => n)
    expect(featuresOf(many.map((n) => `Film ${n} (${1950 + n})`))[0][3]).toEqual(['1953'])
    expect(featuresOf(many.map((n) => `01-Jan-${1950 + n}`))[0][3]).toEqual(['1953'])
    expect(featuresOf(many.map((n) => `Name of ${n}`))).toEqual([])
    expect(featuresOf(many.map((n) => `${10_000 + 1_000 * n}`))[0][30]).toEqual(['4'])
    expect(new Set(featuresOf(many.map((n) => `${n}`))[0].flat()).size).toBe(10)
    expect(featuresOf(['same', 'same'])).toEqual([])
  })
})
