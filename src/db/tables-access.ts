/** The tables of who may ask, in the manner of `tables.ts`, of which they are a part. */
import type { Generated } from 'kysely'

export interface AccessTables {
  // access
  keys: {
    id: string
    kind: 'publishable' | 'server' | 'admin'
    name: string
    /** SHA-256 of the key, hex. */
    hash: string
    /** JSON list of allowed origins; null = any (never for publishable keys). */
    origins: string | null
    created: number
    last_used: number | null
    revoked: number | null
    /** The hash before the last rotation, good until `previous_until`. */
    previous_hash: string | null
    previous_until: number | null
  }

  /** People of the shop; who was removed stays by name, for the audit log, without e-mail and password. */
  people: {
    /** 12 hex digits. */
    id: string
    /** Lower case; null = removed. */
    email: string | null
    name: string
    role: 'admin' | 'marketer' | 'agent' | 'auditor'
    /** access/password.ts; '' = removed. */
    password: string
    created: number
    signed_in: number | null
    removed: number | null
  }
  /** `id` = SHA-256 of the token in the cookie, hex; `issued` = when this token was drawn, `created` = when the person signed in. */
  sessions: { id: string; person: string; created: number; issued: number; seen: number; until: number }
  /** Who read or changed what; nothing updates a row. `hash` chains it to the row before (access/audit.ts). */
  audit: {
    id: Generated<number>
    time: number
    /** `key:<id>`, `person:<id>`, `customer`, `engine`. */
    actor: string
    action: string
    /** Random name of the customer in this log; null = about no customer. */
    subject: string | null
    /** JSON; no personal data. */
    detail: string
    hash: string
  }
  /** The only link between a customer and his name in the audit log; erasure destroys it. */
  audit_subjects: { customer: number; subject: string }
  /** Links to customers' pages that were taken back, as SHA-256; `until` = when none that was made by then works any more. */
  revoked_links: { link: string; until: number }
  /** Codes asked for on a customer's page (access/page-codes.ts). `link` = SHA-256 of the link; `sent` = 1: nobody need send it. */
  page_codes: {
    id: string
    customer: number
    link: string
    created: number
    until: number
    tries: number
    sent: number
  }
}
