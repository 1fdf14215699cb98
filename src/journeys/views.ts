/** What is shown of journeys: how many stand where, what came of steps, who is in one. */
import type { Reader } from '../db/database.ts'
import type { Identifier } from '../identity/identity.ts'
import { bestName, identitiesBehind } from '../identity/store.ts'
import { instanceColumns, instanceOf, type StoredInstance } from './instance.ts'
import type { Phase } from './state.ts'

export interface Standing {
  readonly version: number
  readonly step: string
  readonly phase: Phase
  readonly count: number
}

/** Running instances by version, step and phase. */
export async function standing(reader: Reader, journey: string): Promise<Standing[]> {
  const rows = await reader.k
    .selectFrom('journey_instances')
    .select((row) => ['version', 'step', 'phase', row.fn.countAll<number>().as('count')])
    .where('journey', '=', journey)
    .where('ended', 'is', null)
    .groupBy(['version', 'step', 'phase'])
    .orderBy('version')
    .orderBy('step')
    .execute()
  return rows.map((row) => ({ ...row, phase: row.phase as Phase, count: Number(row.count) }))
}

export interface StepCount {
  readonly version: number
  readonly step: string
  readonly outcome: string
  readonly reason: string
  readonly held: boolean
  readonly count: number
}

/** Since the journey began. */
export async function stepCounts(reader: Reader, journey: string): Promise<StepCount[]> {
  const rows = await reader.k
    .selectFrom('journey_counts')
    .select((row) => ['version', 'step', 'outcome', 'reason', 'held', row.fn.sum<number>('count').as('count')])
    .where('journey', '=', journey)
    .groupBy(['version', 'step', 'outcome', 'reason', 'held'])
    .orderBy('version')
    .orderBy('step')
    .orderBy('outcome')
    .execute()
  return rows.map((row) => ({ ...row, held: row.held > 0, count: Number(row.count) }))
}

export interface InstanceView {
  readonly id: number
  readonly journey: string
  readonly version: number
  /** As he is best named; null = he is gone. */
  readonly customer: Identifier | null
  readonly phase: Phase
  readonly step: string
  readonly due: number | null
  readonly started: number
  readonly ended: number | null
  readonly held: boolean
  readonly reason: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface InstanceFilter {
  readonly phase?: Phase
  readonly instance?: number
  readonly before?: number
  readonly limit: number
}

/** The latest first. */
export async function instanceViews(reader: Reader, journey: string, filter: InstanceFilter): Promise<InstanceView[]> {
  const { phase, instance, before, limit } = filter
  let query = reader.k.selectFrom('journey_instances').select(instanceColumns).where('journey', '=', journey)
  if (phase !== undefined) query = query.where('phase', '=', phase)
  if (instance !== undefined) query = query.where('id', '=', instance)
  if (before !== undefined) query = query.where('id', '<', before)
  const rows = (await query.orderBy('id', 'desc').limit(limit).execute()) as StoredInstance[]
  const people = await identitiesBehind(reader, [...new Set(rows.map(({ identifier }) => identifier))])
  return rows.map((row) => {
    const { state, ...rest } = instanceOf(row)
    const identity = people.get(row.identifier)
    const best = identity ? bestName(identity.names) : null
    return {
      id: rest.id,
      journey: rest.journey,
      version: rest.version,
      customer: best && { kind: best.kind, value: best.value },
      phase: state.phase,
      step: state.step,
      due: state.due,
      started: row.started,
      ended: row.ended,
      held: rest.held > 0,
      reason: state.reason,
      data: (JSON.parse(row.state) as { data?: InstanceView['data'] }).data ?? {},
    }
  })
}
