/**
 * A shop whose qualities are known: raters with scales and noises of their own, proof of purchase for most, a few items
 * whose quality changed, and an attack of fakes. Everything is drawn from one seed.
 */
import type { Opinions } from '../models/opinion.ts'
import { seededRandom } from '../world.ts'

export interface ReviewedShop {
  /** Today's quality of each item: what a ranking ought to find. */
  readonly truth: Float64Array
  /** The same as stars that buyers would give on average: what an interval ought to hold. */
  readonly stars: Float64Array
  readonly honest: Opinions
  /** The same with the fakes. */
  readonly attacked: Opinions
  /** 1 = pushed up by fakes, -1 = pulled down, 0 = left alone. */
  readonly target: Int8Array
  readonly fakes: number
  readonly now: number
}

const categoryCount = 12
const itemsInCategory = 40
const raterCount = 4000
const dayMs = 86_400_000
const now = Date.UTC(2026, 0, 1)
const years = 3

interface Draft {
  readonly items: number[]
  readonly raters: number[]
  readonly stars: number[]
  readonly times: number[]
  readonly verified: number[]
  readonly words: number[]
}

interface Draws {
  uniform(): number
  normal(): number
  below(n: number): number
}

export function reviewedShop(seed: number): ReviewedShop {
  const draws = drawsOf(seed)
  const itemCount = categoryCount * itemsInCategory
  const categories = Int32Array.from({ length: itemCount }, (_, item) => Math.floor(item / itemsInCategory))
  const centres = Array.from({ length: categoryCount }, () => ({
    mean: 3.6 + 0.3 * draws.normal(),
    spread: 0.25 + 0.35 * draws.uniform(),
  }))
  const before = Float64Array.from(categories, (c) => centres[c].mean + centres[c].spread * draws.normal())
  // One item in seven is made otherwise from some day on.
  const changes = Float64Array.from(before, () => (draws.uniform() < 1 / 7 ? 0.7 * draws.normal() : 0))
  const changed = Float64Array.from(before, () => now - draws.uniform() * years * 365 * dayMs)
  const truth = before.map((quality, item) => quality + changes[item])
  const qualityAt = (item: number, time: number) => (time >= changed[item] ? truth[item] : before[item])
  const people = peopleOf(draws)
  const draft = honestRatings(draws, people, itemCount, qualityAt)
  const honest = sealed(draft, categories, raterCount)
  const { target, raters } = attack(draws, draft, truth)
  const attacked = sealed(draft, categories, raterCount + raters)
  return {
    truth,
    stars: truth.map((quality) => meanStars(quality, people)),
    honest,
    attacked,
    target,
    fakes: attacked.items.length - honest.items.length,
    now,
  }
}

interface Rater {
  readonly bias: number
  readonly noise: number
  /** Knows only the best and the worst. */
  readonly extreme: boolean
  readonly careful: number
}

function peopleOf(draws: Draws): Rater[] {
  return Array.from({ length: raterCount }, () => ({
    bias: 0.45 * draws.normal(),
    noise: 0.5 + 0.7 * draws.uniform(),
    extreme: draws.uniform() < 0.05,
    careful: draws.uniform(),
  }))
}

/** What a hundred raters, each without and with his noise to both sides, give to a quality on average. */
function meanStars(quality: number, people: readonly Rater[]): number {
  let [sum, count] = [0, 0]
  for (let n = 0; n < people.length; n += people.length / 100) {
    for (const step of [-1.5, -0.75, -0.25, 0.25, 0.75, 1.5]) {
      const { bias, noise, extreme } = people[Math.floor(n)]
      const heard = quality + bias + step * noise
      sum += extreme ? (heard >= 3.4 ? 5 : 1) : Math.min(5, Math.max(1, Math.round(heard)))
      count++
    }
  }
  return sum / count
}

