/**
 * Which item of a slot is a customer's usual, and under which condition. Bayesian averaging over *routines*: a routine
 * has no condition, or one (a number of the context below a threshold, or a word being this one), and on each side its
 * own shares of the items; and over the moments at which the present routine may have begun (Adams and MacKay, Bayesian
 * Online Changepoint Detection, 2007), so that a new habit wins within a few repetitions while one odd day is an odd
 * day. A side is a habit or taste (usual-shares.ts), drawn to people like him and through them to everybody.
 *
 * Nothing is fitted: `observe` in the order of time, `predict` whenever asked.
 */
import { EVERYBODY_WEIGHT, type UsualOptions, usualDefaults } from './usual-options.ts'
import type { SlotPopulation } from './usual-prior.ts'
import {
  addHabitShares,
  addTasteShares,
  habitChance,
  type Likeness,
  learnHabit,
  type Side,
  tasteChance,
} from './usual-shares.ts'
import { type Split, sideOf, type UsualContext } from './usual-splits.ts'

export interface UsualChoice {
  readonly item: number
  readonly probability: number
}

/** Another item is the usual where `split` holds. */
export interface UsualCondition {
  readonly split: Split
  /** How sure it is that what is usual depends on this name of the context. */
  readonly probability: number
  /** The usual where it holds, and where it does not. */
  readonly holding: number
  readonly otherwise: number
}

export interface UsualPrediction {
  /** All items of the slot, the likeliest first; probabilities sum to 1. */
  readonly choices: readonly UsualChoice[]
  readonly condition: UsualCondition | null
}

/** One possible beginning of the present routine. */
interface Run {
  /** splits x (habit, taste); all runs together sum to 1. */
  readonly weights: Float64Array
  /** splits x sides x items: posterior of which one is the habit. */
  readonly habit: Float64Array
  /** The same shape, in units that `#scale` brings to the present. */
  readonly counts: Float64Array
  /** splits x sides */
  readonly totals: Float64Array
}

const SIDES = 3
const DAY = 86_400_000
/** Beginnings that are less likely than this are given up, and all beyond so many. */
const LEAST = 1e-5
const MOST_RUNS = 8

export class UsualLearner {
  /** The customer's own items; behind them stands whatever else the slot has. */
  readonly #own: readonly number[]
  readonly #others: readonly number[]
  readonly #indexOf: ReadonlyMap<number, number>
  readonly #splits: readonly (Split | null)[]
  readonly #priors: Float64Array
  readonly #options: UsualOptions
  readonly #population: SlotPopulation
  readonly #items: readonly number[]
  readonly #everybody: Float64Array
  /** Of the slot's items: sums of what people choose who chose the same. */
  readonly #like: Float64Array
  readonly #alike = new Map<number, Float64Array>()
  /** Of `own` and of the rest together. */
  #likeness: Likeness
  #runs: Run[] = []
  #observed = 0
  #start = 0
  #last = 0

  /**
   * @param items all items of the slot
   * @param own those that the customer has chosen, now or later; only of these it learns
   * @param splits the conditions that are thought of
   */
  constructor(
    items: readonly number[],
    own: readonly number[],
    splits: readonly Split[],
    population: SlotPopulation,
    options: Partial<UsualOptions> = {},
  ) {
    const mine = new Set(own)
    this.#own = [...mine]
    this.#others = items.filter((item) => !mine.has(item))
    this.#items = [...this.#own, ...this.#others]
    this.#indexOf = new Map(this.#own.map((item, i) => [item, i]))
    this.#options = { ...usualDefaults, ...options }
    this.#splits = [null, ...splits]
    this.#priors = priorsOf(this.#splits, this.#options.conditional)
    this.#population = population
    this.#everybody = population.shares(this.#items)
    this.#like = this.#everybody.map((share) => EVERYBODY_WEIGHT * share)
    this.#likeness = this.#likenessNow()
    this.#runs.push(this.#newRun(1))
  }

  /** How many choices it has seen. */
  get observed(): number {
    return this.#observed
  }

