/**
 * Weights of a blend for each placement: what customers follow from the home page need not be what they follow where a search
 * is ranked. Learned from held-out entries that came through the placement, beginning with the weights of all and held to them
 * while these entries are few; heard only where customers on whom they were not learned are served better beyond noise.
 */
import { combine, difference, type Measured, mean, measured, ndcgByRow, type Pools } from './blend-weights.ts'

/** How a placement did with weights of its own, of customers on whom they were not learned. */
export interface PlacementReport {
  readonly placement: string
  /** Customers who were asked. */
  readonly customers: number
  /** NDCG@10 with the weights of all. */
  readonly general: number
  readonly measured: Measured
  readonly gain: Measured
  /** Whether its own weights serve it. */
  readonly admitted: boolean
}

export interface PlacedWeights {
  readonly report: PlacementReport
  /** By member: the general weight times this. */
  readonly factors: Float64Array
}

/** Customers to learn from, and customers who were not learned from, with the weights of all. */
export interface PlacedFold {
  readonly weights: Float64Array
  readonly learning: Pools
  /** Who is asked. */
  readonly pools: Pools
}

/** Fewer customers who came through a placement say nothing of it. */
const FEWEST = 40
/** As so many customers the weights of all count. */
const DOUBT = 200
/** Standard errors by which its own weights must be better. */
const SURE = 2
const STEPS = [0.25, 0.5, 0.7, 1.4, 2, 4]
const SWEEPS = 3

/** Of each placement that enough customers came through. `whole` = all customers, where the folds ask each in his turn. */
export function weighPlacements(
  placements: readonly string[],
  folds: readonly PlacedFold[],
  whole: Pick<PlacedFold, 'weights' | 'learning'>,
): PlacedWeights[] {
  return placements.flatMap((placement, n) => {
    const asked = folds.map((fold) => {
      const asking = through(fold.pools, n + 1)
      const factors = factorsFor(through(fold.learning, n + 1), fold.weights)
      const ndcg = (weights: Float64Array) => ndcgByRow(asking, combine(asking, weights))
      return { own: ndcg(times(fold.weights, factors)), general: ndcg(fold.weights) }
    })
    const own = joined(asked.map((one) => one.own))
    const general = joined(asked.map((one) => one.general))
    if (own.length < FEWEST) return []
    const gain = difference(own, general)
    const factors = factorsFor(through(whole.learning, n + 1), whole.weights)
    const admitted = gain.mean > SURE * gain.error && factors.some((factor) => factor !== 1)
    const figures = { general: mean(general), measured: measured(difference(own)), gain: measured(gain) }
    return [{ report: { placement, customers: own.length, ...figures, admitted }, factors }]
  })
}

/** The customers with a target that came through placement `number`; their other targets are no answers there. */
function through({ indptr, scores, target, led, cut }: Pools, number: number): Pools {
  const entries: number[] = []
  const ends = [0]
  for (let row = 0; led !== undefined && row + 1 < indptr.length; row++) {
    const own = Array.from({ length: indptr[row + 1] - indptr[row] }, (_, k) => indptr[row] + k)
    if (!own.some((e) => led[e] === number)) continue
    entries.push(...own.filter((e) => target[e] === 0 || led[e] === number))
    ends.push(entries.length)
  }
  return {
    indptr: Int32Array.from(ends),
    scores: scores.map((all) => Float32Array.from(entries, (e) => all[e])),
    target: Uint8Array.from(entries, (e) => target[e]),
    cut,
  }
}

/** By what each weight is to be multiplied: coordinate ascent from the weights of all, then back towards them. */
function factorsFor(pools: Pools, general: Float64Array): Float64Array {
  const rows = pools.indptr.length - 1
  const factors = new Float64Array(general.length).fill(1)
  const heard = Array.from(general.keys()).filter((m) => general[m] > 0)
  if (rows < FEWEST || heard.length < 2) return factors
  let best = mean(ndcgByRow(pools, combine(pools, general)))
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const before = best
    for (const m of heard) {
      const others = combine(pools, times(general, factors), m)
      const now = factors[m]
      for (const step of STEPS) {
        const ndcg = mean(ndcgByRow(pools, others, pools.scores[m], general[m] * now * step))
        if (ndcg <= best) continue
        best = ndcg
        factors[m] = now * step
      }
    }
    if (best <= before) break
  }
  // Only proportions matter.
  const loudest = Math.max(...heard.map((m) => factors[m]))
  return factors.map((factor) => (factor / loudest) ** (rows / (rows + DOUBT)))
}

function times(weights: Float64Array, factors: Float64Array): Float64Array {
  return weights.map((weight, m) => weight * factors[m])
}

function joined(parts: readonly Float64Array[]): Float64Array {
  return Float64Array.from(parts.flatMap((part) => [...part]))
}
