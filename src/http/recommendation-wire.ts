/** What a recommendation request and its answer look like on the wire, and the way to and from the engine's form. */
import { Type } from 'typebox'
import {
  type DecisionAnswer,
  type DecisionRequest,
  fromMinorUnits,
  type Identifier,
  type PlacementName,
  placementNames,
  type RecommendedItem,
} from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { CeilingName, CustomerId, VisitorId } from './for-whom.ts'
import { toFilter, WireFilter } from './item-filter.ts'

const ItemId = Type.String({ minLength: 1, maxLength: 200 })
const ItemIds = Type.Array(ItemId, { maxItems: 1000 })
const Placement = Type.Enum([...placementNames], { description: 'Which list.' })
const Count = Type.Integer({ minimum: 1, maximum: 100, description: 'How many items; 10 by default, of `items` all.' })
const defaultCount = 10

/** What a request asks, besides for whom. */
const asked = {
  placement: Type.Optional(Placement),
  placements: Type.Optional(
    Type.Array(
      Type.Union([
        Placement,
        Type.Object({ name: Placement, count: Type.Optional(Count) }, { additionalProperties: false }),
      ]),
      { minItems: 1, maxItems: placementNames.length, description: 'Several lists; they share no item.' },
    ),
  ),
  count: Type.Optional(Count),
  item: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: 'The item looked at (item, unavailable).' }),
  ),
  items: Type.Optional(Type.Array(ItemId, { maxItems: 1000, description: 'Rank exactly these (items).' })),
  order: Type.Optional(
    Type.Enum(['taste', 'rating'], {
      description: 'What ranks `items`: taste (default), or what customers say of them.',
    }),
  ),
  cart: Type.Optional(
    Type.Array(ItemId, { maxItems: 1000, description: 'Default: the open cart that is remembered.' }),
  ),
  context: Type.Optional(Type.Record(Type.String({ maxLength: 100 }), Type.Unknown())),
  ceiling: Type.Optional(CeilingName),
  after: Type.Optional(Type.String({ maxLength: 20_000, description: 'The `next` of the page before.' })),
  filters: Type.Optional(WireFilter),
  language: Type.Optional(
    Type.String({ maxLength: 35, description: 'In which language `text` is: en (default), de; others are English.' }),
  ),
  exclude: Type.Optional(ItemIds),
}

export const RecommendationRequest = Type.Object(
  {
    customer: Type.Optional(CustomerId),
    anonymousId: Type.Optional(VisitorId),
    recipient: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: 'For somebody of whom the customer told: chosen by age and told interests, and by nothing else.',
      }),
    ),
    ...asked,
  },
  { additionalProperties: false },
)
export type RecommendationRequest = Type.Static<typeof RecommendationRequest>

export const BatchRequest = Type.Object(
  { customers: Type.Array(CustomerId, { minItems: 1, maxItems: 1000 }), ...asked },
  { additionalProperties: false },
)
export type BatchRequest = Type.Static<typeof BatchRequest>

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])

const ItemAnswer = Type.Object({
  id: Type.String(),
  title: Nullable(Type.String()),
  price: Nullable(Type.Number()),
  currency: Nullable(Type.String()),
  image: Nullable(Type.String()),
  url: Nullable(Type.String()),
  score: Type.Number(),
  reason: Type.Object({
    kind: Type.String(),
    because: Type.Optional(Type.Array(Type.Object({ id: Type.String(), title: Nullable(Type.String()) }))),
    model: Type.Optional(Type.String()),
    rating: Type.Optional(
      Type.Object(
        { expected: Type.Number(), ratings: Type.Integer(), verified: Type.Integer() },
        { description: 'Of `rated`: expected stars, ratings, and how many of them by verified buyers.' },
      ),
    ),
    rule: Type.Optional(Type.String()),
  }),
  text: Type.String({ description: 'The reason in a sentence.' }),
})

