/**
 * What is so only by comparison with all customers: how much the best tenth brought, and after how many days people order
 * again. Counted once a day in small pieces, by who has orders.
 */

export interface Levels {
  /** By which field of an order customers are compared: the margin where most costs are known. */
  readonly measure: 'margin' | 'total'
  /** What the least of the best tenth brought in a year, major units; null = nobody brought anything. */
  readonly best: number | null
  /** Median days from one order to the next, and from the first to the second. */
  readonly interval: number
  readonly second: number
  /** Who brought something in the last year. */
  readonly buyers: number
}

/** Where too few have ordered twice to say. */
const usualInterval = 90
const fewestGaps = 10
/** The margin is compared where at least this share of what was bought has a known cost. */
const knownCosts = 0.8
const day = 86_400_000
export const year = 365 * day

export const unknownLevels: Levels = {
  ...{ measure: 'total', best: null, interval: usualInterval, second: usualInterval, buyers: 0 },
}

/** What counts of one customer's orders. */
export interface CountedOrder {
  readonly time: number
  readonly state: string
  /** Major units, after returns. */
  readonly total: number | null
  readonly margin: number | null
}

/** Times of the orders that stand, ascending. */
export function orderTimes(orders: readonly CountedOrder[]): number[] {
  return orders.flatMap(({ time, state }) => (state === 'cancelled' ? [] : [time])).sort((a, b) => a - b)
}

/** Days between one order and the next. */
export function gapsOf(times: readonly number[]): number[] {
  return times.slice(1).map((time, i) => (time - times[i]) / day)
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * After how many days this customer orders again, as a rule: the median of his own from three orders on, else the shop's. An
 * order that comes in several parts is no rhythm, so it is a day at least.
 */
export function intervalOf(times: readonly number[], { interval }: Pick<Levels, 'interval'>): number {
  return times.length >= 3 ? Math.max(1, median(gapsOf(times)) as number) : interval
}

/** Takes customer after customer, and says what they come to. */
export class Survey {
  readonly #gaps: number[] = []
  readonly #seconds: number[] = []
  readonly #values: { customer: number; total: number; margin: number }[] = []
  #revenue = 0
  #known = 0

  add(customer: number, orders: readonly CountedOrder[], now: number): void {
    const gaps = gapsOf(orderTimes(orders))
    this.#gaps.push(...gaps)
    if (gaps.length > 0) this.#seconds.push(gaps[0])
    let [total, margin] = [0, 0]
    for (const order of orders) {
      if (order.time > now || order.time <= now - year || order.state === 'cancelled') continue
      total += order.total ?? 0
      margin += order.margin ?? 0
      this.#revenue += order.total ?? 0
      if (order.margin !== null) this.#known += order.total ?? 0
    }
    if (total > 0) this.#values.push({ customer, total: rounded(total), margin: rounded(margin) })
  }

  /** The levels, and the customers of the best tenth. */
  result(): { levels: Levels; best: number[] } {
    const measure = this.#revenue > 0 && this.#known >= knownCosts * this.#revenue ? 'margin' : 'total'
    const sorted = this.#values.filter((one) => one[measure] > 0).sort((a, b) => b[measure] - a[measure])
    const last = sorted.at(Math.ceil(sorted.length / 10) - 1)
    const best = last?.[measure] ?? null
    const days = (gaps: readonly number[]) =>
      gaps.length < fewestGaps ? usualInterval : Math.max(1, Math.round(median(gaps) as number))
    return {
      levels: { measure, best, interval: days(this.#gaps), second: days(this.#seconds), buyers: sorted.length },
      best: best === null ? [] : sorted.filter((one) => one[measure] >= best).map(({ customer }) => customer),
    }
  }
}

/** As sums in conditions are. */
const rounded = (amount: number) => Math.round(amount * 1e6) / 1e6
