/** Collects what a transaction changes, and raises the versions by which other processes see that a cache is old. */

import { upsertFold } from './batch.ts'
import { type Changes, everything, type Topic, type Tx } from './database.ts'

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

/**
 * Raises the version of each topic in `changes`. Customers have versions of their own (`customers.version`): one common
 * row would make every ingest wait for every other.
 */
export async function raiseVersions(tx: Tx, changes: Changes): Promise<void> {
  const topics = [...changes.keys()].filter((topic) => topic !== 'customers')
  if (topics.length === 0) return
  const rows = topics.map((topic) => ({ topic, version: 1 }))
  await upsertFold(tx, 'changes', { key: ['topic'], add: ['version'] }, rows)
}

export type Listener = (changes: Changes) => void

export class Listeners {
  readonly #all = new Set<Listener>()

  add(listener: Listener): () => void {
    this.#all.add(listener)
    return () => this.#all.delete(listener)
  }

  tell(changes: Changes): void {
    if (changes.size === 0) return
    for (const listener of this.#all) listener(changes)
  }
}
