/** The people of the shop: who they are and what role each has. A shop has a handful; they are read whole. */
import type { Database, Handler, Handlers, Reader } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'
import { checkPassword, hashPassword, newPassword } from './password.ts'

export type Role = 'admin' | 'marketer' | 'agent' | 'auditor'
export const roles: readonly Role[] = ['admin', 'marketer', 'agent', 'auditor']

/** As everybody may see them who may see people. */
export interface PersonInfo {
  readonly id: string
  /** Null = removed. */
  readonly email: string | null
  readonly name: string
  readonly role: Role
  /** Milliseconds since 1970. */
  readonly created: number
  readonly signedIn: number | null
  readonly removed: number | null
}

/** With the hash of the password; stays within this folder. */
export interface StoredPerson extends PersonInfo {
  readonly password: string
}

interface Added {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly role: Role
  readonly password: string
  readonly now: number
}

const add: Handler<Added, void> = async (tx, { id, email, name, role, password, now }) => {
  const known = await tx.k.selectFrom('people').select('id').where('email', '=', email).executeTakeFirst()
  if (known) throw new HabitueError('conflict', `There is a person with this e-mail address already: ${known.id}.`)
  await tx.k.insertInto('people').values({ id, email, name, role, password, created: now }).execute()
  tx.changed('people', id)
}

const remove: Handler<{ id: string; now: number }, void> = async (tx, { id, now }) => {
  const change = { email: null, password: '', removed: now }
  const { numUpdatedRows } = await tx.k
    .updateTable('people')
    .set(change)
    .where('id', '=', id)
    .where('removed', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw unknownPerson(id)
  await tx.k.deleteFrom('sessions').where('person', '=', id).execute()
  tx.changed('people', id)
}

/** All sessions of the person end, besides `keep`. */
const setPassword: Handler<{ id: string; password: string; keep: string | null }, void> = async (
  tx,
  { id, password, keep },
) => {
  const { numUpdatedRows } = await tx.k
    .updateTable('people')
    .set({ password })
    .where('id', '=', id)
    .where('removed', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw unknownPerson(id)
  const others = tx.k.deleteFrom('sessions').where('person', '=', id)
  await (keep === null ? others : others.where('id', '!=', keep)).execute()
  tx.changed('people', id)
}

export const peopleHandlers: Handlers = {
  'access.addPerson': add,
  'access.removePerson': remove,
  'access.setPassword': setPassword,
}

/** @throws HabitueError invalid_body (no address, password too short), conflict (address in use) */
export async function addPerson(
  db: Database,
  world: World,
  cost: number,
  wanted: { name: string; email: string; role: Role; password?: string },
): Promise<{ person: PersonInfo; password: string | null }> {
  const email = normalAddress(wanted.email)
  if (email === null)
    throw new HabitueError('invalid_body', 'The field "email" is no e-mail address.', { field: 'email' })
  if (wanted.password !== undefined) checkPassword(wanted.password)
  const text = wanted.password ?? newPassword(world)
  const [id, now] = [Buffer.from(world.bytes(6)).toString('hex'), world.now()]
  const { name, role } = wanted
  const row: Added = { id, email, name, role, password: await hashPassword(text, cost, world), now }
  await db.write('access.addPerson', row)
  const person = { id, email, name, role, created: now, signedIn: null, removed: null }
  return { person, password: wanted.password === undefined ? text : null }
}

/** Gives a person a new password and ends the sessions; answers it, this once. @throws HabitueError not_found */
export async function resetPassword(db: Database, world: World, cost: number, id: string): Promise<string> {
  const text = newPassword(world)
  await db.write('access.setPassword', { id, password: await hashPassword(text, cost, world), keep: null })
  return text
}

/** Everybody, the oldest first, who was removed too. */
export async function listPeople(reader: Reader): Promise<PersonInfo[]> {
  return (await loadPeople(reader)).map(({ password: _, ...info }) => info)
}

export async function loadPeople(reader: Reader): Promise<StoredPerson[]> {
  const rows = await reader.k.selectFrom('people').selectAll().orderBy('created').orderBy('id').execute()
  return rows.map(({ signed_in: signedIn, ...row }) => ({ ...row, signedIn }))
}

/** Lower case and trimmed; null where it is none. */
export function normalAddress(text: string): string | null {
  const address = text.trim().toLowerCase()
  return address.length <= 254 && /^[^\s@]+@[^\s@]+$/.test(address) ? address : null
}

function unknownPerson(id: string): HabitueError {
  return new HabitueError('not_found', `There is no person with the id ${JSON.stringify(id)}.`, { id })
}
