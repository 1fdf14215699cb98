/**
 * How far counts are trusted against descriptions around an item and around a cart: learned on what customers chose next,
 * from what they had chosen just before. A choice other than the usual serves only where customers on whom it was not made
 * are served better beyond noise (two halves, each judged by the choice of the other).
 */
import { difference, type Measured, measured } from '../models/blend-weights.ts'
import { ndcgAt } from '../models/metrics.ts'
import type { Model, Progress, TrainingData } from '../models/model.ts'
import { latestFirst } from '../models/order.ts'
import { pace } from '../models/pace.ts'
import { holdOut } from '../models/split.ts'
import { hearNear, type Near, shares } from './neighbourhood.ts'

export interface NearbyTrust {
  /** Customers who chose an item at which its neighbours count as much as its description. */
  readonly item: number
  /** The share of the neighbours around a cart, 0 .. 1. */
  readonly cart: number
}

/** Of one placement: what was chosen, and how well it did on customers on whom it was not. */
export interface TrustReport {
  readonly placement: keyof NearbyTrust
  readonly trust: number
  readonly customers: number
  /** NDCG@10 of the next choice with the usual trust. */
  readonly usual: number
  readonly gain: Measured
}

export const usualTrust: NearbyTrust = { item: 10, cart: 0.8 }
const ladders: Readonly<Record<keyof NearbyTrust, readonly number[]>> = {
  item: [0, 1, 3, 10, 30, 100, 300, 1000],
  cart: [0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1],
}
/** Items that stand for a cart. */
const CART = 3
const CUT = 10
/** Customers that are asked at most, and scores that this may take. */
const MOST = 3000
const AFFORDABLE = 2e7
const FEWEST = 40
/** Standard errors by which the usual must be beaten. */
const SURE = 2

/** The share of the neighbours around an item that so many customers chose. */
export function itemTrust(customers: number, { item }: NearbyTrust): number {
  return customers === 0 ? 0 : customers / (customers + item)
}

/**
 * `together` fits the counts anew, without what is held out; descriptions know no customer.
 *
 * @throws the signal's reason when aborted
 */
export async function learnTrust(
  data: TrainingData,
  content: Model,
  together: (data: TrainingData) => Promise<Model | null>,
  progress: Progress,
): Promise<{ readonly trust: NearbyTrust; readonly report: readonly TrustReport[] }> {
  const held = holdOut(data, { share: 0, most: 1, fewest: 2 })
  const counts = held.targets.size < FEWEST ? null : await together(held.train)
  if (!counts) return { trust: usualTrust, report: [] }
  const all = [...held.targets]
  const most = Math.min(MOST, Math.max(FEWEST, Math.floor(AFFORDABLE / data.matrix.columns)))
  const rows = all.filter((_, k) => Math.floor((k * most) / all.length) > Math.floor(((k - 1) * most) / all.length))
  const near = { together: counts, content }
  const report: TrustReport[] = []
  for (const placement of ['item', 'cart'] as const) {
    const tried = await triedOn(held.train, rows, near, placement, progress)
    report.push(judged(placement, tried))
  }
  counts.dispose?.()
  const trustOf = (placement: keyof NearbyTrust) =>
    report.find((one) => one.placement === placement)?.trust ?? usualTrust[placement]
  return { trust: { item: trustOf('item'), cart: trustOf('cart') }, report }
}

/** NDCG of each row's target, for each step of the ladder. */
async function triedOn(
  { matrix, times }: TrainingData,
  rows: readonly (readonly [number, Int32Array])[],
  near: Near,
  placement: keyof NearbyTrust,
  progress: Progress,
): Promise<Float64Array[]> {
  const ladder = ladders[placement]
  const customers = new Int32Array(matrix.columns)
  for (const item of matrix.indices) customers[item]++
  const tried = ladder.map(() => new Float64Array(rows.length))
  const [byCounts, byContent] = [new Float32Array(matrix.columns), new Float32Array(matrix.columns)]
  for (const [r, [row, [target]]] of rows.entries()) {
    if (r % 50 === 0) await pace(progress, r, rows.length, `trust in counts, ${placement}`)
    const from = matrix.indptr[row]
    const items = matrix.indices.subarray(from, matrix.indptr[row + 1])
    const weights = matrix.values.subarray(from, matrix.indptr[row + 1])
    const order = latestFirst({ items, weights, times: times?.subarray(from, matrix.indptr[row + 1]) })
    const chosen = Array.from(order, (k) => ({ item: items[k], weight: weights[k] })).filter(({ weight }) => weight > 0)
    const seeds = chosen.slice(0, placement === 'cart' ? CART : 1).map(({ item }) => item)
    if (seeds.length === 0) continue
    const most = hearNear(near, seeds, byCounts, byContent)
    for (const item of items) byCounts[item] = byContent[item] = 0
    ladder.forEach((step, s) => {
      const trust = placement === 'cart' ? step : itemTrust(customers[seeds[0]], { ...usualTrust, item: step })
      const [a, b] = shares(most, trust)
      tried[s][r] = ndcgAt(CUT, [rankOf(target, byCounts, a, byContent, b)])
    })
  }
  return tried
}

/** Among what has any score; Infinity where the target has none, or stands beyond the cut. */
function rankOf(target: number, one: Float32Array, a: number, other: Float32Array, b: number): number {
  const own = a * one[target] + b * other[target]
  if (!(own > 0)) return Number.POSITIVE_INFINITY
  let higher = 0
  let equal = 0
  for (let i = 0; i < one.length; i++) {
    const score = a * one[i] + b * other[i]
    if (score > own && ++higher === CUT) return Number.POSITIVE_INFINITY
    if (score === own) equal++
  }
  return 1 + higher + (equal - 1) / 2
}

function judged(placement: keyof NearbyTrust, tried: readonly Float64Array[]): TrustReport {
  const ladder = ladders[placement]
  const usual = tried[ladder.indexOf(usualTrust[placement])]
  const sum = (ndcg: Float64Array, take: (row: number) => boolean) =>
    ndcg.reduce((total, value, row) => total + (take(row) ? value : 0), 0)
  const best = (take: (row: number) => boolean) =>
    tried.reduce((top, ndcg, s) => (sum(ndcg, take) > sum(tried[top], take) ? s : top), 0)
  const halves = [best((row) => row % 2 === 1), best((row) => row % 2 === 0)]
  const gain = difference(
    usual.map((_, row) => tried[halves[row % 2]][row]),
    usual,
  )
  const isSurer = gain.mean > SURE * gain.error
  const customers = usual.length
  const mean = sum(usual, () => true) / Math.max(1, customers)
  return {
    placement,
    trust: isSurer ? ladder[best(() => true)] : usualTrust[placement],
    customers,
    usual: mean,
    gain: measured(gain),
  }
}
