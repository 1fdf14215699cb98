/** Lists in the order of what customers say: the best rated, or given items by their rating. */
import type { ItemStanding } from '../reviews/board.ts'
import type { Proposal, Setting } from './proposal.ts'
import { type Allowance, firstAllowed } from './rank.ts'
import type { DecisionRequest, Reason } from './request.ts'

/** The best rated of all that may be shown; a filter by category makes it the best of the category. */
export function proposeRated({ board }: Setting, pool: number, allowed: Allowance): Proposal {
  const candidates = firstAllowed(scored(board.ranked), pool, allowed.allows)
  const note = board.ranked.length === 0 ? 'nobody has rated anything yet' : undefined
  return { candidates, personalised: false, note, reasonOf: (id) => ratedReason(board.of(id)) }
}

function* scored(ranked: readonly ItemStanding[]) {
  for (const { item: id, mean: score } of ranked) yield { id, score }
}

/** Exactly the items asked for; what nobody has rated comes last, in the order given. */
export function proposeAskedByRating({ board, asked }: Setting, allowed: Allowance): Proposal {
  const scoreOf = (id: number, place: number) => board.of(id)?.mean ?? -place
  const candidates = asked.filter(allowed.allows).map((id, place) => ({ id, score: scoreOf(id, place) }))
  candidates.sort((a, b) => b.score - a.score)
  return { candidates, personalised: false, reasonOf: (id) => ratedReason(board.of(id)) }
}

function ratedReason(standing: ItemStanding | null): Reason {
  if (standing === null) return { kind: 'asked' }
  const { mean, ratings, verified } = standing
  return { kind: 'rated', rating: { expected: Math.round(mean * 100) / 100, ratings, verified } }
}

/** Whether the board must be as it is now before this is decided. */
export function ordersByRating({ placements, order }: Pick<DecisionRequest, 'placements' | 'order'>): boolean {
  return order === 'rating' || placements.some(({ name }) => name === 'rated')
}
