/** Ratings from memory -> the model of stars, and how it did on ratings that it did not see. */
import type { ItemContent, Progress, TrainingData } from '../models/model.ts'
import { ModelDeclined } from '../models/model.ts'
import { fitRatings, type RatingModel, ratingDefaults } from '../models/rating.ts'
import { membershipsOf, type Ratings } from '../models/rating-layout.ts'
import type { Distributions } from '../models/rating-scale.ts'
import type { Memberships } from '../models/rating-side.ts'
import { columnsOf, learnTraitColumns, type TraitColumns, type Traits } from '../models/trait-columns.ts'
import { seededRandom } from '../world.ts'

/** Families of attributes that most items have; more would each be drawn at every sweep. */
const mostAttributes = 8

/** The model of ratings, and the columns of what customers told of themselves that it was trained with. */
export interface ServedRatings {
  readonly model: RatingModel
  readonly columns: TraitColumns
}

/** How far off the stars were that were foretold of held-out ratings; the interval is of 95 %. */
export interface StarsReport {
  readonly ratings: number
  readonly heldOut: number
  readonly rmse: number | null
  readonly interval: readonly [number, number] | null
  /** The same of the mean of the item's other ratings. */
  readonly itemMean: number | null
  readonly note?: string
}

/** One rating of so many is held out to see how good the model is, at most so many, and none where they were too few to tell. */
const HELD_OUT = { each: 20, most: 5_000, fewest: 50 } as const
/** Beside training for tables of figures: 100 sweeps have RMSE .8148 on MovieLens 1M, the 200 of `eval rating` .8123. */
const SWEEPS = { most: 120, fewRatings: 20_000 } as const

export class RatingRows {
  readonly #users: number[] = []
  readonly #items: number[] = []
  readonly #values: number[] = []
  readonly #times: number[] = []
  /** Customer -> row; items by internal id, for two names of one item may both have been rated. */
  readonly #customers = new Map<number, number>()

  get count(): number {
    return this.#values.length
  }

  /** `item`: internal id; `time` in milliseconds. */
  add(customer: number, item: number, value: number, time: number): void {
    let user = this.#customers.get(customer)
    if (user === undefined) {
      user = this.#customers.size
      this.#customers.set(customer, user)
    }
    this.#users.push(user)
    this.#items.push(item)
    this.#values.push(value)
    this.#times.push(time)
  }

