/** /v1/models and /v1/training: what was learned, how good it is, and learning anew. */
import { Type } from 'typebox'
import type { Engine, ModelInfo, TrainingStatus } from '../engine-api.ts'
import type { App } from './typed-app.ts'

const Time = Type.String({ description: 'ISO 8601' })
const Model = Type.Object({
  name: Type.String({ description: 'shop (what ranks), guess (the first guess), stars' }),
  version: Type.Integer(),
  state: Type.String({ description: 'training, ready, failed, cancelled, withdrawn' }),
  started: Time,
  finished: Type.Union([Time, Type.Null()]),
  bytes: Type.Integer(),
  serving: Type.Boolean(),
  report: Type.Object(
    {},
    { additionalProperties: true, description: 'Members, weights and quality on held-out data; or the error.' },
  ),
})
const Status = Type.Object({
  running: Type.Boolean(),
  done: Type.Optional(Type.Number()),
  total: Type.Optional(Type.Number()),
  note: Type.Optional(Type.String()),
  version: Type.Optional(Type.Integer()),
  started: Type.Optional(Time),
  ready: Type.Optional(Type.Array(Type.String(), { description: 'Parts of the running training that serve already.' })),
  last: Type.Optional(Model),
})
const tags = ['models']

export function trainingRoutes(app: App, engine: Engine): void {
  const { training } = engine
  const wireModel = (model: ModelInfo) => {
    const { name, version, state, bytes, report, started, finished } = model
    const serving = training.serving().some(({ id }) => id === model.id)
    return {
      name,
      version,
      state,
      bytes,
      report,
      serving,
      started: iso(started),
      finished: finished === null ? null : iso(finished),
    }
  }
  const wireStatus = ({ last, started, ready, ...rest }: TrainingStatus) => ({
    ...rest,
    ...(ready === undefined ? {} : { ready: [...ready] }),
    ...(started === undefined ? {} : { started: iso(started) }),
    ...(last === undefined ? {} : { last: wireModel(last) }),
  })

  const read = { action: 'models.read' } as const
  const run = { action: 'training.run' } as const
  const models = { 200: Type.Object({ models: Type.Array(Model) }) }
  app.get('/v1/models', { schema: { tags, response: models }, config: read }, async () => ({
    models: (await training.models()).map(wireModel),
  }))
  app.get('/v1/training', { schema: { tags, response: { 200: Status } }, config: read }, async () =>
    wireStatus(await training.status()),
  )
  app.post(
    '/v1/training',
    { schema: { tags, description: 'Begins a training and returns.', response: { 202: Status } }, config: run },
    async (_request, reply) => reply.code(202).send(wireStatus(await training.start())),
  )
  app.delete('/v1/training', { schema: { tags, response: { 200: Status } }, config: run }, async () =>
    wireStatus(await training.cancel()),
  )
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
