/**
 * A message and what can become of it.
 *
 * ```
 *            begin (committed)            taken
 *  planned ───────────────────> sending ────────> sent
 *     ^                          │  │  │
 *     └── known not taken ───────┘  │  └── refused for good ──> failed
 *                                   └── nobody knows ──> in_doubt ── settled by a notice or a person ──> sent, failed, planned
 *  planned ── consent, cap, complaint, nothing to offer ──> suppressed
 * ```
 *
 * Only whoever moved the row from `planned` to `sending` may act, and what is `in_doubt` is never repeated by itself: so a
 * message is never sent twice, and what is lost is listed.
 */
export type MessageState = 'planned' | 'sending' | 'sent' | 'in_doubt' | 'failed' | 'suppressed'

/** What became of one try; journeys hold the same type (journeys/actions.ts). */
export type Outcome =
  | { readonly kind: 'done'; readonly detail?: Record<string, unknown> }
  | { readonly kind: 'suppressed'; readonly reason: string }
  | { readonly kind: 'later'; readonly at: number; readonly reason: string }
  | { readonly kind: 'in_doubt'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }

export type MessagePurpose = 'marketing' | 'service'

export interface SendRequest {
  /** The same whenever the same act is tried again. */
  readonly key: string
  /** The customer's id now. */
  readonly customer: number
  /** `email`, `webhook`, `on-site`. */
  readonly channel: string
  readonly purpose: MessagePurpose
  /** The name of a stored template. */
  readonly template: string
  /** For the template, beside what is known of the customer; `items` = what was decided (shop's ids with reasons). */
  readonly data?: Readonly<Record<string, unknown>>
  /** `owner` = whoever the customer belongs to; else an id of a person of the shop; absent = the shop. */
  readonly from?: string
  readonly journey?: string
  readonly instance?: number
  /** 0 to 9; higher goes first where a cap leaves room for one. 5 by default. */
  readonly priority?: number
  /** Milliseconds. */
  readonly now: number
  /** Only to this address of his, in its normal form; absent = the one heard of last. */
  readonly address?: string
  /** True = the messenger repeats what has to wait; else whoever asked does. */
  readonly repeat?: boolean
  /** False = an answer to what somebody just did (a code, a confirmation): no complaint and no quiet hour holds it up. */
  readonly automatic?: boolean
}

export const defaultPriority = 5
