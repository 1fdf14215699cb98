import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { HabitueError } from '../errors.ts'
import { unwatched } from '../models/pace.ts'
import { simulatedWorld } from '../world.ts'
import { evalCandidates, evalTopn, outcomeTable } from './command.ts'
import { DelimitedFile } from './delimited.ts'
import { Ids, readInteractions } from './interactions.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-evaluation-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function file(text: string): string {
  const path = join(folder, `${files++}.csv`)
  writeFileSync(path, text)
  return path
}

const around = { world: simulatedWorld(1), progress: unwatched() }

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof HabitueError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'nothing thrown'
}

describe('DelimitedFile', () => {
  it('reads quotes, line ends of every kind, a byte order mark and blank lines', () => {
    const lines = new DelimitedFile(file('\ufeffuser,item\r\n"a,""b""",1\r\n\n "x",y\nlast,2'))
    const seen: string[][] = []
    while (lines.next()) seen.push([lines.text(0), lines.text(1)])
    expect(lines.columns).toEqual(['user', 'item'])
    expect(seen).toEqual([
      ['a,"b"', '1'],
      [' "x"', 'y'],
      ['last', '2'],
    ])
  })

  it('says file, line and what was expected', () => {
    const read = (text: string) => codeOf(() => readInteractions(file(text), new Ids(), new Ids()))
    expect(read('user,thing\n1,2\n')).toMatch(/missing_column: .* line 1: there is no column "item"/)
    expect(read('user,item\n1,2\n1,2,3\n')).toMatch(/invalid_line: .* line 3: 3 fields where the header has 2/)
    expect(read('user,item,time\n1,2,3\n1,2,soon\n')).toMatch(/line 3: column "time" should be a number, got "soon"/)
    expect(read('user,item\n,2\n')).toMatch(/line 2: column "user" is empty/)
    expect(read('user,item\n"1,2\n')).toMatch(/line 2: a quote is opened and never closed/)
    expect(read('')).toMatch(/invalid_file: .* is empty/)
    expect(codeOf(() => readInteractions(join(folder, 'none.csv'), new Ids(), new Ids()))).toMatch(/invalid_file/)
  })

  it('keeps identifiers apart that differ only in writing', () => {
    const users = new Ids()
    readInteractions(file('user,item\n1,a\n01,a\n1,b\n1.0,a\nx,a\n'), users, new Ids())
    expect(users.size).toBe(4)
  })
})

describe('eval topn', () => {
  // Popularity of train and valid: a 3, b 2, c 1, d 1; e is in the test rows alone.
  const interactions = file(
    ['user,item,value', '1,a,1', '1,b,5', '2,a,2', '2,b,1', '3,a,1', '3,c,1', '1,c,1', '4,d,1', '2,e,1'].join('\n'),
  )
  const split = file(['split', ...'train train train valid train train test train test'.split(' ')].join('\n'))

  it('ranks all items of the file, masks train and valid, and leaves out users without a test row', async () => {
    const outcome = await evalTopn({ interactions, split }, { model: 'popularity' }, around)
    // User 1: c and d tie behind the masked a, b: rank 1.5. User 2: c, d before e: rank 3.
    expect(outcome.metrics['ndcg@10']).toBeCloseTo((1 / Math.log2(2.5) + 1 / Math.log2(4)) / 2, 12)
    expect(outcome.metrics['recall@10']).toBe(1)
    expect(Object.keys(outcome)).toEqual(['protocol', 'model', 'metrics', 'fitSeconds', 'peakRssMb'])
    expect(outcomeTable(outcome)).toMatch(/ndcg@10 {6}0\.\d{4}/)
  })

  it('does not depend on the order of rows', async () => {
    const lines = (path: string) => new DelimitedFile(path)
    const reversed = (path: string, columns: number) => {
      const source = lines(path)
      const rows: string[] = []
      while (source.next()) rows.push(Array.from({ length: columns }, (_, c) => source.text(c)).join(','))
      return file([source.columns.join(','), ...rows.reverse()].join('\n'))
    }
    const backwards = { interactions: reversed(interactions, 3), split: reversed(split, 1) }
    const once = await evalTopn({ interactions, split }, { model: 'neighbours' }, around)
    const twice = await evalTopn(backwards, { model: 'neighbours' }, around)
    expect(twice.metrics).toEqual(once.metrics)
  })

  it('refuses a split of another length, other words, unknown models and options', async () => {
    const run = (files: { interactions: string; split: string }, flags = {}) => evalTopn(files, flags, around)
    await expect(run({ interactions, split: file('split\ntrain\n') })).rejects.toThrow(/has 1 rows, .* has 9/)
    await expect(run({ interactions, split: file('split\ntrain\nelse\n') })).rejects.toThrow(/line 3: expected train/)
    await expect(run({ interactions, split }, { model: 'magic' })).rejects.toThrow(/no model "magic"; the models are/)
    await expect(run({ interactions, split }, { model: 'ease', set: ['lamda=3'] })).rejects.toThrow(/it has lambda/)
    await expect(run({ interactions, split }, { model: 'ease', set: ['lambda=x'] })).rejects.toThrow(/be a number/)
    await expect(run({ interactions, split }, { model: 'ease', set: ['lambda'] })).rejects.toThrow(/key=value/)
  })
})

describe('eval candidates', () => {
  const train = file('user,item\n1,a\n2,a\n2,b\n3,b\n3,a\n4,c\n')
  const test = file('user,item\n1,b\n4,a\n')

  it('ranks the target among its candidates and counts it once', async () => {
    const candidates = file('user,items\n1,c a b d\n4,b d\n')
    const outcome = await evalCandidates({ train, test, candidates }, { model: 'popularity' }, around)
    // User 1: a before b, the listed b dropped: rank 2. User 4: a first.
    expect(outcome.metrics['hr@10']).toBe(1)
    expect(outcome.metrics['ndcg@10']).toBeCloseTo((1 / Math.log2(3) + 1) / 2, 12)
  })

  it('refuses a user without candidates, and one listed twice', async () => {
    const run = (text: string) =>
      evalCandidates({ train, test, candidates: file(text) }, { model: 'popularity' }, around)
    await expect(run('user,items\n1,c\n')).rejects.toThrow(/no line in the candidates file/)
    await expect(run('user,items\n1,c\n1,c\n4,a\n')).rejects.toThrow(/line 3: user 1 is listed twice/)
  })
})

const data = '../shared/data/ml-1m'
describe.skipIf(!existsSync(data))('on MovieLens 1M (skipped where ../shared/data is absent)', () => {
  it('finds the reference figure of popularity', async () => {
    const files = { interactions: join(data, 'interactions.csv'), split: join(data, 'split-topn.csv') }
    const outcome = await evalTopn(files, { model: 'popularity' }, around)
    expect(outcome.metrics['ndcg@10']).toBeCloseTo(0.133, 3)
  })
})
