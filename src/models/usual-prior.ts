/**
 * What is chosen in a slot (the items of a category) by everybody, and by those who behave alike: the two levels to
 * which a customer's own choices are drawn. No customer is kept: each adds his shares and is gone.
 */

/** Weight, in customers, of everybody's shares beside those of the customers who also chose an item. */
const ALIKE_PRIOR = 3
/** Part of the probability that is spread evenly, so that nothing is impossible. */
const EVEN = 0.02

export class SlotPopulation {
  readonly #shares = new Map<number, number>()
  /** item -> item -> sum over customers of the product of their shares. */
  readonly #together = new Map<number, Map<number, number>>()
  #customers = 0

  get customers(): number {
    return this.#customers
  }

  /** Items that anybody chose. */
  items(): number[] {
    return [...this.#shares.keys()]
  }

  /** One customer: how often he chose each item of the slot; each customer counts as one. */
  add(items: readonly number[], times: readonly number[]): void {
    const total = times.reduce((sum, n) => sum + n, 0)
    if (!(total > 0)) return
    this.#customers++
    items.forEach((item, i) => {
      const share = times[i] / total
      this.#shares.set(item, (this.#shares.get(item) ?? 0) + share)
      const row = this.#together.get(item) ?? new Map<number, number>()
      this.#together.set(item, row)
      items.forEach((other, j) => {
        row.set(other, (row.get(other) ?? 0) + (share * times[j]) / total)
      })
    })
  }

  /** Everybody's probability of each of `items`, which are all that there are; sums to 1. */
  shares(items: readonly number[]): Float64Array {
    const found = Float64Array.from(items, (item) => this.#shares.get(item) ?? 0)
    const total = found.reduce((sum, share) => sum + share, 0)
    return found.map((share) => (1 - EVEN) * (total > 0 ? share / total : 1 / items.length) + EVEN / items.length)
  }

  /** The same among customers who chose `item`, drawn to everybody's. */
  alike(item: number, items: readonly number[], everybody: Float64Array): Float64Array {
    const row = this.#together.get(item)
    let known = 0
    const found = Float64Array.from(items, (other) => {
      const together = row?.get(other) ?? 0
      known += together
      return together
    })
    return found.map((together, i) => (together + ALIKE_PRIOR * everybody[i]) / (known + ALIKE_PRIOR))
  }
}
