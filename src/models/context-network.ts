/**
 * A neural factorisation machine with counted features beside the embeddings (He and Chua, Neural Factorization Machines
 * for Sparse Predictive Analytics, 2017): all pairs of the row's embeddings are pooled into one vector,
 * b = ((sum v)^2 - sum v^2) / 2, which together with the counted features x feeds two rectified layers and a linear way
 * past them. Trained by Adam on the logarithmic loss, with dropout on b and on the first layer.
 */
import { seededRandom } from '../world.ts'
import { Adam } from './context-adam.ts'

export interface NetworkOptions {
  /** Length of an embedding. */
  readonly factors: number
  readonly hidden: readonly [number, number]
  readonly rate: number
  readonly dropout: number
  /** L2 on the embeddings of a row, by use. */
  readonly decay: number
  readonly batch: number
  readonly seed: number
}

export class ContextNetwork {
  readonly #options: NetworkOptions
  readonly #inputs: number
  readonly #features: number
  readonly #offsets: readonly number[]
  readonly #embeddings: Adam
  readonly #biases: Adam
  readonly #dense: Adam
  /** Where the parts of `#dense` begin. */
  readonly #at: { w1: number; b1: number; w2: number; b2: number; w3: number; wide: number; b: number }
  readonly #random: () => number
  readonly #x: Float32Array
  readonly #sum: Float32Array
  readonly #h1: Float32Array
  readonly #h2: Float32Array
  readonly #d1: Float32Array
  readonly #d2: Float32Array
  readonly #dx: Float32Array
  readonly #mask: Float32Array
  readonly #mask1: Float32Array

