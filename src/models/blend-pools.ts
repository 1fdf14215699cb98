/** Scoring held-out customers: whole rankings for one model, pools of the best items for several. */
import { makeTopK } from '../kernels/topk.ts'
import type { Pools } from './blend-weights.ts'
import { metricCut } from './blend-weights.ts'
import { historyOf } from './matrix.ts'
import { ndcgAt, ranksAmongAll } from './metrics.ts'
import type { History, Model } from './model.ts'
import { latestFirst } from './order.ts'
import { type Fade, fader, recencyRanks } from './recency.ts'
import type { HeldOut } from './split.ts'

export interface HeldOutRows {
  readonly count: number
  /** Calls `see` with each customer's history without what is held out, the held-out items, those that are no answer, and what led to the held-out. */
  each(see: (history: History, targets: Int32Array, masked: Int32Array, led?: Uint8Array) => void): void
  /** The same with at most `n` of the customers, evenly spread. */
  thin(n: number): HeldOutRows
  /** The same customers as if they had come a moment ago: of their histories only the latest entries are heard, 1 to 8 in turn. */
  newcomers(): HeldOutRows
  /** Three quarters of the customers to learn on, and the others to check what was learned. */
  parts(): { learning: HeldOutRows; checking: HeldOutRows }
}

/** Cells (customers x items) that an evaluation looks at, at most; it bounds the time on large catalogues. */
const MAX_CELLS = 40_000_000
const MIN_ROWS = 300
const MAX_ROWS = 8_000
/** Items that each member brings into a customer's pool. */
const POOL_DEPTH = 60

/** The held-out customers, thinned evenly where there are more than can be looked at. */
export function heldOutRows(held: HeldOut): HeldOutRows {
  const limit = Math.min(MAX_ROWS, Math.max(MIN_ROWS, Math.floor(MAX_CELLS / held.train.matrix.columns)))
  const ranksOf = remembered(held.train)
  const rowsOf = (chosen: readonly [number, Int32Array][], short: boolean): HeldOutRows => ({
    count: chosen.length,
    each(see): void {
      chosen.forEach(([row, targets], k) => {
        const whole = historyOf(held.train, row)
        const history = short ? latestOf(whole, beginnings[k % beginnings.length]) : whole
        const ranks = short && history.times ? recencyRanks(history.times) : ranksOf(row)
        see(ranks ? { ...history, ranks } : history, targets, whole.items, held.led?.get(row))
      })
    },
    thin: (n) => rowsOf(thinned(chosen, n), short),
    newcomers: () => rowsOf(chosen, true),
    parts: () => ({
      learning: rowsOf(
        chosen.filter((_, k) => k % 4 !== 3),
        short,
      ),
      checking: rowsOf(
        chosen.filter((_, k) => k % 4 === 3),
        short,
      ),
    }),
  })
  return rowsOf(thinned([...held.targets], limit), false)
}

/** Recency ranks of rows, which every setting of every member asks for again. */
function remembered(data: HeldOut['train']): (row: number) => Float32Array | undefined {
  const { times } = data
  if (!times) return () => undefined
  const { indptr, indices } = data.matrix
  const ranks = new Float32Array(indices.length)
  const known = new Uint8Array(indptr.length)
  return (row) => {
    const own = ranks.subarray(indptr[row], indptr[row + 1])
    if (known[row] === 0) own.set(recencyRanks(times.subarray(indptr[row], indptr[row + 1])))
    known[row] = 1
    return own
  }
}

/** Lengths of the histories of newcomers. */
const beginnings = [1, 2, 3, 5, 8]

function latestOf(history: History, most: number): History {
  const kept = latestFirst(history).subarray(0, most).sort()
  return {
    items: kept.map((k) => history.items[k]),
    weights: Float32Array.from(kept, (k) => history.weights[k]),
    ...(history.times ? { times: Float64Array.from(kept, (k) => (history.times as Float64Array)[k]) } : {}),
  }
}

function thinned<T>(list: readonly T[], n: number): readonly T[] {
  if (list.length <= n) return list
  return Array.from({ length: n }, (_, k) => list[Math.floor((k * list.length) / n)])
}

/** NDCG@10 of one model by row, over all items, the history masked. */
export function ndcgOf(model: Model, fade: Fade, rows: HeldOutRows): Float64Array {
  const scores = new Float32Array(model.items)
  const hear = fader(fade)
  const out = new Float64Array(rows.count)
  let row = 0
  rows.each((history, targets, masked) => {
    model.score(hear(history), scores)
    out[row++] = ndcgAt(metricCut, ranksAmongAll(scores, targets, masked, metricCut))
  })
  return out
}

/** For each customer the union of every member's best items and the targets, with every member's scores. */
export function buildPools(
  members: readonly { model: Model; fade: Fade }[],
  rows: HeldOutRows,
  cut: number = metricCut,
): Pools {
  const items = members[0].model.items
  const scores = members.map(() => new Float32Array(items))
  const hear = members.map(({ fade }) => fader(fade))
  const highest = makeTopK(items, POOL_DEPTH)
  const indptr = new Int32Array(rows.count + 1)
  const pooled: Float32Array[][] = members.map(() => [])
  const target: Uint8Array[] = []
  const through: Uint8Array[] = []
  let row = 0
  rows.each((history, targets, masked, led) => {
    const pool = new Set(targets)
    const mask = new Int32Array((items >> 5) + 1)
    for (const item of masked) mask[item >> 5] |= 1 << (item & 31)
    members.forEach(({ model }, m) => {
      model.score(hear[m](history), scores[m])
      for (const item of highest(scores[m], POOL_DEPTH, mask)) pool.add(item)
    })
    const chosen = Int32Array.from(pool)
    for (const [m, own] of scores.entries()) pooled[m].push(known(own, chosen))
    target.push(new Uint8Array(chosen.length).fill(1, 0, targets.length))
    if (led) {
      const own = new Uint8Array(chosen.length)
      own.set(led)
      through.push(own)
    }
    indptr[row + 1] = indptr[row] + chosen.length
    row++
  })
  const total = indptr[rows.count]
  const joined = (parts: readonly Float32Array[]) => {
    const out = new Float32Array(total)
    for (const [r, part] of parts.entries()) out.set(part, indptr[r])
    return out
  }
  const bytes = (parts: readonly Uint8Array[]) => {
    const out = new Uint8Array(total)
    for (const [r, part] of parts.entries()) out.set(part, indptr[r])
    return out
  }
  const led = through.length > 0 ? bytes(through) : undefined
  return { indptr, scores: pooled.map(joined), target: bytes(target), led, cut }
}

/** The scores of the chosen items; 0 where the member knows nothing of one. */
function known(scores: Float32Array, chosen: Int32Array): Float32Array {
  const out = new Float32Array(chosen.length)
  for (let k = 0; k < chosen.length; k++) {
    const score = scores[chosen[k]]
    if (score !== Number.NEGATIVE_INFINITY) out[k] = score
  }
  return out
}
