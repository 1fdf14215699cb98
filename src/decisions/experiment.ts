/** Two or more settings of a placement tried against each other: who gets which, and whether one holds now. Pure. */
import { stableShare } from '../world.ts'
import type { PlacementName } from './request.ts'
import { checkPlacement, checkTuning, invalid, plain, type Tuning } from './tuning.ts'

export interface Arm {
  readonly name: string
  /** Of the customers, 0..1; those of all arms come to 1. */
  readonly share: number
  readonly tuning: Tuning
}

export interface Experiment {
  readonly id: string
  readonly placement: PlacementName
  /** The first is what the others are held against. */
  readonly arms: readonly Arm[]
  /** Days from somebody's first list on in which what he orders counts. */
  readonly days: number
  /** Milliseconds since 1970; null = it runs. */
  readonly started: number
  readonly stopped: number | null
}

export type ExperimentDoc = Omit<Experiment, 'id' | 'started' | 'stopped'>

const [fewestArms, mostArms] = [2, 10]

/** `{placement, arms: {name: {share?, settings?}}, days?}` @throws HabitueError invalid_experiment */
export function checkExperiment(input: unknown): ExperimentDoc {
  if (typeof input !== 'object' || input === null) throw invalid('the experiment', input, 'an object')
  const { placement, arms: given, days = 14 } = input as Record<string, unknown>
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalid('arms', given, 'an object of settings by name')
  const entries = Object.entries(given as Record<string, unknown>)
  if (entries.length < fewestArms || entries.length > mostArms)
    throw invalid('arms', `${entries.length} arms`, `${fewestArms} to ${mostArms}`)
  if (typeof days !== 'number' || !(days > 0 && days <= 365)) throw invalid('days', days, 'a number above 0, up to 365')
  const arms = entries.map(([name, one]): Arm => {
    if (!/^[\w -]{1,50}$/.test(name)) throw invalid('arms', name, 'names of letters, digits, spaces, _ and -')
    const { share = 1 / entries.length, settings = {} } = (one ?? {}) as Record<string, unknown>
    if (typeof share !== 'number' || !(share > 0 && share < 1)) throw invalid(`arms.${name}.share`, share, '0 to 1')
    return { name, share, tuning: checkTuning(settings, `arms.${name}.settings`) }
  })
  const total = arms.reduce((sum, { share }) => sum + share, 0)
  if (Math.abs(total - 1) > 1e-6) throw invalid('arms', `shares of ${total} in all`, 'shares that come to 1')
  return { placement: checkPlacement(placement), arms, days }
}

/** The same customer has the same arm, whichever node decides. */
export function armOf({ id, arms }: Pick<Experiment, 'id' | 'arms'>, unit: number | string): Arm {
  let at = stableShare('experiment', id, unit)
  for (const arm of arms) {
    at -= arm.share
    if (at < 0) return arm
  }
  return arms[arms.length - 1]
}

/** What holds for one list. */
export interface Tuned {
  readonly tuning: Tuning
  readonly experiment: { readonly id: string; readonly arm: string } | null
}

/** Settings and running experiments by placement; null where neither says anything of any. */
export type Tunings = ReadonlyMap<PlacementName, { readonly tuning: Tuning; readonly experiment: Experiment | null }>

/** `unit`: the customer; null = nobody who could be met again, who is in no experiment. */
export function tunedFor(tunings: Tunings, placement: PlacementName, unit: number | string | null): Tuned | null {
  const found = tunings.get(placement)
  if (!found) return null
  if (!found.experiment || unit === null) return { tuning: found.tuning, experiment: null }
  const arm = armOf(found.experiment, unit)
  return { tuning: arm.tuning, experiment: { id: found.experiment.id, arm: arm.name } }
}

/** Whether any list of the placement rests what was ignored. */
export function rests(tunings: Tunings, placement: PlacementName): boolean {
  const found = tunings.get(placement)
  if (!found) return false
  const all = found.experiment ? found.experiment.arms.map(({ tuning }) => tuning) : [found.tuning]
  return all.some(({ rotation }) => rotation > 0)
}

export function tuningsOf(
  settings: readonly { readonly placement: PlacementName; readonly tuning: Tuning }[],
  experiments: readonly Experiment[],
): Tunings {
  const found = new Map<PlacementName, { tuning: Tuning; experiment: Experiment | null }>()
  for (const { placement, tuning } of settings) found.set(placement, { tuning, experiment: null })
  for (const experiment of experiments) {
    if (experiment.stopped !== null) continue
    const { placement } = experiment
    found.set(placement, { tuning: found.get(placement)?.tuning ?? plain, experiment })
  }
  return found
}