  /** @param sizes codes of each column of a row; @param features numbers beside them, about standard normal */
  constructor(sizes: readonly number[], features: number, options: NetworkOptions) {
    const { factors, hidden, seed } = options
    const [n1, n2] = hidden
    this.#options = options
    this.#features = features
    this.#inputs = factors + features
    let next = 0
    this.#offsets = sizes.map((size) => {
      next += size
      return next - size
    })
    const D = this.#inputs
    const at = { w1: 0, b1: D * n1, w2: 0, b2: 0, w3: 0, wide: 0, b: 0 }
    at.w2 = at.b1 + n1
    at.b2 = at.w2 + n1 * n2
    at.w3 = at.b2 + n2
    at.wide = at.w3 + n2
    at.b = at.wide + D
    this.#at = at
    this.#random = seededRandom(seed)
    this.#embeddings = new Adam(next * factors, options.rate)
    this.#biases = new Adam(next, options.rate)
    this.#dense = new Adam(at.b + 1, options.rate)
    const { values } = this.#dense
    this.#fill(this.#embeddings.values, 0, next * factors, 0.05)
    this.#fill(values, at.w1, D * n1, Math.sqrt(2 / D))
    this.#fill(values, at.w2, n1 * n2, Math.sqrt(2 / n1))
    this.#fill(values, at.w3, n2, Math.sqrt(1 / n2))
    this.#x = new Float32Array(D)
    this.#sum = new Float32Array(factors)
    this.#h1 = new Float32Array(n1)
    this.#h2 = new Float32Array(n2)
    this.#d1 = new Float32Array(n1)
    this.#d2 = new Float32Array(n2)
    this.#dx = new Float32Array(D)
    this.#mask = new Float32Array(factors)
    this.#mask1 = new Float32Array(n1)
  }

  #fill(values: Float32Array, from: number, length: number, deviation: number): void {
    for (let i = from; i < from + length; i++) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.#random()))
      values[i] = deviation * radius * Math.cos(2 * Math.PI * this.#random())
    }
  }

  /** One pass over the rows in an order drawn anew; answers the mean loss. */
  epoch(codes: Int32Array, features: Float32Array, labels: Uint8Array): number {
    const columns = this.#offsets.length
    const order = shuffled(labels.length, this.#random)
    let loss = 0
    for (let n = 0; n < order.length; n++) {
      const row = order[n]
      loss += this.#learn(codes, row * columns, features, row * this.#features, labels[row])
      if ((n + 1) % this.#options.batch === 0 || n + 1 === order.length) this.#step()
    }
    return loss / labels.length
  }

  /** A copy of all that was learned. */
  state(): Float32Array[] {
    return this.#learned().map((values) => values.slice())
  }

  restore(state: readonly Float32Array[]): void {
    this.#learned().forEach((values, n) => {
      values.set(state[n])
    })
  }

  #learned(): Float32Array[] {
    return [this.#embeddings.values, this.#biases.values, this.#dense.values]
  }

  #step(): void {
    const scale = 1 / this.#options.batch
    this.#dense.step(scale)
    this.#embeddings.stepTouched(this.#options.factors, scale, this.#options.decay)
    this.#biases.stepTouched(1, scale, this.#options.decay)
  }

  /** The log-odds of one row. */
  predict(codes: ArrayLike<number>, codesAt: number, features: Float32Array, featuresAt: number): number {
    this.#mask.fill(1)
    this.#mask1.fill(1)
    return this.#forward(codes, codesAt, features, featuresAt)
  }

  /**
   * Adds to `out` the log-odds of every item (column 1, which has `out.length` codes) in the context of `row`: as `predict`
   * would, but what the items share is worked out once. The pooled pairs are linear in the item's embedding v:
   * ((s + v)^2 - q - v^2) / 2 = (s^2 - q) / 2 + s v.
   * @param features items x features
   */
  addItems(row: ArrayLike<number>, features: Float32Array, out: Float32Array): void {
    const { factors, hidden } = this.#options
    const [n1] = hidden
    const width = this.#features
    const dense = this.#dense.values
    const at = this.#at
    // With no embedding of an item, and the features of the first.
    const { bias, sum, shared } = this.#shared(row, features)
    const weights = new Float32Array(factors * n1)
    for (let f = 0, w = 0; f < factors; f++) for (let h = 0; h < n1; h++, w++) weights[w] = sum[f] * dense[at.w1 + w]
    const first = features.slice(0, width)
    const h1 = this.#h1
    for (let item = 0; item < out.length; item++) {
      const code = this.#offsets[1] + item
      let logit = bias + this.#biases.values[code]
      h1.set(shared)
      for (let f = 0, e = code * factors, w = 0; f < factors; f++, e++) {
        const v = this.#embeddings.values[e]
        logit += dense[at.wide + f] * sum[f] * v
        for (let h = 0; h < n1; h++, w++) h1[h] += v * weights[w]
      }
      for (let d = 0; d < width; d++) {
        const difference = features[item * width + d] - first[d]
        if (difference === 0) continue
        logit += dense[at.wide + factors + d] * difference
        for (let h = 0, w = at.w1 + (factors + d) * n1; h < n1; h++, w++) h1[h] += difference * dense[w]
      }
      for (let h = 0; h < n1; h++) if (h1[h] < 0) h1[h] = 0
      out[item] += logit + this.#secondLayer()
    }
  }

  /** What all items of a context have in common: log-odds, sum of the embeddings, first layer before its bend. */
  #shared(row: ArrayLike<number>, features: Float32Array) {
    const { factors, hidden } = this.#options
    const sum = new Float32Array(factors)
    const square = new Float32Array(factors)
    let bias = this.#dense.values[this.#at.b]
    for (let c = 0; c < this.#offsets.length; c++) {
      if (c === 1) continue
      const code = this.#offsets[c] + row[c]
      bias += this.#biases.values[code]
      for (let f = 0, e = code * factors; f < factors; f++, e++) {
        const v = this.#embeddings.values[e]
        sum[f] += v
        square[f] += v * v
      }
    }
    const shared = this.#dense.values.slice(this.#at.b1, this.#at.b1 + hidden[0])
    for (let d = 0, w = this.#at.w1; d < this.#inputs; d++) {
      const x = d < factors ? 0.5 * (sum[d] * sum[d] - square[d]) : features[d - factors]
      bias += this.#dense.values[this.#at.wide + d] * x
      for (let h = 0; h < hidden[0]; h++, w++) shared[h] += x * this.#dense.values[w]
    }
    return { bias, sum, shared }
  }

  #forward(codes: ArrayLike<number>, codesAt: number, features: Float32Array, featuresAt: number): number {
    const { factors, hidden } = this.#options
    const x = this.#x
    const sum = this.#sum
    const embeddings = this.#embeddings.values
    sum.fill(0)
    x.fill(0)
    let logit = this.#dense.values[this.#at.b]
    for (let c = 0; c < this.#offsets.length; c++) {
      const row = this.#offsets[c] + codes[codesAt + c]
      logit += this.#biases.values[row]
      for (let f = 0, e = row * factors; f < factors; f++, e++) {
        const v = embeddings[e]
        sum[f] += v
        x[f] -= v * v
      }
    }
    for (let f = 0; f < factors; f++) x[f] = 0.5 * (x[f] + sum[f] * sum[f]) * this.#mask[f]
    for (let f = 0; f < this.#features; f++) x[factors + f] = features[featuresAt + f]
    const dense = this.#dense.values
    const at = this.#at
    const [n1] = hidden
    const h1 = this.#h1
    for (let h = 0; h < n1; h++) h1[h] = dense[at.b1 + h]
    for (let d = 0, w = at.w1; d < this.#inputs; d++, w += n1) {
      const value = x[d]
      logit += dense[at.wide + d] * value
      for (let h = 0; h < n1; h++) h1[h] += value * dense[w + h]
    }
    for (let h = 0; h < n1; h++) h1[h] = h1[h] > 0 ? h1[h] * this.#mask1[h] : 0
    return logit + this.#secondLayer()
  }

  /** From the first layer, bent: what the second adds to the log-odds. */
  #secondLayer(): number {
    const [n1, n2] = this.#options.hidden
    const dense = this.#dense.values
    const at = this.#at
    const h1 = this.#h1
    const h2 = this.#h2
    let logit = 0
    for (let h = 0; h < n2; h++) h2[h] = dense[at.b2 + h]
    for (let d = 0, w = at.w2; d < n1; d++, w += n2) {
      const value = h1[d]
      if (value === 0) continue
      for (let h = 0; h < n2; h++) h2[h] += value * dense[w + h]
    }
    for (let h = 0; h < n2; h++) {
      if (h2[h] < 0) h2[h] = 0
      logit += h2[h] * dense[at.w3 + h]
    }
    return logit
  }

  #drawMasks(): void {
    const { dropout } = this.#options
    const kept = 1 / (1 - dropout)
    for (let f = 0; f < this.#mask.length; f++) this.#mask[f] = this.#random() < dropout ? 0 : kept
    for (let h = 0; h < this.#mask1.length; h++) this.#mask1[h] = this.#random() < dropout ? 0 : kept
  }

  /** Adds the gradient of one row; answers its loss. */
  #learn(codes: Int32Array, codesAt: number, features: Float32Array, featuresAt: number, label: number): number {
    this.#drawMasks()
    const logit = this.#forward(codes, codesAt, features, featuresAt)
    const p = 1 / (1 + Math.exp(-logit))
    const error = p - label
    const { factors, hidden } = this.#options
    const [n1, n2] = hidden
    const dense = this.#dense.values
    const gradient = this.#dense.gradient
    const at = this.#at
    const d1 = this.#d1
    const d2 = this.#d2
    const dx = this.#dx
    gradient[at.b] += error
    for (let h = 0; h < n2; h++) {
      gradient[at.w3 + h] += error * this.#h2[h]
      d2[h] = this.#h2[h] > 0 ? error * dense[at.w3 + h] : 0
      gradient[at.b2 + h] += d2[h]
    }
    for (let d = 0, w = at.w2; d < n1; d++, w += n2) {
      const value = this.#h1[d]
      d1[d] = 0
      if (value === 0) continue
      let sum = 0
      for (let h = 0; h < n2; h++) {
        gradient[w + h] += value * d2[h]
        sum += dense[w + h] * d2[h]
      }
      d1[d] = sum * this.#mask1[d]
      gradient[at.b1 + d] += d1[d]
    }
    for (let d = 0, w = at.w1; d < this.#inputs; d++, w += n1) {
      const value = this.#x[d]
      let sum = error * dense[at.wide + d]
      gradient[at.wide + d] += error * value
      for (let h = 0; h < n1; h++) {
        gradient[w + h] += value * d1[h]
        sum += dense[w + h] * d1[h]
      }
      dx[d] = sum
    }
    for (let c = 0; c < this.#offsets.length; c++) {
      const row = this.#offsets[c] + codes[codesAt + c]
      this.#biases.touch(row)
      this.#biases.gradient[row] += error
      this.#embeddings.touch(row)
      for (let f = 0, e = row * factors; f < factors; f++, e++)
        this.#embeddings.gradient[e] += dx[f] * this.#mask[f] * (this.#sum[f] - this.#embeddings.values[e])
    }
    return label ? Math.log1p(Math.exp(-logit)) : Math.log1p(Math.exp(logit))
  }
}

function shuffled(length: number, random: () => number): Int32Array {
  const order = Int32Array.from({ length }, (_, i) => i)
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const kept = order[i]
    order[i] = order[j]
    order[j] = kept
  }
  return order
}
