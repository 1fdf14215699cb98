/**
 * Places in other histories that look like the present one, and what came after them: nearest neighbours over places, as
 * V-SKNN is over sessions. With r the rank of an item in the present history from the latest, l its distance before a
 * place, and n_i how often an item was chosen:
 *
 *   likeness(t) = sum over items that stand in both of e^(-r / REACH) e^(-(l - 1) / REACH) n_i^-RARITY
 *   voice(j)    = sum over t of (likeness(t) / largest)^SHARPNESS * sum over f < AHEAD, j at t + f, of e^(-f / FADE)
 *
 * It follows what a linear model cannot: this item *and* that one together before the next.
 */
import type { History } from './model.ts'
import { placesOf, rowsOf } from './order.ts'

const LOOKED_AT = 15
const CONTEXT = 15
const REACH = 6
const RARITY = 0.25
const AHEAD = 8
const FADE = 3
/** Likenesses below this share of the largest say less than .1 % (sharpness 4) and are skipped. */
const FAINTEST = 0.18
/** At most so many places of one item are looked at. */
const MOST_PLACES = 4000

export function likePlaces({ starts, items: entries }: { starts: Int32Array; items: Int32Array }, items: number) {
  const index = placesOf(entries, items)
  const ends = rowsOf(starts).map((row) => starts[row + 1])
  const likeness = new Float32Array(entries.length + 1)
  const touched = new Int32Array(entries.length)
  const fade = Float32Array.from({ length: CONTEXT }, (_, l) => Math.exp(-l / REACH))
  const ahead = Float32Array.from({ length: AHEAD }, (_, f) => Math.exp(-f / FADE))

  /** Weight of the history's entry `rank`, latest first; 0 where it was refused. */
  function voiceOf(history: History, rank: number): number {
    const item = history.items[rank]
    const chosen = index.starts[item + 1] - index.starts[item]
    if (!(history.weights[rank] > 0) || chosen === 0) return 0
    return Math.exp(-rank / REACH) * history.weights[rank] * chosen ** -RARITY
  }

  /** Fills likeness at the touched places; returns how many. */
  function find(history: History): number {
    let n = 0
    for (let rank = 0; rank < Math.min(LOOKED_AT, history.items.length); rank++) {
      const item = history.items[rank]
      const voice = voiceOf(history, rank)
      if (voice === 0) continue
      for (
        let p = Math.max(index.starts[item], index.starts[item + 1] - MOST_PLACES);
        p < index.starts[item + 1];
        p++
      ) {
        const at = index.places[p]
        const to = Math.min(ends[at], at + 1 + CONTEXT)
        for (let t = at + 1; t < to; t++) {
          if (likeness[t] === 0) touched[n++] = t
          likeness[t] += voice * fade[t - at - 1]
        }
      }
    }
    return n
  }

  /** Calls `hear(place, weight)` for the places that are like the history, and clears what `find` filled. */
  function eachPlace(history: History, hear: (place: number, weight: number) => void): void {
    const n = find(history)
    let largest = 0
    for (let k = 0; k < n; k++) largest = Math.max(largest, likeness[touched[k]])
    for (let k = 0; k < n; k++) {
      const share = likeness[touched[k]] / largest
      likeness[touched[k]] = 0
      if (share < FAINTEST) continue
      const square = share * share
      hear(touched[k], square * square)
    }
  }

  return {
    /** Fills `out` (length items) with voices and returns their sum: 0 where no place is like the history. */
    score(history: History, out: Float32Array): number {
      out.fill(0)
      let total = 0
      eachPlace(history, (place, weight) => {
        const to = Math.min(ends[place], place + AHEAD)
        for (let t = place; t < to; t++) {
          const voice = weight * ahead[t - place]
          out[entries[t]] += voice
          total += voice
        }
      })
      return total
    },
    /** Calls `give(source, voice)` for the share that each entry of the history has in the voice of `item`. */
    explain(history: History, item: number, give: (source: number, voice: number) => void): void {
      const rankOf = new Map<number, number>()
      history.items.subarray(0, LOOKED_AT).forEach((source, rank) => {
        rankOf.set(source, rank)
      })
      eachPlace(history, (place, weight) => {
        let voice = 0
        for (let t = place; t < Math.min(ends[place], place + AHEAD); t++) {
          if (entries[t] === item) voice += weight * ahead[t - place]
        }
        if (voice === 0) return
        const shares: [number, number][] = []
        for (let at = place - 1; at >= 0 && at >= place - CONTEXT && ends[at] === ends[place]; at--) {
          const rank = rankOf.get(entries[at])
          if (rank !== undefined) shares.push([entries[at], voiceOf(history, rank) * fade[place - at - 1]])
        }
        const sum = shares.reduce((total, [, share]) => total + share, 0)
        for (const [source, share] of shares) if (share > 0) give(source, (voice * share) / sum)
      })
    },
  }
}
