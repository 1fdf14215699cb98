/** Learning a blend: hold out, tune each kind, learn weights, fit the admitted kinds again on everything. */
import { gridsFor } from './blend-grid.ts'
import { type Chosen, type Newcomers, type Weighed, weigh } from './blend-judging.ts'
import type { PlacementReport } from './blend-placements.ts'
import { heldOutRows } from './blend-pools.ts'
import { type BlendOptions, type Candidate, type Fitter, fitter, tune } from './blend-tuning.ts'
import { type Measured, measured } from './blend-weights.ts'
import type { Model, Progress, TrainingData } from './model.ts'
import { type Fade, noFade } from './recency.ts'
import { holdOut, holdOutMasked } from './split.ts'

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
  /** Null where none were learned from. */
  readonly newcomers: Newcomers | null
  /** Of placements that enough customers came through; `weights` by kind, as `weight` of the admitted. */
  readonly placements: readonly (PlacementReport & { readonly weights: Readonly<Record<string, number>> })[]
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
  /** By placement, instead of `late`, where weights of its own serve it better. */
  readonly placed: Readonly<Record<string, readonly Voice[]>>
  /** Popularity, for a customer without a history. */
  readonly stranger: Model
  readonly report: BlendReport
}

/** Histories of at most so many entries are heard as newcomers' are. */
export const EARLY = 10

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
  const grids = gridsFor(held.train.matrix, options.order)
  const fitting = fitter(grids, options, progress)
  for (const grid of grids) {
    const found = await tune(grid, held.train, rows, options, fitting)
    if ('reason' in found) dropped.push({ kind: grid.kind, reason: found.reason })
    else tuned.push(found)
  }
  const timed = held.train.times !== undefined
  const weighed = weigh(tuned, rows, { timed, placements: data.led?.places ?? [] })
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
  const own = weighed.placed.filter((one) => one.report.admitted)
  const placed = Object.fromEntries(own.map((one) => [one.report.placement, voices(one.late)]))
  const choirs = { late: voices(weighed.late), early: voices(weighed.early), placed }
  return { models: [...models.values()], ...choirs, stranger, report }
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
    placements: weighed.placed.map((one) => {
      const weights = Object.fromEntries(one.late.map(({ candidate, weight }) => [candidate.kind, weight]))
      return { ...one.report, weights }
    }),
    customers,
    note,
  }
}

function nothingMeasured(note: string): BlendReport {
  const nothing = { metric: null, baseline: null, measured: null, overPopularity: null, newcomers: null }
  return { admitted: [], dropped: [], placements: [], ...nothing, customers: 0, note }
}

async function onlyPopularity(data: TrainingData, fitting: Fitter, why: BlendReport): Promise<LearnedBlend> {
  const stranger = await fitting.fit('popularity', {}, data)
  const alone = why.measured ?? measured({ mean: 0, error: 0 })
  const gain = measured({ mean: 0, error: 0 })
  const own = { kind: 'popularity', options: {}, weight: 1, early: 1 }
  const admitted = [{ ...own, metric: 0, gain, alone: alone.mean, aloneMeasured: alone }]
  const voices = [{ model: stranger, weight: 1, fade: noFade }]
  const report = { ...why, admitted, note: `${why.note} Popularity serves.` }
  return { models: [stranger], late: voices, early: voices, placed: {}, stranger, report }
}
