/**
 * What the models make of one history: its best items, and why they are. Kept as long as the history is, so that a customer
 * who did nothing since (a further page, a reload, another placement) costs no model anything.
 */
import { makeTopK, type TopK } from '../kernels/topk.ts'
import { type Explanation, explained } from '../models/evidence.ts'
import type { History, Model } from '../models/model.ts'
import { type Allowance, best } from './rank.ts'
import type { Candidate } from './rules.ts'
import type { Serving } from './serving.ts'

interface Kept {
  /** Model indices, the best first, with their scores. */
  readonly positions: Int32Array
  readonly scores: Float32Array
  /** No other item has a score. */
  readonly whole: boolean
  /** Those of `positions` that are not in `hidden`. */
  visible: Int32Array
  hidden: Int32Array | null
  readonly why: Map<number, Explanation>
}

/** By what ranks, then by history. */
const rankings = new WeakMap<Model, WeakMap<History, Kept>>()

/** Items kept beyond those that are hidden, and at most in all. */
const spare = 128
const mostKept = 1024
/** Evidence that is looked for, for some of it may not be named. */
const evidence = 3

const selectors = new Map<number, TopK>()

function selector(length: number): TopK {
  let select = selectors.get(length)
  if (!select) {
    // One serves all models of a length; a swap brings another.
    if (selectors.size >= 4) selectors.clear()
    select = makeTopK(length, mostKept)
    selectors.set(length, select)
  }
  return select
}

/** The `count` best of the history's items that are allowed, as `best` gives them. `scratch`: of the models' length, free to use. */
export function bestFor(
  { ids }: Pick<Serving, 'ids'>,
  taste: Model,
  history: History,
  { count, allowed, scratch }: { readonly count: number; readonly allowed: Allowance; readonly scratch: Float32Array },
): Candidate[] {
  const kept = rankings.get(taste)?.get(history) ?? rank(taste, history, allowed, scratch)
  const found: Candidate[] = []
  for (const k of visible(kept, allowed.hidden)) {
    const id = ids[kept.positions[k]]
    if (!allowed.allows(id)) continue
    found.push({ id, score: kept.scores[k] })
    if (found.length === count) return found
  }
  if (kept.whole) return found
  // Rules and filters keep most of the best out: all are looked at.
  taste.score(history, scratch)
  return best(scratch, ids, count, allowed)
}

function rank(taste: Model, history: History, { hidden }: Allowance, scratch: Float32Array): Kept {
  taste.score(history, scratch)
  const most = Math.min(mostKept, hidden.length + spare)
  const positions = selector(scratch.length)(scratch, most).slice()
  const kept: Kept = {
    positions,
    scores: Float32Array.from(positions, (position) => scratch[position]),
    whole: positions.length < most,
    ...{ visible: new Int32Array(0), hidden: null, why: new Map() },
  }
  const own = rankings.get(taste) ?? new WeakMap<History, Kept>()
  own.set(history, kept)
  rankings.set(taste, own)
  return kept
}

function visible(kept: Kept, hidden: Int32Array): Int32Array {
  if (kept.hidden !== hidden) {
    const gone = new Set(hidden)
    kept.visible = Int32Array.from(kept.positions.keys()).filter((k) => !gone.has(kept.positions[k]))
    kept.hidden = hidden
  }
  return kept.visible
}

/** Why the items (by model index) suit the history: evidence that was confirmed by leaving it out. */
export function whyFor(taste: Model, history: History, items: readonly number[]): readonly Explanation[] {
  const why = rankings.get(taste)?.get(history)?.why ?? new Map<number, Explanation>()
  const missing = items.filter((item) => !why.has(item))
  explained(taste, history, missing, evidence).forEach((one, k) => {
    why.set(missing[k], one)
  })
  return items.map((item) => why.get(item) as Explanation)
}
