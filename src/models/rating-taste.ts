/** A customer folded into every kept draw: what he would rate, how sure that is, and which of his ratings say so. */

import type { Contribution } from './model.ts'
import { backward, type Draw, designRow, dot, type Folded, fold, forward, type Observed } from './rating-fold.ts'
import { binOf, spotOf } from './rating-layout.ts'
import { addLevelProbabilities } from './rating-levels.ts'
import { readDistribution, type Scale } from './rating-scale.ts'

/** One customer's ratings, in any order, each item at most once. */
export interface RatedHistory {
  readonly items: ArrayLike<number>
  readonly values: ArrayLike<number>
  /** Milliseconds since 1970. */
  readonly times?: ArrayLike<number>
  /** Feature numbers, a list for each family of traits that was trained with, numbered through all families. */
  readonly traits?: readonly (readonly number[])[]
}

export interface Prediction {
  readonly expected: number
  readonly spread: number
  readonly liked: number
}

export interface FoldedTaste {
  /** What he would rate `item` at `time` (default: the latest day known). Null for an item that the model does not know. */
  predict(item: number, time?: number): Prediction | null
  /** The at most `count` ratings that moved the expectation of `item` most, by size, with sign (in units of the latent). */
  explain(item: number, count: number): Contribution[]
  /** The same customer without his ratings of `items`: cheaper than folding him anew. */
  without(items: readonly number[]): FoldedTaste
}

/** The latest count: more change nothing but the time it takes. */
const mostRatings = 500

/** What is foretold is not his very next rating: how the first few are given says little of those that follow. */
const settled = 20

interface Learned {
  readonly scale: Scale
  readonly days: Float64Array | null
  readonly draws: readonly Draw[]
  readonly items: number
}

/** @param starts where the search begins in each draw: the means for nearly the same ratings */
export function foldTaste(model: Learned, history: RatedHistory, starts?: readonly Float64Array[]): FoldedTaste {
  const { scale, draws } = model
  const observed = observedFrom(model, history)
  const folded = draws.map((draw, d) => fold(draw, observed, history.traits ?? [], starts?.[d]))
  const placed = (item: number, time?: number) => ({
    item,
    bin: time === undefined ? Math.max(0, (model.days?.length ?? 0) - 1) : binAt(model, time),
    spot: spotOf(Math.max(settled, observed.length)),
  })
  const row = new Float64Array(draws[0].width)
  return {
    predict(item, time) {
      if (item < 0 || item >= model.items) return null
      const place = placed(item, time)
      const sums = new Float64Array(scale.width)
      draws.forEach((draw, d) => {
        const f = designRow(draw, place, row) + dot(row, 0, folded[d].mean, row.length)
        addDraw(draw, f, draw.noise + unsure(folded[d], row), sums)
      })
      const { expected, spread, liked } = readDistribution(scale, sums, draws.length)
      return { expected: expected[0], spread: spread[0], liked: liked[0] }
    },
    explain(item, count) {
      if (item < 0 || item >= model.items) return []
      const moved = new Float64Array(observed.length)
      draws.forEach((draw, d) => {
        designRow(draw, placed(item), row)
        addContributions(folded[d], row, moved)
      })
      return Array.from(observed, (rating, k) => ({ item: rating.item, weight: moved[k] / draws.length }))
        .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight) || a.item - b.item)
        .slice(0, count)
    },
    without(items) {
      const means = folded.map(({ mean }) => mean)
      return foldTaste(model, leftOf(history, items), means)
    },
  }
}

function leftOf(history: RatedHistory, without: readonly number[]): RatedHistory {
  const { items, values, times, traits } = history
  const left = Array.from(items, (_, k) => k).filter((k) => !without.includes(items[k]))
  return {
    items: left.map((k) => items[k]),
    values: left.map((k) => values[k]),
    times: times && left.map((k) => times[k]),
    traits,
  }
}

function binAt({ days }: Learned, time: number): number {
  return days ? binOf({ starts: days }, time) : 0
}

function observedFrom(model: Learned, { items, values, times }: RatedHistory): Observed[] {
  const { scale } = model
  const order = Array.from({ length: items.length }, (_, k) => k)
    .filter((k) => items[k] >= 0 && items[k] < model.items)
    .sort((a, b) => (times ? times[a] - times[b] : 0) || a - b)
  return order.slice(-mostRatings).map((k, n) => ({
    item: items[k],
    bin: times ? binAt(model, times[k]) : Math.max(0, (model.days?.length ?? 0) - 1),
    spot: spotOf(Math.max(0, order.length - mostRatings) + n),
    level: scale.levels ? nearestLevel(scale.levels, values[k]) : 0,
    latent: (values[k] - scale.mean) / scale.deviation,
  }))
}

function nearestLevel(levels: readonly number[], value: number): number {
  let best = 0
  for (let l = 1; l < levels.length; l++) if (Math.abs(levels[l] - value) < Math.abs(levels[best] - value)) best = l
  return best
}

/** Variance of row . customer: |L^-1 row|^2. */
function unsure({ factor }: Folded, row: Float64Array): number {
  const x = row.slice()
  forward(factor, x)
  return x.reduce((sum, value) => sum + value * value, 0)
}

function addDraw({ cuts }: Draw, f: number, variance: number, sums: Float64Array): void {
  if (cuts.length > 0) addLevelProbabilities(cuts, f, variance, sums)
  else {
    sums[0] += f
    sums[1] += f * f + variance
  }
}

/** The mean is the prior's and a sum over the ratings: H^-1 X' W (working response less what the prior expects). */
function addContributions({ factor, rows, weights, surprises }: Folded, row: Float64Array, moved: Float64Array): void {
  const x = row.slice()
  forward(factor, x)
  backward(factor, x)
  for (let k = 0; k < moved.length; k++) moved[k] += weights[k] * dot(rows, k * x.length, x, x.length) * surprises[k]
}
