import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { unwatched } from '../models/pace.ts'
import { seededRandom, simulatedWorld } from '../world.ts'
import { evalColdstart, outcomeTable } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldstart-'))
afterAll(() => rmSync(folder, { recursive: true }))
const around = { world: simulatedWorld(1), progress: unwatched() }

/** Two tastes; `taste` is told under a name of its own, beside a number that says nothing. */
function files(name: string, traits: (taste: number, user: number) => string, header: string) {
  const random = seededRandom(8)
  const rows: string[] = []
  for (let user = 0; user < 300; user++) {
    const chosen = new Set<number>()
    while (chosen.size < 16) chosen.add(Math.floor(30 * random() ** 1.4) + (random() < 0.9 ? 30 * (user % 2) : 30))
    let time = 1_000_000 + user
    for (const item of chosen) {
      rows.push(`u${user},i${item},4,${time}`)
      time += 60
    }
  }
  const path = (what: string) => join(folder, `${name}-${what}.csv`)
  // The order of the lines says nothing: times do.
  writeFileSync(path('interactions'), ['user,item,value,time', ...rows.toReversed()].join('\n'))
  const users = Array.from({ length: 300 }, (_, user) => `u${user},${traits(user % 2, user)}`)
  writeFileSync(path('users'), [`user,${header}`, ...users].join('\n'))
  const cold = Array.from({ length: 60 }, (_, k) => `u${k * 5}`)
  writeFileSync(path('cold'), ['user', ...cold, 'somebody-without-a-row'].join('\n'))
  return { interactions: path('interactions'), users: path('users'), cold: path('cold') }
}

describe('eval coldstart', () => {
  it('tells what traits and first selections are worth, whatever the traits are called', async () => {
    const given = files('named', (taste, user) => `${taste ? 'tea' : 'coffee'},${user * 17}`, 'drinks,number')
    const { protocol, metrics } = await evalColdstart(given, {}, around)
    expect(protocol).toBe('coldstart')
    const points = ['', '/after1', '/after3', '/after5', '/after10']
    for (const at of points) {
      expect(metrics[`ndcg@10${at}`]).toBeGreaterThan(metrics[`popularity/ndcg@10${at}`])
      expect(metrics[`gain-over-popularity${at}/low`]).toBeLessThan(metrics[`gain-over-popularity${at}/high`])
    }
    // Nobody told a gender or an age.
    expect(Object.keys(metrics).some((name) => name.includes('gender'))).toBe(false)
  })

  it('stands beside the same gender and age where they are told, and is the same each time', async () => {
    const given = files('usual', (taste) => `${taste ? 'F' : 'M'},${taste ? 25 : 56}`, 'gender,age')
    const once = await evalColdstart(given, { seed: 3 }, around)
    expect(once.metrics['gender-age/ndcg@10']).toBeGreaterThan(once.metrics['popularity/ndcg@10'])
    expect(once.metrics['ndcg@10/after10']).toBeGreaterThan(0)
    expect((await evalColdstart(given, { seed: 3 }, around)).metrics).toEqual(once.metrics)
    expect(outcomeTable(once)).toContain('ndcg@10/after3')
  })

  it('does without what was given with a selection where that is no number', async () => {
    const given = files('starred', (taste) => (taste ? 'tea' : 'coffee'), 'drinks')
    const alike = await evalColdstart(given, {}, around)
    const lines = readFileSync(given.interactions, 'utf8')
    writeFileSync(given.interactions, lines.replace(/,4,/g, ',four,'))
    expect((await evalColdstart(given, {}, around)).metrics).toEqual(alike.metrics)
  })

  it('refuses an option that there is not, and a file in which nobody got far enough', async () => {
    const given = files('short', () => 'x', 'plan')
    await expect(evalColdstart(given, { set: ['depth=3'] }, around)).rejects.toMatchObject({ code: 'invalid_option' })
    writeFileSync(given.cold, 'user\nnobody')
    await expect(evalColdstart(given, {}, around)).rejects.toMatchObject({ code: 'invalid_file' })
    const all = Array.from({ length: 300 }, (_, user) => `u${user}`)
    writeFileSync(given.cold, ['user', ...all].join('\n'))
    await expect(evalColdstart(given, {}, around)).rejects.toMatchObject({ code: 'invalid_file' })
  })
})
