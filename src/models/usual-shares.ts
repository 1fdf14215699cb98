/**
 * How the choices on one side of a routine are distributed, two ways. *Habit*: one item, nobody knows which at first, is
 * taken with a regularity r ~ Beta(a, b), all others by likeness; kept as the posterior of which one. *Taste*: Dirichlet
 * around likeness. Both predict from counts that fade, so they take the counts and a scale to the present.
 */

/** What people like him choose, by index; the last index may stand for several items that he never chose. */
export interface Likeness {
  readonly all: Float64Array
  /** Of one item of the index. */
  readonly one: Float64Array
}

/** The shares of one side: `k` entries of each array from `at`. */
export interface Side {
  readonly k: number
  at: number
  /** Posterior that this item is the habit; sums to 1. */
  readonly habit: Float64Array
  readonly counts: Float64Array
  /** Sum of the counts, already scaled. */
  total: number
  /** Brings counts to the present. */
  scale: number
}

export interface Regularity {
  readonly a: number
  readonly b: number
}

/** Probability of index `chosen` if this side is a habit. */
export function habitChance(side: Side, { all, one }: Likeness, { a, b }: Regularity, chosen: number): number {
  const { k, at, habit, counts, scale } = side
  const n = a + b + side.total
  let others = 0
  for (let u = 0; u < k; u++) others += (habit[at + u] * (n - a - counts[at + u] * scale)) / (1 - one[u])
  const own = a + counts[at + chosen] * scale
  const itself = (habit[at + chosen] * (n - own) * one[chosen]) / (1 - one[chosen])
  return (habit[at + chosen] * own + others * all[chosen] - itself) / n
}

/** Bayes' rule for the posterior of the habit after `chosen`, whose probability was `chance`. */
export function learnHabit(
  side: Side,
  { all, one }: Likeness,
  { a, b }: Regularity,
  chosen: number,
  chance: number,
): void {
  const { k, at, habit, counts, scale, total } = side
  const n = a + b + total
  for (let u = 0; u < k; u++) {
    const own = a + counts[at + u] * scale
    const other = ((n - own) * (u === chosen ? all[u] - one[u] : all[chosen])) / (1 - one[u])
    habit[at + u] *= ((u === chosen ? own : 0) + other) / (n * chance)
  }
}

/** Adds `weight` times the habit's probability of every index to `out`. */
export function addHabitShares(
  side: Side,
  { all, one }: Likeness,
  { a, b }: Regularity,
  weight: number,
  out: Float64Array,
): void {
  const { k, at, habit, counts, scale } = side
  const n = a + b + side.total
  let others = 0
  for (let u = 0; u < k; u++) others += (habit[at + u] * (n - a - counts[at + u] * scale)) / (1 - one[u])
  for (let u = 0; u < k; u++) {
    const own = a + counts[at + u] * scale
    const itself = (habit[at + u] * (n - own) * one[u]) / (1 - one[u])
    out[u] += (weight * (habit[at + u] * own + others * all[u] - itself)) / n
  }
}

/** Probability of `chosen` if this side is taste: `alpha` choices of likeness beside the customer's own. */
export function tasteChance(side: Side, { all }: Likeness, alpha: number, chosen: number): number {
  return (side.counts[side.at + chosen] * side.scale + alpha * all[chosen]) / (side.total + alpha)
}

export function addTasteShares(side: Side, { all }: Likeness, alpha: number, weight: number, out: Float64Array): void {
  const { k, at, counts, scale, total } = side
  for (let u = 0; u < k; u++) out[u] += (weight * (counts[at + u] * scale + alpha * all[u])) / (total + alpha)
}
