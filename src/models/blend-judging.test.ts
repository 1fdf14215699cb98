import { expect, it } from 'vitest'
import { weigh } from './blend-judging.ts'
import { heldOutRows } from './blend-pools.ts'
import type { Candidate } from './blend-tuning.ts'
import { matrixFromTriples } from './matrix.ts'
import { noFade } from './recency.ts'

const CUSTOMERS = 200
const ITEMS = 400

/** Customer r chose item r; held out is item r + 200. */
const rows = heldOutRows({
  train: {
    ...matrixFromTriples(
      {
        users: Int32Array.from({ length: CUSTOMERS }, (_, r) => r),
        items: Int32Array.from({ length: CUSTOMERS }, (_, r) => r),
      },
      CUSTOMERS,
      ITEMS,
    ),
    now: 0,
    seed: 1,
  },
  targets: new Map(Array.from({ length: CUSTOMERS }, (_, r) => [r, Int32Array.of(r + CUSTOMERS)])),
})

/** Scores item i of a customer by `scoreOf`. */
function candidate(kind: string, scoreOf: (item: number, customer: number) => number): Candidate {
  const score = (history: { items: Int32Array }, out: Float32Array) => {
    for (let i = 0; i < ITEMS; i++) out[i] = scoreOf(i, history.items[0])
  }
  const model = { kind, items: ITEMS, score, explain: () => [], toBytes: () => new Uint8Array(0) }
  return { kind, settings: {}, fade: noFade, model, alone: 0, early: false }
}

it('serves the only kind that is better than popularity, though most of its answers are far off', () => {
  const popularity = candidate('popularity', (item, customer) => (item === customer + CUSTOMERS ? 0 : 1 / (1 + item)))
  // The tenth customer gets what he chose next, the others get it last.
  const knowing = candidate('ease', (item, customer) => {
    if (item !== customer + CUSTOMERS) return 1 + ((item * 7919) % ITEMS) / ITEMS
    return customer % 10 === 0 ? 3 : 0.5
  })
  const { late, metric, baseline } = weigh([popularity, knowing], rows, { timed: false, placements: [] })
  expect(late.map(({ candidate: { kind } }) => kind)).toContain('ease')
  expect(metric.mean).toBeGreaterThan(baseline + 0.05)
})
