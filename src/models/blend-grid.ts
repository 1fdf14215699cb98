/**
 * What a blend tries of each kind. An axis is an ordered list of values for one option; tuning climbs along one axis
 * after the other from `start`. `recency` is the blend's own: the power by which the history's weights fall with rank
 * from the latest entry; it needs no new fit.
 */
import type { Csr } from '../kernels/csr.ts'
import { usualLambda } from './ease.ts'

export interface Grid {
  readonly kind: string
  /** How many settings are tried at most. */
  readonly trials: number
  /** Multiplications of one fit, where they may be very many. */
  readonly work?: number
  readonly start: Readonly<Record<string, number | string>>
  /** Heard of short histories only: the longer they are the dearer it is, and of the long ones others have learned as much. */
  readonly early?: true
  readonly axes: readonly { readonly name: string; readonly values: readonly (number | string)[] }[]
}

const recency = { name: 'recency', values: [0, 0.25, 0.5, 0.75, 1, 1.5] }

/** What scores in microseconds; 256 MB are some 3,400 items. */
const quickOrder: readonly Grid[] = [
  { kind: 'sequence', trials: 1, start: { parts: 'regressions', memoryMb: 256 }, axes: [] },
  { kind: 'session-neighbours', trials: 1, start: {}, axes: [], early: true },
]
/** What takes milliseconds. */
const wholeOrder: readonly Grid[] = [
  { kind: 'sequence', trials: 1, start: { parts: 'usual' }, axes: [] },
  { kind: 'session-neighbours', trials: 1, start: {}, axes: [] },
]

/** The grids for a shop of this size. */
export function gridsFor(matrix: Csr, order: string): readonly Grid[] {
  const lambda = Math.round(usualLambda(matrix))
  return [
    {
      kind: 'popularity',
      trials: 5,
      start: { halfLifeDays: 0 },
      axes: [{ name: 'halfLifeDays', values: [0, 720, 180, 45, 12] }],
    },
    {
      kind: 'ease',
      trials: 12,
      work: matrix.columns ** 3,
      start: { recency: 0, lambda, even: 0.5 },
      axes: [
        recency,
        { name: 'lambda', values: [0.12, 0.25, 0.5, 1, 2, 4].map((factor) => factor * lambda) },
        { name: 'even', values: [0, 0.25, 0.5, 0.75] },
      ],
    },
    {
      kind: 'als',
      trials: 12,
      start: { recency: 0, lambda: 0.05, alpha0: 0.3, factors: 64 },
      axes: [
        recency,
        { name: 'lambda', values: [0.006, 0.012, 0.025, 0.035, 0.05, 0.07, 0.1, 0.2] },
        { name: 'alpha0', values: [0.05, 0.1, 0.2, 0.3, 0.5, 1] },
        // Each doubling doubles the time of a decision's largest part.
        { name: 'factors', values: [64, 128, 192] },
      ],
    },
    {
      kind: 'neighbours',
      trials: 6,
      start: { recency: 0, userPower: 1, historyPower: 0.8, targetPower: 0.5 },
      axes: [recency, { name: 'targetPower', values: [0.3, 0.5, 0.7] }],
    },
    {
      kind: 'transitions',
      trials: 12,
      start: { direction: 'forward', reach: 3, lagDecay: 5, targetPower: 0.2, shrink: 100 },
      axes: [
        { name: 'reach', values: [1, 1.7, 3, 6, 15, 0] },
        { name: 'direction', values: ['forward', 'both'] },
        { name: 'targetPower', values: [0, 0.1, 0.2, 0.3, 0.5, 0.7] },
        { name: 'lagDecay', values: [1.5, 5, 15] },
        { name: 'shrink', values: [10, 30, 100, 300] },
      ],
    },
    // Both hear the order themselves.
    ...(order === 'whole' ? wholeOrder : quickOrder),
    { kind: 'content', trials: 5, start: { recency: 0 }, axes: [recency] },
  ]
}
