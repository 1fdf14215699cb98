/**
 * Whether a review shows. What people of the shop may reject it for is a closed list, and "critical" is not on it; a review
 * that nobody has looked at shows after some days by itself; and where a text may not be shown although its stars are an
 * opinion like any other, the stars count on.
 */
export const rejectionReasons = ['unlawful', 'off-topic', 'spam', 'personal-data'] as const
export type RejectionReason = (typeof rejectionReasons)[number]

export type ReviewState = 'pending' | 'published' | 'rejected'

export interface StateDecision {
  /** The version of the review that was looked at. */
  readonly message: string
  readonly state: string
  readonly reason: string | null
}

export interface PublishPolicy {
  readonly publish: 'at-once' | 'after-check'
  readonly checkDays: number
}

export interface Standing {
  readonly state: ReviewState
  readonly reason: RejectionReason | null
  /** Whether its stars count in rankings. */
  readonly counts: boolean
}

const dayMs = 86_400_000

export function standingOf(
  review: { readonly message: string; readonly time: number },
  decision: StateDecision | undefined,
  { publish, checkDays }: PublishPolicy,
  now: number,
): Standing {
  if (decision?.message === review.message) {
    const state = decision.state as ReviewState
    const reason = state === 'rejected' ? (decision.reason as RejectionReason) : null
    return { state, reason, counts: state === 'published' || reason === 'unlawful' || reason === 'personal-data' }
  }
  // What was rejected and written anew is looked at first, whatever the policy.
  const waits = publish === 'after-check' || decision?.state === 'rejected'
  const isPending = waits && now < review.time + checkDays * dayMs
  return { state: isPending ? 'pending' : 'published', reason: null, counts: !isPending }
}
