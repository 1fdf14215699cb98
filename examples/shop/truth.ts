/** What the events were drawn from, for tests that ask how much of it was found. No event says any of this. */
import type { Address, Customer, Refusal } from './customers.ts'
import { type CoffeeContext, type Condition, type Habit, usualOf } from './habits.ts'
import type { Life, OccasionKind, Surroundings } from './life.ts'
import { affinity, circleOf, resemblance, type Taste } from './tastes.ts'

export interface Usual {
  readonly item: string
  /** True probability that the next order in this context is this item. */
  readonly probability: number
  readonly runnerUp: string
  /** False where the customer chooses by taste alone: then an honest answer is to ask. */
  readonly habit: boolean
}

export interface RoutineTruth {
  readonly usual: string
  /** In which context another item is the usual one. */
  readonly exception?: { readonly when: Condition; readonly usual: string }
}

export interface HabitTruth {
  readonly slot: 'coffee'
  /** 0 = no habit. */
  readonly regularity: number
  readonly routine: RoutineTruth
  /** Milliseconds from which the other routine holds. */
  readonly change?: { readonly at: number; readonly routine: RoutineTruth }
}

export interface OccasionTruth {
  readonly customer: string
  readonly recipient: string
  readonly kind: OccasionKind
  /** `2026-05-10` */
  readonly date: string
  /** Absent where nothing was given. */
  readonly item?: string
  readonly orderId?: string
}

export interface CartTruth {
  readonly customer: string
  readonly at: number
  /** Minor units. */
  readonly value: number
  readonly items: readonly string[]
}

export interface Worth {
  readonly customer: string
  readonly orders: number
  /** Minor units, after cancellations and returns. */
  readonly revenue: number
  readonly margin: number
  readonly returned: number
  readonly complaints: number
  readonly lastOrder: number
}

export class Truth {
  readonly customers: readonly string[]
  readonly #world: Surroundings
  readonly #lives: ReadonlyMap<string, Life>
  readonly #items: ReadonlyMap<string, number>

