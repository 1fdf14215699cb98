/** One customer's year as it is lived: what all kinds of acts need, and what they leave behind. */
import { DAY, HOUR, instantOf } from './calendar.ts'
import type { Assortment, Product } from './catalogue.ts'
import { type Customer, refuses, type Span } from './customers.ts'
import { type Draw, stream } from './draws.ts'
import { Journal } from './journal.ts'
import { OrderBook } from './orders.ts'
import { WebShop } from './sessions.ts'
import type { Department } from './styles.ts'
import { Chooser } from './tastes.ts'
import { cities, type Weather } from './weather.ts'

export interface Surroundings {
  readonly seed: number
  readonly span: Span
  readonly assortment: Assortment
  readonly weather: Weather
}

export type OccasionKind = 'birthday' | "Mother's Day" | "Valentine's Day" | 'Christmas'

/** A day to give a present. `item` and `orderId` are absent where the customer let it pass. */
export interface Occasion {
  readonly recipient: string
  readonly kind: OccasionKind
  /** UTC midnight of the day itself. */
  readonly date: number
  readonly item: number | undefined
  readonly orderId: string | undefined
}

/** What stands in a weekly basket, and in how many of the baskets. */
export interface Staple {
  readonly item: number
  readonly probability: number
}

/** Something planned: `run` is called with `at`, in the order of time. */
export interface Act {
  readonly at: number
  readonly run: (at: number) => void
}

export class Life {
  readonly customer: Customer
  readonly world: Surroundings
  readonly draw: Draw
  readonly journal: Journal
  readonly orders: OrderBook
  readonly shop: WebShop
  readonly occasions: Occasion[] = []
  staples: Staple[] = []
  readonly #choosers = new Map<Department, Chooser>()

  constructor(customer: Customer, world: Surroundings) {
    this.customer = customer
    this.world = world
    this.draw = stream(world.seed, 'life', customer.index)
    this.journal = new Journal(`shop-${world.seed}-${customer.id}`, customer, customer.joined, world.span.end)
    this.orders = new OrderBook(customer, this.journal, world.assortment, this.draw)
    this.shop = new WebShop(customer, this.journal, this.orders, world.assortment, this.draw)
  }

  /** Chooses from a department; drinks are had at the bar and not in the web shop. */
  chooser(department: Department): Chooser {
    let chooser = this.#choosers.get(department)
    if (!chooser) {
      const list = this.world.assortment.byDepartment.get(department)!
      const skips = (product: Product) => isDrink(product) || refuses(this.customer, product)
      chooser = new Chooser(this.customer.taste, list, skips)
      this.#choosers.set(department, chooser)
    }
    return chooser
  }

  product(index: number): Product {
    return this.world.assortment.products[index]
  }

  /** The instant of a local hour at home. */
  instant(day: number, hour: number): number {
    return instantOf(day, hour, cities[this.customer.city].utcOffset)
  }

  /** Degrees Celsius at home; outside the span, those of its nearest day. */
  temperature(at: number): number {
    const { start, end } = this.world.span
    const local = at + cities[this.customer.city].utcOffset * HOUR
    const day = Math.min(Math.max(0, Math.floor((local - start) / DAY)), (end - start) / DAY - 1)
    return this.world.weather.temperature(this.customer.city, day, (((local % DAY) + DAY) % DAY) / HOUR)
  }
}

export const isDrink = ({ department, item }: Product): boolean =>
  department === 'Coffee' && item.categories[1] === 'Drinks'
