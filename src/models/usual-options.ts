/** What the learner of the usual believes before it has seen anything. */
import type { Regularity } from './usual-shares.ts'

export interface UsualOptions {
  /** Probability that a choice is the first of a new routine. */
  readonly hazard: number
  /** Days after which a choice counts half. */
  readonly halfLifeDays: number
  /** Probability that what is usual depends on the context. */
  readonly conditional: number
  /** How regular habits are, as a Beta distribution. */
  readonly regularity: Regularity
  /** Of how many choices of people like him taste is worth at the start. */
  readonly tasteAlpha: number
  /** Probability of a routine to be a habit and not taste. */
  readonly habitual: number
}

export const usualDefaults: UsualOptions = {
  hazard: 0.004,
  halfLifeDays: 365,
  conditional: 0.5,
  regularity: { a: 18, b: 1.4 },
  tasteAlpha: 12,
  habitual: 0.85,
}

/** When it is said and not asked: from this probability on, and from so many choices on: one cup is no habit. */
export const whenSure = { probability: 0.6, choices: 3 } as const

/** Choices that everybody's shares are worth beside those of the customers who chose the same. */
export const EVERYBODY_WEIGHT = 2
