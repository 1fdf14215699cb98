/**
 * What a customer is offered to order again: what he gave last for an occasion, as it is to be had today, else what comes
 * close; where it goes, and with what it is paid. Pure.
 */
import { hash } from 'node:crypto'
import { fromMinorUnits } from '../catalog/money.ts'

/** A line of the present that he gave last. */
export interface Given {
  /** The shop's id. */
  readonly item: string
  readonly title: string
  readonly quantity: number
}

/** What may be ordered in the place of a line: the same again, or what comes close. */
export interface Choice {
  /** The shop's id. */
  readonly item: string
  readonly title: string
  /** Of one, minor units; null = the shop says it. */
  readonly price: number | null
  readonly currency: string | null
  /** The first day on which it can be there, YYYY-MM-DD; null = the shop has not said how long it takes. */
  readonly arrives: string | null
  readonly isSame: boolean
  /** Why it comes close, as a decision has it; null = nothing is to be said. */
  readonly reason: ComesClose | null
}

export interface ComesClose {
  readonly kind: string
  readonly because?: readonly { readonly id: string; readonly title: string | null }[]
}

export interface OfferLine extends Given {
  /** Those that come in time first; none = it is not to be had, nor anything like it. */
  readonly choices: readonly Choice[]
}

export interface Offer {
  readonly occasion: string
  readonly recipient: string
  /** The day, YYYY-MM-DD. */
  readonly date: string
  /** When he gave it, YYYY-MM-DD. */
  readonly lastGiven: string
  /** The shop's number of the order that is repeated; null = it has none. */
  readonly repeats: string | null
  readonly lines: readonly OfferLine[]
  /** Facts of his, by their ids; null = none is known, and nothing can be sent. */
  readonly address: { readonly id: string; readonly masked: string } | null
  /** Null = none is known, and the shop asks. */
  readonly payment: { readonly id: string; readonly label: string } | null
}

export type Due = Omit<Offer, 'lines' | 'address' | 'payment'> & { readonly given: readonly Given[] }

type Fields = Readonly<Record<string, unknown>>
const text = (value: unknown) => (typeof value === 'string' ? value : '')

/** What an `Occasion Due` says; null = nothing was given, or it is of something else. */
export function dueOf(properties: Fields): Due | null {
  const { occasion, recipient, date, last_given: lastGiven, last_order: repeats, products } = properties
  const given = (Array.isArray(products) ? (products as Fields[]) : []).flatMap(({ product_id, name, quantity }) => {
    const item = text(product_id)
    return item === '' ? [] : [{ item, title: text(name) || item, quantity: Math.max(1, Number(quantity) || 1) }]
  })
  if (given.length === 0 || text(recipient) === '' || text(date) === '') return null
  return {
    occasion: text(occasion),
    recipient: text(recipient),
    date: text(date),
    lastGiven: text(lastGiven),
    repeats: text(repeats) || null,
    given,
  }
}

/** In time, then as they stand. */
export function inTimeFirst(choices: readonly Choice[], date: string): Choice[] {
  const late = ({ arrives }: Choice) => (arrives !== null && arrives <= date ? 0 : 1)
  return choices.toSorted((a, b) => late(a) - late(b))
}

/**
 * The word by which a form names a choice: of all that its page showed of it. So what is ordered is what was seen; whatever
 * has changed since makes another word.
 */
export function wordOf({ address, payment, date }: Offer, choice: Choice): string {
  const { item, price, currency, arrives } = choice
  const seen = [item, price, currency, arrives, date, address?.id ?? '', payment?.id ?? '']
  return hash('sha256', JSON.stringify(seen), 'base64url').slice(0, 22)
}

/** The word of who leaves a line out. */
export const nothing = 'nothing'

/** By line what he chose; null = something of it is no longer as he saw it, or he chose nothing at all. */
export function chosen(offer: Offer, words: readonly (string | null)[]): (Choice | null)[] | null {
  const found: (Choice | null)[] = []
  for (const [i, { choices }] of offer.lines.entries()) {
    const choice = choices.find((one) => wordOf(offer, one) === words[i])
    const isOut = choices.length === 0 || (words[i] === nothing && offer.lines.length > 1)
    if (!choice && !isOut) return null
    found.push(choice ?? null)
  }
  return found.some((one) => one !== null) ? found : null
}

/** What the shop is asked for: the properties of `Order Requested`. Address and payment are named, and not said. */
export function requested(id: string, offer: Offer, choices: readonly (Choice | null)[]): Fields {
  const { occasion, recipient, date, repeats, address, payment } = offer
  const lines = offer.lines.flatMap(({ item, quantity }, i) => {
    const choice = choices[i]
    return choice ? [{ choice, quantity, item }] : []
  })
  const [{ choice: first }] = lines
  const isPriced = lines.every(({ choice: { price, currency } }) => price !== null && currency === first.currency)
  const total = lines.reduce((sum, { choice: { price }, quantity }) => sum + (price ?? 0) * quantity, 0)
  const products = lines.map(({ choice: { item: product_id, title, price, currency, isSame }, quantity, item }) => ({
    product_id,
    name: title,
    quantity,
    ...(price === null ? {} : { price: fromMinorUnits(price, currency) }),
    ...(price === null || currency === null ? {} : { currency }),
    ...(isSame ? {} : { instead_of: item }),
  }))
  return {
    request_id: id,
    recipient,
    occasion,
    deliver_by: date,
    ...(repeats === null ? {} : { repeats }),
    ...(address === null ? {} : { address_id: address.id }),
    ...(payment === null ? {} : { payment_id: payment.id }),
    ...(isPriced && first.currency !== null
      ? { total: fromMinorUnits(total, first.currency), currency: first.currency }
      : {}),
    products,
  }
}
