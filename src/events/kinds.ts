/**
 * The vocabulary: every track event that Habitue understands, in one table. `docs/events.md` explains each to the person who
 * sends it; a test keeps the two equal. An event of another name is kept and shown, and teaches nothing by itself.
 */
import type { Purpose } from '../consent/policy.ts'
import type { EventType } from './event.ts'

export interface EventKind {
  /** As it is stored. */
  readonly name: string
  /** Older and other names that mean the same. */
  readonly aliases: readonly string[]
  readonly purpose: Purpose
  /** Where its products stand: in the properties themselves, in `properties.products`, or nowhere. */
  readonly products: 'one' | 'many' | 'none'
  /** `view`: dropped when its retention ends, its counts stay. `kept`: as long as the customer is. */
  readonly retention: 'view' | 'kept'
  /** What it does, in one sentence. */
  readonly does: string
}

type Row = readonly [name: string, does: string, aliases?: readonly string[]]

const group = (
  purpose: Purpose,
  products: EventKind['products'],
  retention: EventKind['retention'],
  rows: readonly Row[],
): EventKind[] => rows.map(([name, does, aliases = []]) => ({ name, aliases, purpose, products, retention, does }))

/** Segment's Ecommerce events, version 2. */
const browsing: readonly EventKind[] = [
  ...group('personalisation', 'none', 'view', [
    ['Products Searched', 'Shows what was looked for.', ['Searched Products']],
    ['Promotion Viewed', 'Shows in the timeline.', ['Viewed Promotion']],
    ['Promotion Clicked', 'Shows in the timeline.', ['Clicked Promotion']],
  ]),
  ...group('personalisation', 'many', 'view', [
    [
      'Product List Viewed',
      'Shows in the timeline; an item merely listed is no interest.',
      ['Viewed Product Category'],
    ],
    ['Product List Filtered', 'Shows in the timeline.', ['Filtered Product List']],
  ]),
  ...group('personalisation', 'one', 'view', [
    ['Product Clicked', 'Counts a view of the item.', ['Clicked Product']],
    ['Product Viewed', 'Counts a view of the item.', ['Viewed Product']],
    ['Product Shared', 'Shows in the timeline; whom it was shared with is not kept.', ['Shared Product']],
  ]),
]

const buying: readonly EventKind[] = [
  ...group('personalisation', 'one', 'kept', [
    ['Product Added', 'Counts a cart of the item and puts it into the open cart.', ['Added Product', 'Added to Cart']],
    ['Product Removed', 'Takes the item out of the open cart.', ['Removed Product', 'Removed from Cart']],
    ['Product Added to Wishlist', 'Counts a wish.', ['Added to Wishlist', 'Added Product to Wishlist']],
    ['Product Removed from Wishlist', 'Takes a wish back.', ['Removed Product from Wishlist']],
    ['Wishlist Product Added to Cart', 'Counts a cart of the item.', ['Wishlist Product Added']],
    [
      'Product Reviewed',
      'Keeps the rating, and the review as the latest of this customer on the item.',
      ['Reviewed Product'],
    ],
  ]),
  ...group('personalisation', 'many', 'view', [
    ['Cart Viewed', 'Says what the open cart holds.', ['Viewed Cart']],
    ['Cart Shared', 'Shows in the timeline; whom it was shared with is not kept.', ['Shared Cart']],
  ]),
  ...group('service', 'many', 'kept', [
    ['Checkout Started', 'Shows in the timeline.', ['Started Checkout', 'Order Started', 'Started Order']],
    ['Order Completed', 'Makes an order with its lines; each item counts as bought.', ['Completed Order']],
    ['Order Updated', 'Changes an order: the lines become those given.', ['Updated Order']],
    ['Order Cancelled', 'Cancels an order: none of its lines was bought.', ['Cancelled Order', 'Order Canceled']],
    ['Order Refunded', 'Takes back an order or the products given: they count as returned.', ['Refunded Order']],
  ]),
  ...group('service', 'none', 'view', [
    ['Checkout Step Viewed', 'Shows in the timeline.', ['Viewed Checkout Step']],
    ['Checkout Step Completed', 'Shows in the timeline.', ['Completed Checkout Step']],
    ['Payment Info Entered', 'Shows in the timeline.', ['Entered Payment Info']],
    ['Coupon Entered', 'Shows in the timeline.', ['Entered Coupon']],
    ['Coupon Applied', 'Shows in the timeline.', ['Applied Coupon']],
    ['Coupon Denied', 'Shows in the timeline.', ['Denied Coupon']],
    ['Coupon Removed', 'Shows in the timeline.', ['Removed Coupon']],
  ]),
]

