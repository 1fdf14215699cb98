/**
 * Judging a blend on held-out customers: weights are learned from some of them, and asked of the others whether the blend
 * beats popularity and whether each member does good. Of few customers each is asked in his turn (cross-fitting).
 */
import { type PlacementReport, weighPlacements } from './blend-placements.ts'
import { buildPools, type HeldOutRows } from './blend-pools.ts'
import { type Candidate, fadeVariants } from './blend-tuning.ts'
import {
  combine,
  difference,
  learnWeights,
  type Measured,
  mean,
  measured,
  ndcgByRow,
  type Pools,
} from './blend-weights.ts'

/** How histories of at most EARLY entries are served: with the weights that serve them, with those of all, by popularity. */
export interface Newcomers {
  readonly measured: Measured
  readonly lateWeights: number
  readonly baseline: number
}

/** Standard errors by which the blend must beat popularity, and weights of their own for newcomers those of all. */
const SURE = 2
/** Below so many customers each is asked in his turn, and more than the first ten places count: of few hits little can be told. */
const FEW = 1_500
const DEEP = 100
/** Newcomers that are learned on at most. */
const NEWCOMERS = 3_000

/** A member with its weight. */
export interface Chosen {
  readonly candidate: Candidate
  readonly weight: number
}

export interface Weighed {
  readonly dropped: readonly { readonly kind: string; readonly reason: string }[]
  readonly newcomers: Newcomers | null
  readonly note: string
  readonly customers: number
  /** Empty = nothing beats popularity. */
  readonly late: readonly Chosen[]
  readonly early: readonly Chosen[]
  readonly metric: Measured
  readonly baseline: number
  readonly overPopularity: Measured
  /** By kind; of those that are heard of newcomers only, among these. */
  readonly gains: ReadonlyMap<string, Measured>
  readonly alone: ReadonlyMap<string, Measured>
  /** Of each placement that enough customers came through: `late` with weights of its own, where these serve. */
  readonly placed: readonly { readonly report: PlacementReport; readonly late: readonly Chosen[] }[]
}

/**
 * Whether the blend beats popularity, and that no member does harm, is asked of customers whom its weights were not learned
 * from: tuning picks the best of many settings, which on the customers that it looked at flatters even chance.
 */
