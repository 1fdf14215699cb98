/** A visit of the web shop: looking, searching, wishing, carting, and then an order, an abandoned cart or nothing. */
import { MINUTE } from './calendar.ts'
import { type Assortment, currency, major, type Product } from './catalogue.ts'
import type { Customer } from './customers.ts'
import { between, chance, type Draw } from './draws.ts'
import { type Journal, type Line, lineOf, productOf, totalOf, type Who } from './journal.ts'
import type { OrderBook } from './orders.ts'
import { affinity, type Chooser } from './tastes.ts'

export interface Visit {
  readonly at: number
  /** Degrees Celsius at home. */
  readonly temperature: number
  /** Whether the visitor is logged in from the start. */
  readonly known: boolean
  readonly looks: number
}

/** What the truth keeps of a cart that was left. `value` in minor units. */
export interface AbandonedCart {
  readonly at: number
  readonly value: number
  readonly items: readonly number[]
}

/** What the truth keeps of an item that was wanted and missing. */
export interface Missing {
  readonly at: number
  readonly item: number
  /** What was bought in its place. */
  readonly substitute: number | undefined
  /** Where he learned it: on the item's page, or with the cart full. */
  readonly place: 'product' | 'checkout'
}

export class WebShop {
  readonly abandoned: AbandonedCart[] = []
  readonly missing: Missing[] = []
  readonly #customer: Customer
  readonly #journal: Journal
  readonly #orders: OrderBook
  readonly #assortment: Assortment
  readonly #draw: Draw
  #clock = 0
  #who: Who = 'both'

  constructor(customer: Customer, journal: Journal, orders: OrderBook, assortment: Assortment, draw: Draw) {
    this.#customer = customer
    this.#journal = journal
    this.#orders = orders
    this.#assortment = assortment
    this.#draw = draw
  }

