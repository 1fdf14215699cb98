/** For whom a customer buys, what was given last time, where it went, and for what occasion: from his orders. Pure. */
import { erasedNumber } from './erased-recipient.ts'
import type { Statement } from './fact.ts'
import type { Purchase } from './purchases.ts'
import { type Observing, sighted } from './sighted.ts'

type Fields = Readonly<Record<string, unknown>>

const objectOf = (value: unknown): Fields | null =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : null
const textOf = (value: unknown, longest: number): string | undefined => {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, longest).toWellFormed() : undefined
}
const some = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

export function observedPeople(seen: Observing): Statement[] {
  const { purchases, barred } = seen
  const found: Statement[] = []
  for (const purchase of purchases) {
    if (purchase.state === 'cancelled') continue
    found.push(...giftsOf(seen, purchase), ...addressesOf(purchase), ...paymentOf(purchase))
  }
  return found.filter(({ kind, subject, recipient, message }) => !barred({ kind, subject, recipient }).has(message))
}

/** Each recipient of an order: that there is such a person, and what was given. (Its day is kept: fact-events.ts.) */
function giftsOf({ catalogue }: Observing, { lines, properties, message, time }: Purchase): Statement[] {
  const said = { evidence: [message], first: time, last: time, channel: 'orders' }
  const occasion = textOf(properties.occasion, 100)
  const date = textOf(properties.occasion_date ?? properties.occasionDate, 40)
  const place = textOf(shippingOf(properties)?.city, 300)
  const found: Statement[] = []
  for (const [recipient, gifts] of Map.groupBy(lines, (line) => line.recipient)) {
    if (recipient === '' || erasedNumber(recipient) !== null) continue
    const items = gifts.map(({ item }) => catalogue.shopId(catalogue.canonical(item)) ?? '').filter(Boolean)
    if (recipient !== 'someone') {
      const relation = textOf(relationOf(properties, recipient), 100)
      found.push(sighted({ kind: 'recipient', subject: recipient, recipient: '', value: some({ relation }), ...said }))
    }
    const value = some({ items: items.slice(0, 50), occasion, date, place })
    found.push(sighted({ kind: 'gift', subject: occasion ?? '', recipient, value, ...said }))
  }
  return found
}

function relationOf(properties: Fields, recipient: string): unknown {
  return recipientsIn(properties).find((one) => one.name === recipient || one.id === recipient)?.relation
}

/** Those of whom an order says more than a name. */
function recipientsIn(properties: Fields): Fields[] {
  const lines = Array.isArray(properties.products) ? properties.products : []
  const given = [properties.recipient, ...lines.map((line) => objectOf(line)?.recipient)]
  return given.map(objectOf).filter((one) => one !== null)
}

function shippingOf(properties: Fields): Fields | null {
  const { shipping_address: one, shippingAddress: two, address: three } = properties
  return objectOf(one) ?? objectOf(two) ?? objectOf(three)
}

/** By recipient where it went: to the address of the order, where it is for one, else to the one that stands with each. */
function addressesOf({ lines, properties, message, time }: Purchase): Statement[] {
  const given = new Map<string, Fields>()
  const recipients = [...new Set(lines.map((line) => line.recipient))]
  for (const { id, name, address } of recipientsIn(properties)) {
    const recipient = [id, name]
      .map((one) => textOf(one, 200))
      .find((one) => one !== undefined && recipients.includes(one))
    const own = objectOf(address)
    if (recipient !== undefined && own) given.set(recipient, { name, ...own })
  }
  const order = shippingOf(properties)
  if (order) given.set(recipients.length === 1 ? recipients[0] : '', order)
  const said = { evidence: [message], first: time, last: time, channel: 'orders' }
  return [...given].flatMap(([recipient, fields]) => {
    const value = addressIn(fields)
    if (Object.keys(value).length === 0) return []
    const subject = [value.street, value.city].filter(Boolean).join(', ') || 'delivery'
    return [sighted({ kind: 'address', subject, recipient, value, ...said })]
  })
}

function addressIn(given: Fields): Fields {
  return some({
    name: textOf(given.name ?? given.full_name, 200),
    street: textOf(given.street ?? given.address1 ?? given.line1 ?? given.address, 300),
    postcode: textOf(given.postcode ?? given.postal_code ?? given.postalCode ?? given.zip, 30),
    city: textOf(given.city, 200),
    region: textOf(given.region ?? given.state, 200),
    country: textOf(given.country ?? given.country_code, 100),
  })
}

/** The token of the payment provider, where the order carries one. */
function paymentOf({ properties, message, time }: Purchase): Statement[] {
  const token = textOf(properties.payment_token ?? properties.paymentToken, 300)
  if (!token) return []
  const label = textOf(properties.payment_method ?? properties.paymentMethod, 100)
  const value = some({ token, label })
  return [
    sighted({
      kind: 'payment',
      subject: label ?? '',
      value,
      evidence: [message],
      first: time,
      last: time,
      channel: 'orders',
    }),
  ]
}
