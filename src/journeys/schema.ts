/**
 * The form of a journey's definition: one schema for types, for validation, and for editors (`GET /v1/journeys/schema`).
 * What a schema cannot say (names that must exist, loops, conditions that must compile) is in `journey.ts`.
 */
import Type from 'typebox'
import { DateRuleSchema } from '../calendar/date-rule.ts'

const closed = { additionalProperties: false } as const

const Duration = Type.String({
  maxLength: 60,
  description: '`90 s`, `15 min`, `1 h`, `2 days`, `3 weeks`, `6 months`, `1 year`, or several of them: `1 day 12 h`.',
})
const Condition = Type.String({
  minLength: 1,
  maxLength: 4000,
  description: 'CEL over `event`, `customer`, `data` and `now`: `event.properties.value > 2500`.',
})
const StepName = Type.String({ pattern: '^[a-z][a-z0-9-]{0,49}$', description: 'Lower case letters, digits, hyphens.' })
const Target = Type.String({
  pattern: '^[a-z][a-z0-9-]{0,49}$',
  description: 'The name of a step, or `end`.',
})
const EventName = Type.String({
  minLength: 1,
  maxLength: 200,
  description: 'The name of an event; `identify`, `page` and `screen` for those.',
})
const EventNames = Type.Union([EventName, Type.Array(EventName, { minItems: 1, maxItems: 20 })])
const TimeOfDay = Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', description: '`09:00`' })
const Weekday = Type.Enum(['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'])
const Values = Type.Record(Type.String({ maxLength: 100 }), Type.Unknown(), {
  description: 'A text that begins with `=` is a CEL expression.',
})
const Priority = Type.Integer({ minimum: 0, maximum: 9, description: 'Higher goes first where caps allow few.' })

export const EventMatch = Type.Object(
  { event: EventNames, when: Type.Optional(Condition) },
  { ...closed, description: 'An event of a kind, with a condition over it.' },
)

const Trigger = Type.Object(
  {
    event: Type.Optional(EventNames),
    when: Type.Optional(Condition),
    count: Type.Optional(
      Type.Integer({ minimum: 2, maximum: 1000, description: 'The how manieth such event within `within`.' }),
    ),
    within: Type.Optional(Duration),
    without: Type.Optional(EventMatch),
    for: Type.Optional(Duration),
    sequence: Type.Optional(Type.Array(EventMatch, { minItems: 2, maxItems: 10 })),
    occasion: Type.Optional(
      Type.String({ maxLength: 100, description: 'A kind of occasion (`birthday`), or `any`: an `Occasion Due`.' }),
    ),
    lead: Type.Optional(Duration),
    segment: Type.Optional(Type.String({ maxLength: 100 })),
    change: Type.Optional(Type.Enum(['entered', 'left'])),
    item: Type.Optional(Type.Enum(['back-in-stock', 'price-dropped'])),
    of: Type.Optional(
      Type.Array(Type.Enum(['asked', 'watch', 'wished', 'unavailable', 'abandoned']), {
        minItems: 1,
        description: 'Why somebody waits for the item; absent = for any of these reasons.',
      }),
    ),
    every: Type.Optional(
      Type.Union([Type.Literal('day'), Type.Literal('month'), Weekday, DateRuleSchema], {
        description:
          '`day`, `month`, a weekday, or a date that recurs by rule: {"feast": "mothers-day", "country": "DE"}.',
      }),
    ),
    at: Type.Optional(TimeOfDay),
    latest: Type.Optional(Duration),
    historical: Type.Optional(Type.Boolean({ description: 'Imports count too.' })),
  },
  { ...closed, description: 'One of: event, sequence, occasion, segment with change, item, every.' },
)

const Wait = Type.Object(
  {
    for: Type.Optional(Duration),
    until: Type.Optional(TimeOfDay),
    on: Type.Optional(Type.Array(Weekday, { minItems: 1, maxItems: 7 })),
    date: Type.Optional(
      Type.String({ maxLength: 4000, description: 'A CEL expression that gives a time, or text in ISO 8601.' }),
    ),
    before: Type.Optional(Duration),
    event: Type.Optional(EventNames),
    when: Type.Optional(Condition),
    item: Type.Optional(
      Type.String({
        maxLength: 500,
        description: "The shop's id of an item that the event must be about, or `=` CEL.",
      }),
    ),
    atMost: Type.Optional(Duration),
    late: Type.Optional(Target),
  },
  { ...closed, description: 'One of: for; until (in the zone of the customer); date; event with atMost.' },
)

