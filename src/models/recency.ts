/** How much earlier a customer met an item than the others of the same history. */
import type { History } from './model.ts'

/**
 * Rank of each entry from the latest: the number of entries that are later, plus half of the other entries of the same
 * moment, so that neither the order of the arrays nor of simultaneous entries matters. Length of `times`.
 */
export function recencyRanks(times: Float64Array): Float32Array {
  const n = times.length
  const ranks = new Float32Array(n)
  let ascending = true
  for (let k = 1; k < n && ascending; k++) ascending = times[k - 1] <= times[k]
  // Histories mostly come in order of time. Others are sorted without a comparator, which is many times quicker, and
  // each entry's moment is looked up.
  const sorted = ascending ? times : times.slice().sort()
  for (let start = 0; start < n; ) {
    let end = start + 1
    while (end < n && sorted[end] === sorted[start]) end++
    ranks.fill((n - end + n - start - 1) / 2, start, end)
    start = end
  }
  return ascending ? ranks : ranks.map((_, k) => ranks[firstAtLeast(sorted, times[k])])
}

function firstAtLeast(sorted: Float64Array, time: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle] < time) low = middle + 1
    else high = middle
  }
  return low
}

/** An entry whose voice falls below this share of the latest one's is left out: it would cost time and change nothing. */
const FAINTEST = 0.02

/** How a history fades with rank from the latest entry: (rank + 1)^-recency, or e^(-rank / reach); both 0: not at all. */
export interface Fade {
  readonly recency: number
  readonly reach: number
}

export const noFade: Fade = { recency: 0, reach: 0 }

/**
 * Makes the function from a history to what is still heard of it: weights multiplied by their entries' voices, without
 * the entries that became too faint. A history without times does not fade.
 */
export function fader(fade: Fade): (history: History) => History {
  if (fade.recency === 0 && fade.reach === 0) return (history) => history
  // Ranks are multiples of one half: the voice of rank r is voices[2 r].
  let voices = new Float32Array(0)
  return (history) => {
    const n = history.items.length
    if (!history.times || n < 2) return history
    if (voices.length < 2 * n) voices = Float32Array.from({ length: 4 * n }, (_, k) => voiceOf(fade, k / 2))
    const ranks = history.ranks ?? recencyRanks(history.times)
    const items = new Int32Array(n)
    const weights = new Float32Array(n)
    let kept = 0
    for (let k = 0; k < n; k++) {
      const voice = voices[2 * ranks[k]]
      if (voice === 0) continue
      items[kept] = history.items[k]
      weights[kept++] = history.weights[k] * voice
    }
    return { items: items.subarray(0, kept), weights: weights.subarray(0, kept) }
  }
}

function voiceOf({ recency, reach }: Fade, rank: number): number {
  const voice = reach > 0 ? Math.exp(-rank / reach) : (rank + 1) ** -recency
  return voice < FAINTEST ? 0 : voice
}
