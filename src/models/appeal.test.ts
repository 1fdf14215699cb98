import { expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { type ClickedItem, fitAppeal } from './appeal.ts'

it('finds what scores, items and places made of clicks', () => {
  const random = seededRandom(2)
  const truth = (item: number, score: number) =>
    (Number.isFinite(score) ? 0.1 * Math.exp(0.5 * score) : 0.05) * (item === 3 ? 2 : 1)
  const shown = Array.from({ length: 20_000 }, (_, n): ClickedItem => {
    const item = n % 12
    const score = item < 10 ? 4 * random() - 2 : Number.NEGATIVE_INFINITY
    const looked = 1 - 0.15 * (n % 5)
    return { item, score, looked, clicks: random() < looked * truth(item, score) ? 1 : 0 }
  })
  const appeal = fitAppeal(shown)
  const asked: [number, number][] = [
    [0, -1.5],
    [0, 0],
    [0, 1.5],
    [3, 0],
    [11, Number.NEGATIVE_INFINITY],
  ]
  for (const [item, score] of asked) {
    expect(Math.abs(appeal.of(item, score) / truth(item, score) - 1), `${item} ${score}`).toBeLessThan(0.2)
  }
})

it('foretells something whatever was seen', () => {
  expect(fitAppeal([]).of(1, 0)).toBeLessThan(0.01)
  const one = fitAppeal([{ item: 1, score: Number.NEGATIVE_INFINITY, looked: 1, clicks: 1 }])
  for (const score of [-50, 0, 50, Number.NEGATIVE_INFINITY]) {
    expect(one.of(1, score)).toBeGreaterThanOrEqual(0)
    expect(one.of(1, score)).toBeLessThanOrEqual(1)
  }
})
