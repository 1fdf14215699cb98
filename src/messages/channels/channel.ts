/** What a way of reaching customers is: a file each in this folder, and a line where the messenger is made. */
import type { SendRequest } from '../message.ts'
import type { Rendered } from '../render.ts'

/** What became of one try to hand a message over. */
export type Delivery =
  | { readonly kind: 'sent'; readonly response: string }
  /** Known not to have been taken: it may be tried again. */
  | { readonly kind: 'not_sent'; readonly reason: string }
  /** For good. `address` = it is the address that does not work. */
  | { readonly kind: 'refused'; readonly reason: string; readonly address: boolean }
  /** It may have been taken or not. */
  | { readonly kind: 'in_doubt'; readonly reason: string }

/** A message ready to be handed over. */
export interface Parcel {
  readonly request: SendRequest
  /** Names it in links and in its reply address. */
  readonly token: string
  /** Null where the channel needs none. */
  readonly address: string | null
  readonly rendered: Rendered
}

/** The right to act, as `messages.begin` gave it. */
export interface Attempt {
  /** True as long as nobody else may have taken the message for lost: asked right before what cannot be undone. */
  holds(): boolean
}

export interface Channel {
  readonly name: string
  /** Kind of identifier that it writes to; null = none is needed. */
  readonly addressKind: 'email' | null
  /** The other side knows a message by its key, so that what was left in the air may be repeated. */
  readonly repeatable: boolean
  /**
   * Hands the parcel over. `begin` commits that it is being sent, and has to be called after everything that can fail
   * without the message having been seen, right before it is shown to the other side; without an attempt nothing is done.
   */
  deliver(parcel: Parcel, begin: () => Promise<Attempt | null>): Promise<Delivery | 'taken'>
  close(): Promise<void>
}
