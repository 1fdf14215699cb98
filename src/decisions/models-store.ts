/**
 * Trained models as rows: one row a model with its report, its bytes in chunks. A training makes several, each ready when it
 * is; it holds a lease on all that are not, so that of several processes on one database one trains; a lease that was not
 * renewed is a process that died.
 */
import { sql } from 'kysely'
import type { Handlers, Reader, Tx } from '../db/database.ts'
import { HabitueError } from '../errors.ts'

/** How long a training may be silent before another process may begin one. */
export const leaseMs = 60_000

const chunkBytes = 1 << 20
/** Finished and failed trainings of a name that are kept for `habitue models` and doctor. */
const keptReports = 20

export interface ModelInfo {
  readonly id: number
  readonly name: string
  readonly version: number
  /** `withdrawn`: it served, until what it was learned by was no longer allowed. A ready one of no bytes: there is none to be had. */
  readonly state: 'training' | 'ready' | 'failed' | 'cancelled' | 'withdrawn'
  readonly started: number
  readonly finished: number | null
  readonly report: Readonly<Record<string, unknown>>
  readonly bytes: number
}

interface Begin {
  /** What the training will make. */
  readonly names: readonly string[]
  readonly now: number
}

/** A training: one version, and a row for each of its models by name. */
export interface Begun {
  readonly version: number
  readonly ids: Readonly<Record<string, number>>
}
interface Chunk {
  readonly id: number
  readonly n: number
  readonly bytes: Uint8Array
}
interface Finish {
  readonly id: number
  readonly state: 'ready' | 'failed' | 'cancelled'
  readonly report: string
  readonly bytes: number
  readonly now: number
}

export const modelHandlers: Handlers = {
  /** Opens a training. @throws training_running while another one holds a live lease */
  'models.begin': async (tx, { names, now }: Begin): Promise<Begun> => {
    if (tx.engine === 'postgres') {
      await sql`select pg_advisory_xact_lock(hashtext('habitue.models'))`.execute(tx.k)
    }
    const running = await tx.k.selectFrom('models').select(['id', 'lease']).where('state', '=', 'training').execute()
    if (running.some((row) => row.lease > now - leaseMs)) {
      throw new HabitueError('training_running', 'A training is under way; wait for it or cancel it.')
    }
    for (const { id } of running) {
      const report = JSON.stringify({
        error: { code: 'training_failed', message: 'The process that trained it died.' },
      })
      await tx.k.updateTable('models').set({ state: 'failed', finished: now, report }).where('id', '=', id).execute()
      await tx.k.deleteFrom('model_chunks').where('model', '=', id).execute()
    }
    const last = await tx.k
      .selectFrom('models')
      .select((eb) => eb.fn.max('version').as('version'))
      .executeTakeFirst()
    const version = (last?.version ?? 0) + 1
    const ids: Record<string, number> = {}
    for (const name of names) {
      const values = {
        name,
        version,
        state: 'training',
        started: now,
        finished: null,
        report: '{}',
        bytes: 0,
        lease: now,
      }
      ids[name] = (await tx.k.insertInto('models').values(values).returning('id').executeTakeFirstOrThrow()).id
    }
    return { version, ids }
  },

  /** Renews the lease of a training; answers false when another process has taken over. */
  'models.renew': (tx, { version, now }: { version: number; now: number }) => renew(tx, version, now),

  /** Stores a piece of the bytes. @throws conflict when another process has taken over */
  'models.chunk': async (tx, { id, n, bytes }: Chunk) => {
    const row = await tx.k.selectFrom('models').select('state').where('id', '=', id).executeTakeFirst()
    if (row?.state !== 'training') throw takenOver()
    await tx.k.insertInto('model_chunks').values({ model: id, n, bytes }).execute()
  },

  /** Ends the making of one model; a ready one replaces its predecessor, whose bytes are dropped. */
  'models.finish': async (tx, { id, state, report, bytes, now }: Finish) => {
    const row = await tx.k
      .updateTable('models')
      .set({ state, report, bytes, finished: now })
      .where('id', '=', id)
      .where('state', '=', 'training')
      .returning(['name'])
      .executeTakeFirst()
    if (!row) throw takenOver()
    const others = await tx.k
      .selectFrom('models')
      .select(['id', 'state'])
      .where('name', '=', row.name)
      .where('id', '!=', id)
      .orderBy('id', 'desc')
      .execute()
    const withoutBytes = state === 'ready' ? others.map((other) => other.id) : [id]
    if (withoutBytes.length > 0) await tx.k.deleteFrom('model_chunks').where('model', 'in', withoutBytes).execute()
    const serves = state === 'ready' ? id : others.find((other) => other.state === 'ready')?.id
    const old = others.slice(keptReports).flatMap((other) => (other.id === serves ? [] : [other.id]))
    if (old.length > 0) await tx.k.deleteFrom('models').where('id', 'in', old).execute()
    if (state === 'ready') tx.changed('models', row.name)
  },

  /** No model serves any longer: what they were learned by is not allowed any more. Answers how many served. */
  'models.withdraw': async (tx, { why }: { why: string }): Promise<number> => {
    const ready = await tx.k.selectFrom('models').select(['id', 'name']).where('state', '=', 'ready').execute()
    const report = JSON.stringify({ error: { code: 'consent_refused', message: why } })
    for (const { id, name } of ready) {
      await tx.k.deleteFrom('model_chunks').where('model', '=', id).execute()
      const withdrawn = { state: 'withdrawn', report, bytes: 0 }
      await tx.k.updateTable('models').set(withdrawn).where('id', '=', id).execute()
      tx.changed('models', name)
    }
    return ready.length
  },
}

