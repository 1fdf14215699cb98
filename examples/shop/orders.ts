/** Orders, and what becomes of them: cancellations, ratings, returns with their reasons, complaints, surveys. */
import { DAY, HOUR, MINUTE } from './calendar.ts'
import { type Assortment, currency, major, type Product } from './catalogue.ts'
import type { Customer } from './customers.ts'
import { between, chance, type Draw, normal, pick } from './draws.ts'
import {
  type Journal,
  type Line,
  lineOf,
  type Properties,
  productOf,
  tillLineOf,
  totalOf,
  type Who,
} from './journal.ts'
import { affinity, type Taste } from './tastes.ts'

export type ReturnReason = 'size' | 'quality' | 'changed mind'

/** What a customer was worth and went through. Minor units; `margin` is after returns and cancellations. */
export interface Ledger {
  orders: number
  lastOrder: number
  revenue: number
  margin: number
  returned: number
  complaints: number
  readonly owned: Set<number>
}

export const emptyLedger = (): Ledger => ({
  orders: 0,
  lastOrder: 0,
  revenue: 0,
  margin: 0,
  returned: 0,
  complaints: 0,
  owned: new Set(),
})

export interface Order {
  readonly at: number
  readonly lines: readonly Line[]
  readonly channel: 'store' | 'web'
  /** Degrees Celsius where the order was placed. */
  readonly temperature: number
  readonly who?: Who
  readonly extra?: Properties
  /** The till sends skus only. */
  readonly skusOnly?: boolean
}

/** One customer's orders, numbered by himself so that they depend on nobody else. */
export class OrderBook {
  readonly ledger = emptyLedger()
  readonly #customer: Customer
  readonly #journal: Journal
  readonly #assortment: Assortment
  readonly #draw: Draw

  constructor(customer: Customer, journal: Journal, assortment: Assortment, draw: Draw) {
    this.#customer = customer
    this.#journal = journal
    this.#assortment = assortment
    this.#draw = draw
  }

  nextId(): string {
    return `o-${this.#customer.index + 1}-${this.ledger.orders + 1}`
  }