export function weigh(
  tuned: readonly Candidate[],
  rows: HeldOutRows,
  { timed, placements }: { readonly timed: boolean; readonly placements: readonly string[] },
): Weighed {
  const always = tuned.filter(({ early }) => !early)
  // Of few customers it cannot be told how fast a history should fade in company.
  const candidates = timed && rows.count >= FEW ? always.flatMap(fadeVariants) : always
  const kinds = candidates.map(({ kind }) => kind)
  const everybody = rows.count < FEW ? buildPools(candidates, rows, DEEP) : null
  const folds = everybody ? crossFolds(everybody, kinds) : [oneFold(candidates, kinds, rows)]
  const weights = everybody ? learnWeights(everybody, kinds).weights : folds[0].weights
  const alone = new Map(always.map((c) => [c.kind, asked(folds, ({ pools }) => pools.scores[candidates.indexOf(c)])]))
  const popular = alone.get('popularity') as Float64Array
  const mixed = ({ pools, weights: own }: Fold) => combine(pools, own)
  const blended = asked(folds, mixed)
  const gains = new Map<string, Measured>()
  kinds.forEach((kind, m) => {
    if (weights[m] === 0) return
    const others = ({ pools, weights: own }: Fold) => combine(pools, withoutKind(own, kinds, kind))
    const harm = difference(asked(folds, others, DEEP), asked(folds, mixed, DEEP))
    // What no fold heard was asked of nobody.
    const heard = folds.some(({ weights: own }) => own.some((weight, other) => kinds[other] === kind && weight > 0))
    // Without the only kind all are equal, and half of a pool is no rank to compare with.
    const only = weights.every((weight, other) => weight === 0 || kinds[other] === kind)
    if (!heard || (!only && harm.mean > harm.error)) weights[m] = 0
    else gains.set(kind, measured(difference(blended, asked(folds, others))))
  })
  const simply = ({ pools }: Fold) => pools.scores[candidates.findIndex(({ kind }) => kind === 'popularity')]
  const cut = everybody ? DEEP : undefined
  const beats = difference(asked(folds, mixed, cut), asked(folds, simply, cut))
  const metric = measured(difference(blended))
  const baseline = mean(popular)
  const figures = `NDCG@10 ${metric.mean.toFixed(4)} on ${blended.length} held-out customers, popularity ${baseline.toFixed(4)}`
  const common = { overPopularity: measured(difference(blended, popular)), baseline, customers: blended.length }
  const measuredAlone = new Map([...alone].map(([kind, ndcg]) => [kind, measured(difference(ndcg))]))
  const late = chosenOf(candidates, weights)
  if (!(beats.mean > SURE * beats.error) || late.length === 0) {
    const reason = 'the blend does not beat popularity beyond noise'
    const dropped = tuned.filter((c) => c.kind !== 'popularity').map(({ kind }) => ({ kind, reason }))
    const note = `No model beats popularity beyond noise: ${figures}.`
    const nothing = { late: [], early: [], placed: [], newcomers: null, gains: new Map(), alone: measuredAlone }
    return { ...common, ...nothing, dropped, metric: measured(difference(popular)), note }
  }
  const { learning, checking } = rows.parts()
  const { early, newcomers, ...ofNewcomers } = weighEarly(tuned, late, learning.newcomers(), checking.newcomers())
  for (const [kind, gain] of ofNewcomers.gains) gains.set(kind, gain)
  for (const [kind, own] of ofNewcomers.alone) measuredAlone.set(kind, own)
  const unheard = tuned.filter(({ kind }) => ![...late, ...early].some(({ candidate }) => candidate.kind === kind))
  const dropped = unheard.map(({ kind, alone: own }) => ({
    kind,
    reason: `adds nothing beyond noise (alone NDCG@10 ${own.toFixed(4)})`,
  }))
  const placed = weighPlacements(placements, folds, everybody ? { weights, learning: everybody } : folds[0]).map(
    ({ report, factors }) => ({
      report,
      late: chosenOf(
        candidates,
        weights.map((weight, m) => weight * factors[m]),
      ),
    }),
  )
  const found = { late, early, placed, newcomers, dropped, metric, gains, alone: measuredAlone }
  return { ...common, ...found, note: `${figures}.` }
}

/** Weights, and the customers whom they were not learned from. */
interface Fold {
  readonly weights: Float64Array
  readonly learning: Pools
  readonly pools: Pools
}

function oneFold(candidates: readonly Candidate[], kinds: readonly string[], rows: HeldOutRows): Fold {
  const { learning, checking } = rows.parts()
  const learned = buildPools(candidates, learning)
  const { weights } = learnWeights(learned, kinds)
  const pools = buildPools(candidates, checking)
  withoutHarm(pools, weights)
  return { weights, learning: learned, pools }
}

/** Every fourth customer is asked about weights that the others taught. */
function crossFolds(everybody: Pools, kinds: readonly string[]): Fold[] {
  return [0, 1, 2, 3].map((fold) => {
    const learning = someOf(everybody, (row) => row % 4 !== fold)
    const { weights } = learnWeights(learning, kinds)
    return { weights, learning, pools: someOf(everybody, (row) => row % 4 === fold) }
  })
}

