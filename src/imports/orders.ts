/**
 * Order lines -> one Order Completed an order, and a Product Returned for each line that came back. The lines of an
 * order mostly stand together; the numbers of those that do not are found in a first pass (scattered.ts), and their lines
 * are kept back until the last.
 */
import { chargeOf } from './charges.ts'
import {
  type ConvertContext,
  fieldsIn,
  identityOf,
  indexOfField,
  own,
  quote,
  readId,
  readNumber,
  Times,
} from './columns.ts'
import { type Converter, messageIdOf, type TrackingMessage } from './messages.ts'
import type { OrderNumbers } from './scattered.ts'

interface OrderLine {
  readonly line: number
  readonly item: string
  readonly title: string
  readonly category: string
  readonly quantity: number
  readonly price: number | null
}

interface Order {
  readonly key: string
  /** The shop's number; '' = none. */
  readonly number: string
  readonly first: number
  user: string
  readonly anonymous: string
  readonly email: string
  time: number
  readonly lines: OrderLine[]
  total: number | null
  shipping: number
  readonly currency: string | null
  readonly further: Record<string, string>
}

/** Return invoices as accounting programs number them: C536379. */
const returnNumber = /^C\d/

export function orderConverter(context: ConvertContext, numbers: OrderNumbers): Converter {
  const { sink, hash } = context
  const rows = new OrderRows(context)
  const held = new Map<string, Order>()
  const left = new Map(numbers.scattered)
  let open: Order | null = null

  const close = (order: Order) => {
    const runs = left.get(order.key)
    if (runs !== undefined && runs > 1) {
      left.set(order.key, runs - 1)
      held.set(order.key, order)
      return
    }
    held.delete(order.key)
    for (const message of messagesOf(order, hash, numbers.perCustomer)) sink.put(message)
  }

  return {
    row(line, fields) {
      const key = numbers.keyOf(line, fields)
      if (open && open.key !== key) {
        close(open)
        open = null
      }
      open ??= held.get(key) ?? null
      const order = rows.row(line, fields, key, open)
      if (order) open = order
    },
    end() {
      if (open) close(open)
      for (const order of [...held.values()].sort((a, b) => a.first - b.first)) {
        for (const message of messagesOf(order, hash, numbers.perCustomer)) sink.put(message)
      }
    },
  }
}

const columnFields = [
  'order',
  'user',
  'anonymous',
  'email',
  'item',
  'title',
  'category',
  'quantity',
  'price',
  'time',
  'total',
  'currency',
] as const

type Field = (typeof columnFields)[number]

/** Reads rows into the orders that they belong to. */
class OrderRows {
  readonly #context: ConvertContext
  readonly #index: Readonly<Record<Field, number>>
  readonly #further: readonly { name: string; index: number }[]
  readonly #times: Times
  /** Items that a title has shown to be charges: other lines may lack the title. */
  readonly #charges = new Map<string, string>()

  constructor(context: ConvertContext) {
    this.#context = context
    const { mapping } = context
    this.#index = Object.fromEntries(columnFields.map((field) => [field, indexOfField(mapping, field)])) as Record<
      Field,
      number
    >
    this.#further = fieldsIn(mapping, 'properties')
    this.#times = new Times(mapping, context.modified)
  }

  /** Adds the row to the order `open`, or to a new one. Answers the order that is open now. */
  row(line: number, fields: readonly string[], key: string, open: Order | null): Order | null {
    const { sink } = this.#context
    const customer = this.#text(fields, 'user')
    if (open && customer !== '' && open.user !== '' && customer !== open.user) {
      const belongs = `the order ${open.number} is ${quote(open.user)}’s by line ${open.first}`
      sink.refuse(line, `the customer is ${quote(customer)}; ${belongs}`)
      return open
    }
    const whom = customer || this.#text(fields, 'anonymous') || this.#text(fields, 'email')
    const bought = this.#goods(line, fields, whom)
    if (bought === null) return open
    const timeText = this.#index.time < 0 ? undefined : this.#text(fields, 'time')
    const at = open && timeText === undefined ? open.time : this.#times.of(sink, line, timeText, whom)
    if (at === null) return open
    const total = this.#number(line, fields, 'total', Number.NaN)
    if (total === null) return open
    const order = open ?? this.#begin(line, fields, key, at)
    if (!order) return null
    if (order.user === '') order.user = customer
    if (at < order.time) order.time = at
    if (order.total === null && !Number.isNaN(total)) order.total = total
    if (bought !== 'none') this.#add(order, bought)
    return order
  }