const PlacementResult = Type.Object({
  items: Type.Array(ItemAnswer),
  next: Type.Optional(Type.String({ description: 'Pass as `after` for the next page.' })),
  note: Type.Optional(Type.String()),
})

export const RecommendationAnswer = Type.Object({
  decisionId: Type.String({ description: 'Send it with events that follow, so that they are attributed.' }),
  personalised: Type.Boolean(),
  purposes: Type.Array(Type.String(), { description: 'Under which memory was used.' }),
  provenance: Type.Array(Type.String(), {
    description: 'Where what was used comes from: `told`, `observed`, `inferred`.',
  }),
  changed: Type.Optional(
    Type.Array(
      Type.Object({
        setting: Type.String(),
        value: Type.Unknown(),
        was: Type.Optional(Type.Unknown()),
        by: Type.String({ description: '`shop` or `substitute`' }),
        since: Type.String({ description: 'ISO 8601' }),
      }),
      { description: 'Settings that the customer had left one way, and somebody else changed: to be told to him.' },
    ),
  ),
  reason: Type.Optional(
    Type.Object(
      { code: Type.String(), text: Type.String() },
      { description: 'Why it is not personal: `unset`, `denied`, `expired`, `minor`, `no-basis`, `nobody`, ...' },
    ),
  ),
  model: Type.Object({ version: Type.Number(), note: Type.Optional(Type.String()) }),
  placements: Type.Record(Type.String(), PlacementResult),
})

export const BatchAnswer = Type.Object({
  answers: Type.Array(Type.Intersect([Type.Object({ customer: Type.String() }), RecommendationAnswer])),
})

/** @throws HabitueError invalid_body when it names no placement, or one twice */
export function toDecisionRequest(
  wire: Omit<RecommendationRequest, 'customer' | 'anonymousId'>,
  customer: Identifier | null,
  currency: string,
): DecisionRequest {
  const { placement, placements: several, count, filters, ...rest } = wire
  // Who names the items wants them all, in order.
  const usual = (name: PlacementName) =>
    count ?? (name === 'items' ? Math.max(1, rest.items?.length ?? 0) : defaultCount)
  const names = several ?? (placement === undefined ? [] : [placement])
  if (names.length === 0 || (several && placement !== undefined)) {
    const message = `The body needs either "placement" or "placements": ${placementNames.join(', ')}.`
    throw new HabitueError('invalid_body', message, { field: 'placement' })
  }
  const placements = names.map((one) =>
    typeof one === 'string'
      ? { name: one as PlacementName, count: usual(one as PlacementName) }
      : { name: one.name as PlacementName, count: one.count ?? usual(one.name as PlacementName) },
  )
  if (new Set(placements.map(({ name }) => name)).size < placements.length) {
    throw new HabitueError('invalid_body', 'The body names a placement twice.', { field: 'placements' })
  }
  const request = { ...rest, customer, placements }
  return filters ? { ...request, filters: toFilter(filters, currency) } : request
}

export type WireAnswer = Type.Static<typeof RecommendationAnswer>

export function fromDecisionAnswer(answer: DecisionAnswer): WireAnswer {
  const placements: Record<string, Type.Static<typeof PlacementResult>> = {}
  for (const [name, place] of Object.entries(answer.placements)) {
    const items = new Array(place.items.length)
    for (let i = 0; i < items.length; i++) items[i] = wireItem(place.items[i])
    placements[name] = { items, next: place.next, note: place.note }
  }
  const { decisionId, personalised, reason, model } = answer
  const [purposes, provenance] = [[...answer.purposes], [...answer.provenance]]
  const changed = answer.changed?.map((one) => ({ ...one, since: new Date(one.since).toISOString() }))
  return { decisionId, personalised, purposes, provenance, changed, reason, model, placements }
}

function wireItem(item: RecommendedItem) {
  const { id, title, price, currency, image, url, score, reason, text } = item
  return {
    id,
    title,
    price: price === null ? null : fromMinorUnits(price, currency),
    currency,
    image,
    url,
    score,
    reason,
    text,
  }
}