function someOf({ indptr, scores, target, led, cut }: Pools, keep: (row: number) => boolean): Pools {
  const rows = Array.from({ length: indptr.length - 1 }, (_, row) => row).filter(keep)
  const ends = new Int32Array(rows.length + 1)
  rows.forEach((row, r) => {
    ends[r + 1] = ends[r] + indptr[row + 1] - indptr[row]
  })
  const cutOut = <T extends Float32Array | Uint8Array>(from: T, to: T): T => {
    rows.forEach((row, r) => {
      to.set(from.subarray(indptr[row], indptr[row + 1]), ends[r])
    })
    return to
  }
  const total = ends[rows.length]
  return {
    indptr: ends,
    scores: scores.map((own) => cutOut(own, new Float32Array(total))),
    target: cutOut(target, new Uint8Array(total)),
    led: led && cutOut(led, new Uint8Array(total)),
    cut,
  }
}

/** NDCG of each customer who is asked, fold by fold, with what scores him there. */
function asked(folds: readonly Fold[], scores: (fold: Fold) => Float32Array, cut?: number): Float64Array {
  return Float64Array.from(folds.flatMap((fold) => [...ndcgByRow({ ...fold.pools, cut }, scores(fold))]))
}

function withoutKind(weights: Float64Array, kinds: readonly string[], kind: string): Float64Array {
  return weights.map((weight, m) => (kinds[m] === kind ? 0 : weight))
}

function chosenOf(candidates: readonly Candidate[], weights: Float64Array): Chosen[] {
  return candidates.map((candidate, m) => ({ candidate, weight: weights[m] })).filter(({ weight }) => weight > 0)
}

/** Takes out, the worst first, members without whom the customers who were not learned on would be served better but for noise. */
function withoutHarm(pools: Pools, weights: Float64Array): void {
  for (;;) {
    const blended = ndcgByRow(pools, combine(pools, weights))
    let worst = -1
    let most = 0
    weights.forEach((weight, m) => {
      if (weight === 0 || weights.filter((one) => one > 0).length === 1) return
      const gain = difference(blended, ndcgByRow(pools, combine(pools, weights, m)))
      if (gain.mean < -gain.error && gain.mean < most) {
        most = gain.mean
        worst = m
      }
    })
    if (worst < 0) return
    weights[worst] = 0
  }
}

/** Weights for newcomers, where they serve them better than those of all do beyond noise. */
function weighEarly(
  tuned: readonly Candidate[],
  late: readonly Chosen[],
  learning: HeldOutRows,
  checking: HeldOutRows,
): Pick<Weighed, 'early' | 'newcomers' | 'gains' | 'alone'> {
  const some = learning.thin(NEWCOMERS)
  const kinds = tuned.map(({ kind }) => kind)
  const { weights } = learnWeights(buildPools(tuned, some), kinds)
  // Both in pools of the same members, else they would not be ranked among the same items.
  const both = [...tuned, ...late.map(({ candidate }) => candidate)]
  const pools = buildPools(both, checking)
  const ownWeights = Float64Array.from(both, (_, m) => weights[m] ?? 0)
  const own = ndcgByRow(pools, combine(pools, ownWeights))
  const all = Float64Array.from(both, (_, m) => late[m - tuned.length]?.weight ?? 0)
  const others = ndcgByRow(pools, combine(pools, all))
  const gain = difference(own, others)
  const better = gain.mean > SURE * gain.error
  const popular = ndcgByRow(pools, pools.scores[kinds.indexOf('popularity')])
  const gains = new Map<string, Measured>()
  const alone = new Map<string, Measured>()
  tuned.forEach(({ kind }, m) => {
    if (!better || weights[m] === 0 || late.some(({ candidate }) => candidate.kind === kind)) return
    gains.set(kind, measured(difference(own, ndcgByRow(pools, combine(pools, ownWeights, m)))))
    alone.set(kind, measured(difference(ndcgByRow(pools, pools.scores[m]))))
  })
  return {
    gains,
    alone,
    early: better ? chosenOf(tuned, weights) : late,
    newcomers: {
      measured: measured(difference(better ? own : others)),
      lateWeights: mean(others),
      baseline: mean(popular),
    },
  }
}
