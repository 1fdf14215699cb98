/** Ratings as numbers: who gave which item how many stars, when, and with which proof. */

export interface Opinions {
  readonly itemCount: number
  readonly raterCount: number
  readonly categoryCount: number
  /** Of each item; -1 = none. */
  readonly categories: Int32Array
  /** One entry a rating. */
  readonly items: Int32Array
  readonly raters: Int32Array
  readonly stars: Float32Array
  /** Milliseconds since 1970. */
  readonly times: Float64Array
  /** 1 = the rater is known to have bought the item. */
  readonly verified: Uint8Array
  /** Ratings of the same words have the same number; 0 = no words that could be told apart. */
  readonly words: Int32Array
}

export interface OpinionOptions {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Days after which a rating counts half. */
  readonly halfLifeDays: number
  /** Standard deviations to both sides: 1.645 = 90 %. */
  readonly z: number
}

export const opinionDefaults = { halfLifeDays: 1460, z: 1.645 } as const
