/** What customers order again by a link of a mail, as journeys and pages see it. */
import type { Offer } from '../reorders/offer.ts'

export interface ReorderWanted {
  /** The same link whenever it is used again. */
  readonly key: string
  /** The message id of the `Occasion Due` that says what was given. */
  readonly event: string
}

export type ReorderLink =
  | { readonly kind: 'done'; readonly id: string; readonly url: string; readonly expires: number }
  /** Why there is none: the mail goes without it. */
  | {
      readonly kind: 'suppressed'
      readonly reason: 'no shop' | 'unknown' | 'consent' | 'minor' | 'nothing given' | 'over'
    }

/** What is behind a link. `closed` = he may not be offered it, or nothing of it is known any more. */
export type ReorderPage =
  | { readonly state: 'unknown' | 'closed' | 'expired' | 'ordered'; readonly language: string | null }
  | { readonly state: 'open'; readonly language: string | null; readonly offer: Offer }

export interface ReordersApi {
  /** `base` = where customers reach this server. */
  hand(identifier: number, wanted: ReorderWanted, base: string): Promise<ReorderLink>
  /** Looking changes nothing. */
  page(token: string): Promise<ReorderPage>
  /**
   * `words` = by line what was chosen (offer.ts). `changed` = something is no longer as he saw it, and nothing is ordered.
   * @throws HabitueError consent_refused
   */
  order(token: string, words: readonly (string | null)[]): Promise<'ordered' | 'changed' | 'closed'>
}
