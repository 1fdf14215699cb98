/** What everybody did -> a sparse matrix of customers and items, and the ratings beside it. */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { TrainingGroup } from '../memory/training-rows.ts'
import type { Progress, TrainingData } from '../models/model.ts'
import { RatingRows } from './rating-rows.ts'

export interface Collected {
  readonly ratings: RatingRows
  /** One row a customer, or one of his recipients. */
  readonly matrix: TrainingData['matrix']
  readonly times: Float64Array
  /** Of each row whose it is; -1 = what he bought for somebody else. */
  readonly customers: readonly number[]
  /** model index -> internal item id. */
  readonly ids: Int32Array
  /** How often each (customer, item) was ordered, gifts left out. */
  readonly pairs: readonly { readonly item: number; readonly orders: number }[]
}

/** Groups -> a sparse matrix over all described items and all that were ever touched. */
export async function collect(
  groups: AsyncIterable<TrainingGroup>,
  catalogue: Catalogue,
  progress: Progress,
): Promise<Collected> {
  const entries = new Entries()
  const pairs: { item: number; orders: number }[] = []
  const ratings = new RatingRows()
  const customers: number[] = []
  for await (const { customer, recipient, items, weights, times, orders, rated } of groups) {
    progress.signal.throwIfAborted()
    for (const { item, rating, time } of rated) ratings.add(customer, catalogue.canonical(item), rating, time)
    for (let i = 0; i < items.length; i++) {
      const item = catalogue.canonical(items[i])
      // What is given away twice is not what one has and buys again.
      if (orders[i] > 0 && recipient === '') pairs.push({ item, orders: orders[i] })
      // What was not wanted teaches nothing to models of what is wanted; decisions keep it out by other means.
      if (weights[i] > 0) entries.add(item, weights[i], times[i])
    }
    if (entries.endRow()) customers.push(recipient === '' ? customer : -1)
  }
  const described = [...catalogue.ids()].filter((id) => !catalogue.provisional(id) && catalogue.canonical(id) === id)
  return { ...entries.toMatrix(described), customers, pairs, ratings }
}

/** Rows of (item, weight, time) in typed arrays that grow: a million of them are 16 MB. */
class Entries {
  #items = new Int32Array(1 << 16)
  #weights = new Float32Array(1 << 16)
  #times = new Float64Array(1 << 16)
  #size = 0
  readonly #ends: number[] = []

  add(item: number, weight: number, time: number): void {
    if (this.#size === this.#items.length) this.#grow()
    this.#items[this.#size] = item
    this.#weights[this.#size] = weight
    this.#times[this.#size++] = time
  }

  /** False where nothing was added since the last row: then there is none. */
  endRow(): boolean {
    const filled = this.#size > (this.#ends.at(-1) ?? 0)
    if (filled) this.#ends.push(this.#size)
    return filled
  }

  #grow(): void {
    const larger = <T extends Int32Array | Float32Array | Float64Array>(array: T, next: T): T => {
      next.set(array)
      return next
    }
    const length = 2 * this.#items.length
    this.#items = larger(this.#items, new Int32Array(length))
    this.#weights = larger(this.#weights, new Float32Array(length))
    this.#times = larger(this.#times, new Float64Array(length))
  }

  /** Columns: every item of an entry, and `more`, by ascending internal id. An item that comes twice in a row is one. */
  toMatrix(more: readonly number[]): Pick<Collected, 'matrix' | 'times' | 'ids'> {
    const ids = Int32Array.from(new Set([...this.#items.subarray(0, this.#size), ...more])).sort()
    const indexOf = new Map(Array.from(ids, (id, i) => [id, i]))
    const indptr = new Int32Array(this.#ends.length + 1)
    const indices = new Int32Array(this.#size)
    const values = new Float32Array(this.#size)
    const times = new Float64Array(this.#size)
    let n = 0
    let start = 0
    this.#ends.forEach((end, row) => {
      const order = Array.from({ length: end - start }, (_, i) => start + i).sort(
        (a, b) => this.#items[a] - this.#items[b],
      )
      for (const at of order) {
        const index = indexOf.get(this.#items[at]) as number
        const same = n > indptr[row] && indices[n - 1] === index
        if (!same) n++
        indices[n - 1] = index
        values[n - 1] += this.#weights[at]
        times[n - 1] = Math.max(times[n - 1], this.#times[at])
      }
      indptr[row + 1] = n
      start = end
    })
    const matrix = {
      rows: this.#ends.length,
      columns: ids.length,
      indptr,
      indices: indices.slice(0, n),
      values: values.slice(0, n),
    }
    return { matrix, times: times.slice(0, n), ids }
  }
}
