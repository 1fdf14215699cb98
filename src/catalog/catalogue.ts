/**
 * The catalogue in memory, for decisions: arrays by internal item id, so that asking whether one of 100,000 items may
 * be shown costs a few reads. Descriptions for people (text), costs and dates stay in the database.
 *
 * It is changed in place. A commit that changed items marks them (`markChanged`); whoever decides first brings it up
 * to date (`upToDate`), so an item that is sold out is gone from the very next request.
 */
import { everything, type Reader } from '../db/database.ts'
import { AttributeIndex } from './attribute-index.ts'
import { allocate, HIDDEN, KNOWN, PROVISIONAL } from './catalogue-columns.ts'
import { allOf, type ItemFilter, type ItemPredicate } from './filter.ts'
import { leastAge } from './item.ts'
import { categoriesKey, readAudiences, readItems, readSensitive, type SnapshotRow } from './snapshot-read.ts'

/** What a list shows of an item; the price in minor units. */
export interface ItemCard {
  readonly id: string
  readonly title: string | null
  readonly price: number | null
  readonly currency: string | null
  readonly image: string | null
  readonly url: string | null
}

const noNumbers: readonly number[] = Object.freeze([])

export class Catalogue {
  #columns = allocate(1024)
  #length = 1
  #count = 0
  #renamings = 0
  #revision = 0
  readonly #id: (string | undefined)[] = []
  readonly #title: (string | null)[] = []
  readonly #image: (string | null)[] = []
  readonly #url: (string | null)[] = []
  readonly #currency: (string | null)[] = []
  readonly #categories: (readonly number[])[] = []
  readonly #byId = new Map<string, number>()
  readonly #byName = new Map<string, number>()
  readonly #namesOf = new Map<number, readonly string[]>()
  readonly #categoryNames: string[] = []
  readonly #categoryIds = new Map<string, number>()
  /** Equal category lists are one array: most items of a category have the same. */
  readonly #categoryLists = new Map<string, readonly number[]>([['[]', noNumbers]])
  readonly #groupIds = new Map<string, number>()
  readonly #members: Set<number>[] = []
  readonly #attributes = new AttributeIndex()
  readonly #categoryAge = new Map<number, number>()
  readonly #sensitive = new Set<number>()
  readonly #defaultAge: number
  #stale = new Set<number>()
  #allStale = false
  #categoriesStale = false
  #refreshing: Promise<void> | undefined

  /** @param defaultAudience the rating of an item for which neither itself nor a category states one */
  constructor(defaultAudience = 'all') {
    this.#defaultAge = leastAge(defaultAudience)
  }

  /** One more than the largest internal id. */
  get length(): number {
    return this.#length
  }

  /** Items that exist, hidden and provisional ones too. */
  get count(): number {
    return this.#count
  }

  /** Rises when an item turns out to be another (or no longer): what was read through `canonical` before is old. */
  get renamings(): number {
    return this.#renamings
  }

  /** Rises with every change of an item. */
  get revision(): number {
    return this.#revision
  }

