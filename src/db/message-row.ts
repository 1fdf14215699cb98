/** The row of a message: the longest of all, so it stands apart from tables.ts. */
import type { Generated } from 'kysely'

/** One message to one customer; nothing but a row whose key is new, or that waits, may be acted upon (messages/attempt.ts). */
export type MessageRow = {
  id: Generated<number>
  /** The same for every try of the same act. */
  key: string
  /** Names it in links and reply addresses; random. */
  token: string
  /** Whom it is to: of mail the address's identifier. */
  identifier: number
  address: string | null
  channel: string
  purpose: string
  template: string
  version: number | null
  /** `owner:<person>`; null = the shop. */
  sender: string | null
  journey: string | null
  instance: number | null
  priority: number
  subject: string | null
  /** messages/message.ts: `planned`, `sending`, `sent`, `in_doubt`, `failed`, `suppressed`. */
  state: string
  reason: string | null
  /** What the other side said when it took or refused it. */
  response: string | null
  created: number
  attempts: number
  /** Not before; null = at once. */
  due: number | null
  /** Until when whoever is `sending` it may; afterwards nobody knows what became of it. */
  lease: number | null
  /** Random mark of the attempt that may act. */
  holder: string | null
  sent: number | null
  /** Who settled a doubt: `notice`, `person:<id>`, `key:<id>`. */
  settled: string | null
  /** JSON: what the messenger needs to try again by itself; null = whoever asked tries again. */
  request: string | null
  /** JSON list: the addresses that its links lead to. */
  links: string | null
  /** JSON list of internal ids of items that it offers. */
  items: string | null
  /** JSON: what the on-site placement shows. */
  content: string | null
  seen: number | null
  dismissed: number | null
  replied: number | null
}
