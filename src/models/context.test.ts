import { describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { contextKind, fitContext, logLoss } from './context.ts'
import { ContextCounts } from './context-counts.ts'
import type { ContextRows } from './context-rows.ts'
import { unwatched } from './pace.ts'

const users = 20
const items = 12
const sizes = [users + 1, items + 1, 4, 8]

/** Each user takes items near his own number, shifted by the weather. */
function drawn(count: number, seed: number): ContextRows {
  const random = seededRandom(seed)
  const upTo = (n: number) => 1 + Math.floor(random() * n)
  const codes: number[] = []
  const labels: number[] = []
  for (let r = 0; r < count; r++) {
    const row = [upTo(users), upTo(items), upTo(3), upTo(7)]
    codes.push(...row)
    labels.push((row[0] + row[2] - row[1] + items) % items < 2 ? 1 : 0)
  }
  return { sizes, codes: Int32Array.from(codes), labels: Uint8Array.from(labels) }
}

const options = { ...contextKind.defaults, networks: 2, passes: 3 }

describe('a model of context', () => {
  it('scores all items of a context as it scores each row, whoever asks', async () => {
    const model = await fitContext(drawn(800, 1), drawn(100, 2), options, 1, unwatched())
    const scores = new Float32Array(items + 1)
    // A known user, another, one that is unknown, and a weather that was never met.
    for (const row of [
      [3, 0, 1, 2],
      [7, 0, 3, 5],
      [0, 0, 1, 2],
      [3, 0, 0, 0],
    ]) {
      model.scoreItems(Int32Array.from(row), scores)
      const each = Array.from({ length: items + 1 }, (_, item) => [row[0], item, row[2], row[3]]).flat()
      const rows = { sizes, codes: Int32Array.from(each), labels: new Uint8Array(items + 1) }
      const predicted = model.predict(rows)
      for (let item = 0; item <= items; item++) expect(scores[item]).toBeCloseTo(predicted[item], 4)
    }
  })

  it('learns, the same from the same seed', async () => {
    const [train, valid, test] = [drawn(1500, 1), drawn(300, 2), drawn(300, 3)]
    const quick = { ...options, rate: 0.01, passes: 8 }
    const learnt = async (seed: number) => (await fitContext(train, valid, quick, seed, unwatched())).predict(test)
    const first = await learnt(1)
    expect(await learnt(1)).toEqual(first)
    expect(await learnt(2)).not.toEqual(first)
    const share = test.labels.reduce((sum, label) => sum + label, 0) / test.labels.length
    const constant = Float64Array.from(test.labels, () => Math.log(share / (1 - share)))
    expect(logLoss(first, test.labels)).toBeLessThan(logLoss(constant, test.labels))
  })

  it('ends when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(fitContext(drawn(50, 1), drawn(10, 2), options, 1, { step: () => {}, signal })).rejects.toThrow(
      'enough',
    )
  })
})

describe('counts', () => {
  it('of a row do not tell its label: what is counted lies in other folds', () => {
    const rows = drawn(60, 4)
    const folds = Uint8Array.from(rows.labels, (_, r) => r % 3)
    const other = { ...rows, labels: rows.labels.map((label, r) => (folds[r] === 1 ? 1 - label : label)) }
    const features = (of: ContextRows, fold: number) => {
      const counts = new ContextCounts(of, folds, 3)
      const near = new Float32Array(counts.items)
      const out = new Float32Array(counts.features)
      return Array.from(of.labels.keys())
        .filter((r) => folds[r] === fold)
        .flatMap((r) => {
          const row = of.codes.subarray(4 * r, 4 * r + 4)
          counts.nearness(row[0], fold, near)
          counts.write(row, fold, near[row[1]], out, 0)
          return [...out]
        })
    }
    expect(features(other, 1)).toEqual(features(rows, 1))
    expect(features(other, 0)).not.toEqual(features(rows, 0))
  })
})
