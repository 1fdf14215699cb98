/** Definitions in the database: put, switched on and off, moved to another version. */
import { upsertRows } from '../db/batch.ts'
import type { Handlers, Tx } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'
import { type Names, renewNames } from './names.ts'

export type JourneyState = 'draft' | 'active' | 'paused' | 'stopped'

export interface PutJourney {
  readonly id: string
  /** The definition as JSON, and as it was written. */
  readonly doc: string
  readonly source: string
  readonly purpose: string
  readonly begins: Names
  readonly hears: Names
  readonly now: number
}

export interface PutAnswer {
  readonly version: number
  /** False where the latest version says the same. */
  readonly isNew: boolean
}

export function definitionHandlers(world: Pick<World, 'uuid'>): Handlers {
  return {
    'journeys.put': (tx, put: PutJourney) => putJourney(tx, put, world.uuid()),
    'journeys.state': (tx, change: { id: string; to: JourneyState; now: number }) => setState(tx, change, world.uuid()),
  }
}

async function putJourney(
  tx: Tx,
  { id, doc, source, purpose, begins, hears, now }: PutJourney,
  token: string,
): Promise<PutAnswer> {
  const journey = await tx.k.selectFrom('journeys').selectAll().where('id', '=', id).executeTakeFirst()
  const latest = await tx.k
    .selectFrom('journey_versions')
    .select(['version', 'doc'])
    .where('journey', '=', id)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (latest && latest.doc === doc && journey?.version === latest.version)
    return { version: latest.version, isNew: false }
  const version = (latest?.version ?? 0) + 1
  const columns = ['journey', 'version', 'doc', 'source', 'purpose', 'begins', 'hears', 'live', 'created']
  const row = [id, version, doc, source, purpose, JSON.stringify(begins), JSON.stringify(hears), 1, now]
  await upsertRows(tx, 'journey_versions', ['journey', 'version'], columns, [row])
  const state = journey?.state ?? 'draft'
  await upsertRows(tx, 'journeys', ['id'], ['id', 'state', 'version', 'updated'], [[id, state, version, now]])
  await renewNames(tx, token)
  return { version, isNew: true }
}

/** Which states may follow which. Who was in a journey that was stopped is in it no more, also when it begins again. */
const following: Readonly<Record<JourneyState, readonly JourneyState[]>> = {
  draft: ['active', 'stopped'],
  active: ['paused', 'stopped'],
  paused: ['active', 'stopped'],
  stopped: ['active'],
}

async function setState(
  tx: Tx,
  { id, to, now }: { id: string; to: JourneyState; now: number },
  token: string,
): Promise<void> {
  const row = await tx.k.selectFrom('journeys').select('state').where('id', '=', id).executeTakeFirst()
  if (!row) throw new HabitueError('not_found', `There is no journey ${JSON.stringify(id)}.`)
  const from = row.state as JourneyState
  if (from === to) return
  if (!following[from].includes(to))
    throw new HabitueError(
      'conflict',
      `The journey ${id} is ${from}; from there it can become ${following[from].join(' or ')}.`,
    )
  await tx.k.updateTable('journeys').set({ state: to, updated: now }).where('id', '=', id).execute()
  await renewNames(tx, token)
}
