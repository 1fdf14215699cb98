/** Keys, and the log of who read or changed what, as HTTP and the command line see them. */
import { type AuditLog, readAudit, verifyAudit } from '../access/audit.ts'
import { verifyCustomerToken } from '../access/customer-token.ts'
import type { KeyRing } from '../access/key-ring.ts'
import { createKey, listKeys, revokeKey, rotateKey } from '../access/store.ts'
import type { Database } from '../db/database.ts'
import type { AuditApi, KeysApi } from '../engine-api.ts'
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
