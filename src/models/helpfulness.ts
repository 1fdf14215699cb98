/**
 * How useful a review is, from votes: the lower bound of the share that finds it helpful, so that a few votes do not carry
 * a review above one that many found useful. Before votes stands what is usual of reviews of its kind (with or without
 * proof of purchase, with many words or few), learned from all. What is usual of reviews of its *stars* is taken off
 * again: who loves a product votes its critics down, and a critical review is not to sink for that.
 */

export interface VotedReview {
  readonly stars: number
  readonly verified: boolean
  /** Characters of its text. */
  readonly length: number
  /** Sums of the weights of votes. */
  readonly helpful: number
  readonly unhelpful: number
}

/** As how many votes what is usual counts. */
const strength = 4
/** One-sided 90 %. */
const z = 1.2816

const kinds = 6
const bands = 3

/** 0: no words, 1: few, 2: many; and 3 more with proof of purchase. */
function kindOf({ verified, length }: VotedReview): number {
  return (verified ? 3 : 0) + (length < 20 ? 0 : length < 200 ? 1 : 2)
}

/** Critical, between, favourable. */
function bandOf({ stars }: VotedReview): number {
  return stars <= 2 ? 0 : stars < 4 ? 1 : 2
}

export interface UsualVotes {
  /** By kind: the usual share of helpful votes. */
  readonly kinds: readonly number[]
  /** By band of stars: how far its share is above that of all. */
  readonly bands: readonly number[]
}

/** What a shop's voters do without regard of a single review; without votes, longer and proved ones are thought more useful. */
export function usualVotes(reviews: Iterable<VotedReview>): UsualVotes {
  const kindVotes = Array.from({ length: kinds }, (_, kind) => {
    const share = 0.5 + (kind >= 3 ? 0.08 : 0) + (kind % 3) * 0.06
    return { helpful: 20 * share, all: 20 }
  })
  const bandVotes = Array.from({ length: bands }, () => ({ helpful: 0, all: 0 }))
  const total = { helpful: 0, all: 0 }
  for (const review of reviews) {
    const all = review.helpful + review.unhelpful
    for (const sum of [kindVotes[kindOf(review)], bandVotes[bandOf(review)], total]) {
      sum.helpful += review.helpful
      sum.all += all
    }
  }
  const overall = (total.helpful + 1) / (total.all + 2)
  return {
    kinds: kindVotes.map(({ helpful, all }) => helpful / all),
    bands: bandVotes.map(({ helpful, all }) => (helpful + 20 * overall) / (all + 20) - overall),
  }
}

/** Wilson's lower bound (1927) over the votes and the usual ones before them, less what its stars are worth in votes. */
export function usefulness(review: VotedReview, usual: UsualVotes): number {
  const prior = Math.min(0.98, Math.max(0.02, usual.kinds[kindOf(review)]))
  // A band's votes are held against what is usual of the band, in proportion to how many there are.
  const votes = review.helpful + review.unhelpful
  const fair = review.helpful - votes * usual.bands[bandOf(review)]
  const n = votes + strength
  const share = Math.min(1, Math.max(0, (fair + strength * prior) / n))
  const centre = share + (z * z) / (2 * n)
  const half = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))
  return (centre - half) / (1 + (z * z) / n)
}
