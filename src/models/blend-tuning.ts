/** Trying the settings of one kind on held-out customers. */
import type { Grid } from './blend-grid.ts'
import { type HeldOutRows, ndcgOf } from './blend-pools.ts'
import { difference, mean } from './blend-weights.ts'
import { memberKind } from './members.ts'
import { type Model, ModelDeclined, type Progress, type TrainingData } from './model.ts'
import type { Fade } from './recency.ts'

export type BlendOptions = {
  /** Most memory that a member's fit may take, in megabytes (2^20 bytes). */
  memoryMb: number
  /** Threads of a member's fit; 0 = one a core. */
  threads: number
  /** Share of the settings in the grids that may be tried: 0 = each kind's first alone, 1 = as many as the grid says. */
  effort: number
  /** `quick`: of what hears the order of a history only what answers at once; `whole`: also what takes milliseconds. */
  order: string
  /** With fewer held-out customers than this nothing can be learned about models: popularity serves. */
  fewestCustomers: number
}

export const blendDefaults: BlendOptions = {
  memoryMb: 1024,
  threads: 0,
  effort: 1,
  order: 'quick',
  fewestCustomers: 30,
}

export type Settings = Readonly<Record<string, number | string>>

export interface Candidate {
  readonly kind: string
  readonly settings: Settings
  readonly fade: Fade
  readonly model: Model
  readonly alone: number
  /** Heard of newcomers only. */
  readonly early: boolean
}

/** Settings are compared on this many held-out customers at most. */
const TUNING_ROWS = 3_000
/** A setting is left for another that is better by this many standard errors: the first ones are sensible everywhere. */
const PERSUASION = 1
const VARIANTS: Readonly<Record<string, readonly number[]>> = { recency: [0, 0.5, 1], reach: [1, 3, 10] }
/** Above this many interactions fewer settings are tried, in proportion: a fit takes longer, and less is uncertain. */
const FULL_EFFORT = 4_000_000
/** Multiplications that all further fits of one kind may take: half a minute of a core. */
const TUNING_WORK = 6e11
/** Below so many held-out customers half of the settings are tried. */
const FEW_ROWS = 500

/** Fits members under one running count of steps. */
export function fitter(grids: readonly Grid[], options: BlendOptions, progress: Progress) {
  let done = 0
  const planned = grids.reduce((sum, grid) => sum + 1 + Math.ceil((options.effort * grid.trials) / 2), 0)
  return {
    async fit(name: string, settings: Settings, data: TrainingData): Promise<Model> {
      const kind = memberKind(name)
      const limits = { memoryMb: options.memoryMb, threads: options.threads }
      // Where the grid has it, the blend has faded the history already.
      const faded = 'reach' in settings ? { reach: 0 } : {}
      const known = Object.entries({ ...limits, ...faded }).filter(([key]) => Object.hasOwn(kind.defaults, key))
      const step = (_done: number, _total: number, note: string) =>
        progress.step(Math.min(done, planned), planned, `${name}: ${note}`)
      const given = Object.entries(settings).filter(([key]) => !own.includes(key))
      const all = { ...kind.defaults, ...Object.fromEntries(known), ...Object.fromEntries(given) }
      const model = await kind.fit(data, all, { step, signal: progress.signal })
      done++
      return model
    },
  }
}

export type Fitter = ReturnType<typeof fitter>

/** Climbs along each axis of the grid in turn, at most `effort` of its trials. */
export async function tune(
  grid: Grid,
  train: TrainingData,
  rows: HeldOutRows,
  options: BlendOptions,
  fitting: Fitter,
): Promise<Candidate | { reason: string }> {
  const learning = rows.parts().learning.thin(TUNING_ROWS)
  const some = grid.early ? learning.newcomers() : learning
  // Of few customers no more than a handful of settings can be told apart.
  const telling = rows.count < FEW_ROWS ? 0.5 : 1
  const affordable = Math.min(telling, FULL_EFFORT / train.matrix.indices.length)
  const most = Math.max(1, Math.round(options.effort * affordable * grid.trials))
  let trials = 0
  let refits = Math.floor(TUNING_WORK / (grid.work ?? 1))
  let best: (Candidate & { readonly ndcg: Float64Array }) | undefined
  const attempt = async (settings: Settings): Promise<boolean> => {
    trials++
    const fade = fadeOf(settings)
    const sameFit = best && sameFitted(best.settings, settings)
    if (best && !sameFit && --refits < 0) return false
    const model = best && sameFit ? best.model : await fitting.fit(grid.kind, settings, train)
    const ndcg = ndcgOf(model, fade, some)
    if (best) {
      const gain = difference(ndcg, best.ndcg)
      if (gain.mean <= PERSUASION * gain.error) {
        if (!sameFit) model.dispose?.()
        return false
      }
    }
    if (best && !sameFit) best.model.dispose?.()
    best = { kind: grid.kind, settings, fade, model, alone: mean(ndcg), early: grid.early === true, ndcg }
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

/** What is best alone is not always best in company: the same model with histories that fade otherwise. */
export function fadeVariants(candidate: Candidate): Candidate[] {
  const name = own.find((key) => key in candidate.settings)
  if (name === undefined) return [candidate]
  const others = VARIANTS[name].filter((value) => value !== candidate.settings[name])
  const variants = others.map((value) => {
    const settings = { ...candidate.settings, [name]: value }
    return { ...candidate, settings, fade: fadeOf(settings) }
  })
  return [candidate, ...variants]
}