  constructor(world: Surroundings, lives: readonly Life[]) {
    this.#world = world
    this.#lives = new Map(lives.map((life) => [life.customer.id, life]))
    this.#items = new Map(world.assortment.products.map(({ item, index }) => [item.id, index]))
    this.customers = [...this.#lives.keys()]
  }

  /** The customer as he was drawn: traits, rhythm, size, whether and when he stopped coming. */
  customer(customer: string): Customer {
    return this.#life(customer).customer
  }

  /** How much the item suits the customer: log-odds in a choice against an equally popular item; about -4..6. */
  affinity(customer: string, item: string): number {
    return affinity(this.#life(customer).customer.taste, this.#product(item))
  }

  /** The same for the taste of somebody whom the customer gives to. */
  recipientAffinity(customer: string, recipient: string, item: string): number {
    const found = this.#life(customer).customer.recipients.find(({ id }) => id === recipient)
    if (!found) throw new RangeError(`${customer} has no recipient ${recipient}`)
    return affinity(found.taste, this.#product(item))
  }

  /** Standard normal; what moves stars and returns for quality. */
  quality(item: string): number {
    return this.#product(item).quality
  }

  /** The kind of person; customers of one circle like the same things. */
  circle(customer: string): string {
    return circleOf(this.#life(customer).customer.taste).name
  }

  /** Habits exist in the slot `coffee`; undefined for who does not come to the bar. */
  usual(customer: string, slot: string, context: CoffeeContext): Usual | undefined {
    const habit = slot === 'coffee' ? this.#life(customer).customer.coffee : undefined
    if (!habit) return undefined
    const [first, second] = usualOf(habit, context)
    return {
      item: this.#id(first.item),
      probability: first.probability,
      runnerUp: this.#id(second.item),
      habit: habit.regularity > 0,
    }
  }

  habit(customer: string): HabitTruth | undefined {
    const habit = this.#life(customer).customer.coffee
    if (!habit) return undefined
    const { regularity, routine, change } = habit
    return {
      slot: 'coffee',
      regularity,
      routine: this.#routine(routine),
      ...(change ? { change: { at: change.at, routine: this.#routine(change.routine) } } : {}),
    }
  }

  /** What stands in the weekly basket, and the share of the baskets that hold it (before season and stock). */
  staples(customer: string): { item: string; probability: number }[] {
    return this.#life(customer).staples.map(({ item, probability }) => ({ item: this.#id(item), probability }))
  }

  recipients(customer: string): { id: string; name: string; relation: string; birthday: string; address: Address }[] {
    return this.#life(customer).customer.recipients.map(({ id, name, relation, birthday, address }) => {
      const two = (n: number) => String(n).padStart(2, '0')
      return { id, name, relation, birthday: `${two(birthday.month)}-${two(birthday.day)}`, address }
    })
  }

  /** Days to give, given on or not, in the order of time. */
  occasions(customer?: string): OccasionTruth[] {
    const lives = customer ? [this.#life(customer)] : [...this.#lives.values()]
    return lives.flatMap((life) =>
      life.occasions.map(({ recipient, kind, date, item, orderId }) => ({
        customer: life.customer.id,
        recipient,
        kind,
        date: new Date(date).toISOString().slice(0, 10),
        ...(item === undefined ? {} : { item: this.#id(item), orderId }),
      })),
    )
  }

  /** What the customer never wants, and when he says so. */
  refusals(customer: string): readonly Refusal[] {
    return this.#life(customer).customer.refusals
  }

  worth(customer: string): Worth {
    const { orders, revenue, margin, returned, complaints, lastOrder } = this.#life(customer).orders.ledger
    return { customer, orders, revenue, margin, returned, complaints, lastOrder }
  }

  /** The best by margin after returns, best first. */
  bestCustomers(share = 0.1): Worth[] {
    const all = this.customers.map((customer) => this.worth(customer))
    all.sort((a, b) => b.margin - a.margin || (a.customer < b.customer ? -1 : 1))
    return all.slice(0, Math.ceil(all.length * share))
  }

  /** Customers who stopped coming before the end. */
  lapsed(): string[] {
    return this.customers.filter((customer) => this.#life(customer).customer.lapses)
  }

  /** Whose taste is most like this one's: cosine of the hidden tastes, best first. */
  resembling(customer: string, count = 10): { customer: string; similarity: number }[] {
    const taste = this.#life(customer).customer.taste
    return [...this.#lives.values()]
      .filter((life) => life.customer.id !== customer)
      .map((life) => ({ customer: life.customer.id, similarity: resemblance(taste, life.customer.taste) }))
      .sort((a, b) => b.similarity - a.similarity || (a.customer < b.customer ? -1 : 1))
      .slice(0, count)
  }

  abandonedCarts(above = 0): CartTruth[] {
    return [...this.#lives.values()].flatMap((life) =>
      life.shop.abandoned
        .filter(({ value }) => value > above)
        .map(({ at, value, items }) => ({
          customer: life.customer.id,
          at,
          value,
          items: items.map((i) => this.#id(i)),
        })),
    )
  }

  /** Items wanted while they were out of stock, and what was taken instead. */
  missing(): { customer: string; at: number; item: string; place: 'product' | 'checkout'; substitute?: string }[] {
    return [...this.#lives.values()].flatMap((life) =>
      life.shop.missing.map(({ at, item, place, substitute }) => ({
        customer: life.customer.id,
        at,
        item: this.#id(item),
        place,
        ...(substitute === undefined ? {} : { substitute: this.#id(substitute) }),
      })),
    )
  }

  /** When which item could not be sold; `until` not included, milliseconds. */
  outages(): { item: string; from: number; until: number }[] {
    return this.#world.assortment.outages.map(({ item, from, until }) => ({ item: this.#id(item), from, until }))
  }

  /** Degrees Celsius in the customer's city. */
  temperature(customer: string, at: number): number {
    return this.#life(customer).temperature(at)
  }

  /** Everything but the affinities of all pairs, as plain data; `truth.json`. */
  toJSON(): Record<string, unknown> {
    return {
      customers: this.customers.map((id) => this.#summary(this.#life(id).customer)),
      items: this.#world.assortment.products.map(({ item, quality }) => ({ item: item.id, quality })),
      occasions: this.occasions(),
      abandonedCarts: this.abandonedCarts(),
      missing: this.missing(),
      outages: this.outages(),
    }
  }

  #summary({ id, taste, lapses, leaves, size, household }: Customer): Record<string, unknown> {
    const other = household === undefined ? undefined : this.customers[household]
    return {
      id,
      circle: circleOf(taste).name,
      ...tasteNumbers(taste),
      size,
      ...(other ? { household: other } : {}),
      ...(lapses ? { stopped: leaves } : {}),
      habit: this.habit(id),
      staples: this.staples(id),
      recipients: this.recipients(id),
      refusals: this.refusals(id),
      worth: this.worth(id),
    }
  }

  #routine({ usual, exception }: Habit['routine']): RoutineTruth {
    return {
      usual: this.#id(usual),
      ...(exception ? { exception: { when: exception.when, usual: this.#id(exception.usual) } } : {}),
    }
  }

  #life(customer: string): Life {
    const life = this.#lives.get(customer)
    if (!life) throw new RangeError(`no customer ${customer}`)
    return life
  }

  #product(item: string) {
    const index = this.#items.get(item)
    if (index === undefined) throw new RangeError(`no item ${item}`)
    return this.#world.assortment.products[index]
  }

  #id(index: number): string {
    return this.#world.assortment.products[index].item.id
  }
}

const tasteNumbers = ({ styles, priceSensitivity }: Taste) => ({
  styles: Array.from(styles, (value) => Math.round(value * 1000) / 1000),
  priceSensitivity: Math.round(priceSensitivity * 1000) / 1000,
})
