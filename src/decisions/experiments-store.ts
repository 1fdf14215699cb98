/** Settings of placements, experiments, and who saw what first, as rows. */
import { insertRows, selectByKeys } from '../db/batch.ts'
import type { Handlers, Reader, Tx } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import { checkExperiment, type Experiment, type ExperimentDoc, type Tunings, tuningsOf } from './experiment.ts'
import type { PlacementName } from './request.ts'
import { checkPlacement, checkTuning, type Tuning } from './tuning.ts'

export const experimentHandlers: Handlers = {
  'placements.tune': async (
    tx,
    { placement, settings, now }: { placement: string; settings: unknown; now: number },
  ) => {
    const name = checkPlacement(placement)
    if (settings === null) await tx.k.deleteFrom('placement_settings').where('placement', '=', name).execute()
    else {
      const row = { placement: name, doc: JSON.stringify(checkTuning(settings)), updated: now }
      await tx.k
        .insertInto('placement_settings')
        .values(row)
        .onConflict((conflict) => conflict.column('placement').doUpdateSet({ doc: row.doc, updated: now }))
        .execute()
    }
    tx.changed('rules', `placement:${name}`)
  },

  /** Begins an experiment. What was begun is not changed: its results would be of two things. */
  'experiments.start': async (tx, { id, doc, now }: { id: string; doc: unknown; now: number }) => {
    const checked = checkExperiment(doc)
    const all = await listExperiments(tx)
    if (all.some((one) => one.id === id)) throw conflict(`There is an experiment ${JSON.stringify(id)} already.`)
    const running = all.find((one) => one.placement === checked.placement && one.stopped === null)
    if (running)
      throw conflict(`${JSON.stringify(running.id)} runs in ${checked.placement}; one at a time can be told apart.`)
    const row = { id, placement: checked.placement, doc: JSON.stringify(checked), started: now, stopped: null }
    await tx.k.insertInto('experiments').values(row).execute()
    tx.changed('rules', `experiment:${id}`)
  },

  'experiments.stop': async (tx, { id, now }: { id: string; now: number }) => {
    const stopped = tx.k.updateTable('experiments').set({ stopped: now }).where('id', '=', id)
    const { numUpdatedRows } = await stopped.where('stopped', 'is', null).executeTakeFirst()
    if (numUpdatedRows === 0n)
      throw new HabitueError('not_found', `No experiment ${JSON.stringify(id)} is running.`, { experiment: id })
    tx.changed('rules', `experiment:${id}`)
  },
}

function conflict(message: string): HabitueError {
  return new HabitueError('conflict', message)
}

/** The latest first. */
export async function listExperiments(reader: Reader): Promise<Experiment[]> {
  const rows = await reader.k.selectFrom('experiments').selectAll().orderBy('started', 'desc').orderBy('id').execute()
  return rows.map(({ id, doc, started, stopped }) => ({ id, started, stopped, ...(JSON.parse(doc) as ExperimentDoc) }))
}

export async function listTunings(reader: Reader): Promise<{ placement: PlacementName; tuning: Tuning }[]> {
  const rows = await reader.k
    .selectFrom('placement_settings')
    .select(['placement', 'doc'])
    .orderBy('placement')
    .execute()
  return rows.map(({ placement, doc }) => ({
    placement: checkPlacement(placement),
    tuning: checkTuning(JSON.parse(doc)),
  }))
}

export async function readTunings(reader: Reader): Promise<Tunings> {
  return tuningsOf(await listTunings(reader), await listExperiments(reader))
}

export interface Exposure {
  readonly experiment: string
  readonly identifier: number
  readonly arm: string
  readonly time: number
}

/** Notes who saw which arm, the first time; called where decisions are written. */
export async function noteExposures(tx: Tx, exposures: readonly Exposure[]): Promise<void> {
  const first = new Map<string, Exposure>()
  for (const one of exposures) {
    const key = `${one.experiment}\n${one.identifier}`
    if (!first.has(key)) first.set(key, one)
  }
  const keys = [...first.values()].map(({ experiment, identifier }) => [experiment, identifier])
  const columns = ['experiment', 'identifier']
  const known = await selectByKeys<Exposure>(tx, 'exposures', columns, keys, columns)
  for (const { experiment, identifier } of known) first.delete(`${experiment}\n${identifier}`)
  const rows = [...first.values()].map(({ experiment, identifier, arm, time }) => [experiment, identifier, arm, time])
  if (rows.length > 0) await insertRows(tx, 'exposures', ['experiment', 'identifier', 'arm', 'time'], rows)
}

/** Who saw an experiment, in the order in which he did. */
export async function exposuresOf(reader: Reader, experiment: string): Promise<Exposure[]> {
  const query = reader.k.selectFrom('exposures').selectAll().where('experiment', '=', experiment)
  return query.orderBy('time').orderBy('identifier').execute()
}