  /** Looks around in a department, and perhaps buys. */
  browse(visit: Visit, chooser: Chooser): void {
    this.#enter(visit)
    const first = this.#choose(chooser)
    if (!first) return
    this.#arrive(first)
    const seen = [first]
    for (let look = 1; look < visit.looks; look++) {
      const product = chance(this.#draw, 0.25) ? this.#sibling(seen[seen.length - 1]) : this.#choose(chooser)
      if (product && !seen.includes(product)) seen.push(product)
    }
    const cart: Line[] = []
    for (const product of seen) this.#look(product, cart)
    if (cart.length > 0) this.#checkout(visit, cart)
  }

  /** Puts the given items into the cart, begins to check out, and leaves. */
  leaveCart(visit: Visit, products: readonly Product[]): void {
    this.#enter({ ...visit, known: true })
    const cart: Line[] = []
    for (const product of products) {
      this.#track('Product Viewed', { ...productOf(product), currency })
      this.#add(product, cart)
    }
    this.#startCheckout(cart)
    for (const { product } of cart) if (!this.#inStock(product)) this.#miss(product, 'checkout')
    this.#abandon(cart)
  }

  #inStock({ index }: Product): boolean {
    return this.#assortment.inStock(index, this.#clock)
  }

  /** Looks for a present and orders it, to be sent to its recipient. Returns the order's id. */
  give(visit: Visit, candidates: readonly Product[], line: Line, extra: Record<string, unknown>): string | undefined {
    this.#enter({ ...visit, known: true })
    for (const product of candidates) this.#track('Product Viewed', { ...productOf(product), currency })
    this.#add(line.product, [], line)
    this.#startCheckout([line])
    return this.#orders.place({
      at: this.#tick(),
      lines: [line],
      channel: 'web',
      temperature: visit.temperature,
      who: 'both',
      extra,
    })
  }

  #enter({ at, known }: Visit): void {
    this.#clock = at
    this.#who = known || this.#customer.household !== undefined ? 'both' : 'anonymous'
    if (known && this.#customer.household !== undefined) this.#journal.identify(this.#tick(), 'both')
    if (chance(this.#draw, 0.2)) this.#journal.page(this.#tick(), 'Home', this.#who)
  }

  #tick(): number {
    this.#clock += Math.floor((0.2 + 1.5 * this.#draw()) * MINUTE)
    return this.#clock
  }

  #track(event: string, properties: Record<string, unknown>): boolean {
    return this.#journal.track(this.#tick(), event, properties, this.#who)
  }

  /** Comes by a search, by a category, or straight to the item. */
  #arrive(target: Product): void {
    const way = this.#draw()
    const category = target.item.categories.slice(0, 2).join(' > ')
    if (way < 0.18) this.#track('Products Searched', { query: queryFor(this.#draw, target) })
    else if (way < 0.36) this.#track('Product List Viewed', { list_id: category, category })
  }

  /** Of what he would like: nothing that he owns where one is enough. */
  #choose(chooser: Chooser): Product | undefined {
    for (let attempt = 0; attempt < 4; attempt++) {
      const product = chooser.draw(this.#draw, this.#clock)
      if (!product) return undefined
      if (!isDurable(product) || !this.#orders.ledger.owned.has(product.index)) return product
    }
    return undefined
  }

  /** A neighbour on the shelf, for comparison. */
  #sibling({ item, department }: Product): Product | undefined {
    const list = this.#assortment.byDepartment.get(department)!
    const near = list.filter(
      (other) => other.item.categories.at(-1) === item.categories.at(-1) && other.item.group !== item.group,
    )
    return near[Math.floor(this.#draw() * near.length)]
  }

  #look(product: Product, cart: Line[]): void {
    this.#track('Product Viewed', { ...productOf(product), currency })
    const wants = 0.34 / (1 + Math.exp(-0.6 * (affinity(this.#customer.taste, product) - 2)))
    if (chance(this.#draw, wants)) {
      if (this.#inStock(product)) this.#add(product, cart)
      else this.#replace(product, cart)
    } else if (chance(this.#draw, 0.05)) {
      this.#track('Product Added to Wishlist', { wishlist_id: `w-${this.#customer.index + 1}`, ...productOf(product) })
    }
  }

  /** Out of stock: half of the customers take the nearest in its place. */
  #replace(product: Product, cart: Line[]): void {
    const substitute = chance(this.#draw, 0.5) ? this.#substituteFor(product) : undefined
    this.#miss(product, 'product', substitute)
    if (!substitute) return
    this.#track('Product Viewed', { ...productOf(substitute), currency })
    this.#add(substitute, cart)
  }

  #miss(product: Product, place: 'product' | 'checkout', substitute?: Product): void {
    const written = this.#track('Product Unavailable', { ...productOf(product), currency, quantity: 1, place })
    if (written) this.missing.push({ at: this.#clock, item: product.index, substitute: substitute?.index, place })
  }

  /** The nearest in stock for this customer: same innermost category, price within a third, highest affinity. */
  #substituteFor(product: Product): Product | undefined {
    const { price } = product
    const { categories } = product.item
    let best: Product | undefined
    for (const other of this.#assortment.byDepartment.get(product.department)!) {
      if (other === product || other.item.categories.at(-1) !== categories.at(-1)) continue
      if (Math.abs(other.price - price) * 3 > price || !this.#inStock(other)) continue
      if (!best || affinity(this.#customer.taste, other) > affinity(this.#customer.taste, best)) best = other
    }
    return best
  }

  #add(
    product: Product,
    cart: Line[],
    line: Line = { product, quantity: product.department === 'Groceries' ? between(this.#draw, 1, 2) : 1 },
  ): void {
    cart.push(line)
    this.#track('Product Added', { cart_id: `k-${this.#customer.index + 1}`, ...lineOf(line) })
  }

  #startCheckout(cart: readonly Line[]): void {
    if (this.#who === 'anonymous') {
      this.#who = 'both'
      this.#journal.identify(this.#tick(), 'both')
    }
    const value = major(totalOf(cart))
    this.#track('Checkout Started', { order_id: this.#orders.nextId(), value, currency, products: cart.map(lineOf) })
  }

  #checkout({ temperature }: Visit, cart: Line[]): void {
    const luck = this.#draw()
    if (luck < 0.14) {
      this.#abandon(cart)
      return
    }
    if (luck < 0.2 && cart.length > 1) {
      const [removed] = cart.splice(0, 1)
      this.#track('Product Removed', { cart_id: `k-${this.#customer.index + 1}`, ...lineOf(removed) })
    }
    this.#startCheckout(cart)
    if (luck > 0.92) this.#abandon(cart)
    else this.#orders.place({ at: this.#tick(), lines: cart, channel: 'web', temperature, who: 'both' })
  }

  #abandon(cart: readonly Line[]): void {
    if (!this.#journal.covers(this.#clock)) return
    this.abandoned.push({ at: this.#clock, value: totalOf(cart), items: cart.map(({ product }) => product.index) })
  }
}

/** Bought once for years, unlike bread and flowers. */
export const isDurable = ({ department, item }: Product): boolean =>
  department === 'Books' || department === 'Electronics' || item.categories[1] === 'Equipment'

function queryFor(draw: Draw, { item }: Product): string {
  const title = item.title.toLowerCase().replace(/[(),].*/, '')
  return chance(draw, 0.5) ? title.trim() : item.categories.at(-1)!.toLowerCase()
}
