/** What people do with instances: settle what is in doubt, do again what failed, move them to another version. */
import type { Reader } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import { messageKeys } from './doubts.ts'
import { type Instance, instanceColumns, instanceOf, type StoredInstance } from './instance.ts'
import { END } from './journey.ts'
import type { JourneyShelf } from './shelf.ts'
import type { State } from './state.ts'
import { advance } from './step.ts'
import type { ChangedByHand } from './write.ts'

/** A handler of journeys, given the time. */
export type Write = <R>(name: string, payload: object) => Promise<R>

export interface ByHand {
  readonly db: Reader
  readonly shelf: JourneyShelf
  readonly write: Write
}

/** Rows changed in one transaction. */
const piece = 500

/** Answers the keys under which the step's message may stand. @throws HabitueError not_found, conflict */
export async function settleByHand(
  means: ByHand,
  { journey, instance, as }: { readonly journey: string; readonly instance: number; readonly as: 'happened' | 'again' },
): Promise<readonly string[]> {
  const [found] = await read(means.db, journey, { id: instance, limit: 1 })
  if (!found) throw new HabitueError('not_found', `The journey ${journey} has no instance ${instance}.`)
  const { phase } = found.state
  const settled = phase === 'in_doubt' || phase === 'failed' ? await settledState(means, found, as) : null
  if (settled === null || (await change(means, [{ ...found, state: settled }])) === 0)
    throw new HabitueError('conflict', `The instance ${instance} is ${phase}; expected one that is in doubt or failed.`)
  return messageKeys(found)
}

async function settledState(
  { db, shelf }: ByHand,
  instance: Instance,
  as: 'happened' | 'again',
): Promise<State | null> {
  const journey = await shelf.get(db, instance.journey, instance.version)
  // What is remembered of him matters to the next step only, which the runner takes.
  const around = { now: 0, zone: 'UTC', view: {}, held: instance.held > 0, share: () => 0 }
  return journey && advance(journey, instance.state, { kind: 'settle', as }, around).state
}

/** Does again all that failed in a journey; answers how many. What is in doubt is settled one by one, by whoever looked. */
export async function replayFailed(means: ByHand, journey: string): Promise<number> {
  let count = 0
  for (let after = 0; ; ) {
    const failed = await read(means.db, journey, { phase: 'failed', after, limit: piece })
    const settled: Instance[] = []
    for (const instance of failed) {
      const state = await settledState(means, instance, 'again')
      if (state) settled.push({ ...instance, state })
    }
    count += await change(means, settled)
    const last = failed.at(-1)
    if (last === undefined || failed.length < piece) return count
    after = last.id
  }
}

export interface Migration {
  readonly journey: string
  /** To which all others are moved. */
  readonly version: number
  /** New names of steps; the others keep theirs. */
  readonly steps: Readonly<Record<string, string>>
}

/**
 * Moves running instances to a version. One whose step is not in it stays where it is, and so does one at which a runner is
 * just now. Waits that have begun end when they would have.
 */
export async function migrate(
  means: ByHand,
  { journey: id, version, steps }: Migration,
): Promise<{ readonly moved: number; readonly stayed: number }> {
  const { db, shelf } = means
  const journey = await shelf.get(db, id, version)
  let moved = 0
  let looked = 0
  for (let after = 0; journey !== null; ) {
    const found = await read(db, id, { after, limit: piece, other: version })
    const fitting = found.flatMap((instance) => {
      const step = steps[instance.state.step] ?? instance.state.step
      const fits = instance.claim === null && (step === END || journey.steps.get(step)?.kind === kindAt(instance, step))
      return fits ? [{ ...instance, version, state: { ...instance.state, step } }] : []
    })
    moved += await change(means, fitting)
    looked += found.length
    const last = found.at(-1)
    if (last === undefined || found.length < piece) break
    after = last.id
  }
  return { moved, stayed: looked - moved }

  /** The kind of step that its phase needs; any where it has not begun with it. */
  function kindAt({ state: { phase } }: Instance, step: string) {
    if (phase === 'waiting') return 'wait'
    return phase === 'ready' ? journey?.steps.get(step)?.kind : 'action'
  }
}

interface Filter {
  readonly id?: number
  readonly phase?: State['phase']
  readonly after?: number
  /** Running ones of versions other than this. */
  readonly other?: number
  readonly limit: number
}

async function read(reader: Reader, journey: string, { id, phase, after, other, limit }: Filter): Promise<Instance[]> {
  let query = reader.k.selectFrom('journey_instances').select(instanceColumns).where('journey', '=', journey)
  if (id !== undefined) query = query.where('id', '=', id)
  if (phase !== undefined) query = query.where('phase', '=', phase)
  if (after !== undefined) query = query.where('id', '>', after)
  if (other !== undefined) query = query.where('version', '<>', other).where('ended', 'is', null)
  const rows = await query.orderBy('id').limit(limit).execute()
  return (rows as StoredInstance[]).map(instanceOf)
}

async function change({ write }: ByHand, instances: readonly Instance[]): Promise<number> {
  if (instances.length === 0) return 0
  const changed = instances.map(({ id, turn, state, version }) => ({ id, turn, state, version }))
  const kept = await write<boolean[]>('journeys.change', { changed } satisfies Omit<ChangedByHand, 'now'>)
  return kept.filter(Boolean).length
}
