/** /v1/surveys: what the shop asks its customers, whom it invites, and what they answered. */
import { Type } from 'typebox'
import type { Engine, QuestionResult, SurveyInfo } from '../engine-api.ts'
import { SurveyDoc } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { allows } from './authentication.ts'
import { csvLine } from './csv.ts'
import { originOf } from './page-links.ts'
import type { App } from './typed-app.ts'

const Name = Type.String({ minLength: 1, maxLength: 60 })
const Params = Type.Object({ name: Name })
const Text = Type.String()
const Time = Type.String({ description: 'ISO 8601' })
const WireSurvey = Type.Object({
  name: Text,
  version: Type.Integer(),
  created: Time,
  closed: Type.Union([Time, Type.Null()]),
  doc: SurveyDoc,
})
const InviteBody = Type.Object(
  {
    key: Type.Optional(
      Type.String({ minLength: 1, maxLength: 300, description: 'The same link whenever it is used again.' }),
    ),
    customer: Type.String({ minLength: 1, maxLength: 500 }),
    kind: Type.Optional(Type.String({ maxLength: 100, description: 'Of `customer`: user (default), email, ...' })),
    language: Type.Optional(Type.String({ pattern: '^[a-z]{2}$' })),
  },
  { additionalProperties: false },
)
const InviteAnswer = Type.Object({
  id: Text,
  url: Type.String({ description: 'For this customer alone.' }),
  expires: Time,
  taps: Type.Array(Type.Object({ answer: Text, text: Text, url: Text }), {
    description: 'A link for each answer to the first question: it opens the page with that answer chosen.',
  }),
})
const MaybeNumber = Type.Union([Type.Number(), Type.Null()])
const Results = Type.Object({
  invited: Type.Integer(),
  started: Type.Integer(),
  finished: Type.Integer(),
  questions: Type.Array(
    Type.Object({
      id: Text,
      kind: Text,
      answered: Type.Integer(),
      counts: Type.Union([Type.Record(Text, Type.Integer()), Type.Null()]),
      mean: MaybeNumber,
      nps: Type.Union([Type.Number(), Type.Null()], { description: 'From -100 to 100.' }),
      texts: Type.Optional(Type.Array(Type.Object({ time: Time, text: Text }))),
    }),
  ),
})
const ResultQuery = Type.Object(
  {
    texts: Type.Optional(Type.Boolean({ description: 'With what was written, and in CSV by whom.' })),
    format: Type.Optional(Type.Enum(['json', 'csv'])),
    after: Type.Optional(Type.String({ maxLength: 100, description: 'Of CSV: the header X-Next of the page before.' })),
  },
  { additionalProperties: false },
)
const tags = ['surveys']
/** Rows of one CSV. */
const mostRows = 5000

export function surveyRoutes(app: App, engine: Engine): void {
  const { surveys } = engine
  const read = { action: 'surveys.read' } as const
  const write = { action: 'surveys.write' } as const
  app.get(
    '/v1/surveys',
    { schema: { tags, response: { 200: Type.Object({ surveys: Type.Array(WireSurvey) }) } }, config: read },
    async () => ({ surveys: (await surveys.list()).map(wire) }),
  )
  app.get(
    '/v1/surveys/:name',
    { schema: { tags, params: Params, response: { 200: WireSurvey } }, config: read },
    async (request) => {
      const survey = await surveys.get(request.params.name)
      if (!survey) throw new HabitueError('not_found', `There is no survey ${JSON.stringify(request.params.name)}.`)
      return wire(survey)
    },
  )
  app.put(
    '/v1/surveys/:name',
    {
      schema: {
        tags,
        params: Params,
        response: { 200: WireSurvey },
        description: 'The definition, as `doc` of GET has it.',
      },
      config: write,
    },
    async (request) => wire(await surveys.put(request.params.name, request.body)),
  )
  app.delete('/v1/surveys/:name', { schema: { tags, params: Params }, config: write }, async (request, reply) => {
    await surveys.close(request.params.name)
    return reply.code(204).send()
  })
  invitationRoutes(app, engine)
  resultRoutes(app, engine)
}

function invitationRoutes(app: App, engine: Engine): void {
  const { surveys, world } = engine
  const config = { action: 'surveys.invite' } as const
  app.post(
    '/v1/surveys/:name/invitations',
    { schema: { tags, params: Params, body: InviteBody, response: { 200: InviteAnswer, 201: InviteAnswer } }, config },
    async (request, reply) => {
      const { key = world.uuid(), customer, kind = 'user', language } = request.body
      const who = { kind, value: customer }
      const base = engine.config.page.url ?? originOf(request, engine.config)
      const made = await surveys.invite(who, { key, survey: request.params.name, language }, base)
      const { id, isNew, url, expires, taps } = made
      return reply.code(isNew ? 201 : 200).send({ id, url, expires: iso(expires), taps: [...taps] })
    },
  )
  app.delete(
    '/v1/surveys/:name/invitations/:invitation',
    { schema: { tags, params: Type.Object({ name: Name, invitation: Type.String({ maxLength: 100 }) }) }, config },
    async (request, reply) => {
      await surveys.revoke(request.params.name, request.params.invitation)
      return reply.code(204).send()
    },
  )
}

function resultRoutes(app: App, engine: Engine): void {
  const { surveys } = engine
  app.get(
    '/v1/surveys/:name/results',
    {
      schema: { tags, params: Params, querystring: ResultQuery, response: { 200: Results } },
      config: { action: 'surveys.read' },
    },
    async (request, reply) => {
      const { name } = request.params
      const { texts = false, format, after = '' } = request.query
      if (texts && !allows(request.caller, 'surveys.texts'))
        throw new HabitueError(
          'forbidden',
          'What customers wrote is for who serves them: admins, agents, and keys of servers.',
        )
      const results = await surveys.results(name, { texts })
      if (format !== 'csv') return { ...results, questions: results.questions.map(wireQuestion) }
      const rows = await surveys.rows(name, { after, limit: mostRows, texts })
      const columns = results.questions.filter(({ counts }) => counts !== null || texts).map(({ id }) => id)
      const head = ['invitation', 'version', 'invited', 'finished', ...(texts ? ['customer'] : []), ...columns]
      const lines = rows.map(({ invitation, version, created, finished, customer, answers }) =>
        csvLine([
          invitation,
          version,
          iso(created),
          finished === null ? null : iso(finished),
          ...(texts ? [customer && `${customer.kind}:${customer.value}`] : []),
          ...columns.map((id) => cell(answers[id])),
        ]),
      )
      const last = rows.at(-1)
      if (rows.length === mostRows && last) reply.header('x-next', last.invitation)
      reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="${name}.csv"`)
      return reply.serializer((text) => String(text)).send([csvLine(head), ...lines].join('') as never)
    },
  )
}

/** Several choices in one cell. */
function cell(answer: unknown): unknown {
  return Array.isArray(answer) ? answer.join('; ') : answer
}

const iso = (time: number) => new Date(time).toISOString()

function wire({ created, closed, ...survey }: SurveyInfo) {
  return { ...survey, created: iso(created), closed: closed === null ? null : iso(closed) }
}

function wireQuestion({ counts, texts, ...question }: QuestionResult) {
  const written = texts?.map(({ time, text }) => ({ time: iso(time), text }))
  return { ...question, counts: counts && { ...counts }, ...(written ? { texts: written } : {}) }
}
