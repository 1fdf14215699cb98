/** What stands near some items, by whom they were chosen together and by how they are described. */
import { strongest } from '../models/contributions.ts'
import type { History, Model } from '../models/model.ts'

interface Neighbourhood {
  /** The share of the score that counts and descriptions have. */
  together(index: number): number
  content(index: number): number
  /** The at most `count` seeds that speak most for an item. */
  evidence(index: number, count: number): number[]
}

/** What speaks of the items around others. */
export interface Near {
  /** Items chosen by the same customers; null where too little was chosen. */
  readonly together: Model | null
  /** Items alike by their description; null where nothing is described. */
  readonly content: Model | null
}

/** Highest score of each; 0 = it knows nothing. */
interface Highest {
  readonly together: number
  readonly content: number
}

/** Writes what each says of the items around `seeds`, 0 where it knows nothing. */
export function hearNear(near: Near, seeds: readonly number[], together: Float32Array, content: Float32Array): Highest {
  const history = historyOf(seeds)
  return { together: heard(near.together, history, together), content: heard(near.content, history, content) }
}

function heard(model: Model | null, history: History, out: Float32Array): number {
  if (!model) return out.fill(0) && 0
  model.score(history, out)
  let most = 0
  for (let i = 0; i < out.length; i++) {
    if (!(out[i] > 0)) out[i] = 0
    else if (out[i] > most) most = out[i]
  }
  return most
}

function historyOf(seeds: readonly number[]): History {
  const items = Int32Array.from(new Set(seeds))
  return { items, weights: new Float32Array(items.length).fill(1) }
}

/** What to multiply each with: trust and 1 - trust of its highest, all of it where the other knows nothing. */
export function shares({ together, content }: Highest, trust: number): [together: number, content: number] {
  return [
    together > 0 ? (content > 0 ? trust : 1) / together : 0,
    content > 0 ? (together > 0 ? 1 - trust : 1) / content : 0,
  ]
}

/** Writes trust * together + (1 - trust) * content, each scaled to at most 1, into `scores`. */
export function neighbourhood(
  near: Near,
  seeds: readonly number[],
  scores: Float32Array,
  other: Float32Array,
  trust: number,
): Neighbourhood {
  const { together, content } = near
  const [a, b] = shares(hearNear(near, seeds, scores, other), trust)
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
      const history = historyOf(seeds)
      const all = new Map<number, number>()
      const add = (model: Model | null, scale: number) => {
        for (const { item, weight } of model?.explain(history, i, history.items.length) ?? [])
          all.set(item, (all.get(item) ?? 0) + scale * weight)
      }
      add(together, a)
      add(content, b)
      for (const [item, weight] of all) shares.offer(item, weight)
      return shares.list().map(({ item }) => item)
    },
  }
}
