/**
 * The contract of every model. A model knows items by index (0 .. items-1) and no customers: a customer is a
 * `History` that is folded in when a score is asked for.
 */
import type { Csr } from '../kernels/csr.ts'

/**
 * What one customer did, as parallel arrays of equal length, each item at most once. Never changed once a model has seen
 * it: what is worked out of it is kept as long as it lives.
 */
export interface History {
  /** Item indices. */
  readonly items: Int32Array
  /** Strength of each signal; positive means liked, negative refused or returned. 1 is a plain positive. */
  readonly weights: Float32Array
  /** Milliseconds since 1970, where known. */
  readonly times?: Float64Array
  /** `recencyRanks(times)`, where somebody has worked them out already. */
  readonly ranks?: Float32Array
}

/** Descriptions of items, for models that place an item without a history. Arrays of length `items`. */
export interface ItemContent {
  readonly title?: readonly (string | null)[]
  readonly categories?: readonly (readonly string[])[]
  /** Each attribute as `name=value`. */
  readonly attributes?: readonly (readonly string[])[]
  /** In minor units of the shop's currency; NaN = unknown. */
  readonly price?: Float64Array
}

export interface TrainingData {
  /** users x items; one row a customer, column indices ascending within a row, `values` = signal strengths. */
  readonly matrix: Csr
  /** Milliseconds since 1970 of each entry of `matrix`, in the same order, where known. */
  readonly times?: Float64Array
  readonly content?: ItemContent
  /** Through which of `places` the customer came to each entry of `matrix`: 1 + its index; 0 = none is known. */
  readonly led?: { readonly places: readonly string[]; readonly by: Uint8Array }
  /** 1 for each entry of `matrix` that a kind should tune on, where the caller has chosen; else the kind chooses. */
  readonly tuneOn?: Uint8Array
  /**
   * Share of a row's choices after its first that came back to an item that it had before, where that is known: the matrix
   * tells only which items a row has.
   */
  readonly returns?: number
  /** The moment of training, milliseconds since 1970; decays count back from it. */
  readonly now: number
  /** Seed for whatever a fit draws. */
  readonly seed: number
}

/** Told by a fit between steps; throws nothing. A fit checks `signal` at each step and rejects with its reason. */
export interface Progress {
  /** `done` of `total` (same unit) finished; `note` names the step, e.g. "epoch 3". */
  step(done: number, total: number, note: string): void
  readonly signal: AbortSignal
}

/** How much one item of the history contributed to the score of the explained item. */
export interface Contribution {
  readonly item: number
  readonly weight: number
}

export interface Model {
  /** The name under which the registry knows the kind, e.g. `ease`. */
  readonly kind: string
  /** Number of items that it can score. */
  readonly items: number
  /**
   * Writes the score of every item into `out` (length `items`), higher is better; -Infinity for an item of which it
   * knows nothing. An empty history gives the model's guess for a stranger. Items outside 0..items-1 are ignored.
   */
  score(history: History, out: Float32Array): void
  /** The score of one item as `score` gives it, up to rounding; there where it is much cheaper than all of them. */
  scoreOf?(history: History, item: number): number
  /** The at most `count` items of the history that contributed most to `item`'s score, largest first. */
  explain(history: History, item: number, count: number): Contribution[]
  /** Flat bytes with a versioned header; `fromBytes(toBytes())` scores equally. */
  toBytes(): Uint8Array
  /** Frees threads and memory. A model that holds none has nothing to do. */
  dispose?(): void
}

/** Thrown by `fit` where the data does not suit the kind (too large for the memory budget, too little to learn from). */
export class ModelDeclined extends Error {
  override readonly name = 'ModelDeclined'
}

export interface ModelKind<O extends object = Record<string, number | string | boolean>> {
  readonly kind: string
  readonly defaults: Readonly<O>
  /** @throws ModelDeclined where the data does not suit it; the signal's reason when aborted. */
  fit(data: TrainingData, options: Readonly<O>, progress: Progress): Promise<Model>
  /** @throws RangeError on bytes of another kind or version, or of a wrong length. */
  fromBytes(bytes: Uint8Array): Model
}
