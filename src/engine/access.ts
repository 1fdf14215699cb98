/** Keys, the people of the shop, and the log of who read or changed what, as HTTP and the command line see them. */
import { type AuditLog, readAudit, verifyAudit } from '../access/audit.ts'
import { verifyCustomerToken } from '../access/customer-token.ts'
import type { KeyRing } from '../access/key-ring.ts'
import { checkPassword, hashPassword } from '../access/password.ts'
import { addPerson, listPeople, resetPassword } from '../access/people.ts'
import type { SessionRing } from '../access/sessions.ts'
import { createKey, listKeys, revokeKey, rotateKey } from '../access/store.ts'
import type { Database } from '../db/database.ts'
import type { AuditApi, KeysApi, PeopleApi } from '../engine-api.ts'
import { resolve } from '../identity/store.ts'
import type { World } from '../world.ts'

export function auditApi(db: Database, log: AuditLog): AuditApi {
  return {
    note: (entry) => log.note(entry),
    write: (entry) => log.write(entry),
    async read({ who, ...query }) {
      await log.flush()
      const customer = who && (await resolve(db, who))?.customer
      return who && customer === undefined ? [] : readAudit(db, { ...query, customer })
    },
    async verify() {
      await log.flush()
      return verifyAudit(db)
    },
  }
}

export function keysApi(db: Database, world: World, ring: KeyRing): KeysApi {
  return {
    verify: (text) => ring.verify(text),
    verifyToken: (token) => verifyCustomerToken(token, ring, world.now()),
    list: () => listKeys(db),
    create: (wanted) => createKey(db, world, wanted),
    rotate: (id, graceMs) => rotateKey(db, world, id, graceMs),
    revoke: (id) => revokeKey(db, world, id),
  }
}

export function peopleApi(db: Database, world: World, ring: SessionRing, cost: number): PeopleApi {
  return {
    signIn: (email, password, from) => ring.signIn(email, password, from),
    verify: (token) => ring.verify(token),
    signOut: (session) => ring.signOut(session),
    async changePassword({ person, id }, old, password, from) {
      checkPassword(password)
      await ring.prove(person.id, old, from)
      await db.write('access.setPassword', {
        id: person.id,
        password: await hashPassword(password, cost, world),
        keep: id,
      })
    },
    list: () => listPeople(db),
    add: (wanted) => addPerson(db, world, cost, wanted),
    reset: (id) => resetPassword(db, world, cost, id),
    async remove(id) {
      await db.write('access.removePerson', { id, now: world.now() })
      await db.write('tasks.releaseOf', { owner: `person:${id}` })
    },
    names: () => ring.names(),
  }
}
