/** /v1/customers/{id}/question and /answers: at most one question at a time, never twice, never what is known. */
import { Type } from 'typebox'
import type { Engine } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { aboutCustomer, ByKind, tellerOf } from './facts.ts'
import { CeilingName } from './for-whom.ts'
import type { App } from './typed-app.ts'

const Who = Type.Object({ id: Type.String({ minLength: 1, maxLength: 500 }) })
const Ask = Type.Object(
  {
    ...ByKind.properties,
    peek: Type.Optional(Type.Boolean({ description: 'True = look, and do not count it as asked.' })),
    ceiling: Type.Optional(CeilingName),
  },
  { additionalProperties: false },
)
const WireQuestion = Type.Object({
  id: Type.String(),
  text: Type.String(),
  kind: Type.String({ description: 'Of the fact that the answer becomes.' }),
  subject: Type.String(),
  recipient: Type.Optional(Type.String()),
  options: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'Null = in his own words.' }),
  worth: Type.Number({ description: 'Decisions that are expected to come out better, less the cost of bothering.' }),
})
const QuestionAnswer = Type.Object({ question: Type.Union([WireQuestion, Type.Null()]) })
const AnswerBody = Type.Object(
  {
    question: Type.String({ minLength: 1, maxLength: 300 }),
    answer: Type.Optional(Type.Unknown()),
    declined: Type.Optional(Type.Boolean({ description: 'True = would rather not say.' })),
  },
  { additionalProperties: false },
)
const tags = ['memory']

export function questionRoutes(app: App, engine: Engine): void {
  const { questions } = engine
  const config = { action: 'facts.write' } as const
  const description =
    'The question whose answer is worth most; null = none is worth bothering. Looking at it counts as asking.'
  app.get(
    '/v1/customers/:id/question',
    { schema: { tags, description, params: Who, querystring: Ask, response: { 200: QuestionAnswer } }, config },
    async (request) => {
      const who = await aboutCustomer(request, engine, 'facts.write')
      const found = await questions.ask(
        who,
        { peek: request.query.peek === true, ceiling: request.query.ceiling },
        tellerOf(request),
      )
      if (!found) return { question: null }
      const { recipient, options, ...rest } = found
      return { question: { ...rest, ...(recipient === '' ? {} : { recipient }), options: options && [...options] } }
    },
  )
  app.post(
    '/v1/customers/:id/answers',
    { schema: { tags, params: Who, querystring: ByKind, body: AnswerBody }, config },
    async (request, reply) => {
      const who = await aboutCustomer(request, engine, 'facts.write')
      const { question, answer, declined = false } = request.body
      if (!declined && answer === undefined)
        throw new HabitueError('invalid_body', 'The body needs "answer", or "declined": true.', { field: 'answer' })
      await questions.answer(who, { question, answer, declined }, tellerOf(request))
      return reply.code(204).send()
    },
  )
}
