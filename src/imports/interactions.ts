/** Rows of interactions (user, item, value, time, event) -> one tracking message each. */
import { type ConvertContext, fieldsIn, identityOf, indexOfField, quote, readId, readNumber, Times } from './columns.ts'
import type { Signal } from './mapping.ts'
import { type Converter, messageIdOf } from './messages.ts'

/** What columns of events call things, lower case and without separators. */
const signalNames: Readonly<Record<string, Signal | 'ignore'>> = {
  view: 'view',
  views: 'view',
  viewed: 'view',
  pv: 'view',
  click: 'view',
  pageview: 'view',
  detail: 'view',
  productview: 'view',
  productviewed: 'view',
  play: 'view',
  cart: 'cart',
  addtocart: 'cart',
  productadded: 'cart',
  add: 'cart',
  buy: 'buy',
  purchase: 'buy',
  purchased: 'buy',
  transaction: 'buy',
  order: 'buy',
  ordercompleted: 'buy',
  rating: 'rating',
  rate: 'rating',
  productrated: 'rating',
  removefromcart: 'ignore',
}

const eventNames: Readonly<Record<Signal, string>> = {
  view: 'Product Viewed',
  cart: 'Product Added',
  buy: 'Order Completed',
  rating: 'Product Rated',
}

export function interactionConverter(context: ConvertContext): Converter {
  const { mapping, sink, hash } = context
  const at = (field: string) => indexOfField(mapping, field)
  const [user, anonymous, item, value, time, event] = ['user', 'anonymous', 'item', 'value', 'time', 'event'].map(at)
  const details = detailReader(context)
  const times = new Times(mapping, context.modified)
  // A column of zeros and ones marks what happened and what was merely shown.
  const marks = mapping.signal !== 'rating' && value >= 0

  return {
    row(line, fields) {
      const userId = user < 0 ? '' : readId(sink, line, 'user', fields[user], anonymous < 0)
      const anonymousId = anonymous < 0 ? '' : readId(sink, line, 'session', fields[anonymous], userId === '')
      const product = readId(sink, line, 'item', fields[item], true)
      if (userId === null || anonymousId === null || product === null) return
      const signal = event < 0 ? mapping.signal : signalOf(fields[event])
      if (signal === undefined) {
        sink.refuse(line, `the event is ${quote(fields[event])}; expected view, cart, buy or rating`)
        return
      }
      if (signal === 'ignore') return sink.skip('event of no interest')
      const given = readNumber(context, line, 'value', value < 0 ? undefined : fields[value], 1)
      if (given === null) return
      if (marks && given === 0) return sink.skip('value of 0: it did not happen')
      const properties = details(line, fields, product, signal, given)
      if (properties === null) return
      const timestamp = times.of(sink, line, time < 0 ? undefined : fields[time], userId || anonymousId)
      if (timestamp === null) return
      sink.put({
        type: 'track',
        messageId: messageIdOf(hash, line),
        ...identityOf(userId, anonymousId),
        timestamp,
        event: eventNames[signal],
        properties,
      })
    },
    end() {},
  }
}

function signalOf(text: string): Signal | 'ignore' | undefined {
  return signalNames[text.toLowerCase().replaceAll(/[\s_-]+/g, '')]
}

/** The properties of an interaction, or null after reporting the line. */
function detailReader(context: ConvertContext) {
  const { mapping, sink, currency } = context
  const [title, category, price, quantity, money, order] = [
    'title',
    'category',
    'price',
    'quantity',
    'currency',
    'order',
  ].map((field) => indexOfField(mapping, field))
  const further = fieldsIn(mapping, 'properties')
  const [low, high] = mapping.ratings

  return (line: number, fields: readonly string[], id: string, signal: Signal, value: number) => {
    const product: Record<string, unknown> = { product_id: id }
    if (title >= 0 && fields[title] !== '') product.name = fields[title]
    if (category >= 0 && fields[category] !== '') product.category = fields[category]
    if (price >= 0 && fields[price] !== '') {
      const amount = readNumber(context, line, 'price', fields[price], 0)
      if (amount === null) return null
      product.price = amount
      const named = money >= 0 && fields[money] !== '' ? fields[money] : currency
      if (named !== null) product.currency = named
    }
    if (signal === 'rating') {
      if (value < low || value > high) {
        sink.refuse(line, `the rating is ${value}; expected ${low} to ${high}`)
        return null
      }
      product.rating = stars(value, low, high)
    } else if (signal !== 'view') {
      const count = quantity >= 0 ? readNumber(context, line, 'quantity', fields[quantity], 1) : value
      if (count === null) return null
      if (count <= 0) {
        sink.refuse(line, `the quantity is ${count}; expected more than 0`)
        return null
      }
      if (count !== 1) product.quantity = count
    }
    const properties: Record<string, unknown> = signal === 'buy' ? { products: [product] } : product
    if (signal === 'buy' && order >= 0 && fields[order] !== '') properties.order_id = fields[order]
    for (const { name, index } of further) if (fields[index] !== '') properties[name] = fields[index]
    return properties
  }
}

/** A rating of a scale as stars from 1 to 5; of scales that end at 5 as it is. */
export function stars(value: number, low: number, high: number): number {
  return high === 5 ? value : Math.round((1 + (4 * (value - low)) / (high - low)) * 100) / 100
}
