import { expect, it } from 'vitest'
import { weigh } from './blend-judging.ts'
import { heldOutRows } from './blend-pools.ts'
import type { Candidate } from './blend-tuning.ts'
import { matrixFromTriples } from './matrix.ts'
import { noFade } from './recency.ts'

const CUSTOMERS = 200

/** Customer r chose `length` items of his own from r * `length` on; held out is the r-th of the items that nobody chose. */
function customersWith(length: number) {
  const chosen = CUSTOMERS * length
  const items = chosen + CUSTOMERS
  const entries = Int32Array.from({ length: chosen }, (_, e) => e)
  const triples = { users: entries.map((e) => Math.floor(e / length)), items: entries }
  const targets = new Map(Array.from({ length: CUSTOMERS }, (_, r) => [r, Int32Array.of(chosen + r)]))
  const rows = heldOutRows({ train: { ...matrixFromTriples(triples, CUSTOMERS, items), now: 0, seed: 1 }, targets })
  /** Scores item i of a customer, of whom so many selections are told, by `scoreOf`. */
  const candidate = (kind: string, scoreOf: (item: number, target: number, told: number) => number): Candidate => {
    const score = (history: { items: Int32Array }, out: Float32Array) => {
      const target = chosen + Math.floor(history.items[0] / length)
      for (let i = 0; i < items; i++) out[i] = scoreOf(i, target, history.items.length)
    }
    const model = { kind, items, score, explain: () => [], toBytes: () => new Uint8Array(0) }
    return { kind, settings: {}, fade: noFade, model, alone: 0, early: false }
  }
  return { rows, candidate, chosen }
}

it('serves the only kind that is better than popularity, though most of its answers are far off', () => {
  const { rows, candidate } = customersWith(1)
  const popularity = candidate('popularity', (item, target) => (item === target ? 0 : 1 / (1 + item)))
  // The tenth customer gets what he chose next, the others get it last.
  const knowing = candidate('ease', (item, target) => {
    if (item !== target) return 1 + ((item * 7919) % 400) / 400
    return target % 10 === 0 ? 3 : 0.5
  })
  const { late, metric, baseline } = weigh([popularity, knowing], rows, { timed: false, placements: [] })
  expect(late.map(({ candidate: { kind } }) => kind)).toContain('ease')
  expect(metric.mean).toBeGreaterThan(baseline + 0.05)
})

it('says of a kind that newcomers alone hear what it is worth to them', () => {
  const { rows, candidate, chosen } = customersWith(12)
  const other = (item: number) => ((item * 7919) % chosen) / chosen
  const popularity = candidate('popularity', (item, target) => (item === target ? 0 : 1 / (1 + item)))
  const ofMany = candidate('als', (item, target, told) => (item === target && told > 8 ? 3 : other(item)))
  const ofFew = candidate('neighbours', (item, target, told) => (item === target && told <= 8 ? 3 : other(item)))
  const { late, early, gains, alone } = weigh([popularity, ofMany, ofFew], rows, { timed: false, placements: [] })
  expect(late.map(({ candidate: { kind } }) => kind)).toEqual(['als'])
  expect(early.map(({ candidate: { kind } }) => kind)).toEqual(['neighbours'])
  expect(gains.get('neighbours')?.mean).toBeGreaterThan(0.5)
  expect(alone.get('neighbours')?.mean).toBeGreaterThan(0.9)
})
