/**
 * How the choices on one side of a routine are distributed, two ways. *Habit*: one item, nobody knows which at first, is
 * taken with a regularity r ~ Beta(a, b), all others by likeness; kept as the posterior of which one. *Taste*: Dirichlet
 * around likeness. Both predict from counts that fade, so they take the counts and a scale to the present.
 */

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

/** Probability of item `chosen` if this side is a habit. `likeness`: probability of each item for people like him. */
export function habitChance(side: Side, likeness: Float64Array, { a, b }: Regularity, chosen: number): number {
  const { k, at, habit, counts, scale } = side
  const n = a + b + side.total
  let others = 0
  for (let u = 0; u < k; u++) {
    if (u !== chosen) others += (habit[at + u] * (n - a - counts[at + u] * scale)) / (1 - likeness[u])
  }
  return (habit[at + chosen] * (a + counts[at + chosen] * scale) + others * likeness[chosen]) / n
}

/** Bayes' rule for the posterior of the habit after `chosen`, whose probability was `chance`. */
export function learnHabit(
  side: Side,
  likeness: Float64Array,
  { a, b }: Regularity,
  chosen: number,
  chance: number,
): void {
  const { k, at, habit, counts, scale } = side
  const n = (a + b + side.total) * chance
  for (let u = 0; u < k; u++) {
    const own = a + counts[at + u] * scale
    habit[at + u] *= u === chosen ? own / n : ((a + b + side.total - own) * likeness[chosen]) / ((1 - likeness[u]) * n)
  }
}

/** Adds `weight` times the habit's probability of every item to `out`. */
export function addHabitShares(
  side: Side,
  likeness: Float64Array,
  { a, b }: Regularity,
  weight: number,
  out: Float64Array,
): void {
  const { k, at, habit, counts, scale } = side
  const n = a + b + side.total
  let rest = 0
  for (let u = 0; u < k; u++) rest += (habit[at + u] * (n - a - counts[at + u] * scale)) / (1 - likeness[u])
  for (let u = 0; u < k; u++) {
    const own = a + counts[at + u] * scale
    const others = rest - (habit[at + u] * (n - own)) / (1 - likeness[u])
    out[u] += (weight * (habit[at + u] * own + others * likeness[u])) / n
  }
}

/** Probability of `chosen` if this side is taste: `alpha` choices of likeness beside the customer's own. */
export function tasteChance(side: Side, likeness: Float64Array, alpha: number, chosen: number): number {
  return (side.counts[side.at + chosen] * side.scale + alpha * likeness[chosen]) / (side.total + alpha)
}

export function addTasteShares(
  side: Side,
  likeness: Float64Array,
  alpha: number,
  weight: number,
  out: Float64Array,
): void {
  const { k, at, counts, scale, total } = side
  for (let u = 0; u < k; u++) out[u] += (weight * (counts[at + u] * scale + alpha * likeness[u])) / (total + alpha)
}
