/** What is remembered of a customer, as it is shown: amounts decimal, times ISO 8601. */
import { Type } from 'typebox'
import {
  type CartView,
  type CustomerSummary,
  type CustomerView,
  fromMinorUnits,
  type IdentifierView,
  type MergeView,
  type OrderView,
  type TimelineView,
} from '../engine-api.ts'
import { WireStatement } from './fact-wire.ts'

const Text = Type.String()
const NullableText = Type.Union([Text, Type.Null()])
const NullableNumber = Type.Union([Type.Number(), Type.Null()])
const Time = Type.String({ description: 'ISO 8601' })
const NullableTime = Type.Union([Time, Type.Null()])
const Loose = Type.Object({}, { additionalProperties: true })

const identifiers = Type.Array(Type.Object({ kind: Text, value: Text, firstSeen: Time, lastSeen: Time }))
const summary = { customer: Type.Integer({ description: "Habitue's own number." }), identifiers, name: NullableText }

export const SummaryAnswer = Type.Object({ customers: Type.Array(Type.Object(summary)) })

const counts = {
  views: Type.Integer(),
  carts: Type.Integer(),
  bought: Type.Number(),
  orders: Type.Integer(),
  returned: Type.Number(),
  wished: Type.Integer(),
  refused: Type.Integer(),
}

export const CustomerAnswer = Type.Object({
  attention: Type.Optional(Type.Array(WireStatement, { description: 'Open complaints: seen first.' })),
  ...summary,
  created: Time,
  traits: Loose,
  interactions: Type.Array(
    Type.Object({ item: Text, title: NullableText, recipient: Text, ...counts, rating: NullableNumber, last: Time }),
  ),
  claims: Type.Array(Type.Object({ kind: Text, value: Text, time: Time }), {
    description: 'What pages asserted without proof.',
  }),
})

export const TimelineAnswer = Type.Object({
  events: Type.Array(
    Type.Object({
      type: Text,
      name: Text,
      time: Time,
      received: Time,
      source: Type.String({ description: 'Id of the key with which it was sent.' }),
      messageId: Text,
      basis: Text,
      body: Loose,
    }),
  ),
  next: NullableText,
})

export const OrdersAnswer = Type.Object({
  orders: Type.Array(
    Type.Object({
      number: Text,
      time: Time,
      state: Text,
      total: NullableNumber,
      currency: NullableText,
      lines: Type.Array(
        Type.Object({
          item: Text,
          title: NullableText,
          quantity: Type.Number(),
          price: NullableNumber,
          recipient: Text,
          returned: Type.Number(),
          reason: NullableText,
          state: Text,
        }),
      ),
    }),
  ),
})

export const CartAnswer = Type.Object({
  updated: NullableTime,
  currency: NullableText,
  lines: Type.Array(Type.Object({ item: Text, title: NullableText, quantity: Type.Number(), price: NullableNumber })),
})

export const MergesAnswer = Type.Object({
  merges: Type.Array(
    Type.Object({
      id: Type.Integer(),
      kept: Type.Integer(),
      merged: Type.Integer(),
      identifiers: Type.Array(Type.Object({ kind: Text, value: Text })),
      cause: Text,
      time: Time,
      undone: NullableTime,
    }),
  ),
})

const iso = (time: number) => new Date(time).toISOString()
const isoOrNull = (time: number | null) => (time === null ? null : iso(time))
const amount = (minor: number | null, currency: string | null) =>
  minor === null ? null : fromMinorUnits(minor, currency)

const identifierOf = ({ kind, value, firstSeen, lastSeen }: IdentifierView) => ({
  kind,
  value,
  firstSeen: iso(firstSeen),
  lastSeen: iso(lastSeen),
})

export const summaryOf = ({ customer, identifiers, name }: CustomerSummary) => ({
  customer,
  identifiers: identifiers.map(identifierOf),
  name,
})

export const customerOf = (view: CustomerView) => ({
  ...summaryOf(view),
  created: iso(view.created),
  traits: view.traits,
  interactions: view.interactions.map((row) => ({ ...row, last: iso(row.last) })),
  claims: view.claims.map((claim) => ({ ...claim, time: iso(claim.time) })),
})

export const timelineOf = ({ events, next }: TimelineView) => ({
  events: events.map((event) => ({ ...event, time: iso(event.time), received: iso(event.received) })),
  next,
})

export const orderOf = (order: OrderView) => ({
  ...order,
  time: iso(order.time),
  total: amount(order.total, order.currency),
  lines: order.lines.map((line) => ({ ...line, price: amount(line.price, order.currency) })),
})

export const cartOf = ({ updated, currency, lines }: CartView) => ({
  updated: isoOrNull(updated),
  currency,
  lines: lines.map((line) => ({ ...line, price: amount(line.price, currency) })),
})

export const mergeOf = (merge: MergeView) => ({
  ...merge,
  identifiers: [...merge.identifiers],
  time: iso(merge.time),
  undone: isoOrNull(merge.undone),
})