  #text(fields: readonly string[], field: Field): string {
    const index = this.#index[field]
    return index < 0 ? '' : fields[index].trim()
  }

  #number(line: number, fields: readonly string[], field: Field, absent: number): number | null {
    return readNumber(this.#context, line, field, this.#text(fields, field), absent)
  }

  #begin(line: number, fields: readonly string[], key: string, time: number): Order | null {
    const { sink } = this.#context
    const user = readId(sink, line, 'customer', this.#text(fields, 'user'), false)
    const anonymous = readId(sink, line, 'session', this.#text(fields, 'anonymous'), false)
    const number = readId(sink, line, 'order', this.#text(fields, 'order'), false)
    if (user === null || anonymous === null || number === null) return null
    const further: Record<string, string> = {}
    for (const { name, index } of this.#further) if (fields[index] !== '') further[name] = fields[index]
    const email = this.#text(fields, 'email')
    const currency = this.#text(fields, 'currency') || this.#context.currency
    return {
      key,
      number,
      first: line,
      user,
      anonymous,
      email,
      time,
      lines: [],
      total: null,
      shipping: 0,
      currency,
      further,
    }
  }

  /** What the row says of goods: `none` where it is of none; null after reporting the line. */
  #goods(line: number, fields: readonly string[], customer: string): OrderLine | 'none' | null {
    const { sink } = this.#context
    if (this.#index.item < 0) return 'none'
    const item = readId(sink, line, 'item', this.#text(fields, 'item'), true)
    if (item === null) return null
    const quantity = this.#number(line, fields, 'quantity', 1)
    const price = this.#number(line, fields, 'price', Number.NaN)
    if (quantity === null || price === null) return null
    if (quantity === 0) {
      sink.refuse(line, 'the quantity is 0')
      return null
    }
    if (price < 0) {
      sink.refuse(line, `the price is ${price}; expected 0 or more (a return has a quantity below 0)`)
      return null
    }
    if (price === 0 && customer === '') {
      sink.skip('stock adjustment: no customer and no price')
      return 'none'
    }
    const known = Number.isNaN(price) ? null : price
    const [title, category] = [this.#text(fields, 'title'), this.#text(fields, 'category')]
    return { line, item, title, category, quantity, price: known }
  }

  #add(order: Order, bought: OrderLine): void {
    const { sink, charges } = this.#context
    const charge = charges === 'keep' ? null : (this.#charges.get(bought.item) ?? chargeOf(bought.title))
    if (charge === null) {
      order.lines.push(bought)
      return
    }
    if (!this.#charges.has(bought.item)) this.#charges.set(own(bought.item), charge)
    if (charge === 'shipping') order.shipping += (bought.price ?? 0) * bought.quantity
    sink.skip(`charge: ${bought.title || bought.item}`)
  }
}

function messagesOf(order: Order, hash: string, perCustomer: boolean): TrackingMessage[] {
  const { user, anonymous, email, time, number } = order
  const base = {
    type: 'track',
    ...identityOf(user, anonymous),
    timestamp: time,
    ...(email === '' ? {} : { context: { traits: { email } } }),
  }
  const id = number !== '' && perCustomer ? `${user || anonymous}/${number}` : number
  const bought = order.lines.filter(({ quantity }) => quantity > 0)
  const returned = order.lines.filter(({ quantity }) => quantity < 0)
  const messages: TrackingMessage[] = []
  if (bought.length > 0 || (order.total !== null && returned.length === 0 && order.lines.length === 0)) {
    messages.push({
      ...base,
      messageId: messageIdOf(hash, order.first),
      event: 'Order Completed',
      properties: { ...(id === '' ? {} : { order_id: id }), ...amounts(order, bought), ...order.further },
    })
  }
  // A line that comes back within an order of other goods belongs to it; an invoice of returns names no order.
  const ofOrder = bought.length > 0 && !returnNumber.test(number)
  for (const line of returned) {
    const reference = id === '' ? {} : ofOrder ? { order_id: id } : { return_id: id }
    messages.push({
      ...base,
      messageId: messageIdOf(hash, line.line),
      event: 'Product Returned',
      properties: { ...reference, ...productOf(line), ...currencyOf(order), ...order.further },
    })
  }
  return messages
}

function amounts(order: Order, bought: readonly OrderLine[]): Record<string, unknown> {
  const known = bought.length > 0 && bought.every(({ price }) => price !== null)
  const goods = bought.reduce((sum, { price, quantity }) => sum + (price ?? 0) * quantity, 0)
  const total = order.total ?? (known ? goods + order.shipping : null)
  return {
    ...(total === null ? {} : { total: cents(total) }),
    ...(order.shipping === 0 ? {} : { shipping: cents(order.shipping) }),
    ...currencyOf(order),
    products: bought.map(productOf),
  }
}

function productOf({ item, title, category, quantity, price }: OrderLine): Record<string, unknown> {
  return {
    product_id: item,
    ...(title === '' ? {} : { name: title }),
    ...(category === '' ? {} : { category }),
    quantity: Math.abs(quantity),
    ...(price === null ? {} : { price }),
  }
}

function currencyOf({ currency }: Order): Record<string, string> {
  return currency === null ? {} : { currency }
}

/** Sums of decimals without their binary shadow; four decimals serve every currency. */
function cents(amount: number): number {
  return Math.round(amount * 10_000) / 10_000
}
