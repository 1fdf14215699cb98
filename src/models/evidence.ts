/**
 * What of a history is named as the cause of an item: the entries with the largest share in its score, each confirmed by
 * leaving it out. A share alone is no cause: where others say the same, the item would stand there without it.
 */
import type { Contribution, History, Model } from './model.ts'
import { recencyRanks } from './recency.ts'

/** The kind of model that spoke loudest, and the entries of the history without which the score is lower, largest share first. */
export interface Explanation {
  readonly kind: string
  readonly contributions: readonly Contribution[]
}

/** A model that can say which of its members spoke loudest. */
export interface ExplainsBy {
  explainBy(history: History, item: number, count: number): { kind: string; contributions: Contribution[] }
}

/** What of a model is asked. */
type Scores = Pick<Model, 'kind' | 'items' | 'score' | 'scoreOf' | 'explain'>

/** How many entries are left out for one answer, those that most of its items name first: it bounds what an answer costs ... */
const LEFT_OUT = 12
/** ... and fewer where a score is dear. */
const LEFT_OUT_OF_MANY = 2
const MANY_ITEMS = 10_000
/** By which share of itself the score must fall: less may be rounding. */
const LEAST_FALL = 2e-3

/** Explains each of `items` by at most `count` entries of the history. */
export function explained(
  model: Scores & Partial<ExplainsBy>,
  history: History,
  items: readonly number[],
  count: number,
): Explanation[] {
  const explain = (item: number) =>
    model.explainBy?.(history, item, count) ?? { kind: model.kind, contributions: model.explain(history, item, count) }
  const claims = items.map((item) => ({ item, ...explain(item) }))
  const scoreOf = scorer(model)
  const own = new Map(items.map((item) => [item, scoreOf(history, item)]))
  const confirmed = new Set<string>()
  const { times } = history
  const ranked = times && !history.ranks ? { ...history, ranks: recencyRanks(times) } : history
  for (const source of leftOut(claims, model.items > MANY_ITEMS ? LEFT_OUT_OF_MANY : LEFT_OUT)) {
    const rest = without(ranked, source)
    const compare = rest.items.length > 0 ? scoreOf : standing(model)
    for (const { item, contributions } of claims) {
      if (!contributions.some((part) => part.item === source)) continue
      const before = rest.items.length > 0 ? (own.get(item) as number) : compare(history, item)
      if (before - compare(rest, item) > LEAST_FALL * Math.abs(before)) confirmed.add(`${source} ${item}`)
    }
  }
  return claims.map(({ item, kind, contributions }) => ({
    kind,
    contributions: contributions.filter((part) => confirmed.has(`${part.item} ${item}`)),
  }))
}

interface Claim {
  readonly item: number
  readonly contributions: readonly Contribution[]
}

/** The entries to be left out: first what is first for an item, and what more items name before what fewer do. */
function leftOut(claims: readonly Claim[], most: number): readonly number[] {
  const votes = new Map<number, number>()
  for (const { contributions } of claims)
    contributions.forEach((part, place) => {
      if (part.weight > 0) votes.set(part.item, (votes.get(part.item) ?? 0) + (place === 0 ? 100 : 1))
    })
  const sorted = [...votes].sort(([a, x], [b, y]) => y - x || a - b)
  return sorted.slice(0, most).map(([source]) => source)
}

/** The history as it would be had the item never been met. */
export function without({ items, weights, times, ranks }: History, item: number): History {
  const at = items.indexOf(item)
  if (at < 0) return { items, weights, ...(times ? { times } : {}), ...(ranks ? { ranks } : {}) }
  return {
    items: leaveOut(items, at, new Int32Array(items.length - 1)),
    weights: leaveOut(weights, at, new Float32Array(items.length - 1)),
    ...(times ? { times: leaveOut(times, at, new Float64Array(items.length - 1)) } : {}),
    ...(ranks ? { ranks: ranksWithout(ranks, at) } : {}),
  }
}

function leaveOut<T extends Int32Array | Float32Array | Float64Array>(from: T, at: number, to: T): T {
  to.set(from.subarray(0, at))
  to.set(from.subarray(at + 1), at)
  return to
}

/** What was before the entry moves up by one, what was of its moment by half. */
function ranksWithout(ranks: Float32Array, at: number): Float32Array {
  const left = leaveOut(ranks, at, new Float32Array(ranks.length - 1))
  const own = ranks[at]
  for (let k = 0; k < left.length; k++) if (left[k] >= own) left[k] -= left[k] === own ? 0.5 : 1
  return left
}

/** One item's score; of a model that only scores all at once, those of the history asked last are kept. */
function scorer(model: Scores): (history: History, item: number) => number {
  const { scoreOf } = model
  if (scoreOf) return scoreOf
  const scores = new Float32Array(model.items)
  let last: History | undefined
  return (history, item) => {
    if (last !== history) model.score(history, scores)
    last = history
    return scores[item]
  }
}

/**
 * Minus the number of items that stand before one. Without its only entry a history is a stranger's, whose scores are on
 * another scale: only places can be compared.
 */
function standing(model: Scores): (history: History, item: number) => number {
  const scores = new Float32Array(model.items)
  return (history, item) => {
    model.score(history, scores)
    let before = 1
    for (let i = 0; i < scores.length; i++) if (scores[i] > scores[item]) before++
    return -before
  }
}
