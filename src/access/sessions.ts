/**
 * Sessions of people of the shop. The token stands in a cookie only; stored is its SHA-256. A session ends after hours,
 * after a time without use, and with sign-out, a new password, or the removal of the person. Its token is drawn anew every
 * quarter of an hour of use; the one before works for another half minute, for requests that are under way.
 */
import { createHmac, hash } from 'node:crypto'
import type { Database, Handler, Handlers } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'
import { isPassword } from './password.ts'
import { loadPeople, normalAddress, type PersonInfo, type StoredPerson } from './people.ts'
import { createSignInLimiter } from './sign-in-limiter.ts'

const minute = 60_000
/** How long a session lives at most, and how long without use. */
const longestMs = 12 * 60 * minute
const idleMs = 60 * minute
const rotateMs = 15 * minute
const graceMs = 30_000
/** How exactly the time of the last use is written down. */
const seenMs = 5 * minute

export interface Session {
  readonly person: PersonInfo
  /** SHA-256 of the token, hex. */
  readonly id: string
  /** What a page must send back with whatever changes something; belongs to the token that was shown. */
  readonly csrf: string
  /** What takes the place of the two; null = the token is young enough. */
  readonly renewed: { readonly token: string; readonly csrf: string } | null
  /** When it ends at the latest, milliseconds. */
  readonly until: number
}

interface SessionRow {
  readonly id: string
  readonly person: string
  readonly created: number
  readonly issued: number
  seen: number
  readonly until: number
}

export interface SessionRing {
  /** @throws HabitueError sign_in_failed (whatever is wrong), rate_limited. `from` = where the request comes from, kept nowhere. */
  signIn(email: string, password: string, from: string): Promise<{ token: string; session: Session }>
  /** Throws as `signIn` does unless this is the person's password. */
  prove(person: string, password: string, from: string): Promise<void>
  /** Null where the token is unknown or its time is over. */
  verify(token: string): Promise<Session | null>
  signOut(id: string): Promise<void>
  /** The name of everybody who is or was here, by id. */
  names(): Promise<ReadonlyMap<string, string>>
  close(): void
}

const open: Handler<SessionRow, void> = async (tx, row) => {
  await tx.k.deleteFrom('sessions').where('until', '<', row.created).execute()
  await tx.k.insertInto('sessions').values(row).execute()
  await tx.k.updateTable('people').set({ signed_in: row.created }).where('id', '=', row.person).execute()
  tx.changed('people', row.person)
}
/** Of several requests that come at once one rotates; the others keep the old token for its grace. */
const rotate: Handler<{ old: string; row: SessionRow; grace: number }, boolean> = async (tx, { old, row, grace }) => {
  const { numUpdatedRows } = await tx.k
    .updateTable('sessions')
    .set({ until: grace })
    .where('id', '=', old)
    .where('until', '>', grace)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return false
  await tx.k.insertInto('sessions').values(row).execute()
  tx.changed('people', row.person)
  return true
}
const seen: Handler<{ id: string; now: number }, void> = async (tx, { id, now }) => {
  await tx.k.updateTable('sessions').set({ seen: now }).where('id', '=', id).execute()
}
const end: Handler<{ id: string }, void> = async (tx, { id }) => {
  await tx.k.deleteFrom('sessions').where('id', '=', id).execute()
  tx.changed('people', id)
}

export const sessionHandlers: Handlers = {
  'access.openSession': open,
  'access.rotateSession': rotate,
  'access.seenSession': seen,
  'access.endSession': end,
}

/** `cost`: of passwords, see password.ts. */
export async function createSessionRing(db: Database, world: World, cost: number): Promise<SessionRing> {
  let people = new Map<string, StoredPerson>()
  let sessions = new Map<string, SessionRow>()
  let fresh = false
  let generation = 0
  const limiter = createSignInLimiter(world)
  const stopListening = db.onChange((changes) => {
    if (!changes.has('people')) return
    fresh = false
    generation++
  })
  const upToDate = async (): Promise<void> => {
    await db.catchUp()
    while (!fresh) {
      const asked = generation
      const stored = await loadPeople(db)
      const rows = await db.k.selectFrom('sessions').selectAll().execute()
      if (asked !== generation) continue
      people = new Map(stored.map((person) => [person.id, person]))
      sessions = new Map(rows.map((row) => [row.id, row]))
      fresh = true
    }
  }
  const renew = async (row: SessionRow): Promise<string | null> => {
    const now = world.now()
    const token = newToken(world)
    const next: SessionRow = { ...row, id: digest(token), issued: now, seen: now }
    const isMine = await db.write<boolean>('access.rotateSession', { old: row.id, row: next, grace: now + graceMs })
    return isMine ? token : null
  }

  const proven = async (name: string, isWanted: (person: StoredPerson) => boolean, password: string, from: string) => {
    limiter.attempt(name, from)
    const person = [...people.values()].find((one) => one.removed === null && isWanted(one)) ?? null
    // The same work and the same answer whether there is such a person or not.
    const isRight = await limiter.oneAtATime(() => isPassword(password, person?.password ?? null, cost))
    if (!person || !isRight) throw new HabitueError('sign_in_failed', 'The e-mail address or the password is wrong.')
    limiter.passed(name, from)
    return person
  }

  await upToDate()
  return {
    async prove(id, password, from) {
      await upToDate()
      await proven(id, (one) => one.id === id, password, from)
    },
    async signIn(email, password, from) {
      const address = normalAddress(email) ?? ''
      await upToDate()
      const person = await proven(address, (one) => one.email === address, password, from)
      const [token, now] = [newToken(world), world.now()]
      const row: SessionRow = {
        id: digest(token),
        person: person.id,
        created: now,
        issued: now,
        seen: now,
        until: now + longestMs,
      }
      await db.write('access.openSession', row)
      return { token, session: sessionOf(token, row, person, null) }
    },
    async verify(token) {
      await upToDate()
      const row = sessions.get(digest(token))
      const person = row && people.get(row.person)
      const now = world.now()
      if (!row || !person || person.removed !== null || now >= row.until || now - row.seen > idleMs) return null
      if (now - row.seen > seenMs) {
        row.seen = now
        await db.write('access.seenSession', { id: row.id, now })
      }
      const isDue = now - row.issued > rotateMs && row.until - now > graceMs
      return sessionOf(token, row, person, isDue ? await renew(row) : null)
    },
    async signOut(id) {
      await db.write('access.endSession', { id })
    },
    async names() {
      await upToDate()
      return new Map([...people].map(([id, { name }]) => [id, name]))
    },
    close: stopListening,
  }
}

function newToken(world: World): string {
  return Buffer.from(world.bytes(32)).toString('base64url')
}

function sessionOf(token: string, { id, until }: SessionRow, person: StoredPerson, renewed: string | null): Session {
  const { password: _, ...info } = person
  const next = renewed === null ? null : { token: renewed, csrf: csrfOf(renewed) }
  return { person: info, id, csrf: csrfOf(token), renewed: next, until }
}

function digest(token: string): string {
  return hash('sha256', token, 'hex')
}

/** Bound to the token: a page that can read it has it from an answer to this very session. */
function csrfOf(token: string): string {
  return createHmac('sha256', token).update('csrf').digest('base64url')
}
