import { expect, it } from 'vitest'
import { opinionDefaults } from '../models/opinion.ts'
import { simulatedWorld } from '../world.ts'
import { evaluateReviews, kendall, wilson } from './reviews.ts'
import { reviewedShop } from './reviews-shop.ts'

it('the ranking is nearer to the truth than the others, and an attack of fakes moves it less', async () => {
  const progress = { step: () => {}, signal: new AbortController().signal }
  const { halfLifeDays } = opinionDefaults
  const { metrics } = await evaluateReviews({ seed: 3, shops: 2, halfLifeDays, progress, world: simulatedWorld(1) })
  for (const other of ['mean', 'wilson', 'bayes']) {
    expect(metrics.tau, other).toBeGreaterThan(metrics[`tau/${other}`])
    expect(metrics['tau attacked'], other).toBeGreaterThan(metrics[`tau attacked/${other}`] + 0.05)
    expect(metrics.damage, other).toBeLessThan(metrics[`damage/${other}`] * 0.8)
    expect(metrics.shift, other).toBeLessThan(metrics[`shift/${other}`])
  }
  expect(Math.abs(metrics['interval/90'] - 0.9)).toBeLessThan(0.03)
})

it('the same seed gives the same shop, with fakes on the targets alone', () => {
  const [one, two, other] = [reviewedShop(4), reviewedShop(4), reviewedShop(5)]
  expect(one.attacked.stars).toEqual(two.attacked.stars)
  expect(one.attacked.stars).not.toEqual(other.attacked.stars)
  const added = one.attacked.items.slice(one.honest.items.length)
  expect(added).toHaveLength(one.fakes)
  expect(added.every((item) => one.target[item] !== 0)).toBe(true)
})

it('Kendall’s tau and Wilson’s bound are those of the books', () => {
  expect(kendall([1, 2, 3, 4], [1, 2, 3, 4])).toBe(1)
  expect(kendall([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1)
  // SciPy: kendalltau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]) = -0.4714
  expect(kendall([12, 2, 1, 12, 2], [1, 4, 7, 1, 0])).toBeCloseTo(-0.4714, 4)
  // 8 of 10 at 95 %: .490 to .943
  expect(wilson(0.8, 10)).toBeCloseTo(0.4902, 3)
})
