/** What a customer does, written down as events of the tracking API. */
import type { CatalogueItem, Product } from './catalogue.ts'
import type { Address, Customer } from './customers.ts'
import { cities } from './weather.ts'

export type Properties = Readonly<Record<string, unknown>>

/** A Segment-shaped event. Money in `properties` is in major units (19.5 = $19.50), as the Ecommerce events have it. */
export interface ShopEvent {
  readonly type: 'track' | 'identify' | 'page'
  readonly event?: string
  readonly name?: string
  readonly messageId: string
  readonly userId?: string
  readonly anonymousId?: string
  /** ISO 8601, UTC. */
  readonly timestamp: string
  readonly properties?: Properties
  readonly traits?: Properties
  readonly context: Properties
}

export interface Entry {
  /** Milliseconds. */
  readonly at: number
  readonly event: ShopEvent
}

/** A product as one line of an order, a cart or a list. */
export interface Line {
  readonly product: Product
  readonly quantity: number
  readonly gift?: { readonly id: string; readonly name: string; readonly address: Address }
}

/** Under which names an event is sent: known, not yet known, or both (a page after log-in). */
export type Who = 'user' | 'anonymous' | 'both'

/** The Product of the Ecommerce events. */
export const productOf = remembered(
  ({ item }: Product): Properties => ({
    product_id: item.id,
    sku: item.names[0],
    name: item.title,
    category: item.categories.join(' > '),
    price: item.price,
    ...(item.group ? { variant: variantOf(item) } : {}),
  }),
)

const single = remembered((product: Product): Properties => ({ ...productOf(product), quantity: 1 }))

export function lineOf({ product, quantity, gift }: Line): Properties {
  if (quantity === 1 && !gift) return single(product)
  return {
    ...productOf(product),
    quantity,
    ...(gift ? { gift: true, recipient: { id: gift.id, name: gift.name, address: gift.address } } : {}),
  }
}

/** A line from the till, which knows the sku only. */
export function tillLineOf({ product: { item }, quantity }: Line): Properties {
  return { sku: item.names[0], price: item.price, quantity }
}

/** One frozen object for all events that name the product: half the memory of a year. */
function remembered(describe: (product: Product) => Properties): (product: Product) => Properties {
  const known = new WeakMap<Product, Properties>()
  return (product) => {
    const found = known.get(product) ?? Object.freeze(describe(product))
    known.set(product, found)
    return found
  }
}

const variantOf = ({ attributes }: CatalogueItem) => attributes.size ?? attributes.format ?? attributes.weight

export const totalOf = (lines: readonly Line[]): number =>
  lines.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0)

/** Collects one visitor's events. What would lie outside `[from, until)` is not written, and `record` says so. */
export class Journal {
  readonly entries: Entry[] = []
  readonly #prefix: string
  readonly #from: number
  readonly #until: number
  readonly #customer: Customer
  readonly #contexts = new Map<string, Properties>()

  constructor(prefix: string, customer: Customer, from: number, until: number) {
    this.#prefix = prefix
    this.#customer = customer
    this.#from = from
    this.#until = until
  }

  covers(at: number): boolean {
    return at >= this.#from && at < this.#until
  }

  track(
    at: number,
    event: string,
    properties: Properties,
    who: Who = 'user',
    temperature?: number,
    till = false,
  ): boolean {
    return this.#write(at, { type: 'track', event }, { properties }, who, this.#context(till, temperature))
  }

  page(at: number, name: string, who: Who): boolean {
    return this.#write(at, { type: 'page', name }, { properties: { name } }, who, this.#context(false))
  }

  identify(at: number, who: 'user' | 'both', till = false): boolean {
    const { givenName, familyName, email, gender, birthday, address, locale } = this.#customer
    const traits = { firstName: givenName, lastName: familyName, email, gender, birthday, address, locale }
    return this.#write(at, { type: 'identify' }, { traits }, who, this.#context(till))
  }

  #write(
    at: number,
    head: Pick<ShopEvent, 'type' | 'event' | 'name'>,
    body: Properties,
    who: Who,
    context: Properties,
  ): boolean {
    if (!this.covers(at)) return false
    const event: ShopEvent = {
      ...head,
      messageId: `${this.#prefix}-${this.entries.length + 1}`,
      ...(who === 'anonymous' ? {} : { userId: this.#customer.id }),
      ...(who === 'user' ? {} : { anonymousId: this.#customer.anonymousId }),
      timestamp: new Date(at).toISOString(),
      ...body,
      context,
    }
    this.entries.push({ at, event })
    return true
  }

  /** Shared between the events that have the same one: a year of contexts would weigh more than the events. */
  #context(till: boolean, temperature?: number): Properties {
    const key = `${till}${temperature}`
    let context = this.#contexts.get(key)
    if (!context) {
      const { timezone } = cities[this.#customer.city]
      context = {
        device: { type: till ? 'pos' : this.#customer.device },
        timezone,
        locale: this.#customer.locale,
        ...(temperature === undefined ? {} : { weather: { temperature } }),
      }
      this.#contexts.set(key, context)
    }
    return context
  }
}
