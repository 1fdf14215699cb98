/** Facts as they are sent and shown: times ISO 8601, absent instead of empty. */
import { Type } from 'typebox'
import { type FactView, factKindNames, type GivenFact, type MemoryStatement } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'

const Text = Type.String()
const Time = Type.String({ description: 'ISO 8601' })
const given = {
  subject: Type.Optional(
    Type.Union([Type.String({ maxLength: 300 }), Type.Object({}, { additionalProperties: true })], {
      description: 'What it is about: a text, {item}, {category}, or {attribute, value}.',
    }),
  ),
  recipient: Type.Optional(Type.String({ maxLength: 200, description: 'Absent = the customer himself.' })),
  condition: Type.Optional(
    Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()], {
      description:
        'When it holds: temperature, weather, timeOfDay, weekday, season, occasion, device, place, recipient.',
    }),
  ),
  channel: Type.Optional(Type.String({ maxLength: 50, description: 'Where it came in; `api` by default.' })),
  validFrom: Type.Optional(Time),
  expires: Type.Optional(Type.Union([Time, Type.Null()])),
  by: Type.Optional(Type.Enum(['customer', 'shop', 'substitute'], { description: 'Who changed a setting.' })),
}

export const FactBody = Type.Object(
  {
    kind: Type.Enum([...factKindNames]),
    value: Type.Unknown({ description: 'Of the form that the kind has (docs/facts.md).' }),
    ...given,
    provenance: Type.Optional(Type.Enum(['told', 'observed', 'inferred'], { description: '`told` by default.' })),
    confidence: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    evidence: Type.Optional(Type.Array(Type.String({ maxLength: 255 }), { maxItems: 50 })),
  },
  { additionalProperties: false },
)
export type FactBody = Type.Static<typeof FactBody>

export const FactPatch = Type.Object(
  { value: Type.Optional(Type.Unknown()), ...given },
  { additionalProperties: false },
)
export type FactPatch = Type.Static<typeof FactPatch>

const Provenance = Type.Enum(['told', 'observed', 'inferred'])
const Lost = Type.Object({
  id: Text,
  value: Type.Unknown(),
  provenance: Provenance,
  channel: Text,
  time: Time,
  lost: Text,
})
const fact = {
  id: Text,
  kind: Text,
  subject: Type.Optional(Text),
  recipient: Type.Optional(Text),
  value: Type.Unknown(),
  condition: Type.Optional(Type.Object({}, { additionalProperties: true })),
  provenance: Provenance,
  confidence: Type.Number({ description: 'Now: it falls where nothing confirms it.' }),
  channel: Text,
  evidence: Type.Array(Text, { description: 'Ids of messages.' }),
  validFrom: Time,
  lastConfirmed: Time,
  expires: Type.Optional(Time),
  changedBy: Type.Optional(Text),
  was: Type.Optional(Type.Unknown()),
  why: Type.Optional(Type.String({ description: 'Why it won, where something contradicted it.' })),
  history: Type.Optional(Type.Array(Lost, { description: 'What it beat, the latest first.' })),
}

export const WireFact = Type.Object(fact)
export type WireFact = Type.Static<typeof WireFact>
export const FactsAnswer = Type.Object({ facts: Type.Array(WireFact) })
export const WireStatement = Type.Object({ text: Text, from: Text, ...fact })

const iso = (time: number) => new Date(time).toISOString()

export function factOf(view: FactView): WireFact {
  const { subject, recipient, condition, expires, by, why, history } = view
  return {
    id: view.id,
    kind: view.kind,
    ...(subject === '' ? {} : { subject }),
    ...(recipient === '' ? {} : { recipient }),
    value: view.value,
    ...(condition ? { condition: { ...condition } } : {}),
    provenance: view.provenance,
    confidence: Math.round(view.now * 1000) / 1000,
    channel: view.channel,
    evidence: [...view.evidence],
    validFrom: iso(view.validFrom),
    lastConfirmed: iso(view.confirmed),
    ...(expires === null ? {} : { expires: iso(expires) }),
    ...(by === null ? {} : { changedBy: by, ...(view.was === undefined ? {} : { was: view.was }) }),
    ...(why === null ? {} : { why }),
    ...(history.length === 0
      ? {}
      : { history: history.map(({ evidence: _, ...one }) => ({ ...one, time: iso(one.time) })) }),
  }
}

export function statementOf(one: MemoryStatement) {
  return { text: one.text, from: one.from, ...factOf(one) }
}

/** @throws HabitueError invalid_fact on a time that is none */
export function givenOf({ validFrom, expires, ...rest }: FactBody | FactPatch): GivenFact {
  return {
    ...rest,
    ...(validFrom === undefined ? {} : { validFrom: timeOf('validFrom', validFrom) }),
    ...(expires === undefined ? {} : { expires: expires === null ? null : timeOf('expires', expires) }),
  }
}

/** Milliseconds since 1970. @throws HabitueError invalid_fact */
export function timeOf(field: string, text: string): number {
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(time)) return time
  const expected = 'a time in ISO 8601 such as 2025-03-01T00:00:00Z'
  throw new HabitueError('invalid_fact', `"${field}" is ${JSON.stringify(text.slice(0, 60))}; expected ${expected}.`, {
    field,
  })
}
