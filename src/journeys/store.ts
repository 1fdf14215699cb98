/** Reading definitions, instances and what is due. */
import { heldQuery, selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { JourneyState } from './define.ts'
import { entryOf, type Instance, instanceColumns, instanceOf, type StoredInstance } from './instance.ts'
import type { DefinitionForm } from './schema.ts'

export interface JourneyInfo {
  readonly id: string
  readonly state: JourneyState
  readonly version: number
  readonly updated: number
}

export async function listJourneys(reader: Reader): Promise<JourneyInfo[]> {
  const rows = await reader.k.selectFrom('journeys').selectAll().orderBy('id').execute()
  return rows.map((row) => ({ ...row, state: row.state as JourneyState }))
}

export interface VersionInfo {
  readonly version: number
  readonly created: number
  readonly definition: DefinitionForm
  readonly source: string
}

/** The newest first. */
export async function listVersions(reader: Reader, journey: string): Promise<VersionInfo[]> {
  const rows = await reader.k
    .selectFrom('journey_versions')
    .select(['version', 'created', 'doc', 'source'])
    .where('journey', '=', journey)
    .orderBy('version', 'desc')
    .execute()
  return rows.map(({ doc, ...row }) => ({ ...row, definition: JSON.parse(doc) as DefinitionForm }))
}

/** That somebody is or was in a journey; what the instance knows is read of few. */
export interface Trace extends Pick<Instance, 'id' | 'journey' | 'version' | 'identifier' | 'entry' | 'started'> {
  readonly hasEnded: boolean
}

const traceColumns = ['id', 'journey', 'version', 'identifier', 'entry', 'started', 'ended'] as const

export async function tracesOf(reader: Reader, identifiers: readonly number[]): Promise<Trace[]> {
  const keys = identifiers.map((identifier) => [identifier])
  type Row = Pick<StoredInstance, (typeof traceColumns)[number]>
  const rows = await selectByKeys<Row>(reader, 'journey_instances', ['identifier'], keys, traceColumns)
  return rows.map(({ entry, ended, ...row }) => ({ ...row, entry: entryOf(entry), hasEnded: ended !== null }))
}

export async function instancesByIds(reader: Reader, ids: readonly number[]): Promise<Instance[]> {
  const keys = ids.map((id) => [id])
  const rows = await selectByKeys<StoredInstance>(reader, 'journey_instances', ['id'], keys, instanceColumns)
  return rows.map(instanceOf)
}

/** Which of these instances have not ended and do not merely wait: what they did last they may try again. */
export async function unfinishedOf(reader: Reader, instances: readonly number[]): Promise<ReadonlySet<number>> {
  const keys = instances.map((id) => [id])
  const columns = ['id', 'phase'] as const
  const rows = await selectByKeys<Pick<StoredInstance, 'id' | 'phase'>>(
    reader,
    'journey_instances',
    ['id'],
    keys,
    columns,
  )
  return new Set(rows.flatMap(({ id, phase }) => (phase === 'ended' || phase === 'waiting' ? [] : [id])))
}

/** When the next event is to be looked at; null = none. */
export async function nextEvent(reader: Reader): Promise<number | null> {
  const [row] = await heldQuery<{ due: number | null }>(reader, 'select min(due) as due from journey_inbox', [])
  return row.due
}

const nextOfJourneys = `select j.id, (select min(i.due) from journey_instances i
  where i.journey = j.id and i.due is not null) as due from journeys j where j.state = 'active'`

/** By active journey when its next instance goes on; those without one are absent. */
export async function nextInstances(reader: Reader): Promise<{ readonly id: string; readonly due: number }[]> {
  const rows = await heldQuery<{ id: string; due: number | null }>(reader, nextOfJourneys, [])
  return rows.filter((row): row is { id: string; due: number } => row.due !== null)
}
