/**
 * All keys in memory, by hash: verifying one costs a SHA-256 and a look-up. A change of any key (here, or on another
 * node) makes the ring stale, and a stale ring is read again before it answers; so a revoked key is dead at once.
 */
import type { Database } from '../db/database.ts'
import type { World } from '../world.ts'
import { hashKey, type KeyKind, newKeyId, newKeyText, sameDigest } from './key.ts'
import { loadKeys, type StoredKey } from './store.ts'

/** A key that was presented and is good. */
export interface VerifiedKey {
  readonly id: string
  readonly kind: KeyKind
  readonly name: string
  readonly origins: readonly string[] | null
  /** True for a key that this process made for its own command line. */
  readonly local?: true
}

export interface KeyRing {
  /** The key with this text, or null when there is none, it was revoked, or its grace has ended. */
  verify(text: string): VerifiedKey | null | Promise<VerifiedKey | null>
  /** The secrets with which tokens of the server key `id` may be signed, the newest first; none when it is no more. */
  signingSecrets(id: string): Promise<readonly string[]>
  /** A key of this process alone, never stored: for the command line that talks to its own owner process. */
  ephemeral(kind: KeyKind, name: string): string
  /** Writes down which keys were used since the last call. */
  noteUse(): Promise<void>
  close(): void
}

interface Entry {
  readonly hash: string
  readonly key: VerifiedKey
  /** Milliseconds since 1970; Infinity = no end. */
  readonly until: number
}

/** Reads all keys and keeps them. Shapes: at most a few thousand keys. */
export async function createKeyRing(db: Database, world: World): Promise<KeyRing> {
  const own: Entry[] = []
  const used = new Set<string>()
  let byHash = new Map<string, Entry>()
  let secrets = new Map<string, Entry[]>()
  let fresh = false
  let generation = 0
  const stopListening = db.onChange((changes) => {
    if (!changes.has('keys')) return
    fresh = false
    generation++
  })

  async function refresh(): Promise<void> {
    while (!fresh) {
      const asked = generation
      const stored = await loadKeys(db)
      // A key that changed while they were being read: read again.
      if (asked !== generation) continue
      const entries = stored.flatMap(entriesOf)
      byHash = new Map([...own, ...entries].map((entry) => [entry.hash, entry]))
      secrets = Map.groupBy(
        entries.filter((entry) => entry.key.kind === 'server'),
        (entry) => entry.key.id,
      )
      fresh = true
    }
  }

  function find(text: string): VerifiedKey | null {
    const digest = hashKey(text)
    const entry = byHash.get(digest)
    if (!entry || !sameDigest(entry.hash, digest) || entry.until <= world.now()) return null
    used.add(entry.key.id)
    return entry.key
  }

  await refresh()
  return {
    verify(text) {
      // Another process may have made it, or revoked it, a moment ago.
      const heard = db.catchUp()
      if (heard) return heard.then(refresh).then(() => find(text))
      return fresh ? find(text) : refresh().then(() => find(text))
    },
    async signingSecrets(id) {
      if (!fresh) await refresh()
      const now = world.now()
      return (secrets.get(id) ?? []).filter((entry) => entry.until > now).map((entry) => entry.hash)
    },
    ephemeral(kind, name) {
      const id = newKeyId(world)
      const text = newKeyText(world, kind, id)
      const entry = {
        hash: hashKey(text),
        key: { id, kind, name, origins: null, local: true as const },
        until: Number.POSITIVE_INFINITY,
      }
      own.push(entry)
      byHash.set(entry.hash, entry)
      return text
    },
    async noteUse() {
      const ids = [...used].filter((id) => !own.some((entry) => entry.key.id === id))
      used.clear()
      if (ids.length > 0) await db.write('access.used', { ids, now: world.now() })
    },
    close: stopListening,
  }
}

function entriesOf(stored: StoredKey): Entry[] {
  if (stored.revoked !== null) return []
  const { id, kind, name, origins, hash, previousHash, previousUntil } = stored
  const key = { id, kind, name, origins }
  const current = { hash, key, until: Number.POSITIVE_INFINITY }
  return previousHash !== null && previousUntil !== null
    ? [current, { hash: previousHash, key, until: previousUntil }]
    : [current]
}
