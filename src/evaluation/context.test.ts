import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { areaUnderCurve } from '../models/metrics.ts'
import { unwatched } from '../models/pace.ts'
import { seededRandom, simulatedWorld } from '../world.ts'
import { evalContext } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-context-'))
afterAll(() => rmSync(folder, { recursive: true }))

const around = { world: simulatedWorld(1), progress: unwatched() }

/** Everybody has one of six items when it is cold and the next one when it is warm. */
function files(rows: number): { train: string; valid: string; test: string } {
  const random = seededRandom(5)
  const line = () => {
    const user = Math.floor(random() * 40)
    const cold = random() < 0.5
    const own = (user + (cold ? 0 : 1)) % 6
    const item = random() < 0.5 ? own : Math.floor(random() * 6)
    return `${item === own ? 1 : 0},u${user},i${item},${cold ? 'cold' : 'warm'},${Math.floor(random() * 7)}`
  }
  const write = (name: string, count: number) => {
    const path = join(folder, `${name}.csv`)
    writeFileSync(path, `label,user,item,weather,weekday\n${Array.from({ length: count }, line).join('\n')}\n`)
    return path
  }
  return { train: write('train', rows), valid: write('valid', 400), test: write('test', 400) }
}

describe('eval context', () => {
  it('finds that the context decides, which no model without it can', async () => {
    const given = files(3000)
    const { metrics } = await evalContext(given, { set: ['networks=1', 'passes=8', 'rate=0.005'] }, around)
    expect(metrics.auc).toBeGreaterThan(0.97)
    expect(metrics['auc/nocontext']).toBeLessThan(0.9)
    expect(metrics['auc/memory']).toBeLessThan(0.9)
    expect(metrics['hr@1']).toBeGreaterThan(0.9)
    expect(metrics['hr@1/nocontext']).toBeLessThan(0.8)
    expect(metrics.logloss).toBeLessThan(metrics['logloss/nocontext'])
    const again = await evalContext(given, { set: ['networks=1', 'passes=8', 'rate=0.005'] }, around)
    expect(again.metrics).toEqual(metrics)
  })

  it('says which line it cannot read', async () => {
    const bad = join(folder, 'bad.csv')
    writeFileSync(bad, 'label,user,item,weather\n1,a,b,cold\nyes,a,b,cold\n')
    await expect(evalContext({ train: bad, valid: bad, test: bad }, {}, around)).rejects.toThrow(
      /line 3: label: expected 0 or 1, got "yes"/,
    )
    await expect(evalContext({ train: bad, valid: bad, test: bad }, { set: ['speed=1'] }, around)).rejects.toThrow(
      /context has no option "speed"/,
    )
  })
})

describe('areaUnderCurve', () => {
  it('counts equal scores half, whatever the order of rows', () => {
    expect(areaUnderCurve(Float64Array.of(1, 2, 3), Uint8Array.of(0, 0, 1))).toBe(1)
    expect(areaUnderCurve(Float64Array.of(1, 1, 1), Uint8Array.of(1, 0, 1))).toBe(0.5)
    expect(areaUnderCurve(Float64Array.of(2, 1, 2), Uint8Array.of(1, 0, 0))).toBe(0.75)
  })
})
