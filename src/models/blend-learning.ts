/** Learning a blend: hold out, tune each kind, learn weights, fit the admitted kinds again on everything. */
import { gridsFor } from './blend-grid.ts'
import { buildPools, type HeldOutRows, heldOutRows } from './blend-pools.ts'
import { type BlendOptions, type Candidate, type Fitter, fadeVariants, fitter, tune } from './blend-tuning.ts'
import { combine, difference, learnWeights, mean, ndcgByRow, type Pools } from './blend-weights.ts'
import type { Model, Progress, TrainingData } from './model.ts'
import { type Fade, noFade } from './recency.ts'
import { holdOut, holdOutMasked } from './split.ts'

/** What is known of a quality: its mean over held-out customers, and the 95 % interval of that mean. */
export interface Measured {
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** All figures are NDCG@10 of customers on whom no weight was learned; of a member that only newcomers hear, among these. */
export interface BlendReport {
  /** `weight` = among all, `early` = among newcomers (0: not heard there); `metric`: what the blend would lose without the member; `alone`: the member by itself. */
  readonly admitted: readonly {
    readonly kind: string
    readonly options: Readonly<Record<string, number | string>>
    readonly weight: number
    readonly early: number
    readonly metric: number
    readonly gain: Measured
    readonly alone: number
    readonly aloneMeasured: Measured
  }[]
  readonly dropped: readonly { readonly kind: string; readonly reason: string }[]
  /** Of the blend, and of popularity; null where nothing could be held out. */
  readonly metric: number | null
  readonly baseline: number | null
  readonly measured: Measured | null
  /** How much better than popularity, customer by customer. */
  readonly overPopularity: Measured | null
  /** For histories of at most EARLY entries: with the weights that serve them, with those of all, of popularity; null where none were learned. */
  readonly newcomers: { readonly measured: Measured; readonly lateWeights: number; readonly baseline: number } | null
  readonly customers: number
  readonly note: string
}

/** A member as it is heard. */
export interface Voice {
  readonly model: Model
  readonly weight: number
  /** How a history fades before this member hears it. */
  readonly fade: Fade
}

export interface LearnedBlend {
  /** Each once. */
  readonly models: readonly Model[]
  readonly late: readonly Voice[]
  /** For histories of at most EARLY entries. */
  readonly early: readonly Voice[]
  /** Popularity, for a customer without a history. */
  readonly stranger: Model
  readonly report: BlendReport
}

/** Histories of at most so many entries are heard as newcomers' are. */
export const EARLY = 10
/** Standard errors by which the blend must beat popularity, and weights of their own for newcomers those of all. */
const SURE = 2
/** Newcomers that are learned on at most. */
const NEWCOMERS = 3_000

export async function learnBlend(data: TrainingData, options: BlendOptions, progress: Progress): Promise<LearnedBlend> {
  // What comes next is what counts where times are known; entries drawn at random are the surer the more there are.
  const most = data.times ? 3 : 100
  const held = data.tuneOn ? holdOutMasked(data, data.tuneOn) : holdOut(data, { share: 0.1, most, fewest: 3 })
  if (held.targets.size < options.fewestCustomers) {
    const got = `${held.targets.size} customers have enough history to be tested on, ${options.fewestCustomers} are needed`
    return onlyPopularity(data, fitter([], options, progress), nothingMeasured(`Too little data: ${got}.`))
  }
  const rows = heldOutRows(held)
  const dropped: { kind: string; reason: string }[] = []
  const tuned: Candidate[] = []
  const grids = gridsFor(held.train.matrix)
  const fitting = fitter(grids, options, progress)
  for (const grid of grids) {
    const found = await tune(grid, held.train, rows, options, fitting)
    if ('reason' in found) dropped.push({ kind: grid.kind, reason: found.reason })
    else tuned.push(found)
  }
  const weighed = weigh(tuned, rows, held.train.times !== undefined)
  dropped.push(...weighed.dropped)
  for (const { model } of tuned) model.dispose?.()
  const report = reportOf(weighed, dropped)
  if (weighed.late.length === 0) return onlyPopularity(data, fitting, report)
  const models = new Map<string, Model>()
  for (const { kind, settings } of tuned) {
    const heard = [...weighed.late, ...weighed.early].some(({ candidate }) => candidate.kind === kind)
    if (heard) models.set(kind, await fitting.fit(kind, settings, data))
  }
  const voices = (chosen: readonly Chosen[]): Voice[] =>
    chosen.map(({ candidate, weight }) => ({
      model: models.get(candidate.kind) as Model,
      weight,
      fade: candidate.fade,
    }))
  const popularity = tuned.find(({ kind }) => kind === 'popularity')
  const stranger = await fitting.fit('popularity', popularity?.settings ?? {}, data)
  return { models: [...models.values()], late: voices(weighed.late), early: voices(weighed.early), stranger, report }
}

/** A member with its weight. */
interface Chosen {
  readonly candidate: Candidate
  readonly weight: number
}

interface Weighed extends Pick<BlendReport, 'dropped' | 'newcomers' | 'note' | 'customers'> {
  /** Empty = nothing beats popularity. */
  readonly late: readonly Chosen[]
  readonly early: readonly Chosen[]
  readonly metric: Measured
  readonly baseline: number
  readonly overPopularity: Measured
  /** By kind; of those that are heard of newcomers only, among these. */
  readonly gains: ReadonlyMap<string, Measured>
  readonly alone: ReadonlyMap<string, Measured>
}

/**
 * Weights from the learning customers. Whether the blend beats popularity, and that no member does harm, is asked of the
 * others: tuning picks the best of many settings, which on the customers that it looked at flatters even chance.
 */
function weigh(tuned: readonly Candidate[], rows: HeldOutRows, timed: boolean): Weighed {
  const { learning, checking } = rows.parts()
  const always = tuned.filter(({ early }) => !early)
  const candidates = timed ? always.flatMap(fadeVariants) : always
  const kinds = candidates.map(({ kind }) => kind)
  const { weights } = learnWeights(buildPools(candidates, learning), kinds)
  const pools = buildPools(candidates, checking)
  withoutHarm(pools, weights)
  const alone = new Map(always.map((c) => [c.kind, ndcgByRow(pools, pools.scores[candidates.indexOf(c)])]))
  const popular = alone.get('popularity') as Float64Array
  const blended = ndcgByRow(pools, combine(pools, weights))
  const overPopularity = measured(difference(blended, popular))
  const metric = measured(difference(blended))
  const baseline = mean(popular)
  const figures = `NDCG@10 ${metric.mean.toFixed(4)} on ${checking.count} held-out customers, popularity ${baseline.toFixed(4)}`
  const beats = difference(blended, popular)
  const common = { overPopularity, baseline, customers: checking.count }
  const measuredAlone = new Map([...alone].map(([kind, ndcg]) => [kind, measured(difference(ndcg))]))
  if (!(beats.mean > SURE * beats.error)) {
    const reason = 'the blend does not beat popularity beyond noise'
    const dropped = tuned.filter((c) => c.kind !== 'popularity').map(({ kind }) => ({ kind, reason }))
    const note = `No model beats popularity beyond noise: ${figures}.`
    const nothing = { late: [], early: [], newcomers: null, gains: new Map(), alone: measuredAlone }
    return { ...common, ...nothing, dropped, metric: measured(difference(popular)), note }
  }
  const late = chosenOf(candidates, weights)
  const gains = new Map<string, Measured>()
  weights.forEach((weight, m) => {
    if (weight > 0) gains.set(kinds[m], measured(difference(blended, ndcgByRow(pools, combine(pools, weights, m)))))
  })
  const { early, newcomers, ...ofNewcomers } = weighEarly(tuned, late, learning.newcomers(), checking.newcomers())
  for (const [kind, gain] of ofNewcomers.gains) gains.set(kind, gain)
  for (const [kind, own] of ofNewcomers.alone) measuredAlone.set(kind, own)
  const unheard = tuned.filter(({ kind }) => ![...late, ...early].some(({ candidate }) => candidate.kind === kind))
  const dropped = unheard.map(({ kind, alone: own }) => ({
    kind,
    reason: `adds nothing beyond noise (alone NDCG@10 ${own.toFixed(4)})`,
  }))
  return { ...common, late, early, newcomers, dropped, metric, gains, alone: measuredAlone, note: `${figures}.` }
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
  tuned.forEach(({ kind, early }, m) => {
    if (!early || !better || weights[m] === 0) return
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

/** The 95 % interval of a mean. */
function measured({ mean: value, error }: { mean: number; error: number }): Measured {
  return { mean: value, low: value - 1.96 * error, high: value + 1.96 * error }
}

function reportOf(weighed: Weighed, dropped: BlendReport['dropped']): BlendReport {
  const { late, early, gains, alone, metric, baseline, overPopularity, newcomers, customers, note } = weighed
  const unmeasured = measured({ mean: 0, error: 0 })
  const weightIn = (chosen: readonly Chosen[], kind: string) =>
    chosen.find(({ candidate }) => candidate.kind === kind)?.weight ?? 0
  const heard = [...new Set([...late, ...early].map(({ candidate }) => candidate))]
  const admitted = heard
    .filter(({ kind }, k) => heard.findIndex((other) => other.kind === kind) === k)
    .map(({ kind, settings }) => {
      const gain = gains.get(kind) ?? unmeasured
      const own = alone.get(kind) ?? unmeasured
      return {
        ...{ kind, options: settings, weight: weightIn(late, kind), early: weightIn(early, kind) },
        ...{ metric: gain.mean, gain, alone: own.mean, aloneMeasured: own },
      }
    })
    .sort((a, b) => b.metric - a.metric)
  return {
    admitted,
    dropped,
    metric: metric.mean,
    baseline,
    measured: metric,
    overPopularity,
    newcomers,
    customers,
    note,
  }
}

function nothingMeasured(note: string): BlendReport {
  const nothing = { metric: null, baseline: null, measured: null, overPopularity: null, newcomers: null }
  return { admitted: [], dropped: [], ...nothing, customers: 0, note }
}

async function onlyPopularity(data: TrainingData, fitting: Fitter, why: BlendReport): Promise<LearnedBlend> {
  const stranger = await fitting.fit('popularity', {}, data)
  const alone = why.measured ?? measured({ mean: 0, error: 0 })
  const gain = measured({ mean: 0, error: 0 })
  const own = { kind: 'popularity', options: {}, weight: 1, early: 1 }
  const admitted = [{ ...own, metric: 0, gain, alone: alone.mean, aloneMeasured: alone }]
  const voices = [{ model: stranger, weight: 1, fade: noFade }]
  const report = { ...why, admitted, note: `${why.note} Popularity serves.` }
  return { models: [stranger], late: voices, early: voices, stranger, report }
}
