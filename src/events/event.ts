/**
 * The stages of an event. `IncomingEvent`: checked at the door, in plain data, ready to cross to the writer.
 * `AdmittedEvent`: in the transaction, with its identity resolved, its items known, admitted by consent, not seen before.
 */
import type { Tx } from '../db/database.ts'
import type { Identifier } from '../identity/identity.ts'

export type EventType = 'track' | 'identify' | 'page' | 'screen' | 'group' | 'alias'

/** What both stages have. */
export interface EventHead {
  readonly messageId: string
  readonly type: EventType
  /** Canonical name of a track (`Product Viewed`), else ''. */
  readonly name: string
  /** Milliseconds since 1970, corrected for the clock skew of the sender. */
  readonly time: number
  readonly userId: string | null
  readonly anonymousId: string | null
  /** E-mail, phone and custom identifiers that the event carries (`context.externalIds`, traits.email). */
  readonly identifiers: readonly Identifier[]
  /** `alias` only. */
  readonly previousId: string | null
  /** The products that it names, in order. */
  readonly products: readonly Product[]
  /** The decision that it says it followed (`properties.decision_id`, `context.decisionId`), at most 100 characters. */
  readonly decisionId?: string | null
}

/**
 * As it crosses to the writer. `body` is a JSON object (`EventBody`) as text: made once at the door, stored as it is, and read
 * again only by who needs more than the head, because cloning the objects between threads costs more than the text.
 */
export interface IncomingEvent extends EventHead {
  readonly body: string
  /** What its context says of consent; mostly absent. */
  readonly signals?: Signals
}

/** What the context of an event says of consent, as the door takes it out. */
export interface Signals {
  /** Global Privacy Control. */
  readonly gpc?: true
  /** By category of a consent banner. */
  readonly categories?: Readonly<Record<string, boolean>>
}

/** Of an event that answers about consent or tells an age: what only the writer knew when it came in. */
export interface AnswerMark {
  /** Ids of the identifiers that were linked then. */
  readonly covers: readonly number[]
  /** Its place in its request. */
  readonly position: number
  /** The shop's server said it, or the customer with his token. */
  readonly verified: boolean
  /** What was understood of an age (`AnswerRow.born`); absent where none was told. */
  readonly born?: number | null
}

/** What the column `body` keeps: all that the other columns do not say. Absent = empty, null or false. */
export interface EventBody {
  /** Internal item id of each product; added by the writer. */
  readonly items?: readonly number[]
  readonly user?: string
  readonly anonymous?: string
  readonly identifiers?: readonly Identifier[]
  readonly previous?: string
  /** For what the page's word alone stands: `who` = user, identifiers and previous; `further` = identifiers. */
  readonly claimed?: 'who' | 'further'
  readonly historical?: true
  readonly answer?: AnswerMark
  /** The shop's currency at that time, where products had none of their own. */
  readonly currency?: string
  readonly properties?: Readonly<Record<string, unknown>>
  readonly context?: Readonly<Record<string, unknown>>
}

/** A product as an event names it. */
export interface Product {
  /** `product_id`, else `sku`, else a further identifier: whatever the event had, the best first. */
  readonly names: readonly string[]
  readonly title: string | null
  readonly category: string | null
  /** Minor units, or null. */
  readonly price: number | null
  readonly currency: string | null
  readonly quantity: number
  readonly gift: boolean
  /** Who gets it: '' = the customer himself; `someone` = a gift without a name. */
  readonly recipient: string
}

/** What the writer gets: events of one request, from one source. Structured-cloneable. */
export interface IngestRequest {
  /** Names the sender, stable over key rotation: unique by (source, messageId). */
  readonly source: string
  readonly received: number
  /** `verified`: userId, e-mail and alias count (a server key). `claimed`: they are kept as a claim only. */
  readonly trust: 'verified' | 'claimed'
  /** With a customer token: of this customer alone events count; of others they are claims. */
  readonly subject?: Subject | null
  readonly historical: boolean
  /** The request came with the signal of Global Privacy Control (`Sec-GPC: 1`). */
  readonly gpc?: boolean
  readonly events: readonly IncomingEvent[]
}

/** Whom a customer token names. */
export interface Subject {
  readonly user: string
  /** An address that the shop has confirmed to be his; null = none stated. */
  readonly email: string | null
}

export interface EventRefusal {
  /** Position in what was sent, from 0. */
  readonly index: number
  readonly code: string
  readonly message: string
}

export interface IngestAnswer {
  readonly accepted: number
  readonly duplicates: number
  /** `index` = position in `IngestRequest.events`. */
  readonly refused: readonly EventRefusal[]
  /** Positions in `IngestRequest.events` of the duplicates. */
  readonly duplicateAt: readonly number[]
  /** Positions in `IngestRequest.events` of those that nothing was stored of: they count for the visitor's session only. Absent = none. */
  readonly session?: readonly number[]
}

export interface AdmittedEvent extends EventHead {
  readonly source: string
  readonly received: number
  /** The identifier that its rows of memory belong to: the strongest that the event came with; null = nobody. */
  readonly identifier: number | null
  readonly customer: number | null
  /** Internal item id of each of `products`, same order. */
  readonly items: readonly number[]
  /** Those of `items` of which none was left when it came in; none where it is read again. */
  readonly missing: readonly number[]
  /** `track`: properties; `identify`, `group`: traits; `page`, `screen`: properties with name and category. */
  readonly properties: Readonly<Record<string, unknown>>
  /** Reduced: no IP address, user agent as a class. */
  readonly context: Readonly<Record<string, unknown>>
  readonly historical: boolean
  /** Undefined where it answers nothing. */
  readonly answer?: AnswerMark
}

/**
 * Something that keeps rows as a function of events. `apply` matches and writes rows only; whatever needs a model or the
 * network runs later from a due row. Folds run in the order in which `engine.ts` lists them.
 */
export interface Fold {
  readonly name: string
  apply(tx: Tx, events: readonly AdmittedEvent[]): Promise<void>
  /**
   * Lets go of what was gathered for personalisation under these identifiers, whose customer has refused it or is a minor;
   * what service needs (orders) stays. Their events of that purpose are still stored, and are deleted afterwards.
   */
  forget?(tx: Tx, identifiers: readonly number[]): Promise<void>
  /** Told, after `apply`, which customers the batch made, and in which of them others came to an end. */
  linked?(tx: Tx, change: LinkChange): Promise<void>
}

export interface LinkChange {
  readonly made: readonly number[]
  readonly joined: readonly number[]
  /** When the batch came in, milliseconds. */
  readonly received: number
  readonly historical: boolean
}
