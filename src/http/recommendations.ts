/** POST /v1/recommendations: what to show now, and why. */
import type { Engine } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { forWhom } from './for-whom.ts'
import {
  BatchAnswer,
  BatchRequest,
  fromDecisionAnswer,
  RecommendationAnswer,
  RecommendationRequest,
  toDecisionRequest,
} from './recommendation-wire.ts'
import type { App } from './typed-app.ts'

export function recommendationRoutes(app: App, engine: Engine): void {
  const { currency } = engine.config
  const answered = { 200: RecommendationAnswer }
  app.post(
    '/v1/recommendations',
    {
      schema: { tags: ['recommendations'], body: RecommendationRequest, response: answered },
      config: { action: 'decisions.anonymous' },
      serializerCompiler: plain,
    },
    async (request) => {
      const { customer, anonymousId, ...wire } = request.body
      const { who, ceiling } = await forWhom(request, engine, customer, anonymousId)
      if (wire.recipient !== undefined && customer === undefined)
        throw new HabitueError('invalid_body', '"recipient" needs "customer": of whom is it a recipient?')
      return fromDecisionAnswer(await engine.recommend(toDecisionRequest(wire, who, currency), ceiling))
    },
  )
  app.post(
    '/v1/recommendations/batch',
    {
      schema: { tags: ['recommendations'], body: BatchRequest, response: { 200: BatchAnswer } },
      config: { action: 'decisions.batch' },
    },
    async (request) => {
      const { customers, ...wire } = request.body
      const answers = []
      for (const value of customers) {
        const asked = toDecisionRequest(wire, { kind: 'user', value }, currency)
        answers.push({ customer: value, ...fromDecisionAnswer(await engine.recommend(asked, 'known')) })
      }
      return { answers }
    },
  )
}

/**
 * JSON.stringify gives a flat text; a serializer compiled from the schema gives a rope of thousands of pieces, which
 * costs more to build (12 µs against 10 for ten items) and again to flatten when it is written.
 */
const plain = () => JSON.stringify