const talking: readonly EventKind[] = [
  ...group('service', 'none', 'view', [
    ['Email Delivered', 'Shows in the timeline.', []],
    ['Email Opened', 'Shows in the timeline.', []],
    ['Email Link Clicked', 'Shows in the timeline.', ['Email Clicked']],
  ]),
  ...group('service', 'none', 'kept', [
    ['Email Bounced', 'Shows in the timeline; kept as a fact unless it was temporary.', []],
    ['Email Marked as Spam', 'Denies marketing by e-mail.', []],
    ['Unsubscribed', 'Denies marketing by e-mail, or by the channel named.', ['Email Unsubscribed']],
    ['Live Chat Conversation Started', 'Shows in the timeline.', ['Conversation Started']],
    ['Live Chat Message Sent', 'Shows in the timeline.', ['Message Sent']],
    ['Live Chat Message Received', 'Shows in the timeline.', ['Message Received']],
    ['Live Chat Conversation Ended', 'Shows in the timeline.', ['Conversation Ended']],
  ]),
]

/** What the standard vocabulary has no word for. */
const own: readonly EventKind[] = [
  ...group('personalisation', 'one', 'kept', [
    ['Product Rated', 'Keeps the rating (stars without a review).', ['Rated Product']],
    ['Review Withdrawn', 'The review of the item is taken back; its words go.', ['Review Deleted', 'Review Removed']],
    ['Product Refused', 'The item is not shown to this customer again.', ['Not Interested', 'Product Not Interested']],
    ['Product Refusal Withdrawn', 'Takes a refusal back.', ['Product Refusal Removed']],
    [
      'Product Unavailable',
      'Tells that somebody wanted an item that was out of stock; derived by Habitue, and taken from others.',
      ['Product Out of Stock'],
    ],
  ]),
  ...group('service', 'one', 'kept', [
    ['Product Returned', 'One item of an order came back, and why.', ['Returned Product']],
  ]),
  ...group('personalisation', 'many', 'view', [
    ['Cart Abandoned', 'Tells that a cart was left; derived by Habitue, and taken from others.', ['Abandoned Cart']],
    ['Recommendation Viewed', 'Tells that the items of a decision were seen.', ['Recommendations Viewed']],
  ]),
  ...group('personalisation', 'one', 'view', [
    ['Recommendation Clicked', 'Tells which item of a decision was followed.', ['Clicked Recommendation']],
  ]),
  ...group('service', 'none', 'kept', [
    ['Complaint Received', 'Shows to whoever serves the customer next.', ['Complaint Made']],
    ['Complaint Resolved', 'Ends a complaint, and says how.', ['Complaint Closed']],
    ['Survey Answered', 'Keeps the answer.', ['Answered Survey', 'Survey Completed']],
    ['Support Contacted', 'Shows to whoever serves the customer next.', ['Contacted Support']],
    ['Note Added', 'A note by whoever serves the customer.', ['Added Note']],
    ['Occasion Added', 'A date that matters to the customer, such as a birthday.', ['Occasion Told']],
    ['Occasion Removed', 'Takes an occasion back.', []],
    ['Consent Given', 'The customer allows a purpose.', ['Consent Granted']],
    ['Consent Withdrawn', 'The customer no longer allows a purpose.', ['Consent Revoked', 'Consent Denied']],
    ['Consent Reset', 'Takes an answer back, as if it had never been asked.', []],
    ['Audience Told', 'Tells how old the customer is.', []],
  ]),
  ...group('service', 'none', 'kept', [
    ['Fact Told', 'Keeps a fact that the customer told.', []],
    ['Fact Corrected', 'Puts a fact in the place of another, which is deleted.', []],
    ['Fact Deleted', 'Deletes a fact; neither its words nor its evidence come back.', []],
    ['Question Asked', 'The customer was asked a question.', []],
    ['Question Answered', 'Keeps the answer as a fact; or that he would rather not say.', []],
  ]),
  ...group('service', 'one', 'kept', [
    ['Product Forgotten', "Takes the item out of the customer's taste (not for me).", []],
    ['Product Remembered', 'Takes that back.', []],
  ]),
  ...group('personalisation', 'none', 'kept', [
    ['Review Voted', 'Says whether a review was helpful.', ['Review Rated', 'Voted Review']],
    ['Preference Told', 'What the customer says he likes or wants.', ['Preference Set']],
    ['Preference Withdrawn', 'Takes a preference back.', ['Preference Removed']],
    ['Fact Inferred', 'Keeps a fact that was observed or inferred elsewhere.', ['Fact Observed']],
  ]),
  ...group('service', 'none', 'kept', [
    ['Person Requested', 'Opens a task: the customer wants to speak with a person.', ['Human Requested']],
    ['Payment Failed', 'Shows to whoever serves the customer; several open a task.', ['Failed Payment']],
    ['Order Shipped', 'Shows where an order is.', ['Shipped Order', 'Order Fulfilled']],
    ['Order Delivered', 'Ends that an order is late.', ['Delivered Order']],
    ['Delivery Delayed', 'Shows that an order is late.', ['Order Delayed']],
    ['Delivery Failed', 'Shows that an order is late; several open a task.', ['Failed Delivery']],
    ['Task Resolved', 'Tells what came of a task that a person had.', []],
    ['Survey Finished', 'Tells that the last page of a survey was answered.', []],
  ]),
  ...group('service', 'one', 'kept', [
    ['Back In Stock Requested', 'Waits for the item, and is told once it is there.', ['Back In Stock Subscribed']],
    ['Back In Stock Request Withdrawn', 'No longer waits for it.', ['Back In Stock Unsubscribed']],
    ['Price Watch Set', 'Is told once the item costs less than `below`, or once its price drops.', []],
    ['Price Watch Removed', 'Is no longer told.', []],
    ['Back In Stock', 'Tells that an item somebody waits for is there again; derived by Habitue.', []],
    ['Price Dropped', 'Tells that an item somebody waits for costs less; derived by Habitue.', []],
  ]),
  ...group('service', 'many', 'kept', [
    ['Order Requested', 'Tells that a customer asked the shop, on its page, to send something again.', []],
  ]),
  ...group('personalisation', 'many', 'view', [
    ['Occasion Due', 'Tells that an occasion comes near, and what was given last; derived by Habitue.', []],
  ]),
  ...group('personalisation', 'none', 'view', [
    ['Customer Lapsed', 'Tells that somebody stays away for longer than is his way; derived by Habitue.', []],
  ]),
]

