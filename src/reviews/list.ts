/** The reviews of an item as they are shown: which show, how useful each is, in which order, and what stands behind it. */
import type { Reader } from '../db/database.ts'
import { type UsualVotes, usefulness } from '../models/helpfulness.ts'
import { type PublishPolicy, type RejectionReason, type ReviewState, rejectionReasons, standingOf } from './state.ts'
import {
  isWithdrawn,
  latestOfEach,
  type Permits,
  reviewsOfItems,
  type StoredReview,
  verifiedReviews,
  votesOf,
} from './store.ts'

export interface ShownReview {
  /** By what votes name it. */
  readonly id: string
  readonly item: number
  readonly stars: number | null
  readonly title: string | null
  readonly text: string | null
  readonly author: string | null
  readonly time: number
  /** Its writer is known to have bought the item. */
  readonly verified: boolean
  /** Sums of votes by weight. */
  readonly helpful: number
  readonly unhelpful: number
  /** Lower bound of the share who find it helpful. */
  readonly usefulness: number
  readonly state: ReviewState
  readonly reason: RejectionReason | null
}

export interface ReviewList {
  /** In the order asked for; only what is published. */
  readonly reviews: readonly ShownReview[]
  readonly verified: number
  /** How many are not shown, by reason, and how many wait; critical (1 and 2 stars) apart, so that hiding them would show. */
  readonly withheld: Readonly<Record<RejectionReason | 'pending', { readonly all: number; readonly critical: number }>>
}

export type ReviewOrder = 'useful' | 'newest' | 'critical' | 'favourable'

export interface ListNeeds {
  readonly reader: Reader
  readonly permits: Permits
  readonly settings: PublishPolicy
  readonly usual: UsualVotes
  readonly canonical: (item: number) => number
  readonly now: number
}

/** `items`: the internal id, and those that turned out to be the same. */
export async function listReviews(needs: ListNeeds, items: readonly number[], order: ReviewOrder): Promise<ReviewList> {
  const { reader, permits, canonical } = needs
  const found = latestOfEach(await reviewsOfItems(reader, permits, items), canonical).filter((one) => !isWithdrawn(one))
  const all = await shownReviews(needs, found)
  const published = all.filter(({ state }) => state === 'published').sort(orders[order])
  return {
    reviews: published,
    verified: published.filter(({ verified }) => verified).length,
    withheld: withheldOf(all),
  }
}

export async function shownReviews(needs: ListNeeds, reviews: readonly StoredReview[]): Promise<ShownReview[]> {
  const { reader, permits, settings, usual, now } = needs
  const verified = await verifiedReviews(reader, reviews)
  const votes = await votesOf(reader, permits, reviews)
  return reviews.map((review) => {
    const { state, reason } = standingOf(review, review.decision, settings, now)
    const { helpful = 0, unhelpful = 0 } = votes.get(review.review) ?? {}
    const isProved = verified.has(review.review)
    const length = (review.title?.length ?? 0) + (review.text?.length ?? 0)
    const voted = { stars: review.stars ?? 3, verified: isProved, length, helpful, unhelpful }
    return {
      id: review.review,
      item: review.item,
      stars: review.stars,
      title: review.title,
      text: review.text,
      author: review.author,
      time: review.time,
      verified: isProved,
      helpful,
      unhelpful,
      usefulness: usefulness(voted, usual),
      state,
      reason,
    }
  })
}

type Compare = (a: ShownReview, b: ShownReview) => number
const byId: Compare = (a, b) => (a.id < b.id ? -1 : 1)
const useful: Compare = (a, b) => b.usefulness - a.usefulness || b.time - a.time || byId(a, b)
const starsOf = ({ stars }: ShownReview) => stars ?? 3

const orders: Readonly<Record<ReviewOrder, Compare>> = {
  useful,
  newest: (a, b) => b.time - a.time || byId(a, b),
  critical: (a, b) => starsOf(a) - starsOf(b) || useful(a, b),
  favourable: (a, b) => starsOf(b) - starsOf(a) || useful(a, b),
}

/** How many are not shown, by why. */
export function withheldOf(all: readonly Pick<ShownReview, 'state' | 'reason' | 'stars'>[]): ReviewList['withheld'] {
  const entries = [...rejectionReasons, 'pending' as const].map((why) => {
    const some = all.filter(({ state, reason }) => (why === 'pending' ? state === 'pending' : reason === why))
    return [why, { all: some.length, critical: some.filter(({ stars }) => stars !== null && stars <= 2).length }]
  })
  return Object.fromEntries(entries)
}
