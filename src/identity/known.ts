/**
 * Identifiers that this writer met before, so that an event of a known customer costs one look at the customer's row
 * instead of one at each identifier. An entry counts only while the stamp of the customer's links is the one under which
 * it was read. Stamps are drawn at random and never return, so nothing that a rolled-back transaction left here, and
 * nothing that another process changed, can be mistaken for the present.
 */
import type { Identifier } from './identity.ts'
import { compareStrength, type Member } from './links.ts'

/** Entries kept; about 200 bytes each. */
const most = 50_000
const day = 24 * 60 * 60 * 1000

interface Entry {
  readonly id: number
  readonly customer: number
  readonly stamp: number
  readonly firstSeen: number
  readonly lastSeen: number
}

/** What an event's identifiers come to, if the stamp still holds. */
export interface Guess {
  readonly identifier: number
  readonly customer: number
  readonly stamp: number
}

export class KnownIdentifiers {
  readonly #kinds = new Map<string, Map<string, Entry>>()
  #count = 0

  /** Null where one of `identifiers` is not known, they are not one customer's, or a note of `time` is due. */
  guess(identifiers: readonly Identifier[], time: number): Guess | null {
    let found: Entry | null = null
    let strongest: Identifier | null = null
    for (const identifier of identifiers) {
      const entry = this.#kinds.get(identifier.kind)?.get(identifier.value)
      if (entry === undefined || time >= entry.lastSeen + day || time <= entry.firstSeen - day) return null
      if (found !== null && (found.customer !== entry.customer || found.stamp !== entry.stamp)) return null
      if (strongest === null || compareStrength(identifier, strongest) < 0) {
        found = entry
        strongest = identifier
      }
    }
    return found && { identifier: found.id, customer: found.customer, stamp: found.stamp }
  }

  keep(member: Member): void {
    const { id, kind, value, customer, firstSeen, lastSeen } = member
    if (customer === null || customer.stamp === null) return
    if (this.#count >= most) this.#forget()
    let values = this.#kinds.get(kind)
    if (values === undefined) {
      values = new Map()
      this.#kinds.set(kind, values)
    }
    if (!values.has(value)) this.#count++
    values.set(value, { id, customer: customer.id, stamp: customer.stamp, firstSeen, lastSeen })
  }

  #forget(): void {
    this.#kinds.clear()
    this.#count = 0
  }
}
