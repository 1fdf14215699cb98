/** A story for the demo, beside the year that was drawn: flowers given a year ago, and the wish to be reminded. */
import { DAY, HOUR, isoDate } from './calendar.ts'
import type { Shop } from './generate.ts'
import type { ShopEvent } from './journal.ts'

export interface Reminder {
  readonly customer: string
  readonly name: string
  readonly recipient: string
  readonly occasion: string
  /** The order of a year ago. */
  readonly given: ShopEvent
  /** What he told an hour before the year's end: the day is two weeks after that end. */
  readonly told: ShopEvent
}

const occasion = 'Name day'
/** Days from the year's end to the occasion: the lead after which the engine reminds. */
const lead = 14

/** @param end UTC midnight after the year's last day, milliseconds */
export function reminderOf({ catalogue, truth }: Shop, customer: string, end: number): Reminder {
  const { givenName, familyName, recipients } = truth.customer(customer)
  const recipient = recipients.find(({ relation }) => relation === 'mother') ?? recipients[0]
  const suits = ({ id }: { id: string }) => truth.recipientAffinity(customer, recipient.id, id)
  const flowers = catalogue
    .filter(({ categories, stock, price }) => categories[0] === 'Flowers' && stock > 0 && price >= 12 && price <= 90)
    .filter(({ categories }) => categories[1] !== 'Vases')
    .toSorted((a, b) => suits(b) - suits(a))[0]
  const day = end + lead * DAY
  const event = (name: string, at: number, properties: object): ShopEvent => ({
    ...{ type: 'track', event: name, messageId: `reminder-${name.toLowerCase().replace(' ', '-')}`, userId: customer },
    timestamp: new Date(at).toISOString(),
    properties: { ...properties },
    context: {},
  })
  const line = { product_id: flowers.id, name: flowers.title, quantity: 1, price: flowers.price, gift: true }
  return {
    ...{ customer, name: `${givenName} ${familyName}`, recipient: recipient.name, occasion },
    given: event('Order Completed', day - 369 * DAY, {
      ...{ order_id: `${customer}-flowers`, affiliation: 'web', total: flowers.price, currency: flowers.currency },
      ...{ occasion, occasion_date: isoDate(day - 365 * DAY), recipient: recipient.name },
      shipping_address: { name: recipient.name, ...recipient.address },
      ...{ payment_token: `tok_${customer}`, payment_method: 'Visa', products: [line] },
    }),
    told: event('Occasion Added', end - HOUR, { occasion, recipient: recipient.name, date: isoDate(day).slice(5) }),
  }
}