  /** Internal ids of all items, ascending. */
  *ids(): IterableIterator<number> {
    for (let id = 1; id < this.#length; id++) if (this.#columns.flags[id] & KNOWN) yield id
  }

  has(id: number): boolean {
    return id > 0 && id < this.#length && (this.#columns.flags[id] & KNOWN) !== 0
  }

  /** The internal id of the item that the shop, or an event, calls `name` (its id, else a further identifier). */
  idOf(name: string): number | undefined {
    const id = this.#byId.get(name) ?? this.#byName.get(name)
    return id === undefined ? undefined : this.#columns.canonical[id]
  }

  /** The item that `id` turned out to be another name of; else itself. Memory's rows are read through this. */
  canonical(id: number): number {
    return this.has(id) ? this.#columns.canonical[id] : id
  }

  /** The shop's id; undefined for an internal id that is not known. */
  shopId(id: number): string | undefined {
    return this.#id[id]
  }

  title(id: number): string | null {
    return this.#title[id] ?? null
  }

  card(id: number): ItemCard {
    const price = this.#columns.price[id]
    return {
      id: this.#id[id] ?? '',
      title: this.#title[id] ?? null,
      price: price >= 0 ? price : null,
      currency: this.#currency[id] ?? null,
      image: this.#image[id] ?? null,
      url: this.#url[id] ?? null,
    }
  }

  /** Minor units of the item's currency; NaN = unknown. */
  price(id: number): number {
    return id < this.#length ? this.#columns.price[id] : Number.NaN
  }

  /** How many are left; -1 = not counted. */
  stock(id: number): number {
    return id < this.#length ? this.#columns.stock[id] : 0
  }

  provisional(id: number): boolean {
    return this.has(id) && (this.#columns.flags[id] & PROVISIONAL) !== 0
  }

  /** When it was first heard of, milliseconds. */
  created(id: number): number {
    return id < this.#length ? this.#columns.created[id] : 0
  }

  /** May it be recommended at the time `now`: described or seen, in stock, not hidden, within its window? */
  sellable(id: number, now: number): boolean {
    if (id <= 0 || id >= this.#length) return false
    const c = this.#columns
    return (
      (c.flags[id] & (KNOWN | HIDDEN)) === KNOWN &&
      c.stock[id] !== 0 &&
      c.from[id] <= now &&
      now < c.until[id] &&
      c.canonical[id] === id
    )
  }

  /** The age from which it may be shown: its own rating, else the strictest of its categories', else the shop's. */
  leastAge(id: number): number {
    const own = id < this.#length ? this.#columns.age[id] : 255
    if (own !== 255) return own
    let age = -1
    for (const category of this.categoryIds(id)) age = Math.max(age, this.#categoryAge.get(category) ?? -1)
    return age >= 0 ? age : this.#defaultAge
  }

  /** The group of variants that it belongs to; -1 = none. */
  group(id: number): number {
    return id < this.#length ? this.#columns.group[id] : -1
  }

  /** Whether any item ever was a variant of a group. */
  get grouped(): boolean {
    return this.#groupIds.size > 0
  }

  /** The variants of a group; stays true as items change. */
  members(group: number): ReadonlySet<number> {
    return this.#members[group] ?? new Set()
  }

  /** Interned categories of an item; equal lists are the same array. */
  categoryIds(id: number): readonly number[] {
    return this.#categories[id] ?? noNumbers
  }

  categories(id: number): string[] {
    return this.categoryIds(id).map((category) => this.#categoryNames[category])
  }

  categoryName(category: number): string {
    return this.#categoryNames[category]
  }

  /** The attributes of an item as `name=value`. */
  attributeTerms(id: number): string[] {
    return this.#attributes.terms(id)
  }

  /** A predicate over internal ids, made once and right for as long as the catalogue lives. */
  compileFilter(filter: ItemFilter): ItemPredicate {
    const predicates: ItemPredicate[] = []
    const { price, categories, attributes } = filter
    if (price) {
      const { min = 0, max = Number.POSITIVE_INFINITY } = price
      predicates.push((id) => this.price(id) >= min && this.price(id) <= max)
    }
    if (categories) {
      const wanted = new Set(categories.map((name) => this.#internCategory(name)))
      predicates.push((id) => {
        for (const category of this.categoryIds(id)) if (wanted.has(category)) return true
        return false
      })
    }
    for (const [name, value] of Object.entries(attributes ?? {})) {
      const values = Array.isArray(value) ? value : [value]
      const sets = values.map((one) => this.#attributes.having(name, String(one)))
      predicates.push((id) => sets.some((set) => set.has(id)))
    }
    return allOf(predicates)
  }

  /** Notes what a commit changed (a key of the topic `items`); cheap, and safe inside a listener. */
  markChanged(key: number | string): void {
    if (typeof key === 'number') this.#stale.add(key)
    else if (key === categoriesKey) this.#categoriesStale = true
    else if (key === everything) this.#allStale = this.#categoriesStale = true
  }

  /** Reads what is marked; undefined where nothing is. A decision awaits it before it looks. */
  upToDate(reader: Reader): Promise<void> | undefined {
    if (this.#refreshing) return this.#refreshing.then(() => this.upToDate(reader))
    if (this.#stale.size === 0 && !this.#categoriesStale && !this.#allStale) return undefined
    this.#refreshing = this.#readMarked(reader).finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #readMarked(reader: Reader): Promise<void> {
    const [ids, all, categories] = [this.#stale, this.#allStale, this.#categoriesStale]
    this.#stale = new Set()
    this.#allStale = this.#categoriesStale = false
    try {
      if (categories) await this.#readCategories(reader)
      if (all) await this.#readAll(reader)
      else if (ids.size > 0) await this.refresh(reader, [...ids])
    } catch (error) {
      // What could not be read stays marked, and the next decision tries again.
      for (const id of ids) this.#stale.add(id)
      this.#allStale ||= all
      this.#categoriesStale ||= categories
      throw error
    }
  }

  async #readCategories(reader: Reader): Promise<void> {
    this.setAudiences(await readAudiences(reader))
    this.setSensitive(await readSensitive(reader))
  }

  async #readAll(reader: Reader): Promise<void> {
    const gone = new Set(this.ids())
    for await (const rows of readItems(reader)) {
      for (const row of rows) {
        gone.delete(row.id)
        this.set(row)
      }
    }
    for (const id of gone) this.#forget(id)
  }

  /** Reads these items again; one that is no longer stored is forgotten. */
  async refresh(reader: Reader, ids: readonly number[]): Promise<void> {
    const gone = new Set(ids)
    for await (const rows of readItems(reader, ids)) {
      for (const row of rows) {
        gone.delete(row.id)
        this.set(row)
      }
    }
    for (const id of gone) this.#forget(id)
  }

  /** Replaces the audience ratings that are stated for whole categories. */
  setAudiences(audiences: readonly { category: string; audience: string }[]): void {
    this.#categoryAge.clear()
    for (const { category, audience } of audiences) {
      this.#categoryAge.set(this.#internCategory(category), leastAge(audience))
    }
  }

  /** Replaces the categories that are marked as sensitive. What was read of customers before is old. */
  setSensitive(categories: readonly string[]): void {
    const before = [...this.#sensitive].join()
    this.#sensitive.clear()
    for (const category of categories) this.#sensitive.add(this.#internCategory(category))
    if ([...this.#sensitive].join() !== before) this.#renamings++
  }

  /** Is it of a category that is never a reason, a guess, or a seed for other items? */
  sensitive(id: number): boolean {
    return this.#sensitive.size > 0 && this.categoryIds(id).some((category) => this.#sensitive.has(category))
  }

  /** Whether the category of this name, in any case, is marked so. */
  sensitiveCategory(name: string): boolean {
    const wanted = name.toLowerCase()
    return [...this.#sensitive].some((category) => this.categoryName(category).toLowerCase() === wanted)
  }

  /** Of all categories that are marked so. */
  sensitiveNames(): string[] {
    return [...this.#sensitive].map((category) => this.categoryName(category))
  }

  /** Names of its categories that are marked so. */
  sensitiveCategories(id: number): string[] {
    if (this.#sensitive.size === 0) return []
    const marked = [...this.categoryIds(id)].filter((category) => this.#sensitive.has(category))
    return marked.map((category) => this.categoryName(category))
  }

  /** Lays one row over what is known of the item. */
  set(row: SnapshotRow): void {
    const { id } = row
    this.#revision++
    this.#reserve(id)
    if (this.has(id)) this.#unlink(id)
    else this.#count++
    this.#id[id] = row.item
    this.#byId.set(row.item, id)
    if (row.names.length > 0) {
      this.#namesOf.set(id, row.names)
      for (const name of row.names) this.#byName.set(name, id)
    }
    this.#title[id] = row.title
    this.#image[id] = row.image
    this.#url[id] = row.url
    this.#currency[id] = row.currency
    this.#categories[id] = this.#categoryList(row.categories)
    this.#attributes.set(id, row.attributes)
    const c = this.#columns
    c.flags[id] = KNOWN | (row.hidden ? HIDDEN : 0) | (row.provisional ? PROVISIONAL : 0)
    c.price[id] = row.price ?? Number.NaN
    c.stock[id] = row.stock ?? -1
    c.from[id] = row.available_from ?? Number.NEGATIVE_INFINITY
    c.until[id] = row.available_until ?? Number.POSITIVE_INFINITY
    const canonical = row.same_as ?? id
    // A new item is read as itself even before it is known.
    if (canonical !== (c.canonical[id] || id)) this.#renamings++
    c.canonical[id] = canonical
    c.age[id] = row.audience === null ? 255 : leastAge(row.audience)
    c.created[id] = row.created
    c.group[id] = row.grouping === null ? -1 : this.#internGroup(row.grouping)
    if (c.group[id] >= 0) this.#members[c.group[id]].add(id)
  }

  #forget(id: number): void {
    if (!this.has(id)) return
    this.#revision++
    this.#unlink(id)
    this.#count--
    this.#columns.flags[id] = 0
    this.#id[id] = undefined
    this.#categories[id] = noNumbers
    this.#attributes.set(id, '{}')
    this.#columns.group[id] = -1
  }

  /** Takes the item out of what leads to it: an id or a name may by now belong to another. */
  #unlink(id: number): void {
    const shopId = this.#id[id]
    if (shopId !== undefined && this.#byId.get(shopId) === id) this.#byId.delete(shopId)
    for (const name of this.#namesOf.get(id) ?? []) if (this.#byName.get(name) === id) this.#byName.delete(name)
    this.#namesOf.delete(id)
    const group = this.#columns.group[id]
    if (group >= 0) this.#members[group].delete(id)
  }

  #reserve(id: number): void {
    const capacity = this.#columns.flags.length
    if (id >= capacity) this.#columns = allocate(Math.max(id + 1, capacity * 2), this.#columns)
    if (id >= this.#length) this.#length = id + 1
  }

  #categoryList(json: string): readonly number[] {
    let list = this.#categoryLists.get(json)
    if (!list) {
      list = (JSON.parse(json) as string[]).map((name) => this.#internCategory(name))
      this.#categoryLists.set(json, list)
    }
    return list
  }

  #internCategory(name: string): number {
    let id = this.#categoryIds.get(name)
    if (id === undefined) {
      id = this.#categoryNames.push(name) - 1
      this.#categoryIds.set(name, id)
    }
    return id
  }

  #internGroup(name: string): number {
    let id = this.#groupIds.get(name)
    if (id === undefined) {
      id = this.#members.push(new Set()) - 1
      this.#groupIds.set(name, id)
    }
    return id
  }
}

/** Reads the whole catalogue. */
export async function loadCatalogue(reader: Reader, defaultAudience = 'all'): Promise<Catalogue> {
  const catalogue = new Catalogue(defaultAudience)
  catalogue.setAudiences(await readAudiences(reader))
  for await (const rows of readItems(reader)) for (const row of rows) catalogue.set(row)
  return catalogue
}
