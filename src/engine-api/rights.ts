/** The part of the engine that is about people: what customers may ask for, who works in the shop, and who did what. */

import type { AuditEntry, AuditProof, AuditRow } from '../access/audit.ts'
import type { PersonInfo, Role } from '../access/people.ts'
import type { Session } from '../access/sessions.ts'
import type { Receipt } from '../consent/erasure.ts'
import type { SealedNotice } from '../consent/erasure-notices.ts'
import type { Identifier } from '../identity/identity.ts'

/** Everything that is stored about one customer, to be streamed: rows are read while they are sent. */
export interface ExportDocument {
  /** Milliseconds since 1970. */
  readonly exported: number
  readonly names: readonly Identifier[]
  readonly sections: readonly ExportSection[]
}

export interface ExportSection {
  /** Of the table. */
  readonly name: string
  /** For people. */
  readonly title: string
  /** Times are ISO 8601, items the shop's ids, what is empty is absent. */
  readonly rows: AsyncIterable<Readonly<Record<string, unknown>>>
}

export interface ErasureOptions {
  readonly refuse: boolean
  /** Who asked for it, as the audit log names him. */
  readonly actor: string
  /** Programs that are to hear of it. */
  readonly notices?: readonly SealedNotice[]
}

/** What a customer may ask for. */
export interface RightsApi {
  /** Null where nobody is known by that name. */
  export(who: Identifier): Promise<ExportDocument | null>
  /** `refuse`: his identifiers are not to come back. Resolves when nothing of him is left. Null = nobody of that name. */
  erase(who: Identifier, options: ErasureOptions): Promise<Receipt | null>
  /**
   * A person for whom the customer buys is forgotten: name, address, occasions, words. The orders stay the customer's.
   * Null where no customer is known by `who`. @throws HabitueError not_found, where nothing is known of such a person
   */
  eraseRecipient(who: Identifier, recipient: string, actor: string): Promise<Receipt | null>
  receipt(id: string): Promise<Receipt | null>
  /** The latest first. */
  receipts(limit: number): Promise<readonly Receipt[]>
  /** What stays of the orders of customers who were erased; `after` = the last id of the page before. Minor units. */
  keptOrders(page: { after: number; limit: number }): Promise<readonly KeptOrderView[]>
}

export interface KeptOrderView {
  readonly id: number
  /** Its midnight (UTC), milliseconds. */
  readonly day: number
  readonly state: string
  readonly total: number | null
  readonly currency: string | null
  readonly lines: readonly {
    readonly item: string | null
    readonly quantity: number
    readonly price: number | null
    readonly returned: number
  }[]
}

/** The people of the shop and their sessions. */
export interface PeopleApi {
  /** @throws HabitueError sign_in_failed, rate_limited. `from` = where the request comes from, kept nowhere. */
  signIn(email: string, password: string, from: string): Promise<{ token: string; session: Session }>
  /** Null where the token of the cookie is unknown or its time is over. */
  verify(token: string): Promise<Session | null>
  signOut(session: string): Promise<void>
  /** @throws HabitueError sign_in_failed (the old one is wrong), invalid_body, rate_limited */
  changePassword(session: Session, old: string, password: string, from: string): Promise<void>
  list(): Promise<readonly PersonInfo[]>
  /** `password` = null where one was given. @throws HabitueError conflict, invalid_body */
  add(wanted: NewPerson): Promise<{ person: PersonInfo; password: string | null }>
  /** A new password, told this once; the sessions end. @throws HabitueError not_found */
  reset(id: string): Promise<string>
  /** @throws HabitueError not_found */
  remove(id: string): Promise<void>
  /** The name of everybody who is or was here, by id. */
  names(): Promise<ReadonlyMap<string, string>>
}

export interface NewPerson {
  readonly name: string
  readonly email: string
  readonly role: Role
  readonly password?: string
}

/** Who read or changed what. */
export interface AuditApi {
  /** Written behind. */
  note(entry: AuditEntry): void
  /** Resolves when it is stored. */
  write(entry: AuditEntry): Promise<void>
  /** In the order in which it was written; `after` = the last id of the page before. */
  read(query: AuditFilter): Promise<readonly AuditRow[]>
  verify(): Promise<AuditProof>
}

export interface AuditFilter {
  readonly after?: number
  readonly limit: number
  readonly who?: Identifier
  readonly actor?: string
  readonly action?: string
}
