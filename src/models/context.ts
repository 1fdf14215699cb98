/**
 * What is chosen in which context: the mean log-odds of several networks (context-network.ts) over counted features
 * (context-counts.ts). How long to train is found on validation rows: the pass after which their loss is least.
 */

import { seededRandom } from '../world.ts'
import { ContextCounts } from './context-counts.ts'
import { ContextNetwork } from './context-network.ts'
import { type ContextRows, rowsOf } from './context-rows.ts'
import type { Progress } from './model.ts'
import { pace } from './pace.ts'

export type ContextOptions = {
  /** Networks whose log-odds are averaged; they differ in what was drawn. */
  networks: number
  factors: number
  hidden: number
  rate: number
  dropout: number
  decay: number
  batch: number
  /** Parts into which the training rows are drawn for counting. */
  folds: number
  /** Passes at most; it ends earlier when two have not helped. */
  passes: number
}

/** Found on the validation rows of one data set (docs/quality.md); wide plateaus all around. */
export const contextKind = {
  kind: 'context',
  defaults: {
    networks: 2,
    factors: 8,
    hidden: 24,
    rate: 0.001,
    dropout: 0.3,
    decay: 1e-3,
    batch: 256,
    folds: 10,
    passes: 20,
  } satisfies ContextOptions,
}

export class ContextModel {
  readonly #counts: ContextCounts
  readonly #scale: Scale
  readonly #networks: readonly ContextNetwork[]

  constructor(counts: ContextCounts, scale: Scale, networks: readonly ContextNetwork[]) {
    this.#counts = counts
    this.#scale = scale
    this.#networks = networks
  }

  /** Log-odds that each row was chosen. */
  predict(rows: ContextRows): Float64Array {
    return predictAll(this.#networks, rows, featuresOf(this.#counts, this.#scale, rows, null))
  }

  /** Writes to `out` (length: codes of items) the log-odds of every item for the user and in the context of `row`. */
  scoreItems(row: Int32Array, out: Float32Array): void {
    const features = this.#counts.allItems(row)
    this.#scale.apply(features)
    out.fill(0)
    for (const network of this.#networks) network.addItems(row, features, out)
    for (let item = 0; item < out.length; item++) out[item] /= this.#networks.length
  }
}

/** @param valid rows on which the number of passes is chosen; @throws the signal's reason when aborted */
export async function fitContext(
  train: ContextRows,
  valid: ContextRows,
  options: ContextOptions,
  seed: number,
  progress: Progress,
): Promise<ContextModel> {
  await pace(progress, 0, options.passes + 1, 'counting')
  const random = seededRandom(seed)
  const folds = Uint8Array.from(train.labels, () => Math.floor(random() * options.folds))
  const counts = new ContextCounts(train, folds, options.folds)
  const scale = new Scale(counts.features)
  const features = featuresOf(counts, scale, train, folds)
  const validFeatures = featuresOf(counts, scale, valid, null)
  const { factors, hidden, rate, dropout, decay, batch } = options
  const layers = [hidden, Math.ceil(hidden / 2)] as const
  const networks = Array.from({ length: options.networks }, (_, n) => {
    const own = { factors, hidden: layers, rate, dropout, decay, batch, seed: seed + 1000 * (n + 1) }
    return new ContextNetwork(train.sizes, counts.features, own)
  })
  let best = { pass: 0, loss: Number.POSITIVE_INFINITY, states: networks.map((network) => network.state()) }
  for (let pass = 1; pass <= options.passes && pass <= best.pass + 2; pass++) {
    for (const network of networks) {
      network.epoch(train.codes, features, train.labels)
      await pace(progress, pass, options.passes + 1, `pass ${pass}`)
    }
    const loss = logLoss(predictAll(networks, valid, validFeatures), valid.labels)
    if (loss < best.loss) best = { pass, loss, states: networks.map((network) => network.state()) }
  }
  networks.forEach((network, n) => {
    network.restore(best.states[n])
  })
  return new ContextModel(counts, scale, networks)
}

/** Mean of -ln of the probability given to what happened. */
export function logLoss(logOdds: Float64Array, labels: Uint8Array): number {
  let loss = 0
  for (let r = 0; r < labels.length; r++) {
    const against = labels[r] ? -logOdds[r] : logOdds[r]
    // ln(1 + e^x), which for large x is x.
    loss += against > 30 ? against : Math.log1p(Math.exp(against))
  }
  return loss / Math.max(1, labels.length)
}

function predictAll(networks: readonly ContextNetwork[], rows: ContextRows, features: Float32Array): Float64Array {
  const columns = rows.sizes.length
  const width = features.length / Math.max(1, rowsOf(rows))
  return Float64Array.from(rows.labels, (_, r) => {
    let sum = 0
    for (const network of networks) sum += network.predict(rows.codes, r * columns, features, r * width)
    return sum / networks.length
  })
}

/** Brings each feature to mean 0 and deviation 1 as they are over the first rows that it sees: those of training. */
class Scale {
  readonly #mean: Float64Array
  readonly #deviation: Float64Array
  #fitted = false

  constructor(features: number) {
    this.#mean = new Float64Array(features)
    this.#deviation = new Float64Array(features)
  }

  apply(values: Float32Array): void {
    const width = this.#mean.length
    if (!this.#fitted) this.#fit(values)
    for (let i = 0; i < values.length; i += width)
      for (let f = 0; f < width; f++) values[i + f] = (values[i + f] - this.#mean[f]) / this.#deviation[f]
  }

  #fit(values: Float32Array): void {
    this.#fitted = true
    const width = this.#mean.length
    const rows = Math.max(1, values.length / width)
    for (let i = 0; i < values.length; i++) this.#mean[i % width] += values[i] / rows
    for (let i = 0; i < values.length; i++)
      this.#deviation[i % width] += (values[i] - this.#mean[i % width]) ** 2 / rows
    for (let f = 0; f < width; f++) this.#deviation[f] = Math.sqrt(this.#deviation[f]) || 1
  }
}

/** rows x features; of training rows (`folds` given) as counted outside their own fold. */
function featuresOf(counts: ContextCounts, scale: Scale, rows: ContextRows, folds: Uint8Array | null): Float32Array {
  const { codes, labels, sizes } = rows
  const columns = sizes.length
  const out = new Float32Array(labels.length * counts.features)
  const near = new Float32Array(counts.items)
  const foldOf = (r: number) => (folds ? folds[r] : -1)
  const order = Array.from(labels.keys()).sort(
    (a, b) => foldOf(a) - foldOf(b) || codes[a * columns] - codes[b * columns] || a - b,
  )
  let last = -1
  for (const r of order) {
    const fold = foldOf(r)
    const user = codes[r * columns]
    if (last < 0 || foldOf(last) !== fold || codes[last * columns] !== user) counts.nearness(user, fold, near)
    last = r
    const row = codes.subarray(r * columns, (r + 1) * columns)
    counts.write(row, fold, near[row[1]], out, r * counts.features)
  }
  scale.apply(out)
  return out
}
