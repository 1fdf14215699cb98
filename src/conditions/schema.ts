/**
 * What a condition may speak of: the roots, their fields and the kind of each. Amounts are in major units of the shop's
 * currency (2500 is what people write), times are milliseconds since 1970 when they come in and timestamps in CEL.
 * A kind with `?` may be missing (null).
 */
export type Kind =
  | 'number'
  | 'number?'
  | 'count'
  | 'text'
  | 'text?'
  | 'time'
  | 'time?'
  | 'flag'
  | 'texts'
  /** Whatever the shop sent: any field, missing ones are null. */
  | 'bag'
  | 'lines'
  | 'facts'

export type Fields = Readonly<Record<string, Kind>>

export const shapes = {
  Customer: {
    /** First and last seen. */
    since: 'time?',
    lastSeen: 'time?',
    /** Whether he is known by more than a browser. */
    known: 'flag',
    /** Kinds of his identifiers: user, email, phone, anonymous. */
    identifiers: 'texts',
    orders: 'count',
    firstOrder: 'time?',
    lastOrder: 'time?',
    /** Of all his orders after returns and refunds; null where he has none in the shop's currency. */
    revenue: 'number?',
    bought: 'count',
    returned: 'count',
    /** Median days between his orders; with fewer than three orders the shop's. */
    interval: 'number?',
    openComplaint: 'flag',
    lastComplaint: 'time?',
    recipients: 'texts',
    /** Purposes and channels that he agreed to: `'marketing:email' in customer.consent`. */
    consent: 'texts',
    /** Names of the segments that he is in. */
    segments: 'texts',
    facts: 'facts',
    traits: 'bag',
  },
  Fact: {
    kind: 'text',
    about: 'text?',
    value: 'text?',
    data: 'bag',
    /** told, observed or inferred. */
    source: 'text',
    confidence: 'number?',
    time: 'time',
  },
  Order: {
    id: 'text',
    time: 'time',
    /** placed, refunded or cancelled. */
    state: 'text',
    /** After returns and refunds, without cancelled orders; null in another currency than the shop's. */
    total: 'number?',
    /** `total` less what its goods cost; null where the cost of one is not known. */
    margin: 'number?',
    currency: 'text?',
    /** Pieces bought and pieces sent back. */
    quantity: 'count',
    returned: 'count',
    gift: 'flag',
    recipient: 'text?',
    lines: 'lines',
  },
  Line: {
    item: 'text?',
    title: 'text?',
    categories: 'texts',
    brand: 'text?',
    quantity: 'count',
    returned: 'count',
    /** Paid for one piece. */
    price: 'number?',
  },
  Event: {
    /** As it is called in docs/events.md: `Product Viewed`. */
    name: 'text',
    /** track, page, screen, identify. */
    type: 'text',
    time: 'time',
    /** The property value, else total, else revenue. */
    value: 'number?',
    /** What the reason of a return comes to: size, quality, damaged, wrong item, late, not as described, changed mind, other. */
    returnReason: 'text?',
    properties: 'bag',
    context: 'bag',
    /** The shop's ids of the items that it is about; in journeys. */
    items: 'texts',
  },
  Cart: {
    total: 'number?',
    quantity: 'count',
    lines: 'lines',
    updated: 'time?',
  },
  Item: {
    id: 'text',
    title: 'text?',
    brand: 'text?',
    categories: 'texts',
    price: 'number?',
    listPrice: 'number?',
    available: 'flag',
    stock: 'number?',
    rating: 'number?',
    attributes: 'bag',
  },
} as const satisfies Readonly<Record<string, Fields>>

export type ShapeName = keyof typeof shapes

/** A root, and what it is: a shape, a list of a shape, or a bag. */
export const roots = {
  customer: { shape: 'Customer', list: false },
  orders: { shape: 'Order', list: true },
  events: { shape: 'Event', list: true },
  event: { shape: 'Event', list: false },
  /** What began an instance of a journey, where `event` is another. */
  began: { shape: 'Event', list: false },
  cart: { shape: 'Cart', list: false },
  item: { shape: 'Item', list: false },
  context: { shape: 'Bag', list: false },
  params: { shape: 'Bag', list: false },
  /** Results of earlier steps of a journey. */
  data: { shape: 'Bag', list: false },
  /** Answers of a survey. */
  answers: { shape: 'Bag', list: false },
} as const satisfies Readonly<Record<string, { shape: ShapeName | 'Bag'; list: boolean }>>

export type Root = keyof typeof roots

/** The CEL type of a field. Where it may be missing, its type is left open, so that `== null` may be asked. */
export const celTypeOf: Readonly<Record<Kind, string>> = {
  number: 'double',
  'number?': 'dyn<double>',
  count: 'int',
  text: 'string',
  'text?': 'dyn<string>',
  time: 'google.protobuf.Timestamp',
  'time?': 'dyn<google.protobuf.Timestamp>',
  flag: 'bool',
  texts: 'list<string>',
  bag: 'Bag',
  lines: 'list<Line>',
  facts: 'list<Fact>',
}
