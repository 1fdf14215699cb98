/** What stands near some items, by whom they were chosen together and by how they are described. */
import { strongest } from '../models/contributions.ts'
import type { History, Model } from '../models/model.ts'
import type { Serving } from './serving.ts'

interface Neighbourhood {
  /** The share of the score that counts and descriptions have. */
  together(index: number): number
  content(index: number): number
  /** The at most `count` seeds that speak most for an item. */
  evidence(index: number, count: number): number[]
}

/** Writes trust * together + (1 - trust) * content, each scaled to at most 1, into `scores`. */
export function neighbourhood(
  serving: Serving,
  seeds: readonly number[],
  scores: Float32Array,
  other: Float32Array,
  trust: number,
): Neighbourhood {
  const items = Int32Array.from(new Set(seeds))
  const history: History = { items, weights: new Float32Array(items.length).fill(1) }
  const { together, content } = serving
  const fill = (model: Model | null, out: Float32Array): number => {
    if (!model) return out.fill(0) && 0
    model.score(history, out)
    let most = 0
    for (let i = 0; i < out.length; i++) {
      if (!(out[i] > 0)) out[i] = 0
      else if (out[i] > most) most = out[i]
    }
    return most
  }
  const mostTogether = fill(together, scores)
  const mostContent = fill(content, other)
  const a = mostTogether > 0 ? (mostContent > 0 ? trust : 1) / mostTogether : 0
  const b = mostContent > 0 ? (mostTogether > 0 ? 1 - trust : 1) / mostContent : 0
  const byContent = Float32Array.from(other, (score) => score * b)
  const byCounts = Float32Array.from(scores, (score) => score * a)
  for (let i = 0; i < scores.length; i++) {
    const score = byCounts[i] + byContent[i]
    scores[i] = score > 0 ? score : Number.NEGATIVE_INFINITY
  }
  return {
    together: (i) => byCounts[i],
    content: (i) => byContent[i],
    evidence: (i, count) => {
      // Both are sums over the seeds: without a seed that has a share the sum is smaller by it.
      const shares = strongest(count)
      const all = new Map<number, number>()
      const add = (model: Model | null, scale: number) => {
        for (const { item, weight } of model?.explain(history, i, items.length) ?? [])
          all.set(item, (all.get(item) ?? 0) + scale * weight)
      }
      add(together, a)
      add(content, b)
      for (const [item, weight] of all) shares.offer(item, weight)
      return shares.list().map(({ item }) => item)
    },
  }
}
