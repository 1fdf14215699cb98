/** Learning a blend: hold out, tune each kind, learn weights, fit the admitted kinds again on everything. */
import { type Grid, grids } from './blend-grid.ts'
import { buildPools, type HeldOutRows, heldOutRows, ndcgOf } from './blend-pools.ts'
import { combine, difference, learnWeights, mean, ndcgByRow } from './blend-weights.ts'
import { memberKind } from './members.ts'
import { type Model, ModelDeclined, type Progress, type TrainingData } from './model.ts'
import { type Fade, noFade } from './recency.ts'
import { holdOut, holdOutMasked } from './split.ts'

export type BlendOptions = {
  /** Most memory that a member's fit may take, in megabytes (2^20 bytes). */
  memoryMb: number
  /** Threads of a member's fit; 0 = one a core. */
  threads: number
  /** Share of the settings in the grids that may be tried: 0 = each kind's first alone, 1 = as many as the grid says. */
  effort: number
  /** With fewer held-out customers than this nothing can be learned about models: popularity serves. */
  fewestCustomers: number
}

export const blendDefaults: BlendOptions = { memoryMb: 1024, threads: 0, effort: 1, fewestCustomers: 30 }

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

type Settings = Readonly<Record<string, number | string>>

interface Candidate {
  readonly kind: string
  readonly settings: Settings
  readonly fade: Fade
  readonly model: Model
  readonly alone: number
}

/** Tuning compares settings on this many held-out customers, weights on all that `heldOutRows` takes. */
const TUNING_ROWS = 2_000
const VARIANTS: Readonly<Record<string, readonly number[]>> = { recency: [0, 0.5, 1], reach: [1, 3, 10] }
/** Above this many interactions fewer settings are tried, in proportion: a fit takes longer, and less is uncertain. */
const FULL_EFFORT = 4_000_000
/** Standard errors by which the blend must beat popularity. */
const SURE = 2

export async function learnBlend(data: TrainingData, options: BlendOptions, progress: Progress): Promise<LearnedBlend> {
  const held = data.tuneOn ? holdOutMasked(data, data.tuneOn) : holdOut(data, { share: 0.1, most: 3, fewest: 3 })
  const fitting = fitter(options, progress)
  if (held.targets.size < options.fewestCustomers) {
    const got = `${held.targets.size} customers have enough history to be tested on, ${options.fewestCustomers} are needed`
    return onlyPopularity(data, fitting, {
      metric: null,
      baseline: null,
      dropped: [],
      note: `Too little data: ${got}.`,
    })
  }
  const rows = heldOutRows(held)
  const dropped: { kind: string; reason: string }[] = []
  const candidates: Candidate[] = []
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

/** Fits members under one running count of steps. */
function fitter(options: BlendOptions, progress: Progress) {
  let done = 0
  const planned = grids.reduce((sum, grid) => sum + 1 + Math.ceil((options.effort * grid.trials) / 2), 0)
  return {
    async fit(name: string, settings: Settings, data: TrainingData): Promise<Model> {
      const kind = memberKind(name)
      // `reach: 0`: the blend has faded the history already.
      const limits = { memoryMb: options.memoryMb, threads: options.threads, reach: 0 }
      const known = Object.entries(limits).filter(([key]) => Object.hasOwn(kind.defaults, key))
      const step = (_done: number, _total: number, note: string) =>
        progress.step(Math.min(done, planned), planned, `${name}: ${note}`)
      const given = Object.entries(settings).filter(([key]) => !own.includes(key))
      const all = { ...kind.defaults, ...Object.fromEntries(given), ...Object.fromEntries(known) }
      const model = await kind.fit(data, all, { step, signal: progress.signal })
      done++
      return model
    },
  }
}

type Fitter = ReturnType<typeof fitter>

/** Climbs along each axis of the grid in turn, at most `effort` of its trials. */
async function tune(
  grid: Grid,
  train: TrainingData,
  rows: HeldOutRows,
  options: BlendOptions,
  fitting: Fitter,
): Promise<Candidate | { reason: string }> {
  const some = rows.parts().learning.thin(TUNING_ROWS)
  const affordable = Math.min(1, FULL_EFFORT / train.matrix.indices.length)
  const most = Math.max(1, Math.round(options.effort * affordable * grid.trials))
  let trials = 0
  let best: Candidate | undefined
  const attempt = async (settings: Settings): Promise<boolean> => {
    trials++
    const fade = fadeOf(settings)
    const sameFit = best && sameFitted(best.settings, settings)
    const model = best && sameFit ? best.model : await fitting.fit(grid.kind, settings, train)
    const alone = ndcgOf(model, fade, some)
    if (best && alone <= best.alone) {
      if (!sameFit) model.dispose?.()
      return false
    }
    if (best && !sameFit) best.model.dispose?.()
    best = { kind: grid.kind, settings, fade, model, alone }
    return true
  }
  try {
    await attempt(grid.start)
    for (const { name, values } of grid.axes) {
      if (!train.times && (own.includes(name) || name === 'halfLifeDays')) continue
      for (const direction of [1, -1]) {
        let moved = false
        while (trials < most) {
          const at = values.indexOf(best!.settings[name]) + direction
          if (at < 0 || at >= values.length || !(await attempt({ ...best!.settings, [name]: values[at] }))) break
          moved = true
        }
        if (moved) break
      }
    }
  } catch (error) {
    if (!(error instanceof ModelDeclined)) throw error
    if (!best) return { reason: error.message }
  }
  return best!
}

/** The blend's own settings: they fade the history and need no new fit. */
const own: readonly string[] = ['recency', 'reach']

function fadeOf(settings: Settings): Fade {
  return { recency: Number(settings.recency ?? 0), reach: Number(settings.reach ?? 0) }
}

function sameFitted(a: Settings, b: Settings): boolean {
  return Object.keys(a).every((key) => own.includes(key) || a[key] === b[key])
}

interface Weighed {
  readonly admitted: readonly (Candidate & { weight: number; metric: number })[]
  readonly dropped: readonly { readonly kind: string; readonly reason: string }[]
  readonly metric: number
  readonly baseline: number
  readonly note: string
}

/** What is best alone is not always best in company: the same model with histories that fade otherwise. */
function fadeVariants(candidate: Candidate): Candidate[] {
  const name = own.find((key) => key in candidate.settings)
  if (name === undefined) return [candidate]
  const others = VARIANTS[name].filter((value) => value !== candidate.settings[name])
  const variants = others.map((value) => {
    const settings = { ...candidate.settings, [name]: value }
    return { ...candidate, settings, fade: fadeOf(settings) }
  })
  return [candidate, ...variants]
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
