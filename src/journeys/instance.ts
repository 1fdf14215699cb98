/** An instance of a journey as a row, and back. */
import type { InstanceRow } from '../db/tables-acting.ts'
import type { Phase, State } from './state.ts'

/** `held`: 0 = no; 1 = by the journey's own holdout; 2 = by the shop's, which is one for all journeys. */
export type Held = 0 | 1 | 2

export interface Instance {
  readonly id: number
  readonly journey: string
  readonly version: number
  readonly identifier: number
  readonly entry: Entry
  readonly held: Held
  readonly turn: number
  readonly claim: string | null
  readonly started: number
  readonly state: State
}

/** Unique in its journey. */
export interface Entry {
  /** The customer at that time: by him shares are drawn. */
  readonly customer: number
  readonly key: string
  /** How often he had entered under this key before. */
  readonly n: number
}

export const instanceColumns = [
  'id',
  'journey',
  'version',
  'identifier',
  'entry',
  'held',
  'phase',
  'step',
  'turn',
  'due',
  'claim',
  'item',
  'state',
  'reason',
  'started',
  'ended',
] as const

export type StoredInstance = Omit<InstanceRow, 'id'> & { readonly id: number }

/** Of one that has ended, where nothing of what it knew is kept any more (retention.ts). */
export const emptyState = '{}'

type Rest = Omit<State, 'phase' | 'step' | 'due' | 'item' | 'reason'>
/** Nobody asks how it was with one that has ended, but for who looks at it (views.ts). */
const nothing: Rest = { visit: 0, attempt: 0, since: 0, event: null, data: {} }

export function instanceOf(row: StoredInstance): Instance {
  const { phase, step, due, item, reason } = row
  const rest = phase === 'ended' ? nothing : (JSON.parse(row.state) as Rest)
  return {
    id: row.id,
    journey: row.journey,
    version: row.version,
    identifier: row.identifier,
    entry: entryOf(row.entry),
    held: row.held as Held,
    turn: row.turn,
    claim: row.claim,
    started: row.started,
    state: { ...rest, phase: phase as Phase, step, due, item, reason },
  }
}

export function entryOf(text: string): Entry {
  const [customer, key, n] = JSON.parse(text) as [number, string, number]
  return { customer, key, n }
}

function entryText({ customer, key, n }: Entry): string {
  return JSON.stringify([customer, key, n])
}

/** What a change of state writes, in the order of `stateColumns`. */
export const stateColumns = ['phase', 'step', 'due', 'claim', 'item', 'state', 'reason', 'ended', 'turn'] as const

export function stateValues(state: State, turn: number, now: number): unknown[] {
  const { phase, step, due, item, reason, ...rest } = state
  return [phase, step, due, null, item, JSON.stringify(rest), reason, phase === 'ended' ? now : null, turn]
}

/** Somebody enters. */
export interface Entering {
  readonly journey: string
  readonly version: number
  readonly identifier: number
  readonly entry: Entry
  readonly held: Held
  readonly state: State
}

/** What entering writes, in the order of `enteringColumns`. */
export const enteringColumns = [
  'journey',
  'version',
  'identifier',
  'entry',
  'held',
  'started',
  ...stateColumns,
] as const

export function enteringValues({ journey, version, identifier, entry, held, state }: Entering, now: number): unknown[] {
  return [journey, version, identifier, entryText(entry), held, now, ...stateValues(state, 1, now)]
}
