/** Products as events name them, in the Ecommerce vocabulary and its usual variations, in minor units. */
import { isCurrency, toMinorUnits } from '../catalog/money.ts'
import { HabitueError } from '../errors.ts'
import type { Product } from './event.ts'
import type { EventKind } from './kinds.ts'

type Properties = Readonly<Record<string, unknown>>

/** Fields by which a product is named, the best first. */
const nameFields = [
  'product_id',
  'productId',
  'item_id',
  'id',
  'sku',
  'variant_id',
  'variantId',
  'barcode',
  'gtin',
  'ean',
]
const longestName = 512
const longestText = 1000
const longestRecipient = 200
/** The largest price in whole units, and the largest quantity, that are believed. */
const largestPrice = 1e10
const largestQuantity = 1e6

/**
 * The products of an event: `properties` itself or each of `properties.products`; what has no name of its own is left out.
 * `currency` = the shop's, for prices that state none.
 * @throws HabitueError invalid_event naming the field; invalid_identifier
 */
export function productsOf(kind: EventKind, properties: Properties, currency: string): Product[] {
  if (kind.products === 'none') return []
  const shared = currencyOf(properties) ?? currency
  if (kind.products === 'one' && !Array.isArray(properties.products)) {
    const product = productOf(properties, properties, shared, 'properties')
    return product === null ? [] : [product]
  }
  const list = properties.products
  if (list === undefined || list === null) return []
  if (!Array.isArray(list)) throw wrong('properties.products', list, 'a list')
  const products: Product[] = []
  for (let i = 0; i < list.length; i++) {
    const where = `properties.products[${i}]`
    const fields = list[i]
    if (fields === null || typeof fields !== 'object' || Array.isArray(fields)) throw wrong(where, fields, 'an object')
    const product = productOf(fields as Properties, properties, shared, where)
    if (product !== null) products.push(product)
  }
  return products
}

function productOf(fields: Properties, event: Properties, shared: string, where: string): Product | null {
  const names = namesOf(fields, where)
  if (names.length === 0) return null
  const currency = fields === event ? shared : (currencyOf(fields) ?? shared)
  const recipient = recipientOf(fields.recipient ?? event.recipient)
  const gift = isTrue(fields.gift ?? fields.is_gift ?? event.gift ?? event.is_gift) || recipient !== ''
  const price = numberOf(fields.price, `${where}.price`, largestPrice, -largestPrice)
  return {
    names,
    title: textOf(fields.name ?? fields.title),
    category: textOf(fields.category),
    price: price === null ? null : toMinorUnits(price, currency),
    currency: price === null ? null : currency,
    quantity: quantityOf(fields.quantity, `${where}.quantity`),
    gift,
    recipient: gift && recipient === '' ? 'someone' : recipient,
  }
}

function namesOf(fields: Properties, where: string): string[] {
  const names: string[] = []
  for (const field of nameFields) {
    const name = nameOf(fields[field], where, field)
    if (name !== '' && !names.includes(name)) names.push(name)
  }
  // `variant` is a name of its own in some shops and a colour in others: it counts where nothing else does.
  if (names.length === 0) {
    const name = nameOf(fields.variant, where, 'variant')
    if (name !== '') names.push(name)
  }
  return names
}

function nameOf(given: unknown, where: string, field: string): string {
  if (given === undefined || given === null) return ''
  if (typeof given !== 'string' && !Number.isSafeInteger(given)) throw wrong(`${where}.${field}`, given, 'a string')
  const name = String(given).trim()
  if (name.length > longestName)
    throw new HabitueError(
      'invalid_identifier',
      `${where}.${field} is ${name.length} characters long; at most ${longestName} are taken.`,
    )
  return name
}

/** A number, or a text that is one; null where absent. */
function numberOf(given: unknown, where: string, most: number, least: number): number | null {
  if (given === undefined || given === null || given === '') return null
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given
  if (typeof value !== 'number' || Number.isNaN(value)) throw wrong(where, given, 'a number')
  if (value > most || value < least) throw wrong(where, given, `a number from ${least} to ${most}`)
  return value
}

/** Whole pieces: goods by weight (0.35 kg) count as one, for what is learned is that they were bought. */
function quantityOf(given: unknown, where: string): number {
  const quantity = numberOf(given, where, largestQuantity, 0)
  if (quantity === null) return 1
  return quantity > 0 && quantity < 1 ? 1 : Math.round(quantity)
}

function currencyOf(fields: Properties): string | null {
  const given = fields.currency
  if (typeof given !== 'string') return null
  const currency = given.trim().toUpperCase()
  return isCurrency(currency) ? currency : null
}

/** Whom it is for: a text, or an object with an id or a name. */
function recipientOf(given: unknown): string {
  if (typeof given === 'string') return cut(given.trim(), longestRecipient)
  if (given === null || typeof given !== 'object') return ''
  const { id, name, relation } = given as Properties
  return recipientOf(typeof id === 'number' ? String(id) : (id ?? name ?? relation))
}

function textOf(given: unknown): string | null {
  return typeof given === 'string' && given !== '' ? cut(given, longestText) : null
}

/** The beginning of a text, never half a surrogate pair. */
function cut(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length).toWellFormed()
}

function isTrue(given: unknown): boolean {
  return given === true || given === 'true' || given === 1
}

function wrong(where: string, got: unknown, expected: string): HabitueError {
  const text = JSON.stringify(got) ?? 'nothing'
  return new HabitueError('invalid_event', `${where} is ${text.slice(0, 60)}; expected ${expected}.`)
}
