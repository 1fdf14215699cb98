/** Items that nobody chose yet in a first guess: placed where those stand on average that are described like them. */
import type { FittedGuess } from './first-guess-fit.ts'
import type { Contribution } from './model.ts'

/** The items chosen by somebody that are most like `item`, with how much. */
export type Alike = (item: number) => readonly Contribution[]

/** At most so many are placed: each costs a look at all others. */
const mostPlaced = 5000

/**
 * Mean and direction of each item without a history become the weighted averages of those like it. What hardly anybody wants
 * drags the average down as far as it goes, so what is new stands below the best of its kind and above the rest.
 */
export function placeNew(fitted: FittedGuess, alike: Alike): FittedGuess {
  const { items, rank, popularity, directions, stages } = fitted
  const unknown = Array.from({ length: items }, (_, i) => i).filter((i) => !(popularity[i] > 0))
  const known = popularity.slice()
  const placed = { popularity: popularity.slice(), directions: directions.slice() }
  const means = new Map(stages.map(({ mean }) => [mean, mean.slice()]))
  for (const item of unknown.slice(0, mostPlaced)) {
    const near = alike(item).filter((one) => known[one.item] > 0 && one.weight > 0)
    const total = near.reduce((sum, { weight }) => sum + weight, 0)
    if (total === 0) continue
    const average = (of: (other: number) => number) =>
      near.reduce((sum, one) => sum + (one.weight / total) * of(one.item), 0)
    placed.popularity[item] = average((other) => known[other])
    for (const [mean, own] of means) own[item] = average((other) => mean[other])
    for (let r = 0; r < rank; r++) placed.directions[item * rank + r] = average((o) => directions[o * rank + r])
  }
  return {
    ...fitted,
    ...placed,
    stages: stages.map((stage) => ({ ...stage, mean: means.get(stage.mean) as Float32Array })),
  }
}