async function renew(tx: Tx, version: number, now: number): Promise<boolean> {
  const result = await tx.k
    .updateTable('models')
    .set({ lease: now })
    .where('version', '=', version)
    .where('state', '=', 'training')
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

function takenOver(): HabitueError {
  return new HabitueError('conflict', 'Another process has taken over this training.')
}

/** The trainings of `name`, of all without one, the newest first. */
export async function listModels(reader: Reader, name?: string): Promise<ModelInfo[]> {
  const all = reader.k.selectFrom('models').selectAll().orderBy('version', 'desc').orderBy('id')
  const rows = await (name === undefined ? all : all.where('name', '=', name)).execute()
  return rows.map(({ lease: _lease, ...row }) => ({
    ...row,
    state: row.state as ModelInfo['state'],
    report: JSON.parse(row.report) as Record<string, unknown>,
  }))
}

/**
 * The newest ready model of `name` with its bytes, or null. `found` is told which is read before it is.
 *
 * @throws RangeError where bytes are missing though no newer model has replaced it
 */
export async function loadModel(
  reader: Reader,
  name: string,
  found: (info: ModelInfo) => void = () => {},
): Promise<{ info: ModelInfo; bytes: Uint8Array } | null> {
  const newest = async () => (await listModels(reader, name)).find((model) => model.state === 'ready')
  for (let info = await newest(); info; ) {
    found(info)
    const bytes = await readBytes(reader, info)
    if (bytes) return { info, bytes }
    // A newer model has replaced this one between the reads.
    const next = await newest()
    if (next?.id === info.id) throw new RangeError(`The stored bytes of model ${info.version} are not whole.`)
    info = next
  }
  return null
}

/** Null = not all are there. */
async function readBytes(reader: Reader, { id, bytes: length }: ModelInfo): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(length)
  let at = 0
  for (let n = 0; at < length; n++) {
    const chunk = await reader.k
      .selectFrom('model_chunks')
      .select('bytes')
      .where('model', '=', id)
      .where('n', '=', n)
      .executeTakeFirst()
    if (!chunk || at + chunk.bytes.length > length) return null
    bytes.set(chunk.bytes, at)
    at += chunk.bytes.length
  }
  return bytes
}

/** Cuts `bytes` into the pieces that `models.chunk` stores. */
export function* chunks(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.slice(at, at + chunkBytes)
}
