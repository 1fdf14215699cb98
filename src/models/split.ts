/** Holding entries out of the training data, to learn on them which models to trust. */
import { seededRandom } from '../world.ts'
import { filterMatrix, historyOf } from './matrix.ts'
import type { TrainingData } from './model.ts'

export interface HeldOut {
  /** The data without what is held out. */
  readonly train: TrainingData
  /** Held-out items by row; rows with nothing held out are absent. */
  readonly targets: ReadonlyMap<number, Int32Array>
  /** Beside each target what `TrainingData.led` says of it; absent where nothing is known. */
  readonly led?: ReadonlyMap<number, Uint8Array>
}

export interface HoldOutOptions {
  /** Share of a row's positive entries that is held out ... */
  readonly share: number
  /** ... at least one, and at most this many. */
  readonly most: number
  /** Rows with fewer positive entries are kept whole. */
  readonly fewest: number
}

/**
 * Holds out the last entries of each row where times exist, since what is asked of a recommender is what comes next;
 * entries drawn by `data.seed` where they do not. Only positive entries are held out.
 */
export function holdOut(data: TrainingData, options: HoldOutOptions): HeldOut {
  const random = seededRandom(data.seed)
  const mask = new Uint8Array(data.matrix.indices.length)
  for (let row = 0; row < data.matrix.rows; row++) {
    const start = data.matrix.indptr[row]
    const history = historyOf(data, row)
    const positive = Array.from(history.items.keys()).filter((k) => history.weights[k] > 0)
    if (positive.length < options.fewest) continue
    const count = Math.min(options.most, Math.max(1, Math.round(options.share * positive.length)))
    const keys = positive.map(() => random())
    const order = positive.map((_, p) => p)
    // Drawn keys break ties of time, so that the order of items in a row decides nothing.
    order.sort(
      (a, b) => (history.times ? history.times[positive[b]] - history.times[positive[a]] : 0) || keys[a] - keys[b],
    )
    for (const p of order.slice(0, count)) mask[start + positive[p]] = 1
  }
  return holdOutMasked(data, mask)
}

/** Holds out the entries e with mask[e] = 1; negative ones among them are left out of training and are no targets. */
export function holdOutMasked(data: TrainingData, mask: Uint8Array): HeldOut {
  const train = { ...data, ...filterMatrix(data, (e) => mask[e] === 0), tuneOn: undefined, led: undefined }
  const targets = new Map<number, Int32Array>()
  const led = new Map<number, Uint8Array>()
  const { indptr, indices, values } = data.matrix
  for (let row = 0; row < data.matrix.rows; row++) {
    const held: number[] = []
    for (let e = indptr[row]; e < indptr[row + 1]; e++) if (mask[e] === 1 && values[e] > 0) held.push(e)
    if (held.length === 0) continue
    targets.set(
      row,
      Int32Array.from(held, (e) => indices[e]),
    )
    if (data.led)
      led.set(
        row,
        Uint8Array.from(held, (e) => (data.led as { by: Uint8Array }).by[e]),
      )
  }
  return data.led ? { train, targets, led } : { train, targets }
}
