/**
 * Which of the items that were hardly shown is tried next: Thompson sampling (Thompson 1933; Chapelle & Li 2011) over Beta
 * posteriors of their click rates. The probability with which each is chosen must be known, so that what-if questions can be
 * answered from the log: some rounds of sampling are played, and one of the winners is drawn by how often each won. The frequency
 * is then the true probability of the draw, not an estimate of one.
 */

export interface Trial {
  /** Times shown, each as much as its place is looked at. */
  readonly shown: number
  readonly clicks: number
}

/** Rounds of sampling; an item that wins none of them has no chance this time. */
const rounds = 32
/** As how many showings what is usual counts before an item's own. */
const priorShown = 8

/** The probability of each, summing to 1. `usual`: the click rate of the placement. */
export function thompsonShares(trials: readonly Trial[], usual: number, random: () => number): number[] {
  const wins = trials.map(() => 0)
  const rate = Math.min(0.9, Math.max(0.005, usual))
  for (let round = 0; round < rounds; round++) {
    let [best, most] = [0, -1]
    for (let i = 0; i < trials.length; i++) {
      const { shown, clicks } = trials[i]
      const missed = Math.max(0, shown - clicks)
      const drawn = betaDraw(priorShown * rate + clicks, priorShown * (1 - rate) + missed, random)
      if (drawn > most) {
        most = drawn
        best = i
      }
    }
    wins[best]++
  }
  return wins.map((won) => won / rounds)
}

/** What came to a place: one of the trials, or null = what would stand there anyway; and with which probability. */
export interface PlaceDraw {
  readonly trial: number | null
  readonly propensity: number
}

/**
 * Which places of a list of `length` try something: each after the first with the probability `rate`, one of the trials that
 * is not drawn yet, by `shares`. Propensities are given what stands above.
 */
export function drawTrials(length: number, shares: readonly number[], rate: number, random: () => number): PlaceDraw[] {
  const drawn = new Set<number>()
  return Array.from({ length }, (_, place) => {
    const left = sharesLeft(shares, drawn)
    if (place === 0 || left === null) return { trial: null, propensity: 1 }
    if (random() >= rate) return { trial: null, propensity: 1 - rate }
    const trial = drawBy(left, random)
    drawn.add(trial)
    return { trial, propensity: rate * left[trial] }
  })
}

/** The shares of those that are not drawn yet, summing to 1; null = all that could win were drawn. */
export function sharesLeft(shares: readonly number[], drawn: ReadonlySet<number>): number[] | null {
  const left = shares.map((share, n) => (drawn.has(n) ? 0 : share))
  const sum = left.reduce((total, share) => total + share, 0)
  return sum > 0 ? left.map((share) => share / sum) : null
}

/** An index by these probabilities. */
export function drawBy(shares: readonly number[], random: () => number): number {
  let at = random()
  for (let i = 0; i < shares.length; i++) {
    at -= shares[i]
    if (at < 0) return i
  }
  return shares.findLastIndex((share) => share > 0)
}

function betaDraw(a: number, b: number, random: () => number): number {
  const x = gammaDraw(a, random)
  const y = gammaDraw(b, random)
  return x + y > 0 ? x / (x + y) : 0.5
}

/** Marsaglia & Tsang (2000); below 1 by their boost. */
function gammaDraw(shape: number, random: () => number): number {
  if (shape < 1) return gammaDraw(shape + 1, random) * (1 - random()) ** (1 / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    const v = (1 + c * x) ** 3
    if (v <= 0) continue
    if (Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}
