/** /v1/customers/{id}/consent: what a customer allowed and refused, and to answer for him. And /audience: how old he is. */
import { Type } from 'typebox'
import type { ConsentView, Engine } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { aboutCustomer, ByKind, known, tellerOf } from './facts.ts'
import type { App } from './typed-app.ts'

const Who = Type.Object({ id: Type.String({ minLength: 1, maxLength: 500 }) })
const Text = Type.String({ minLength: 1, maxLength: 500 })
const NullableText = Type.Union([Type.String(), Type.Null()])
const Answer = Type.Enum(['granted', 'denied', 'unset'])

const ConsentBody = Type.Object(
  {
    answers: Type.Record(Type.String({ maxLength: 80 }), Answer, {
      minProperties: 1,
      maxProperties: 50,
      description: 'By purpose: personalisation, marketing, marketing:<channel>, training, research.',
    }),
    source: Type.Optional(Type.String({ ...Text, description: 'Where he was asked: `account page`, `checkout`.' })),
    wording: Type.Optional(Type.String({ ...Text, description: 'Version of the text that he read.' })),
    proof: Type.Optional(Type.String({ ...Text, description: 'How it can be shown: the id of a form, of a mail.' })),
    expires: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601; a grant ends then.' })),
    time: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601; when he answered, if not now.' })),
  },
  { additionalProperties: false },
)

const AudienceBody = Type.Object(
  {
    birthday: Type.Optional(Type.String({ maxLength: 40, description: 'YYYY-MM-DD, or YYYY-MM, or YYYY.' })),
    age: Type.Optional(Type.Integer({ minimum: 0, maximum: 130 })),
    audience: Type.Optional(
      Type.String({ maxLength: 20, description: 'minor, adult, child, teen, or a band: 13-15.' }),
    ),
  },
  { additionalProperties: false, minProperties: 1, maxProperties: 1 },
)

const Time = Type.String({ description: 'ISO 8601' })
const NullableTime = Type.Union([Time, Type.Null()])
const ConsentAnswer = Type.Object({
  policy: Type.String(),
  purposes: Type.Array(
    Type.Object({
      purpose: Type.String(),
      basis: NullableText,
      answer: Answer,
      allowed: Type.Boolean(),
      reason: Type.String({
        description: 'granted, contract, legitimate-interest, unset, expired, denied, minor, ...',
      }),
      given: Type.Union([
        Type.Object({ time: Time, source: Type.String(), wording: NullableText, expires: NullableTime }),
        Type.Null(),
      ]),
    }),
  ),
  audience: Type.Object({
    kind: Type.Enum(['minor', 'adult', 'unknown']),
    band: Type.Union([Type.Enum(['child', 'teen']), Type.Null()]),
    age: Type.Integer({ description: 'At least; 0 where nothing is known.' }),
  }),
  globalPrivacyControl: Type.Boolean(),
  history: Type.Array(
    Type.Object({
      purpose: Type.String(),
      answer: Type.String(),
      basis: Type.String(),
      time: Time,
      received: Time,
      source: Type.String(),
      wording: NullableText,
      proof: NullableText,
      expires: NullableTime,
    }),
  ),
})

export function consentRoutes(app: App, engine: Engine): void {
  const { consent } = engine
  const one = { tags: ['consent'], params: Who, querystring: ByKind }
  const answered = { 200: ConsentAnswer }
  const write = { action: 'consent.write' } as const
  app.get(
    '/v1/customers/:id/consent',
    { schema: { ...one, response: answered }, config: { action: 'customers.read' } },
    async (request) => {
      const who = await aboutCustomer(request, engine, 'customers.read')
      return wireOf(known(await consent.get(who), who))
    },
  )
  app.route({
    method: ['PUT', 'POST'],
    url: '/v1/customers/:id/consent',
    schema: { ...one, body: ConsentBody, response: answered },
    config: write,
    handler: async (request) => {
      const who = await aboutCustomer(request, engine, 'consent.write')
      const { expires, time, ...given } = request.body
      const times = { expires, time: time === undefined ? undefined : timeOf('time', time) }
      if (expires !== undefined) timeOf('expires', expires)
      return wireOf(await consent.answer(who, { ...given, ...times }, tellerOf(request)))
    },
  })
  app.put(
    '/v1/customers/:id/audience',
    { schema: { ...one, body: AudienceBody, response: answered }, config: write },
    async (request) => {
      const who = await aboutCustomer(request, engine, 'consent.write')
      return wireOf(await consent.tellAge(who, request.body, tellerOf(request)))
    },
  )
}

function timeOf(field: string, given: string): number {
  const time = Date.parse(given)
  if (Number.isFinite(time)) return time
  throw new HabitueError('invalid_body', `The field "${field}" is ${JSON.stringify(given)}; expected ISO 8601.`, {
    field,
  })
}

const iso = (time: number) => new Date(time).toISOString()
const isoOrNull = (time: number | null) => (time === null ? null : iso(time))

export function wireOf(view: ConsentView) {
  return {
    ...view,
    purposes: view.purposes.map(({ given, ...purpose }) => ({
      ...purpose,
      given: given && { ...given, time: iso(given.time), expires: isoOrNull(given.expires) },
    })),
    history: view.history.map((row) => ({
      ...row,
      time: iso(row.time),
      received: iso(row.received),
      expires: isoOrNull(row.expires),
    })),
  }
}