  /** Order Completed and what follows from it. Returns its id, or undefined where it would lie outside the log. */
  place(order: Order): string | undefined {
    if (!this.#journal.covers(order.at)) return undefined
    const id = this.nextId()
    const coupon = order.channel === 'web' && chance(this.#draw, 0.04) ? 'CORNER10' : undefined
    const subtotal = totalOf(order.lines)
    const discount = coupon ? Math.round(subtotal / 10) : 0
    const shipping = order.channel === 'web' && subtotal < 5000 ? 490 : 0
    this.#journal.track(
      order.at,
      'Order Completed',
      {
        order_id: id,
        affiliation: order.channel,
        total: major(subtotal - discount + shipping),
        revenue: major(subtotal - discount),
        ...(shipping ? { shipping: major(shipping) } : {}),
        ...(coupon ? { coupon, discount: major(discount) } : {}),
        currency,
        products: order.lines.map(order.skusOnly ? tillLineOf : lineOf),
        ...(order.channel === 'web' ? { payment_token: `tok_${this.#customer.id}` } : {}),
        ...order.extra,
      },
      order.who ?? 'user',
      order.temperature,
      order.channel === 'store',
    )
    this.#book(order, discount)
    if (order.channel === 'web' && chance(this.#draw, 0.015)) this.#cancel(id, order, discount)
    else this.#follow(id, order)
    return id
  }

  #book({ at, lines }: Order, discount: number): void {
    const { ledger } = this
    ledger.orders++
    ledger.lastOrder = Math.max(ledger.lastOrder, at)
    ledger.revenue += totalOf(lines) - discount
    ledger.margin += totalOf(lines) - discount - costOf(lines)
    for (const { product } of lines) ledger.owned.add(product.index)
  }

  #cancel(id: string, { at, lines }: Order, discount: number): void {
    const after = at + between(this.#draw, 3, 180) * MINUTE
    const properties = { order_id: id, currency, total: major(totalOf(lines) - discount), products: lines.map(lineOf) }
    if (!this.#journal.track(after, 'Order Cancelled', properties)) return
    this.ledger.revenue -= totalOf(lines) - discount
    this.ledger.margin -= totalOf(lines) - discount - costOf(lines)
    for (const { product } of lines) this.ledger.owned.delete(product.index)
  }

  #follow(id: string, order: Order): void {
    const delivered = order.at + (order.channel === 'web' ? 2 * DAY : 0)
    let content = true
    for (const line of order.lines) {
      const reason = this.#reasonToReturn(line)
      if (reason) {
        this.#giveBack(id, line, delivered + between(this.#draw, 1, 20) * DAY, reason, order.temperature)
        content = false
      } else if (!line.gift && chance(this.#draw, ratingShare(line.product))) this.#rate(line.product, delivered)
    }
    if (order.channel !== 'web') return
    if (chance(this.#draw, 0.03)) {
      const answer = Math.min(5, Math.max(1, Math.round(4.2 + normal(this.#draw))))
      const properties = { survey: 'delivery', question: 'How was the delivery?', answer, order_id: id }
      this.#journal.track(delivered + between(this.#draw, 2, 72) * HOUR, 'Survey Answered', properties)
    }
    if (content && chance(this.#draw, 0.015)) this.#complain(id, order, delivered)
  }

  #reasonToReturn({ product, gift }: Line): ReturnReason | undefined {
    const { size } = product.item.attributes
    if (!gift && product.item.categories[1] === 'Wearables' && size !== this.#customer.size)
      return chance(this.#draw, 0.75) ? 'size' : undefined
    const share = { Coffee: 0.002, Groceries: 0.0015, Flowers: 0.01, Books: 0.02, Electronics: 0.06 }[
      product.department
    ]
    if (!chance(this.#draw, share * Math.exp(-0.5 * product.quality))) return undefined
    return chance(this.#draw, product.quality < 0 ? 0.7 : 0.25) ? 'quality' : 'changed mind'
  }

  /** Product Returned, Order Refunded for that line, and after a wrong size the right one is ordered. */
  #giveBack(id: string, line: Line, at: number, reason: ReturnReason, temperature: number): void {
    const amount = line.product.price * line.quantity
    const returned = {
      order_id: id,
      ...lineOf(line),
      currency,
      reason,
      comment: pick(this.#draw, returnComments[reason]),
    }
    if (!this.#journal.track(at, 'Product Returned', returned)) return
    const refund = { order_id: id, currency, total: major(amount), products: [lineOf(line)] }
    this.#journal.track(at + 3 * HOUR, 'Order Refunded', refund)
    this.ledger.returned++
    this.ledger.revenue -= amount
    this.ledger.margin -= amount - costOf([line])
    this.ledger.owned.delete(line.product.index)
    if (reason === 'size' && chance(this.#draw, 0.7)) this.#reorder(line.product, at + 2 * HOUR, temperature)
  }

  #reorder(wrong: Product, at: number, temperature: number): void {
    const right = this.#assortment.products.find(
      ({ item }) => item.group === wrong.item.group && item.attributes.size === this.#customer.size,
    )
    if (right && this.#assortment.inStock(right.index, at) && at < this.#customer.leaves)
      this.place({ at, lines: [{ product: right, quantity: 1 }], channel: 'web', temperature })
  }

  #rate(product: Product, delivered: number): void {
    const at = delivered + between(this.#draw, 4, 24 * 12) * HOUR
    const stars = starsOf(this.#customer, product, normal(this.#draw))
    if (chance(this.#draw, 0.7)) {
      this.#journal.track(at, 'Product Rated', { ...productOf(product), rating: stars })
      return
    }
    const properties = {
      product_id: product.item.id,
      review_id: `${this.nextId()}-${product.index}`,
      review_body: pick(this.#draw, reviewBodies[stars - 1]),
      rating: String(stars),
    }
    this.#journal.track(at, 'Product Reviewed', properties)
  }

  #complain(id: string, { lines }: Order, delivered: number): void {
    const [reason, text] = pick(this.#draw, complaints)
    const { item } = pick(this.#draw, lines).product
    const channel = pick(this.#draw, ['email', 'phone', 'chat'])
    const properties = { order_id: id, product_id: item.id, reason, text, channel }
    const at = delivered + between(this.#draw, 1, 60) * HOUR
    if (this.#journal.track(at, 'Complaint Received', properties)) this.ledger.complaints++
    if (reason !== 'never arrived') return
    const amount = totalOf(lines)
    const refund = { order_id: id, currency, total: major(amount), products: lines.map(lineOf) }
    if (!this.#journal.track(at + 5 * HOUR, 'Order Refunded', refund)) return
    this.ledger.revenue -= amount
    this.ledger.margin -= amount - costOf(lines)
  }
}

const costOf = (lines: readonly Line[]) =>
  lines.reduce((sum, { product, quantity }) => sum + product.cost * quantity, 0)

const ratingShare = ({ department, item }: Product): number =>
  item.categories[1] === 'Drinks'
    ? 0.006
    : { Coffee: 0.2, Groceries: 0.01, Flowers: 0.25, Books: 0.4, Electronics: 0.35 }[department]

/** Stars 1..5: the quality, how well it suits for its kind, the customer's strictness, and `noise` (standard normal). */
export function starsOf(customer: { taste: Taste; strictness: number }, product: Product, noise: number): number {
  const suits = Math.tanh(affinity(customer.taste, product) / 3)
  return Math.min(
    5,
    Math.max(1, Math.round(3 + 0.65 * product.quality + 0.9 * suits + customer.strictness + 0.6 * noise)),
  )
}

const returnComments: Readonly<Record<ReturnReason, readonly string[]>> = {
  size: ['Too small.', 'Too large.', 'Does not fit.'],
  quality: [
    'Stopped working after a week.',
    'Looks cheaper than in the picture.',
    'Scratched out of the box.',
    'Not what I expect at this price.',
  ],
  'changed mind': ['Ordered two, kept one.', 'Do not need it after all.', 'Bought it in a hurry.'],
}

const complaints = [
  ['late delivery', 'It came three days after the date you promised.'],
  ['damaged', 'The box was crushed.'],
  ['wrong item', 'This is not what I ordered.'],
  ['never arrived', 'The parcel never arrived.'],
] as const

const reviewBodies: readonly (readonly string[])[] = [
  ['A waste of money.', 'Sent it to the cellar after a day.'],
  ['Expected more.', 'Works, but I would not buy it again.'],
  ['Does what it says.', 'Fine, nothing special.'],
  ['Very good, small flaws.', 'Would buy again.'],
  ['Exactly right.', 'My favourite since the first day.', 'Have given two away as presents already.'],
]