export const standardKinds: readonly EventKind[] = [...browsing, ...buying, ...talking]
export const ownKinds: readonly EventKind[] = own
export const eventKinds: readonly EventKind[] = [...standardKinds, ...ownKinds]

/** Why the other message types are kept. A custom track is taken as behaviour. */
const purposes: Readonly<Record<EventType, Purpose>> = {
  identify: 'service',
  alias: 'service',
  group: 'service',
  page: 'personalisation',
  screen: 'personalisation',
  track: 'personalisation',
}

const byName: ReadonlyMap<string, EventKind> = new Map(
  eventKinds.flatMap((kind) => [kind.name, ...kind.aliases].map((name) => [name, kind] as const)),
)
const byFoldedName: ReadonlyMap<string, EventKind> = new Map([...byName].map(([name, kind]) => [folded(name), kind]))

/** `product_viewed`, `Product  viewed` and `Product Viewed` are one name. */
function folded(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, ' ')
}

/** The kind that a name means, in any case and with any separator; undefined for a custom event. */
export function kindOf(name: string): EventKind | undefined {
  return byName.get(name) ?? byFoldedName.get(folded(name))
}

/** The purpose for which an event is kept. `name` is canonical. */
export function purposeOf(type: EventType, name: string): Purpose {
  return (type === 'track' ? byName.get(name)?.purpose : undefined) ?? purposes[type]
}

/** Canonical names whose events are dropped when the retention of views ends; pages and screens are dropped besides. */
export const viewNames: readonly string[] = eventKinds
  .filter((kind) => kind.retention === 'view')
  .map((kind) => kind.name)