const Branch = Type.Array(Type.Object({ when: Condition, next: Target }, closed), { minItems: 1, maxItems: 20 })
const Split = Type.Array(
  Type.Object({ share: Type.Number({ exclusiveMinimum: 0, maximum: 1 }), next: Target }, closed),
  { minItems: 1, maxItems: 20 },
)
const Decide = Type.Object(
  {
    placement: Type.String({ minLength: 1, maxLength: 100 }),
    count: Type.Integer({ minimum: 1, maximum: 50 }),
    item: Type.Optional(Type.String({ maxLength: 500 })),
    recipient: Type.Optional(
      Type.String({ maxLength: 500, description: 'For whom the customer buys; `=` CEL. Absent = for himself.' }),
    ),
    required: Type.Optional(Type.Boolean()),
  },
  closed,
)
const Channel = Type.String({ pattern: '^[a-z][\\w-]{0,49}$', description: '`email`, `webhook`, `on-site`.' })
const Message = Type.Object(
  {
    channel: Channel,
    purpose: Type.Enum(['marketing', 'service']),
    template: Type.String({ minLength: 1, maxLength: 100 }),
    from: Type.Optional(Type.String({ maxLength: 100, description: '`owner`, or the name of a sender.' })),
    priority: Type.Optional(Priority),
    reorder: Type.Optional(
      Type.Boolean({
        description: 'Of an occasion: `reorder.url` leads to a page on which what was given last is ordered again.',
      }),
    ),
    data: Type.Optional(Values),
  },
  closed,
)
const Survey = Type.Object(
  {
    survey: Type.String({ minLength: 1, maxLength: 100 }),
    channel: Channel,
    template: Type.Optional(Type.String({ maxLength: 100 })),
    from: Type.Optional(Type.String({ maxLength: 100 })),
    priority: Type.Optional(Priority),
  },
  closed,
)
const Task = Type.Object(
  {
    queue: Type.Optional(Type.String({ maxLength: 100 })),
    priority: Type.Integer({ minimum: -1000, maximum: 1000, description: 'Higher goes first.' }),
    reason: Type.String({ minLength: 1, maxLength: 200 }),
    note: Type.Optional(Type.String({ maxLength: 4000 })),
  },
  closed,
)
const Webhook = Type.Object(
  { url: Type.String({ pattern: '^https?://', maxLength: 2000 }), body: Type.Optional(Values) },
  closed,
)
const Fact = Type.Object({ event: Type.String({ minLength: 1, maxLength: 200 }), properties: Values }, closed)

const StepForm = Type.Object(
  {
    name: Type.Optional(StepName),
    wait: Type.Optional(Wait),
    branch: Type.Optional(Branch),
    split: Type.Optional(Split),
    decide: Type.Optional(Decide),
    message: Type.Optional(Message),
    survey: Type.Optional(Survey),
    task: Type.Optional(Task),
    webhook: Type.Optional(Webhook),
    fact: Type.Optional(Fact),
    end: Type.Optional(Type.String({ maxLength: 100, description: 'Ends the journey; the text says how it went.' })),
    next: Type.Optional(Target),
    suppressed: Type.Optional(Target),
  },
  { ...closed, description: 'One kind of step; `next` = the next one where that is not the step below.' },
)

export const DefinitionForm = Type.Object(
  {
    journey: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$' })),
    title: Type.Optional(Type.String({ maxLength: 200 })),
    confirm: Type.Optional(Type.Boolean({ description: 'What it warns of is meant.' })),
    trigger: Trigger,
    purpose: Type.Optional(Type.Enum(['service', 'personalisation'])),
    once: Type.Optional(
      Type.Union([
        Type.Enum(['customer', 'year', 'month', 'day', 'cart', 'order', 'item', 'event']),
        Type.Object({ key: Type.String({ minLength: 1, maxLength: 4000 }) }, closed),
      ]),
    ),
    again: Type.Optional(Duration),
    priority: Type.Optional(Priority),
    holdout: Type.Optional(Type.Number({ minimum: 0, maximum: 0.9 })),
    exit: Type.Optional(Type.Array(EventMatch, { minItems: 1, maxItems: 20 })),
    steps: Type.Array(StepForm, { minItems: 1, maxItems: 200 }),
  },
  { ...closed, title: 'A journey of Habitue' },
)

export type DefinitionForm = Type.Static<typeof DefinitionForm>
export type StepForm = Type.Static<typeof StepForm>
export type TriggerForm = Type.Static<typeof Trigger>
export type WaitForm = Type.Static<typeof Wait>
export type EventMatch = Type.Static<typeof EventMatch>
export type Weekday = Type.Static<typeof Weekday>
