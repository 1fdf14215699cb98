/**
 * A row of interactions -> how much it says for (or against) the item, and when. Training and decisions use the same
 * two functions, so that folding a customer in sees what fitting saw.
 *
 * Repetition counts with the logarithm, log2(1 + n), as confidence does in Hu, Koren and Volinsky, "Collaborative
 * filtering for implicit feedback datasets" (2008): one is 1, three are 2. What was said outright overrules what was
 * merely done: a refusal that no purchase followed, a purchase that came back whole, a poor rating.
 */
import type { SignalWeights } from '../config.ts'
import type { InteractionRow } from '../db/tables.ts'

export type SignalRow = Omit<InteractionRow, 'identifier' | 'recipient' | 'rating_message' | 'bought_first'>

/** The scale of ratings: stars from `low` to `high`; what lies outside counts as the nearer end. */
export interface RatingScale {
  readonly low: number
  readonly high: number
}

const stars: RatingScale = { low: 1, high: 5 }

/** The weight of one row: positive = wanted, negative = not wanted, 0 = says nothing. */
export function weightOf(row: Readonly<SignalRow>, signals: SignalWeights, scale: RatingScale = stars): number {
  if (row.refused > 0 && row.refused_last >= row.bought_last) return signals.refuse
  const rated = row.rating === null ? null : ratingWeight(row.rating, signals, scale)
  if (rated !== null && rated < 0) return rated
  const kept = row.bought > 0 ? Math.max(0, 1 - row.returned / row.bought) : 0
  // What did not fit, or broke on the way, was wanted all the same: as much as what stood in the cart.
  if (kept === 0 && row.returned > 0) return rated ?? (row.excused >= row.returned ? signals.cart : signals.return)
  const wanted =
    signals.view * repeated(row.views) +
    signals.cart * repeated(row.carts) +
    (row.wished > 0 ? signals.wish : 0) +
    signals.buy * repeated(row.orders) * kept
  return wanted + (rated ?? 0)
}

function repeated(times: number): number {
  return times === 1 ? 1 : Math.log2(1 + times)
}

/** Linear between `rateLow` at the lowest star and `rateHigh` at the highest. */
function ratingWeight(rating: number, { rateLow, rateHigh }: SignalWeights, { low, high }: RatingScale): number {
  const share = Math.min(1, Math.max(0, (rating - low) / (high - low)))
  return rateLow + share * (rateHigh - rateLow)
}

/** Milliseconds: the latest that the customer did with the item, of whatever kind. */
export function timeOf(row: Readonly<SignalRow>): number {
  return Math.max(
    row.view_last,
    row.cart_last,
    row.bought_last,
    row.return_last,
    row.wish_last,
    row.refused_last,
    row.rating_time,
  )
}
