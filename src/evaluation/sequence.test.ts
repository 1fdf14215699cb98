import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { unwatched } from '../models/pace.ts'
import { simulatedWorld } from '../world.ts'
import { evalSequence, evalSession } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-order-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function file(lines: readonly string[]): string {
  const path = join(folder, `${files++}.csv`)
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

const around = { world: simulatedWorld(1), progress: unwatched() }

describe('eval sequence', () => {
  it('trains on nobody’s last item, masks the earlier ones, and ranks all others', async () => {
    // In training: a 3, b 2, c 1. The last items d, d, c must not count.
    const sequences = file(['user,item', '1,a', '1,b', '1,d', '2,a', '2,b', '2,d', '3,a', '3,c', '3,b'])
    const outcome = await evalSequence({ sequences }, { model: 'popularity' }, around)
    // Users 1 and 2: c before d: rank 2; user 3: b, rank 1.
    expect(outcome.metrics['hr@10']).toBe(1)
    expect(outcome.metrics['ndcg@10']).toBeCloseTo((2 / Math.log2(3) + 1) / 3, 12)
    expect(Object.keys(outcome.metrics)).toEqual(['hr@10', 'ndcg@10'])
  })

  it('takes the order from the lines of the file', async () => {
    const rows = Array.from({ length: 40 }, (_, u) => ['a', 'b', 'c', 'd'].map((item) => `${u},${item}`)).flat()
    const known = file(['user,item', ...rows, '99,x', '99,a', '99,b'])
    const outcome = await evalSequence({ sequences: known }, { model: 'transitions' }, around)
    expect(outcome.metrics['hr@10']).toBe(1)
  })
})

describe('eval session', () => {
  const train = file(['session,item', ...Array.from({ length: 60 }, (_, s) => [`${s},a`, `${s},b`, `${s},c`]).flat()])

  it('asks every row and masks nothing: the item just seen may come again', async () => {
    const test = file(['prefix,target', 'a,b', 'a b,a', 'a b a,b'])
    const outcome = await evalSession({ train, test }, { model: 'popularity' }, around)
    // Three items of equal popularity: rank 2 each.
    expect(outcome.metrics).toEqual({ 'hr@20': 1, 'mrr@20': 0.5 })
  })

  it('puts items of the session in front where people come back to them, and behind all others where nobody ever does', async () => {
    const rows = (items: readonly string[]) =>
      file(['session,item', ...Array.from({ length: 60 }, (_, s) => items.map((item) => `${s},${item}`)).flat()])
    const test = file(['prefix,target', 'a b,a'])
    const rankAmong = async (train: string) => 1 / (await evalSession({ train, test }, {}, around)).metrics['mrr@20']
    expect(await rankAmong(rows(['a', 'b', 'a', 'b', 'c']))).toBeLessThanOrEqual(2)
    expect(await rankAmong(rows(['a', 'b', 'c', 'd']))).toBeGreaterThan(2)
  })

  it('serves by sessions like this one, in the order of its items', async () => {
    const more = file([
      'session,item',
      ...Array.from({ length: 60 }, (_, s) => [`${s},a`, `${s},b`, `x${s},c`, `x${s},d`]).flat(),
    ])
    const test = file(['prefix,target', 'c a,b', 'a c,d'])
    const outcome = await evalSession({ train: more, test }, {}, around)
    expect(outcome.model).toBe('session-neighbours')
    expect(outcome.metrics['mrr@20']).toBe(1)
    expect(outcome.scoreMs?.p99).toBeGreaterThanOrEqual(outcome.scoreMs?.p50 ?? 0)
  })
})
