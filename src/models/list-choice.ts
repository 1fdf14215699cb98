/**
 * A list from scored candidates that is more than its best scores: near to the proportions of the customer's taste
 * (calibration: Steck 2018), without much of the same (maximal marginal relevance: Carbonell & Goldstein 1998), and with what
 * he has not heard of anyway (novelty: self-information of an item's popularity). Greedy: place by place the candidate
 * that adds most.
 */

export interface ListCandidate {
  readonly score: number
  /** Numbers of its categories. */
  readonly categories: readonly number[]
  /** Customers who chose it. */
  readonly chosenBy: number
}

export interface ListWeights {
  /** Each 0..1; 0 = it does not matter. */
  readonly diversity: number
  readonly calibration: number
  readonly novelty: number
}

/** Of q against a category that the list has none of: q' = (1 - a) q + a p. */
const smoothing = 0.01

/** Positions of the `count` chosen, in order. `taste`: by category the share of the customer's choices; null = unknown. */
export function chooseList(
  candidates: readonly ListCandidate[],
  count: number,
  { diversity, calibration, novelty }: ListWeights,
  taste: ReadonlyMap<number, number> | null,
): number[] {
  const relevance = relevances(candidates, novelty)
  const share = taste === null ? 0 : calibration
  const left = new Set(candidates.keys())
  const nearest = new Float64Array(candidates.length)
  const chosen: number[] = []
  const listed = new Map<number, number>()
  while (chosen.length < count && left.size > 0) {
    let [best, most] = [-1, Number.NEGATIVE_INFINITY]
    for (const i of left) {
      const fit =
        share > 0 ? -divergence(taste as ReadonlyMap<number, number>, listed, candidates[i], chosen.length) : 0
      const value = (1 - diversity) * ((1 - share) * relevance[i] + share * fit) - diversity * nearest[i]
      if (value > most) {
        most = value
        best = i
      }
    }
    left.delete(best)
    chosen.push(best)
    addTo(listed, candidates[best], 1)
    if (diversity > 0)
      for (const i of left) nearest[i] = Math.max(nearest[i], likeness(candidates[i], candidates[best]))
  }
  return chosen
}

/** Scores over 0..1, with the weight of novelty for what few have chosen. */
function relevances(candidates: readonly ListCandidate[], novelty: number): Float64Array {
  const scores = candidates.map(({ score }) => score)
  const [low, high] = [Math.min(...scores), Math.max(...scores)]
  const most = Math.max(1, ...candidates.map(({ chosenBy }) => chosenBy))
  const longest = Math.log2(most + 1)
  return Float64Array.from(candidates, ({ score, chosenBy }) => {
    const relevance = high > low ? (score - low) / (high - low) : 1
    const unknown = longest > 0 ? Math.log2((most + 1) / (chosenBy + 1)) / longest : 0
    return (1 - novelty) * relevance + novelty * unknown
  })
}

/** Shared categories over all of both (Jaccard). */
export function likeness(a: Pick<ListCandidate, 'categories'>, b: Pick<ListCandidate, 'categories'>): number {
  if (a.categories.length === 0 || b.categories.length === 0) return 0
  const shared = a.categories.filter((one) => b.categories.includes(one)).length
  return shared / (a.categories.length + b.categories.length - shared)
}

/** Each item has one vote, spread over its categories. */
function addTo(sums: Map<number, number>, { categories }: Pick<ListCandidate, 'categories'>, weight: number): void {
  for (const category of categories) sums.set(category, (sums.get(category) ?? 0) + weight / categories.length)
}

/** KL(p || q') of the list with one item more. */
function divergence(
  taste: ReadonlyMap<number, number>,
  listed: ReadonlyMap<number, number>,
  { categories }: ListCandidate,
  length: number,
): number {
  let sum = 0
  for (const [category, p] of taste) {
    const own = categories.includes(category) ? 1 / categories.length : 0
    const q = ((listed.get(category) ?? 0) + own) / (length + 1)
    sum += p * Math.log(p / ((1 - smoothing) * q + smoothing * p))
  }
  return Math.max(0, sum)
}

/** By category the share of a history's weight; null where it says nothing. */
export function tasteShares(
  items: readonly { readonly categories: readonly number[]; readonly weight: number }[],
): ReadonlyMap<number, number> | null {
  const sums = new Map<number, number>()
  for (const item of items) if (item.weight > 0) addTo(sums, item, item.weight)
  const total = [...sums.values()].reduce((sum, one) => sum + one, 0)
  return total > 0 ? new Map([...sums].map(([category, sum]) => [category, sum / total])) : null
}

/** How far a list is from the taste: KL(p || q'), 0 = the same proportions. For tests and evaluation. */
export function miscalibration(
  taste: ReadonlyMap<number, number>,
  list: readonly Pick<ListCandidate, 'categories'>[],
): number {
  const sums = new Map<number, number>()
  for (const one of list.slice(0, -1)) addTo(sums, one, 1)
  const last = list[list.length - 1]
  return divergence(taste, sums, { ...last, score: 0, chosenBy: 0 }, list.length - 1)
}
