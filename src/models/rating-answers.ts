/** Questions about customers who were trained on, answered by the mean over the chain's sweeps. */

import { binOf, type Layout, type Ratings, spotOf } from './rating-layout.ts'
import { addLevelProbabilities } from './rating-levels.ts'
import { gapClass, moodBetween } from './rating-mood.ts'
import type { Chain } from './rating-sampler.ts'
import { type Distributions, readDistribution, type Scale } from './rating-scale.ts'

/** Where a question stands in its customer's ratings: what of his mood it sees. */
interface Standing {
  readonly entities: Int32Array
  readonly before: number
  readonly after: number
  readonly gapBefore: number
  readonly gapAfter: number
}

export class Answers {
  readonly #standings: Standing[]
  readonly #sums: Float64Array
  readonly #scale: Scale
  readonly #mood = new Float64Array(2)
  #sweeps = 0

  constructor(layout: Layout, questions: Ratings, scale: Scale) {
    this.#standings = Array.from(questions.users, (_, q) => standingOf(layout, questions, q))
    this.#scale = scale
    this.#sums = new Float64Array(questions.users.length * scale.width)
  }

  /** Adds what the chain holds after a sweep. */
  add(chain: Chain): void {
    const { width, levels } = this.#scale
    this.#standings.forEach((standing, q) => {
      const variance = this.#addMood(chain, standing)
      const f = latentOf(chain, standing.entities) + this.#mood[0]
      if (levels && chain.levels) addLevelProbabilities(chain.levels.cuts, f, 1 + variance, this.#sums, q * width)
      else {
        this.#sums[q * width] += f
        this.#sums[q * width + 1] += f * f + variance + 1 / chain.alpha
      }
    })
    this.#sweeps++
  }

  result(): Distributions {
    return readDistribution(this.#scale, this.#sums, this.#sweeps)
  }

  /** Leaves the mood's mean in `#mood[0]`, answers its variance. */
  #addMood({ mood }: Chain, { before, gapBefore, after, gapAfter }: Standing): number {
    this.#mood.fill(0)
    if (mood) moodBetween(mood, before, gapBefore, after, gapAfter, this.#mood)
    return this.#mood[1]
  }
}

function standingOf({ starts, times, calendar }: Layout, questions: Ratings, q: number): Standing {
  const user = questions.users[q]
  const time = questions.times?.[q]
  const entities = [user, questions.items[q]]
  if (!times || time === undefined) {
    return { entities: Int32Array.from(entities), before: -1, after: -1, gapBefore: 0, gapAfter: 0 }
  }
  let next = starts[user]
  while (next < starts[user + 1] && times[next] <= time) next++
  if (calendar) entities.push(binOf(calendar, time))
  entities.push(spotOf(next - starts[user]))
  const before = next > starts[user] ? next - 1 : -1
  const after = next < starts[user + 1] ? next : -1
  return {
    entities: Int32Array.from(entities),
    before,
    after,
    gapBefore: before >= 0 ? gapClass(time - times[before]) : 0,
    gapAfter: after >= 0 ? gapClass(times[after] - time) : 0,
  }
}

/** What the chain expects of the latent, mood aside: biases and the products of each two sides. */
export function latentOf({ sides, rank, offset }: Chain, entities: Int32Array): number {
  let latent = offset
  for (let s = 0; s < sides.length; s++) latent += sides[s].sums[0][entities[s]]
  for (let f = 1; f <= rank; f++) {
    let sum = 0
    let squares = 0
    for (let s = 0; s < sides.length; s++) {
      const q = sides[s].sums[f][entities[s]]
      sum += q
      squares += q * q
    }
    latent += 0.5 * (sum * sum - squares)
  }
  return latent
}
