/** The table `keys`: written by five handlers, read whole (a shop has a handful of keys). */
import { sql } from 'kysely'
import type { Database, Handler, Handlers, Reader } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'
import { checkOrigins, hashKey, type KeyInfo, type KeyKind, newKeyId, newKeyText } from './key.ts'

/** A key with the hashes by which it is recognised; stays within this folder. */
export interface StoredKey extends KeyInfo {
  readonly hash: string
  readonly previousHash: string | null
}

/** A key and, this once, its text. */
export interface IssuedKey {
  readonly info: KeyInfo
  readonly key: string
}

interface Created {
  readonly id: string
  readonly kind: KeyKind
  readonly name: string
  readonly hash: string
  readonly origins: readonly string[] | null
  readonly now: number
}
interface Rotated {
  readonly id: string
  readonly hash: string
  readonly previousUntil: number
}

const create: Handler<Created, void> = async (tx, key) => {
  const origins = key.origins && JSON.stringify(key.origins)
  const { id, kind, name, hash, now } = key
  await tx.k.insertInto('keys').values({ id, kind, name, hash, origins, created: now }).execute()
  tx.changed('keys', id)
}

const rotate: Handler<Rotated, void> = async (tx, { id, hash, previousUntil }) => {
  const row = await tx.k.selectFrom('keys').select(['hash', 'revoked']).where('id', '=', id).executeTakeFirst()
  if (!row) throw unknownKey(id)
  if (row.revoked !== null) {
    throw new HabitueError('conflict', `The key ${id} was revoked; a revoked key cannot be rotated. Create a new one.`)
  }
  const change = { hash, previous_hash: row.hash, previous_until: previousUntil }
  await tx.k.updateTable('keys').set(change).where('id', '=', id).execute()
  tx.changed('keys', id)
}

const revoke: Handler<{ id: string; now: number }, void> = async (tx, { id, now }) => {
  const found = await tx.k.selectFrom('keys').select('revoked').where('id', '=', id).executeTakeFirst()
  if (!found) throw unknownKey(id)
  if (found.revoked !== null) return
  const change = { revoked: now, previous_hash: null, previous_until: null }
  await tx.k.updateTable('keys').set(change).where('id', '=', id).execute()
  tx.changed('keys', id)
}

/** The key, unless there is an admin key already: of several processes that start at once one makes it. */
const createFirst: Handler<Created, boolean> = async (tx, key) => {
  if (tx.engine === 'postgres') await sql`lock table keys in share row exclusive mode`.execute(tx.k)
  const known = await tx.k.selectFrom('keys').select('id').where('kind', '=', key.kind).limit(1).execute()
  if (known.length === 0) await create(tx, key)
  return known.length === 0
}

/** Notes when keys were last used; no cache depends on it, so it tells nobody. */
const used: Handler<{ ids: readonly string[]; now: number }, void> = async (tx, { ids, now }) => {
  await tx.k.updateTable('keys').set({ last_used: now }).where('id', 'in', ids).execute()
}

/** 'access.create', 'access.createFirst', 'access.rotate', 'access.revoke', 'access.used'. */
export const accessHandlers: Handlers = {
  'access.create': create,
  'access.createFirst': createFirst,
  'access.rotate': rotate,
  'access.revoke': revoke,
  'access.used': used,
}

/**
 * Makes a key and stores its hash; the text is in the answer and nowhere else.
 * @throws HabitueError invalid_body (origins)
 */
export async function createKey(
  db: Database,
  world: World,
  wanted: { kind: KeyKind; name: string; origins?: readonly string[] | null },
): Promise<IssuedKey> {
  const { kind, name } = wanted
  const { key, row } = newKey(world, kind, name, checkOrigins(kind, wanted.origins ?? null))
  await db.write('access.create', row)
  const { id, origins, now: created } = row
  return { key, info: { id, kind, name, origins, created, lastUsed: null, revoked: null, previousUntil: null } }
}

/** Makes the first admin key and answers its text; null where there is an admin key, or was one. */
export async function createFirstAdminKey(db: Database, world: World): Promise<string | null> {
  const { key, row } = newKey(world, 'admin', 'first', null)
  return (await db.write<boolean>('access.createFirst', row)) ? key : null
}

function newKey(world: World, kind: KeyKind, name: string, origins: readonly string[] | null) {
  const id = newKeyId(world)
  const key = newKeyText(world, kind, id)
  const row: Created = { id, kind, name, hash: hashKey(key), origins, now: world.now() }
  return { key, row }
}

/**
 * Gives a key a new text; the old one works for another `graceMs` milliseconds (0 = not at all), so that a page that
 * is cached somewhere does not fall silent. The id stays, and with it the source of its events.
 * @throws HabitueError not_found, conflict (revoked)
 */
export async function rotateKey(db: Database, world: World, id: string, graceMs: number): Promise<IssuedKey> {
  const before = (await loadKeys(db)).find((key) => key.id === id)
  if (!before) throw unknownKey(id)
  const key = newKeyText(world, before.kind, id)
  const previousUntil = world.now() + graceMs
  await db.write('access.rotate', { id, hash: hashKey(key), previousUntil } satisfies Rotated)
  return { key, info: { ...publicInfo(before), previousUntil } }
}

/** Ends a key at once and for ever. Revoking twice is no error. @throws HabitueError not_found */
export async function revokeKey(db: Database, world: World, id: string): Promise<void> {
  await db.write('access.revoke', { id, now: world.now() })
}

/** All keys, the oldest first, without hashes. */
export async function listKeys(reader: Reader): Promise<KeyInfo[]> {
  return (await loadKeys(reader)).map(publicInfo)
}

/** All keys with their hashes, the oldest first. */
export async function loadKeys(reader: Reader): Promise<StoredKey[]> {
  const rows = await reader.k.selectFrom('keys').selectAll().orderBy('created').orderBy('id').execute()
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    name: row.name,
    origins: row.origins === null ? null : JSON.parse(row.origins),
    created: row.created,
    lastUsed: row.last_used,
    revoked: row.revoked,
    previousUntil: row.previous_until,
    hash: row.hash,
    previousHash: row.previous_hash,
  }))
}

function publicInfo(key: StoredKey): KeyInfo {
  const { hash: _hash, previousHash: _previous, ...info } = key
  return info
}

function unknownKey(id: string): HabitueError {
  return new HabitueError('not_found', `There is no key with the id ${JSON.stringify(id)}.`, { id })
}
