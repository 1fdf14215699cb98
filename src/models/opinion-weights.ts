/**
 * What a rating counts before anything is known of its rater: less the older it is, less where several raters use the
 * same words, and less where an item has more ratings without proof of purchase than its own pace, or its number of buyers
 * who rate, explains.
 */
import type { OpinionOptions, Opinions } from './opinion.ts'

const dayMs = 86_400_000
/** A burst is looked for in windows of so many days. */
const windowDays = 7
/** Days of silence that every item is thought to have had besides: the first ratings of a new item are no burst each. */
const quietDays = 60
/** Standard deviations of a Poisson count above which a window is a burst, and ratings that are none in any case. */
const burstDeviations = 3
const fewest = 4

export interface BaseWeights {
  readonly weights: Float64Array
  /** The part of the weight that is for words and bursts: 1 = nothing suspicious. */
  readonly suspicion: Float64Array
}

export function baseWeights(opinions: Opinions, { now, halfLifeDays }: OpinionOptions): BaseWeights {
  const suspicion = bursts(opinions, now)
  const alike = copies(opinions)
  const crowded = crowds(opinions)
  const weights = new Float64Array(suspicion.length)
  for (let k = 0; k < suspicion.length; k++) {
    // A burst is part of a crowd: the stronger of the two doubts counts.
    suspicion[k] = Math.min(suspicion[k], crowded[k]) * alike[k]
    const ageDays = Math.max(0, now - opinions.times[k]) / dayMs
    weights[k] = suspicion[k] * 2 ** (-ageDays / halfLifeDays)
  }
  return { weights, suspicion }
}

/** Words that k raters share count as one rating: each 1/k. Somebody who uses his own words again is no crowd. */
export function copies({ words, raters }: Pick<Opinions, 'words' | 'raters'>): Float64Array {
  const users = new Map<number, Set<number>>()
  for (let k = 0; k < words.length; k++) {
    if (words[k] === 0) continue
    const known = users.get(words[k])
    if (known) known.add(raters[k])
    else users.set(words[k], new Set([raters[k]]))
  }
  return Float64Array.from(words, (word) => (word === 0 ? 1 : 1 / (users.get(word)?.size ?? 1)))
}

/**
 * Of each item's ratings without proof of purchase: how many lie within a week of each, against how many its own pace
 * outside of that week promises, by how busy the whole shop's raters were then. What is more than three standard deviations
 * above shares the weight that the expected number would have had.
 */
export function bursts(opinions: Opinions, now: number): Float64Array {
  const { items, times, verified, itemCount } = opinions
  const days = Float64Array.from(times, (time) => time / dayMs)
  const season = seasonOf(days, now / dayMs)
  const byItem: number[][] = Array.from({ length: itemCount }, () => [])
  for (let k = 0; k < items.length; k++) if (!verified[k]) byItem[items[k]].push(k)
  const weights = new Float64Array(items.length).fill(1)
  for (const own of byItem) {
    if (own.length < fewest) continue
    own.sort((a, b) => days[a] - days[b])
    const life = Math.max(windowDays, now / dayMs - days[own[0]]) + quietDays
    let [from, to] = [0, 0]
    for (const k of own) {
      while (days[own[from]] < days[k] - windowDays / 2) from++
      while (to < own.length && days[own[to]] <= days[k] + windowDays / 2) to++
      const within = to - from
      const expected = ((own.length - within + 1) / life) * windowDays * season(days[k])
      const usual = expected + burstDeviations * Math.sqrt(expected) + 1
      if (within > Math.max(fewest - 1, usual)) weights[k] = Math.max(1, usual) / within
    }
  }
  return weights
}

/**
 * Ratings without proof of purchase are so many for each with one, over the shop (the median item with several ratings). What
 * an item has beyond three standard deviations above that shares the weight of what is usual. A shop that knows no orders has
 * no such measure.
 */
export function crowds({ items, verified, itemCount }: Opinions): Float64Array {
  const [bought, others] = [new Float64Array(itemCount), new Float64Array(itemCount)]
  for (let k = 0; k < items.length; k++) (verified[k] ? bought : others)[items[k]]++
  const several = [...bought.keys()].filter((item) => bought[item] >= fewest)
  const ratios = several.map((item) => others[item] / bought[item]).sort((a, b) => a - b)
  if (ratios.length < fewest) return new Float64Array(items.length).fill(1)
  const usualRatio = ratios[ratios.length >> 1]
  return Float64Array.from(items, (item, k) => {
    if (verified[k]) return 1
    const expected = (bought[item] + 1) * usualRatio
    const usual = expected + burstDeviations * Math.sqrt(expected) + 1
    return Math.min(1, usual / others[item])
  })
}

/** By day: the shop's ratings in the four weeks around it, over the mean of four weeks; between a third and three. */
function seasonOf(days: Float64Array, today: number): (day: number) => number {
  const length = 28
  const first = days.reduce((least, day) => Math.min(least, day), today)
  const bins = new Float64Array(Math.max(1, Math.ceil((today - first) / length) + 1))
  const binOf = (day: number) => Math.min(bins.length - 1, Math.max(0, Math.floor((day - first) / length)))
  for (const day of days) bins[binOf(day)]++
  const mean = days.length / bins.length
  return (day) => (mean > 0 ? Math.min(3, Math.max(1 / 3, bins[binOf(day)] / mean)) : 1)
}
