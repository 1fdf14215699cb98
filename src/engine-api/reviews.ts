/** The part of the engine that is about what customers say of items: reviews, rankings, and who decides what shows. */
import type { Ceiling } from '../consent/permit.ts'
import type { Identifier } from '../identity/identity.ts'
import type { ReviewOrder, ShownReview } from '../reviews/list.ts'
import type { RejectionReason, ReviewState } from '../reviews/state.ts'

/** How an item stands, in stars. */
export interface StandingView {
  readonly expected: number
  /** The 90 % interval. */
  readonly low: number
  readonly high: number
  readonly ratings: number
  /** Of these by customers who are known to have bought the item. */
  readonly verified: number
  readonly suspicious: number
  /** How many ratings gave 1, 2, 3, 4, 5 stars. */
  readonly histogram: readonly number[]
}

export interface ReviewView extends Omit<ShownReview, 'item'> {
  /** The shop's id. */
  readonly item: string
}

/** What orders a list, for programs and for people. */
export interface OrderedBy {
  readonly code: string
  readonly text: string
}

export type Withheld = Readonly<
  Record<RejectionReason | 'pending', { readonly all: number; readonly critical: number }>
>

export interface ItemReviews {
  readonly item: string
  /** Null = nobody has rated it. */
  readonly standing: StandingView | null
  /** All that are published. */
  readonly count: number
  /** Of these by customers who are known to have bought the item, and how that is known. */
  readonly verified: number
  readonly verification: string
  readonly orderedBy: OrderedBy
  readonly withheld: Withheld
  readonly reviews: readonly ReviewView[]
  /** Position of the next page. */
  readonly next: number | null
}

export interface RankedItem extends StandingView {
  readonly id: string
  readonly title: string | null
  readonly place: number
  /** What customers like this one rate it; null = not foretold. */
  readonly yours: { readonly expected: number; readonly spread: number } | null
  readonly text: string
}

export interface Ranking {
  readonly category: string | null
  readonly personalised: boolean
  readonly orderedBy: OrderedBy
  /** Over all rated items of the category. */
  readonly ratings: number
  readonly verified: number
  readonly verification: string
  readonly asOf: number
  readonly items: readonly RankedItem[]
}

export interface ModerationReport {
  readonly published: { readonly all: number; readonly critical: number }
  readonly withheld: Withheld
}

export interface ReviewsApi {
  /** @throws HabitueError unknown_item */
  ofItem(item: string, page: { order: ReviewOrder; stars?: number; after: number; limit: number }): Promise<ItemReviews>
  /** The best first; `who` = for whom, as far as `ceiling` allows. */
  ranking(wanted: { category?: string; limit: number; who: Identifier | null; ceiling: Ceiling }): Promise<Ranking>
  /** Reviews in a state, the oldest first. */
  list(state: ReviewState, limit: number): Promise<readonly ReviewView[]>
  /** What shows and what does not, by why and by stars. */
  report(): Promise<ModerationReport>
  /** `pending` takes a decision back. @throws HabitueError not_found, invalid_review */
  moderate(
    review: string,
    decision: { state: ReviewState; reason: RejectionReason | null; note: string | null },
    actor: string,
  ): Promise<void>
}
