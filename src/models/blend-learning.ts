/** Learning a blend: hold out, tune each kind, learn weights, fit the admitted kinds again on everything. */
import { gridsFor } from './blend-grid.ts'
import { buildPools, type HeldOutRows, heldOutRows } from './blend-pools.ts'
import {
  type BlendOptions,
  type Candidate,
  type Fitter,
  fadeVariants,
  fitter,
  type Settings,
  tune,
} from './blend-tuning.ts'
import { combine, difference, learnWeights, mean, ndcgByRow } from './blend-weights.ts'
import type { Model, Progress, TrainingData } from './model.ts'
import { type Fade, noFade } from './recency.ts'
import { holdOut, holdOutMasked } from './split.ts'

export interface BlendReport {
  /** `metric`: NDCG@10 that the blend would lose without the member; `alone`: NDCG@10 of the member by itself. */
  readonly admitted: readonly {
    readonly kind: string
    readonly options: Readonly<Record<string, number | string>>
    readonly weight: number
    readonly metric: number
    readonly alone: number
  }[]
  readonly dropped: readonly { readonly kind: string; readonly reason: string }[]
  /** NDCG@10 of the blend on held-out customers, and of popularity; null where nothing could be held out. */
  readonly metric: number | null
  readonly baseline: number | null
  readonly note: string
}

export interface BlendMember {
  readonly model: Model
  readonly weight: number
  /** How a history fades before this member hears it. */
  readonly fade: Fade
}

export interface LearnedBlend {
  readonly members: readonly BlendMember[]
  /** Popularity, for a customer without a history. */
  readonly stranger: Model
  readonly report: BlendReport
}

/** Standard errors by which the blend must beat popularity. */
const SURE = 2

export async function learnBlend(data: TrainingData, options: BlendOptions, progress: Progress): Promise<LearnedBlend> {
  // What comes next is what counts where times are known; entries drawn at random are the surer the more there are.
  const most = data.times ? 3 : 100
  const held = data.tuneOn ? holdOutMasked(data, data.tuneOn) : holdOut(data, { share: 0.1, most, fewest: 3 })
  if (held.targets.size < options.fewestCustomers) {
    const got = `${held.targets.size} customers have enough history to be tested on, ${options.fewestCustomers} are needed`
    return onlyPopularity(data, fitter([], options, progress), {
      metric: null,
      baseline: null,
      dropped: [],
      note: `Too little data: ${got}.`,
    })
  }
  const rows = heldOutRows(held)
  const dropped: { kind: string; reason: string }[] = []
  const candidates: Candidate[] = []
  const grids = gridsFor(held.train.matrix)
  const fitting = fitter(grids, options, progress)
  for (const grid of grids) {
    const tuned = await tune(grid, held.train, rows, options, fitting)
    if ('reason' in tuned) dropped.push({ kind: grid.kind, reason: tuned.reason })
    else candidates.push(tuned)
  }
  const learned = weigh(candidates, rows, held.train.times !== undefined)
  dropped.push(...learned.dropped)
  for (const { model } of candidates) model.dispose?.()
  if (learned.admitted.length === 0) return onlyPopularity(data, fitting, { ...learned, dropped })
  const members: BlendMember[] = []
  for (const { kind, settings, fade, weight } of learned.admitted) {
    members.push({ model: await fitting.fit(kind, settings, data), weight, fade })
  }
  const stranger = await fitting.fit('popularity', settingsOf(candidates, 'popularity'), data)
  const admitted = learned.admitted.map(({ kind, settings, weight, metric, alone }) => ({
    ...{ kind, options: settings, weight, metric, alone },
  }))
  const { metric, baseline, note } = learned
  return { members, stranger, report: { admitted, dropped, metric, baseline, note } }
}

function settingsOf(candidates: readonly Candidate[], kind: string): Settings {
  return candidates.find((c) => c.kind === kind)?.settings ?? {}
}

interface Weighed {
  readonly admitted: readonly (Candidate & { weight: number; metric: number })[]
  readonly dropped: readonly { readonly kind: string; readonly reason: string }[]
  readonly metric: number
  readonly baseline: number
  readonly note: string
}

/**
 * Weights from the learning customers. Whether the blend beats popularity is asked of the others: tuning picks the best
 * of many settings, which on the customers that it looked at flatters even chance.
 */
function weigh(tuned: readonly Candidate[], rows: HeldOutRows, timed: boolean): Weighed {
  const { learning, checking } = rows.parts()
  const candidates = timed ? tuned.flatMap(fadeVariants) : tuned
  const { weights, gains } = learnWeights(
    buildPools(candidates, learning),
    candidates.map(({ kind }) => kind),
  )
  const pools = buildPools(candidates, checking)
  const popular = ndcgByRow(pools, pools.scores[candidates.findIndex((c) => c.kind === 'popularity')])
  const blended = ndcgByRow(pools, combine(pools, weights))
  const metric = mean(blended)
  const baseline = mean(popular)
  const figures = `NDCG@10 ${metric.toFixed(4)} on ${checking.count} held-out customers, popularity ${baseline.toFixed(4)}`
  const gain = difference(blended, popular)
  if (!(gain.mean > SURE * gain.error)) {
    const reason = 'the blend does not beat popularity beyond noise'
    const dropped = tuned.filter((c) => c.kind !== 'popularity').map(({ kind }) => ({ kind, reason }))
    return {
      admitted: [],
      dropped,
      metric: baseline,
      baseline,
      note: `No model beats popularity beyond noise: ${figures}.`,
    }
  }
  const dropped = candidates
    .filter(
      ({ kind }, m) => tuned.includes(candidates[m]) && !candidates.some((c, k) => c.kind === kind && weights[k] > 0),
    )
    .map(({ kind, alone }) => ({ kind, reason: `adds nothing beyond noise (alone NDCG@10 ${alone.toFixed(4)})` }))
  const admitted = candidates
    .map((c, m) => ({ ...c, weight: weights[m], metric: gains[m].mean }))
    .filter((c) => c.weight > 0)
    .sort((a, b) => b.metric - a.metric)
  return { admitted, dropped, metric, baseline, note: `${figures}.` }
}

async function onlyPopularity(
  data: TrainingData,
  fitting: Fitter,
  why: Pick<BlendReport, 'metric' | 'baseline' | 'dropped' | 'note'>,
): Promise<LearnedBlend> {
  const stranger = await fitting.fit('popularity', {}, data)
  const { metric, baseline, dropped } = why
  const admitted = [{ kind: 'popularity', options: {}, weight: 1, metric: 0, alone: baseline ?? 0 }]
  const note = `${why.note} Popularity serves.`
  const report = { admitted, dropped, metric, baseline, note }
  return { members: [{ model: stranger, weight: 1, fade: noFade }], stranger, report }
}
