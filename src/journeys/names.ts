/** Which events any journey wants: what the fold asks of each, so that an event that nobody waits for costs nothing. */
import { heldQuery, upsertRows } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import type { Journey } from './journey.ts'

/** How much of the events of one name is wanted. */
export interface Wanted {
  /** Imports too. */
  readonly historical: boolean
  /** Milliseconds between what happened and its arrival; null = however late. */
  readonly latestMs: number | null
  /** With the context in which it happened. */
  readonly context: boolean
}

export type Names = Readonly<Record<string, Wanted>>

/** What begins instances of a version. */
export function beginsOf({ trigger, triggers, uses }: Journey): Names {
  const { historical, latestMs } = trigger
  const context = uses.some((one) => one.context)
  return Object.fromEntries([...triggers].map((name) => [name, { historical, latestMs, context }]))
}

/** What its running instances may hear: whatever happens now, however long it was on its way. */
export function hearsOf({ hears, uses }: Journey): Names {
  const context = uses.some((one) => one.context)
  return Object.fromEntries([...hears].map((name) => [name, { historical: false, latestMs: null, context }]))
}

export function union(all: readonly Names[]): Names {
  const wanted = new Map<string, Wanted>()
  for (const [name, one] of all.flatMap((names) => Object.entries(names))) {
    const before = wanted.get(name)
    wanted.set(name, before ? wider(before, one) : one)
  }
  return Object.fromEntries(wanted)
}

function wider(a: Wanted, b: Wanted): Wanted {
  const latestMs = a.latestMs === null || b.latestMs === null ? null : Math.max(a.latestMs, b.latestMs)
  return { historical: a.historical || b.historical, latestMs, context: a.context || b.context }
}

/** Works out anew what is wanted; called by whatever changes a journey. `token` = a new one. */
export async function renewNames(tx: Tx, token: string): Promise<void> {
  const versions = await tx.k
    .selectFrom('journeys as j')
    .innerJoin('journey_versions as v', 'v.journey', 'j.id')
    .select(['j.state', 'j.version as entered', 'v.version', 'v.begins', 'v.hears', 'v.live'])
    .where('j.state', 'in', ['active', 'paused'])
    .execute()
  const names = union(
    versions.flatMap(({ state, entered, version, begins, hears, live }) => [
      ...(state === 'active' && version === entered ? [JSON.parse(begins) as Names] : []),
      ...(live === 1 ? [JSON.parse(hears) as Names] : []),
    ]),
  )
  await upsertRows(tx, 'journey_names', ['id'], ['id', 'token', 'names'], [[1, token, JSON.stringify(names)]])
  tx.changed('journeys', '')
}

/**
 * What is wanted, as of this transaction: one look-up a batch. Kept by a token that is never used twice, so that what a
 * transaction wrote and then lost is not taken for what another wrote later.
 */
export function heldNames(): (tx: Tx) => Promise<Names | null> {
  let token = ''
  let names: Names | null = null
  return async (tx) => {
    const [row] = await heldQuery<{ token: string }>(tx, 'select token from journey_names where id = ?', [1])
    if (row === undefined) return null
    if (row.token !== token) {
      const [full] = await heldQuery<{ names: string }>(tx, 'select names from journey_names where id = ?', [1])
      const read = JSON.parse(full.names) as Names
      names = Object.keys(read).length > 0 ? read : null
      token = row.token
    }
    return names
  }
}
