/** Collects what a transaction changes, and raises the versions by which other processes see that a cache is old. */
import { upsertFold } from './batch.ts'
import { type Changes, everything, type Log, type Topic, type Tx } from './database.ts'

/** More keys of one topic than this are told as `everything`. */
const mostKeys = 10_000

export class ChangeSet {
  readonly topics = new Map<Topic, Set<number | string>>()

  add(topic: Topic, key: number | string): void {
    const keys = this.topics.get(topic)
    if (!keys) this.topics.set(topic, new Set([key]))
    else if (keys.size < mostKeys) keys.add(key)
    else this.topics.set(topic, new Set([everything]))
  }

  merge(other: Changes): void {
    for (const [topic, keys] of other) for (const key of keys) this.add(topic, key)
  }
}

/** Commits of a topic whose keys are kept for other processes; who missed more reads everything again. */
const keptCommits = 500

/**
 * Raises the version of each topic in `changes`, and on PostgreSQL notes the keys under it: the lock on the row of
 * `changes` lasts until the commit, so versions become visible in order and without gaps. Answers the new versions (none
 * on SQLite, where no other process asks). Customers have versions of their own (`customers.version`): one common row
 * would make every ingest wait for every other.
 */
export async function raiseVersions(tx: Tx, changes: Changes): Promise<ReadonlyMap<Topic, number>> {
  const topics = [...changes.keys()].filter((topic) => topic !== 'customers').sort()
  if (topics.length === 0) return new Map()
  if (tx.connection.engine === 'sqlite') {
    const rows = topics.map((topic) => ({ topic, version: 1 }))
    await upsertFold(tx, 'changes', { key: ['topic'], add: ['version'] }, rows)
    return new Map()
  }
  const keys = topics.map((topic) => JSON.stringify([...(changes.get(topic) as ReadonlySet<number | string>)]))
  const rows = await tx.connection.all<{ topic: Topic; version: number }>(
    `with raised as (
       insert into changes (topic, version) select topic, 1 from unnest($1::text[]) as topic order by topic
       on conflict (topic) do update set version = changes.version + 1 returning topic, version
     ), dropped as (
       delete from change_log l using raised r where l.topic = r.topic and l.version <= r.version - ${keptCommits}
     )
     insert into change_log (topic, version, keys)
     select r.topic, r.version, k.keys from raised r join unnest($1::text[], $2::text[]) as k (topic, keys) using (topic)
     returning topic, version`,
    [topics, keys],
  )
  return new Map(rows.map(({ topic, version }) => [topic, version]))
}

export type Listener = (changes: Changes) => void

export class Listeners {
  readonly #all = new Set<Listener>()
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  add(listener: Listener): () => void {
    this.#all.add(listener)
    return () => this.#all.delete(listener)
  }

  tell(changes: Changes): void {
    if (changes.size === 0) return
    for (const listener of this.#all) {
      // What is told is committed: a listener that fails may neither undo it nor keep the others and the answer waiting.
      try {
        listener(changes)
      } catch (error) {
        this.#log.error({ err: error }, 'a cache could not follow a change')
      }
    }
  }
}