  /**
   * `served` is null where too little was rated. `ids`: model index -> internal item id; `told`: by customer what he told of
   * himself, of what the operator listed. @throws the signal's reason when aborted
   */
  async learn(
    data: TrainingData & { readonly ids: Int32Array },
    told: ReadonlyMap<number, Traits>,
    progress: Progress,
  ): Promise<{ readonly served: ServedRatings | null; readonly report: StarsReport }> {
    const customers = [...this.#customers.keys()].map((customer) => told.get(customer) ?? {})
    const columns = learnTraitColumns(customers)
    const traits = customers.map((own) => columnsOf(columns, own))
    const { kept, held } = this.#divided(data.ids, data.seed)
    const ratings = {
      ...kept,
      userCount: this.#customers.size,
      itemCount: data.ids.length,
      userTraits: columns.size > 0 ? [membershipsOf('told', traits, columns.size)] : [],
      itemTraits: attributeFamilies(data.content, data.ids.length),
      seed: data.seed,
    }
    const options = kept.values.length < SWEEPS.fewRatings ? ratingDefaults : { ...ratingDefaults, sweeps: SWEEPS.most }
    try {
      const { model, answers } = await fitRatings(ratings, options, progress, held)
      return { served: { model, columns }, report: reportOf(kept, held, answers) }
    } catch (error) {
      if (!(error instanceof ModelDeclined)) throw error
      return { served: null, report: { ...reportOf(kept, null, null), note: error.message } }
    }
  }

  /** By model index; what is held out is drawn by the seed. */
  #divided(ids: Int32Array, seed: number): { readonly kept: Ratings; readonly held: Ratings | null } {
    const indexOf = new Map(Array.from(ids, (id, index) => [id, index]))
    const rows = this.#items.flatMap((item, r) => (indexOf.has(item) ? [r] : []))
    const count = Math.min(HELD_OUT.most, Math.floor(rows.length / HELD_OUT.each))
    const random = seededRandom(seed)
    const order = rows.map((r) => ({ r, key: random() })).sort((a, b) => a.key - b.key || a.r - b.r)
    const held = new Set(count < HELD_OUT.fewest ? [] : order.slice(0, count).map(({ r }) => r))
    const of = (some: readonly number[]) => ({
      users: Int32Array.from(some, (r) => this.#users[r]),
      items: Int32Array.from(some, (r) => indexOf.get(this.#items[r]) as number),
      values: Float64Array.from(some, (r) => this.#values[r]),
      times: Float64Array.from(some, (r) => this.#times[r]),
    })
    return {
      kept: of(rows.filter((r) => !held.has(r))),
      held: held.size > 0 ? of([...held]) : null,
    }
  }
}

function reportOf(kept: Ratings, held: Ratings | null, answers: Distributions | null): StarsReport {
  const heldOut = held?.values.length ?? 0
  const ratings = kept.values.length + heldOut
  if (!held || !answers) return { ratings, heldOut, rmse: null, interval: null, itemMean: null }
  const means = itemMeans(kept)
  const rmse = rmseOf(held.values, (q) => answers.expected[q])
  const baseline = rmseOf(held.values, (q) => means(held.items[q]))
  return { ratings, heldOut, rmse: rmse.value, interval: rmse.interval, itemMean: baseline.value }
}

/** The mean of each item's ratings, drawn towards that of all by five of them. */
function itemMeans({ items, values }: Ratings): (item: number) => number {
  const all = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  const sums = new Map<number, { sum: number; n: number }>()
  items.forEach((item, r) => {
    const own = sums.get(item) ?? { sum: 5 * all, n: 5 }
    sums.set(item, { sum: own.sum + values[r], n: own.n + 1 })
  })
  return (item) => {
    const own = sums.get(item)
    return own ? own.sum / own.n : all
  }
}

/** Root of the mean square, and of its 95 % interval by the normal law. */
function rmseOf(values: Float64Array, foretold: (q: number) => number) {
  const squares = values.map((value, q) => (value - foretold(q)) ** 2)
  const mean = squares.reduce((sum, one) => sum + one, 0) / squares.length
  const variance = squares.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, squares.length - 1)
  const error = 1.96 * Math.sqrt(variance / squares.length)
  const interval = [Math.sqrt(Math.max(0, mean - error)), Math.sqrt(mean + error)] as const
  return { value: Math.sqrt(mean), interval }
}

/** Categories, and the attributes that most items have, each name a family. */
function attributeFamilies(content: ItemContent | undefined, items: number): Memberships[] {
  const families: Memberships[] = []
  if (content?.categories) families.push(family('categories', content.categories))
  const byName = new Map<string, string[][]>()
  content?.attributes?.forEach((terms, item) => {
    for (const term of terms) {
      const name = term.slice(0, Math.max(0, term.indexOf('=')))
      const lists = byName.get(name) ?? Array.from({ length: items }, (): string[] => [])
      lists[item].push(term)
      byName.set(name, lists)
    }
  })
  const filled = (lists: readonly string[][]) => lists.reduce((n, list) => n + Math.min(1, list.length), 0)
  const common = [...byName].sort(([a, x], [b, y]) => filled(y) - filled(x) || (a < b ? -1 : 1))
  for (const [name, lists] of common.slice(0, mostAttributes)) families.push(family(name, lists))
  return families.filter(({ size }) => size > 1)
}

function family(name: string, words: readonly (readonly string[])[]): Memberships {
  const numbers = new Map<string, number>()
  const lists = words.map((own) =>
    [...new Set(own)].map((word) => {
      const number = numbers.get(word) ?? numbers.size
      numbers.set(word, number)
      return number
    }),
  )
  return membershipsOf(name, lists, numbers.size)
}