function honestRatings(
  draws: Draws,
  people: readonly Rater[],
  itemCount: number,
  qualityAt: (item: number, time: number) => number,
): Draft {
  const draft: Draft = { items: [], raters: [], stars: [], times: [], verified: [], words: [] }
  // Who rates much rates very much: the n-th rater in proportion to n ** -0.6.
  const reach = Float64Array.from(people, (_, n) => (n + 1) ** -0.6)
  const rater = chooser(reach, draws)
  for (let item = 0; item < itemCount; item++) {
    const many = Math.round(Math.exp(2.4 + 1.3 * draws.normal()))
    const begun = now - (0.1 + 0.9 * draws.uniform()) * years * 365 * dayMs
    const seen = new Set<number>()
    for (let n = 0; n < Math.min(many, 400); n++) {
      const who = rater()
      if (seen.has(who)) continue
      seen.add(who)
      const time = begun + draws.uniform() * (now - begun)
      const bought = draws.uniform() < 0.7 + 0.2 * people[who].careful
      const { bias, noise, extreme } = people[who]
      // Who never had it guesses more, and likes or hates what it stands for.
      const heard = qualityAt(item, time) + bias + noise * (bought ? 1 : 1.3) * draws.normal()
      put(draft, item, who, extreme ? (heard >= 3.4 ? 5 : 1) : heard, time, bought, 0)
    }
  }
  return draft
}

/**
 * Fifteen makers push one of their weaker items, and pull down a good one of somebody else. A third of the attacks comes within
 * days, a third within two months, a third over a year; two fifths of the fakes use one of a few texts; one in twelve was bought.
 */
function attack(draws: Draws, draft: Draft, truth: Float64Array): { target: Int8Array; raters: number } {
  const target = new Int8Array(truth.length)
  const sorted = Float64Array.from(truth).sort()
  const middle = sorted[sorted.length >> 1]
  const drawTarget = (fits: (quality: number) => boolean) => {
    for (;;) {
      const item = draws.below(truth.length)
      if (target[item] === 0 && fits(truth[item])) return item
    }
  }
  let raters = 0
  for (let n = 0; n < 45; n++) {
    const up = n % 3 !== 0
    const item = drawTarget((quality) => (up ? quality < middle : quality > middle))
    target[item] = up ? 1 : -1
    const spanDays = [4, 60, 365][draws.below(3)]
    const begun = now - (spanDays + draws.uniform() * 300) * dayMs
    const many = 20 + draws.below(41)
    for (let fake = 0; fake < many; fake++) {
      // A puppet rates one to three of the attacker's items.
      const who = raterCount + (fake % 3 === 0 && raters > 0 ? draws.below(raters) : raters++)
      const time = begun + draws.uniform() * spanDays * dayMs
      const stars = up ? (draws.uniform() < 0.85 ? 5 : 4) : draws.uniform() < 0.85 ? 1 : 2
      const words = draws.uniform() < 0.4 ? 1 + draws.below(8) : 0
      put(draft, item, who, stars, time, draws.uniform() < 1 / 12, words)
    }
  }
  return { target, raters }
}

function put(draft: Draft, item: number, rater: number, heard: number, time: number, bought: boolean, words: number) {
  draft.items.push(item)
  draft.raters.push(rater)
  draft.stars.push(Math.min(5, Math.max(1, Math.round(heard))))
  draft.times.push(Math.round(time))
  draft.verified.push(bought ? 1 : 0)
  draft.words.push(words)
}

function sealed(draft: Draft, categories: Int32Array, raters: number): Opinions {
  return {
    itemCount: categories.length,
    raterCount: raters,
    categoryCount,
    categories,
    items: Int32Array.from(draft.items),
    raters: Int32Array.from(draft.raters),
    stars: Float32Array.from(draft.stars),
    times: Float64Array.from(draft.times),
    verified: Uint8Array.from(draft.verified),
    words: Int32Array.from(draft.words),
  }
}

function drawsOf(seed: number): Draws {
  const uniform = seededRandom(seed)
  return {
    uniform,
    // Box & Muller.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    below: (n) => Math.floor(uniform() * n),
  }
}

/** Draws indices in proportion to `weights`. */
function chooser(weights: Float64Array, { uniform }: Draws): () => number {
  const sums = new Float64Array(weights.length)
  let total = 0
  for (let n = 0; n < weights.length; n++) {
    total += weights[n]
    sums[n] = total
  }
  return () => {
    const at = uniform() * total
    let [low, high] = [0, sums.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (sums[middle] <= at) low = middle + 1
      else high = middle
    }
    return low
  }
}
