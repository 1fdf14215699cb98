/** The part of the engine that is about how lists are chosen, and which way of it is worth more. */
import type { Experiment } from '../decisions/experiment.ts'
import type { PlacementName } from '../decisions/request.ts'
import type { Tuning } from '../decisions/tuning.ts'
import type { Interval } from '../models/sequential.ts'

export interface ArmReport {
  readonly name: string
  /** Customers who saw it, and of these those whose days are over: they are judged by. */
  readonly customers: number
  readonly judged: number
  /** A customer, in his days: orders with something kept, and what it earned after returns (price less cost), minor units. */
  readonly orders: number
  readonly margin: number
  /** Held against the first arm; absent for it. Holds at every moment at once. */
  readonly difference?: { readonly orders: Interval; readonly margin: Interval }
}

export interface ExperimentReport {
  readonly experiment: Experiment
  readonly arms: readonly ArmReport[]
  /** Bought lines of items without a cost: their whole price counts as earned. */
  readonly withoutCost: number
  /** Of each interval the probability that the truth is ever outside. */
  readonly alpha: number
  readonly verdict: string
}

export interface LookedAt {
  /** By place, how much it is looked at; the first = 1. */
  readonly looked: readonly number[]
  readonly clickRate: number
  readonly decisions: number
}

export interface ExperimentsApi {
  list(): Promise<readonly Experiment[]>
  get(id: string): Promise<Experiment | null>
  /** @throws HabitueError invalid_experiment, conflict */
  start(id: string, doc: unknown): Promise<Experiment>
  /** @throws HabitueError not_found */
  stop(id: string): Promise<void>
  /** @throws HabitueError not_found */
  report(id: string): Promise<ExperimentReport>
  settings(): Promise<readonly { readonly placement: PlacementName; readonly tuning: Tuning }[]>
  /** Null takes them away. @throws HabitueError invalid_experiment */
  tune(placement: string, settings: unknown): Promise<void>
  /** How much each place of a list is looked at. @throws HabitueError invalid_experiment */
  lookedAt(placement: string): Promise<LookedAt>
}
