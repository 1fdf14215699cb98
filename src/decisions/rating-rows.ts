/** Ratings from memory -> what the model of stars learns from. */
import type { ItemContent, Progress, TrainingData } from '../models/model.ts'
import { ModelDeclined } from '../models/model.ts'
import { fitRatings, type RatingModel, ratingDefaults } from '../models/rating.ts'
import { membershipsOf } from '../models/rating-layout.ts'
import type { Memberships } from '../models/rating-side.ts'
import { columnsOf, learnTraitColumns, type TraitColumns, type Traits } from '../models/trait-columns.ts'

/** Families of attributes that most items have; more would each be drawn at every sweep. */
const mostAttributes = 8

/** The model of ratings, and the columns of what customers told of themselves that it was trained with. */
export interface ServedRatings {
  readonly model: RatingModel
  readonly columns: TraitColumns
}

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
   * Null where too little was rated. `ids`: model index -> internal item id; `told`: by customer what he told of himself, of
   * what the operator listed. @throws the signal's reason when aborted
   */
  async learn(
    data: TrainingData & { readonly ids: Int32Array },
    told: ReadonlyMap<number, Traits>,
    progress: Progress,
  ): Promise<ServedRatings | null> {
    const customers = [...this.#customers.keys()].map((customer) => told.get(customer) ?? {})
    const columns = learnTraitColumns(customers)
    const traits = customers.map((own) => columnsOf(columns, own))
    const indexOf = new Map(Array.from(data.ids, (id, index) => [id, index]))
    const rows = this.#items.flatMap((item, r) => (indexOf.has(item) ? [r] : []))
    const ratings = {
      users: Int32Array.from(rows, (r) => this.#users[r]),
      items: Int32Array.from(rows, (r) => indexOf.get(this.#items[r]) as number),
      values: Float64Array.from(rows, (r) => this.#values[r]),
      times: Float64Array.from(rows, (r) => this.#times[r]),
      userCount: this.#customers.size,
      itemCount: data.ids.length,
      userTraits: columns.size > 0 ? [membershipsOf('told', traits, columns.size)] : [],
      itemTraits: attributeFamilies(data.content, data.ids.length),
      seed: data.seed,
    }
    try {
      return { model: (await fitRatings(ratings, ratingDefaults, progress)).model, columns }
    } catch (error) {
      if (error instanceof ModelDeclined) return null
      throw error
    }
  }
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
