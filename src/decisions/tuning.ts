/** How a placement chooses its list beyond the scores, as data; everything off is the plain order of scores. */
import { HabitueError } from '../errors.ts'
import { type PlacementName, placementNames } from './request.ts'

export interface Tuning {
  /** 0..1: how much an item that resembles one above it loses. */
  readonly diversity: number
  /** 0..1: how much the list keeps the proportions of the customer's taste. */
  readonly calibration: number
  /** 0..1: how much what few have chosen gains. */
  readonly novelty: number
  /** 0..0.5: the share of the places after the first that try items which were hardly shown. */
  readonly exploration: number
  /** 0..0.9: what each showing that he ignored takes from an item. */
  readonly rotation: number
  /** False = as for somebody of whom nothing is known; what he refused stays away. */
  readonly personal: boolean
}

export const plain: Tuning = {
  diversity: 0,
  calibration: 0,
  novelty: 0,
  exploration: 0,
  rotation: 0,
  personal: true,
}

const most: Readonly<Record<Exclude<keyof Tuning, 'personal'>, number>> = {
  diversity: 1,
  calibration: 1,
  novelty: 1,
  exploration: 0.5,
  rotation: 0.9,
}

/** Whether anything but the order of scores is asked for. */
export function isTuned({ diversity, calibration, novelty, exploration, rotation }: Tuning): boolean {
  return diversity + calibration + novelty + exploration + rotation > 0
}

/** @throws HabitueError invalid_experiment naming the field, what was got and what was expected */
export function checkTuning(input: unknown, where = 'settings'): Tuning {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw invalid(where, input, 'an object')
  const tuning: Record<string, number | boolean> = { ...plain }
  for (const [name, value] of Object.entries(input)) {
    const field = `${where}.${name}`
    if (name === 'personal') {
      if (typeof value !== 'boolean') throw invalid(field, value, 'true or false')
      tuning.personal = value
      continue
    }
    if (!Object.hasOwn(most, name)) throw invalid(field, value, `one of ${Object.keys(plain).join(', ')}`)
    const limit = most[name as keyof typeof most]
    if (typeof value !== 'number' || !(value >= 0 && value <= limit))
      throw invalid(field, value, `a number from 0 to ${limit}`)
    tuning[name] = value
  }
  return tuning as unknown as Tuning
}

/** @throws HabitueError invalid_experiment */
export function checkPlacement(input: unknown): PlacementName {
  if (placementNames.includes(input as PlacementName)) return input as PlacementName
  throw invalid('placement', input, `one of ${placementNames.join(', ')}`)
}

export function invalid(field: string, got: unknown, expected: string): HabitueError {
  const text = JSON.stringify(got) ?? 'nothing'
  return new HabitueError('invalid_experiment', `${field} is ${text.slice(0, 80)}; expected ${expected}.`, { field })
}
