/** POST /v1/predictions: how many stars a customer would give to each of some items. */
import { Type } from 'typebox'
import type { Engine } from '../engine-api.ts'
import { CeilingName, CustomerId, forSomebody, VisitorId } from './for-whom.ts'
import type { App } from './typed-app.ts'

const PredictionRequest = Type.Object(
  {
    customer: Type.Optional(CustomerId),
    anonymousId: Type.Optional(VisitorId),
    ceiling: Type.Optional(CeilingName),
    items: Type.Array(Type.String({ minLength: 1, maxLength: 500 }), {
      minItems: 1,
      maxItems: 200,
      description: "The shop's ids.",
    }),
  },
  { additionalProperties: false },
)

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

const PredictionAnswer = Type.Object({
  personalised: Type.Boolean(),
  reason: Type.Optional(Type.Object({ code: Type.String(), text: Type.String() })),
  ratings: Type.Integer({ description: "How many of the customer's ratings this rests on." }),
  model: Type.Object({ version: Type.Integer(), note: Type.Optional(Type.String()) }),
  scale: Nullable(
    Type.Object({
      lowest: Type.Number(),
      highest: Type.Number(),
      liked: Type.Number({ description: 'The least rating that counts as liking.' }),
    }),
  ),
  items: Type.Array(
    Type.Object({
      id: Type.String(),
      expected: Nullable(Type.Number({ description: 'Expected rating; null = the model does not know the item yet.' })),
      spread: Nullable(Type.Number({ description: 'Standard deviation of the rating about it.' })),
      liked: Nullable(Type.Number({ description: 'Probability of a rating of at least scale.liked.' })),
      reasons: Type.Array(
        Type.Object({
          kind: Type.Union([Type.Literal('because'), Type.Literal('others')]),
          because: Type.Optional(
            Type.Array(Type.Object({ id: Type.String(), title: Nullable(Type.String()), rating: Type.Number() })),
          ),
          text: Type.String(),
        }),
      ),
    }),
  ),
})

export function predictionRoutes(app: App, engine: Engine): void {
  app.post(
    '/v1/predictions',
    {
      schema: { tags: ['recommendations'], body: PredictionRequest, response: { 200: PredictionAnswer } },
      config: { action: 'decisions.anonymous' },
    },
    async (request) => {
      const { items, ceiling: dial = 'known' } = request.body
      const { who, ceiling } = await forSomebody(request, engine, request.body)
      const answer = await engine.predict({ who, items, dial }, ceiling)
      return {
        ...answer,
        items: answer.items.map((item) => ({
          ...item,
          reasons: item.reasons.map(({ because, ...reason }) =>
            because ? { ...reason, because: [...because] } : reason,
          ),
        })),
      }
    },
  )
}
