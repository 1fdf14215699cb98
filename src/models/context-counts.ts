/**
 * What was chosen how often: counts over positive rows of (user, item, context), turned into features of a row. A row
 * of training must not count itself, nor may its label show in what is left out; so rows are drawn into folds and a
 * row's counts are those of the other folds, whatever its label (as in cross-fitting; leaving out only the row itself
 * tells a positive by its smaller counts).
 */
import type { ContextRows } from './context-rows.ts'
import { itemSimilarities } from './context-similarity.ts'

/** Counts of one kind of key, in all and by fold. */
class Tally {
  readonly #index = new Map<number, number>()
  readonly #folds: number
  /** keys x (folds + 1), the last = all. */
  #counts = new Float32Array(1024)

  constructor(folds: number) {
    this.#folds = folds
  }

  add(key: number, fold: number): void {
    const width = this.#folds + 1
    let at = this.#index.get(key)
    if (at === undefined) {
      at = this.#index.size * width
      this.#index.set(key, at)
      if (at + width > this.#counts.length) {
        const larger = new Float32Array(2 * this.#counts.length + width)
        larger.set(this.#counts)
        this.#counts = larger
      }
    }
    this.#counts[at + fold]++
    this.#counts[at + this.#folds]++
  }

  /** The count outside `fold`; -1 = in all. */
  of(key: number, fold: number): number {
    const at = this.#index.get(key)
    if (at === undefined) return 0
    const all = this.#counts[at + this.#folds]
    return fold < 0 ? all : all - this.#counts[at + fold]
  }
}

/** Pseudo-counts by which an item's share of a context value is drawn to everybody's. */
const LIFT_PRIOR = 4
const PAIR_PRIOR = 0.05

export class ContextCounts {
  readonly features: number
  readonly items: number
  readonly #columns: number
  readonly #sizes: readonly number[]
  readonly #folds: number
  readonly #user: Tally
  readonly #item: Tally
  readonly #pair: Tally
  readonly #value: Tally[]
  readonly #itemValue: Tally[]
  readonly #pairValue: Tally[]
  readonly #totals: Float64Array
  readonly #lifts: Map<number, Float32Array>[]
  #ofUser: OfUser | undefined
  /** Feature 3 of each item, as counted with all. */
  readonly #popularity: Float32Array
  readonly #similar: (fold: number, user: number, out: Float32Array) => void

  /** @param folds fold of each row, 0 .. count - 1 */
  constructor(rows: ContextRows, folds: Uint8Array, count: number) {
    const { sizes, codes, labels } = rows
    const columns = sizes.length
    this.#columns = columns
    this.#sizes = sizes
    this.#folds = count
    this.items = sizes[1]
    this.features = 8 + 2 * (columns - 2)
    const tally = () => new Tally(count)
    const each = () => Array.from({ length: columns - 2 }, tally)
    this.#user = tally()
    this.#item = tally()
    this.#pair = tally()
    this.#value = each()
    this.#itemValue = each()
    this.#pairValue = each()
    this.#lifts = this.#value.map(() => new Map())
    this.#totals = new Float64Array(count + 1)
    for (let r = 0; r < labels.length; r++) {
      if (labels[r] === 0) continue
      this.#add(codes.subarray(r * columns, (r + 1) * columns), folds[r])
    }
    this.#popularity = Float32Array.from({ length: this.items }, (_, item) => Math.log1p(this.#item.of(item, -1)))
    this.#similar = itemSimilarities(rows, folds, count)
  }

  #add(row: Int32Array, fold: number): void {
    const [user, item] = row
    const pair = user * this.items + item
    this.#totals[fold]++
    this.#totals[this.#folds]++
    this.#user.add(user, fold)
    this.#item.add(item, fold)
    this.#pair.add(pair, fold)
    for (let c = 2; c < this.#columns; c++) {
      this.#value[c - 2].add(row[c], fold)
      this.#itemValue[c - 2].add(item * this.#sizes[c] + row[c], fold)
      this.#pairValue[c - 2].add(pair * this.#sizes[c] + row[c], fold)
    }
  }

  /** How near each item is to what the user chose outside `fold`, by who else chose both; `out` has length items. */
  nearness(user: number, fold: number, out: Float32Array): void {
    this.#similar(fold, user, out)
  }

  /**
   * Writes the features of one row (see the class) as counted outside `fold` (-1 = with all) to `out` from `at`.
   * @param nearness of the row's item, from `nearness`
   */
  write(row: ArrayLike<number>, fold: number, nearness: number, out: Float32Array, at: number): void {
    const user = row[0]
    const item = row[1]
    const key = user * this.items + item
    const pair = this.#pair.of(key, fold)
    const ofItem = this.#item.of(item, fold)
    const ofUser = this.#user.of(user, fold)
    const total = fold < 0 ? this.#totals[this.#folds] : this.#totals[this.#folds] - this.#totals[fold]
    out[at] = pair > 0 ? 1 : 0
    out[at + 1] = Math.log1p(pair)
    out[at + 2] = Math.log((pair + PAIR_PRIOR) / (ofUser + 1))
    out[at + 3] = Math.log1p(ofItem)
    out[at + 4] = Math.log1p(ofUser)
    out[at + 5] = Math.log1p(nearness)
    out[at + 6] = Math.log1p(nearness * 30)
    out[at + 7] = pair > 0 ? Math.log((pair * total) / Math.max(1, ofItem * ofUser)) : 0
    for (let c = 2; c < this.#columns; c++) {
      const value = row[c]
      out[at + 4 + 2 * c] = this.#lift(c - 2, value, item, fold, total)
      out[at + 5 + 2 * c] = pair > 0 ? Math.log1p(this.#pairValue[c - 2].of(key * this.#sizes[c] + value, fold)) : 0
    }
  }

  /** items x features: those of every item for the user and in the context of `row`, as counted with all. */
  allItems(row: ArrayLike<number>): Float32Array {
    const out = new Float32Array(this.items * this.features)
    if (this.#ofUser?.user !== row[0]) this.#ofUser = this.#readUser(row[0])
    const { near, chosen } = this.#ofUser
    const lifts = Array.from({ length: this.#columns - 2 }, (_, c) => this.#liftsOf(c, row[c + 2]))
    const codes = Int32Array.from(row)
    const never = Math.log(PAIR_PRIOR / (this.#user.of(row[0], -1) + 1))
    const ofUser = Math.log1p(this.#user.of(row[0], -1))
    for (let item = 0, at = 0; item < this.items; item++, at += this.features) {
      if (chosen[item]) {
        codes[1] = item
        this.write(codes, -1, near[item], out, at)
        continue
      }
      out[at + 2] = never
      out[at + 3] = this.#popularity[item]
      out[at + 4] = ofUser
      out[at + 5] = Math.log1p(near[item])
      out[at + 6] = Math.log1p(near[item] * 30)
      for (let c = 0; c < lifts.length; c++) out[at + 8 + 2 * c] = lifts[c][item]
    }
    return out
  }

  #readUser(user: number): OfUser {
    const near = new Float32Array(this.items)
    this.nearness(user, -1, near)
    const chosen = Uint8Array.from(near, (_, item) => (this.#pair.of(user * this.items + item, -1) > 0 ? 1 : 0))
    return { user, near, chosen }
  }

  #liftsOf(c: number, value: number): Float32Array {
    const known = this.#lifts[c].get(value)
    if (known) return known
    const total = this.#totals[this.#folds]
    const made = Float32Array.from({ length: this.items }, (_, item) => this.#lift(c, value, item, -1, total))
    this.#lifts[c].set(value, made)
    return made
  }

  /** Log of how much larger the value's share is among the item's choices than among all. */
  #lift(c: number, value: number, item: number, fold: number, total: number): number {
    const share = (this.#value[c].of(value, fold) + 0.5) / (total + 1)
    const both = this.#itemValue[c].of(item * this.#sizes[c + 2] + value, fold)
    return Math.log((both / share + LIFT_PRIOR) / (this.#item.of(item, fold) + LIFT_PRIOR))
  }
}

/** What the last user asked about is like. */
interface OfUser {
  readonly user: number
  readonly near: Float32Array
  readonly chosen: Uint8Array
}