  /** The customer chose `item`. In the order of time (milliseconds); an item that is not his own is ignored. */
  observe(item: number, time: number, context: UsualContext): void {
    const chosen = this.#indexOf.get(item)
    if (chosen === undefined) return
    const { hazard } = this.#options
    if (this.#observed === 0) this.#start = time
    else {
      for (const { weights } of this.#runs) for (let w = 0; w < weights.length; w++) weights[w] *= 1 - hazard
      this.#runs.push(this.#newRun(hazard))
    }
    this.#last = Math.max(this.#last, time)
    const sides = this.#splits.map((split) => sideOf(split, context))
    let total = 0
    for (const run of this.#runs) total += this.#learn(run, sides, chosen)
    this.#observed++
    for (const run of this.#runs) for (let w = 0; w < run.weights.length; w++) run.weights[w] /= total
    this.#prune()
    this.#learnLikeness(chosen)
  }

  /** What he will choose at `time` in this context, as far as can be told. */
  predict(time: number, context: UsualContext): UsualPrediction {
    const sides = this.#splits.map((split) => sideOf(split, context))
    const now = Math.max(time, this.#last)
    const shares = this.#mixture(now, sides, () => true)
    const rest = this.#own.length
    const others = this.#others.reduce((sum, _, i) => sum + this.#like[rest + i], 0)
    const choices = this.#items
      .map((item, i) => ({ item, probability: i < rest ? shares[i] : (shares[rest] * this.#like[i]) / others }))
      .sort((a, b) => b.probability - a.probability || a.item - b.item)
    return { choices, condition: this.#condition(now) }
  }

  /** Bayes' rule for one run: answers its weight, which is no longer normal. */
  #learn(run: Run, sides: readonly number[], chosen: number): number {
    const { regularity, tasteAlpha } = this.#options
    const side = this.#sideOf(run, this.#last)
    let total = 0
    for (let s = 0; s < sides.length; s++) {
      const index = s * SIDES + sides[s]
      this.#enter(side, run, index)
      const habit = habitChance(side, this.#likeness, regularity, chosen)
      run.weights[2 * s] *= habit
      run.weights[2 * s + 1] *= tasteChance(side, this.#likeness, tasteAlpha, chosen)
      total += run.weights[2 * s] + run.weights[2 * s + 1]
      learnHabit(side, this.#likeness, regularity, chosen, habit)
      run.counts[side.at + chosen] += 1 / side.scale
      run.totals[index] += 1 / side.scale
    }
    return total
  }

  #newRun(weight: number): Run {
    const sides = this.#splits.length * SIDES
    const { habitual } = this.#options
    return {
      weights: Float64Array.from({ length: 2 * this.#splits.length }, (_, w) => {
        return weight * this.#priors[w >> 1] * (w % 2 === 0 ? habitual : 1 - habitual)
      }),
      habit: new Float64Array(sides * this.#likeness.all.length),
      counts: new Float64Array(sides * this.#likeness.all.length),
      totals: new Float64Array(sides),
    }
  }

  #sideOf({ habit, counts }: Run, time: number): Side {
    // Counts are worth half after every half-life; new ones grow instead of all old ones shrinking.
    const scale = 2 ** (-(time - this.#start) / (this.#options.halfLifeDays * DAY))
    return { k: this.#likeness.all.length, at: 0, habit, counts, total: 0, scale }
  }

  /** A side on which nothing happened yet knows what people like him do, as it is known by now. */
  #enter(side: Side, run: Run, index: number): void {
    side.at = index * side.k
    side.total = run.totals[index] * side.scale
    if (side.total === 0) run.habit.set(this.#likeness.all, side.at)
  }

  #prune(): void {
    if (this.#runs.length === 1) return
    const weighed = this.#runs.map((run) => ({ run, weight: run.weights.reduce((sum, w) => sum + w, 0) }))
    const likely = weighed.filter(({ weight }) => weight > LEAST)
    if (likely.length > MOST_RUNS) {
      const [least] = likely.toSorted((a, b) => a.weight - b.weight)
      likely.splice(likely.indexOf(least), 1)
    }
    const total = likely.reduce((sum, { weight }) => sum + weight, 0)
    this.#runs = likely.map(({ run }) => run)
    for (const { weights } of this.#runs) for (let w = 0; w < weights.length; w++) weights[w] /= total
  }

  /** What people who chose the same choose, beside everybody. */
  #learnLikeness(chosen: number): void {
    const item = this.#own[chosen]
    const alike = this.#alike.get(item) ?? this.#population.alike(item, this.#items, this.#everybody)
    this.#alike.set(item, alike)
    for (let i = 0; i < alike.length; i++) this.#like[i] += alike[i]
    this.#likeness = this.#likenessNow()
  }

  #likenessNow(): Likeness {
    const own = this.#own.length
    const all = new Float64Array(own + (this.#others.length > 0 ? 1 : 0))
    const total = EVERYBODY_WEIGHT + this.#observed
    for (let i = 0; i < this.#like.length; i++) all[Math.min(i, own)] += this.#like[i] / total
    // A slot of one item leaves no room for others.
    const one = all.map((share, i) => Math.min(i < own ? share : share / this.#others.length, 1 - 1e-9))
    return { all, one }
  }

  /** Shares of the own items, and of the rest together, over all routines whose split is `counted`. */
  #mixture(time: number, sides: readonly number[], counted: (split: Split | null) => boolean): Float64Array {
    const { regularity, tasteAlpha, hazard } = this.#options
    const { all } = this.#likeness
    const shares = new Float64Array(this.#likeness.all.length)
    let total = 0
    for (const run of this.#runs) {
      const side = this.#sideOf(run, time)
      for (let s = 0; s < this.#splits.length; s++) {
        if (!counted(this.#splits[s])) continue
        const index = s * SIDES + sides[s]
        this.#enter(side, run, index)
        addHabitShares(side, this.#likeness, regularity, run.weights[2 * s], shares)
        addTasteShares(side, this.#likeness, tasteAlpha, run.weights[2 * s + 1], shares)
        total += run.weights[2 * s] + run.weights[2 * s + 1]
      }
    }
    const sum = total > 0 ? shares.reduce((added, share) => added + share, 0) : 1
    // The next choice may be the first of a new routine.
    return shares.map((share, i) => (1 - hazard) * (total > 0 ? share / sum : all[i]) + hazard * all[i])
  }

  #weightOf(counted: (split: Split | null) => boolean): number {
    let sum = 0
    for (const { weights } of this.#runs)
      for (let w = 0; w < weights.length; w++) if (counted(this.#splits[w >> 1])) sum += weights[w]
    return sum
  }

  /** The condition that most likely decides, where one more likely does than not and the usual differs by it. */
  #condition(time: number): UsualCondition | null {
    const names = new Set(this.#splits.flatMap((split) => (split ? [split.name] : [])))
    for (const name of names) {
      const probability = this.#weightOf((split) => split?.name === name)
      if (probability < 0.5) continue
      const split = this.#middleOf(name, probability)
      const usualAt = (side: number) => {
        const shares = this.#mixture(
          time,
          this.#splits.map(() => side),
          (other) => other === split,
        )
        return this.#own[
          shares.subarray(0, this.#own.length).indexOf(Math.max(...shares.subarray(0, this.#own.length)))
        ]
      }
      const condition = { split, probability, holding: usualAt(1), otherwise: usualAt(0) }
      return condition.holding === condition.otherwise ? null : condition
    }
    return null
  }

  /** Of the splits by one name the median threshold, or the likeliest word. */
  #middleOf(name: string, total: number): Split {
    const weighed = this.#splits
      .filter((split) => split?.name === name)
      .map((split) => ({ split: split as Split, weight: this.#weightOf((other) => other === split) }))
    if ('is' in weighed[0].split) return weighed.reduce((best, one) => (one.weight > best.weight ? one : best)).split
    let sum = 0
    return (
      weighed.find(({ weight }) => {
        sum += weight
        return sum >= total / 2
      }) ?? weighed[0]
    ).split
  }
}

/** Each name of the context is as likely to matter as another, and each of its splits as likely as the others. */
function priorsOf(splits: readonly (Split | null)[], conditional: number): Float64Array {
  const perName = new Map<string, number>()
  for (const split of splits) if (split) perName.set(split.name, (perName.get(split.name) ?? 0) + 1)
  const any = perName.size > 0 ? conditional : 0
  return Float64Array.from(splits, (split) =>
    split ? any / perName.size / (perName.get(split.name) as number) : 1 - any,
  )
}
