/** /v1/journeys: standing processes: their definitions, who is in them, and what waits for a person. */
import { Type } from 'typebox'
import type { Engine, InstanceView, JourneySummary } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { reportRoutes } from './journey-report.ts'
import { simulationRoutes } from './journey-simulation.ts'
import type { App } from './typed-app.ts'

const Id = Type.String({ minLength: 1, maxLength: 64 })
const Params = Type.Object({ id: Id })
const Time = Type.String({ description: 'ISO 8601' })
const MaybeTime = Type.Union([Time, Type.Null()])
const Definition = Type.Object({}, { additionalProperties: true, description: 'GET /v1/journeys/schema' })
const Phase = Type.Enum(['ready', 'acting', 'waiting', 'in_doubt', 'failed', 'ended'])
const Summary = Type.Object({
  id: Id,
  title: Type.String(),
  state: Type.Enum(['draft', 'active', 'paused', 'stopped']),
  version: Type.Integer(),
  updated: Time,
})
const Count = Type.Object({
  version: Type.Integer(),
  step: Type.String({ description: "'' = entering" }),
  outcome: Type.String(),
  reason: Type.String(),
  held: Type.Boolean({ description: 'Of those held out for comparison.' }),
  count: Type.Integer(),
})
const Standing = Type.Object({
  version: Type.Integer(),
  step: Type.String(),
  phase: Phase,
  count: Type.Integer(),
})
const View = Type.Object({
  ...Summary.properties,
  definition: Definition,
  source: Type.String(),
  warnings: Type.Array(Type.String()),
  standing: Type.Array(Standing),
  counts: Type.Array(Count),
})
const Version = Type.Object({
  version: Type.Integer(),
  created: Time,
  definition: Definition,
  source: Type.String(),
})
const Body = Type.Object(
  {
    source: Type.Optional(Type.String({ maxLength: 200_000, description: 'The definition as YAML or JSON text.' })),
    definition: Type.Optional(Type.Unknown()),
    confirm: Type.Optional(Type.Boolean({ description: 'What it warns of is meant.' })),
    dryRun: Type.Optional(Type.Boolean({ description: 'Check it, and store nothing.' })),
  },
  { additionalProperties: false },
)
const Instance = Type.Object({
  id: Type.Integer(),
  journey: Id,
  version: Type.Integer(),
  customer: Type.Union([Type.Object({ kind: Type.String(), id: Type.String() }), Type.Null()]),
  phase: Phase,
  step: Type.String(),
  due: MaybeTime,
  started: Time,
  ended: MaybeTime,
  held: Type.Boolean(),
  reason: Type.String(),
  data: Type.Object({}, { additionalProperties: true }),
})
const Instances = Type.Object({
  instances: Type.Array(Instance),
  next: Type.Union([Type.Integer(), Type.Null()], { description: '`before` of the next page.' }),
})
const Page = Type.Object(
  {
    phase: Type.Optional(Phase),
    before: Type.Optional(Type.Integer({ minimum: 1 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: '100 by default.' })),
  },
  { additionalProperties: false },
)
const tags = ['journeys']
const iso = (ms: number) => new Date(ms).toISOString()
const maybeIso = (ms: number | null) => (ms === null ? null : iso(ms))
const read = { action: 'journeys.read' } as const
const write = { action: 'journeys.write' } as const
const people = { action: 'journeys.people' } as const

export function journeyRoutes(app: App, engine: Engine): void {
  const { journeys } = engine
  const list = { tags, response: { 200: Type.Object({ journeys: Type.Array(Summary) }) } }
  app.get('/v1/journeys', { schema: list, config: read }, async () => ({
    journeys: (await journeys.list()).map(summaryOf),
  }))
  const schema = { tags, description: 'JSON Schema of a definition, for editors.', response: { 200: Definition } }
  app.get('/v1/journeys/schema', { schema, config: read }, async () => journeys.schema())
  app.get(
    '/v1/journeys/:id',
    { schema: { tags, params: Params, response: { 200: View } }, config: read },
    async ({ params }) => {
      const view = await journeys.get(params.id)
      return {
        ...view,
        ...summaryOf(view),
        standing: [...view.standing],
        counts: [...view.counts],
        warnings: [...view.warnings],
      }
    },
  )
  app.get(
    '/v1/journeys/:id/versions',
    {
      schema: { tags, params: Params, response: { 200: Type.Object({ versions: Type.Array(Version) }) } },
      config: read,
    },
    async ({ params }) => ({
      versions: (await journeys.versions(params.id)).map((one) => ({ ...one, created: iso(one.created) })),
    }),
  )
  const put = {
    tags,
    params: Params,
    body: Body,
    response: { 200: Type.Object({ version: Type.Integer(), warnings: Type.Array(Type.String()) }) },
  }
  app.put('/v1/journeys/:id', { schema: put, config: write }, async ({ params, body }) => {
    const { source, definition, confirm = false, dryRun = false } = body
    if ((source === undefined) === (definition === undefined))
      throw new HabitueError(
        'invalid_body',
        'Give the definition as `source` (text) or as `definition` (data), one of them.',
      )
    const { version, warnings } = await journeys.put(params.id, { source, definition, confirm, dryRun })
    return { version, warnings: [...warnings] }
  })
  stateRoutes(app, engine)
  instanceRoutes(app, engine)
  simulationRoutes(app, engine)
  reportRoutes(app, engine)
}

const states = { start: 'active', pause: 'paused', resume: 'active', stop: 'stopped' } as const

function stateRoutes(app: App, { journeys }: Engine): void {
  for (const [verb, to] of Object.entries(states)) {
    const schema = { tags, params: Params, response: { 200: Summary } }
    app.post(`/v1/journeys/:id/${verb}`, { schema, config: write }, async ({ params }) =>
      summaryOf(await journeys.setState(params.id, to)),
    )
  }
  const Migration = Type.Object(
    { steps: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'New names of steps, by old.' })) },
    { additionalProperties: false },
  )
  const migrate = {
    tags,
    description: 'Moves running instances to the version that holds now.',
    params: Params,
    body: Migration,
    response: { 200: Type.Object({ moved: Type.Integer(), stayed: Type.Integer() }) },
  }
  app.post('/v1/journeys/:id/migrate', { schema: migrate, config: write }, async ({ params, body }) =>
    journeys.migrate(params.id, body.steps ?? {}),
  )
}

function instanceRoutes(app: App, { journeys }: Engine): void {
  app.get(
    '/v1/journeys/:id/instances',
    { schema: { tags, params: Params, querystring: Page, response: { 200: Instances } }, config: people },
    async ({ params, query }) => {
      const { instances, next } = await journeys.instances(params.id, { limit: 100, ...query })
      return { instances: instances.map(instanceOf), next }
    },
  )
  const Settle = Type.Object(
    { as: Type.Enum(['happened', 'again'], { description: 'It did happen; or it is to be done now.' }) },
    { additionalProperties: false },
  )
  const One = Type.Object({ id: Id, instance: Type.Integer({ minimum: 1 }) })
  app.post(
    '/v1/journeys/:id/instances/:instance/settle',
    { schema: { tags, params: One, body: Settle, response: { 200: Instance } }, config: people },
    async ({ params, body }) => instanceOf(await journeys.settle(params.id, params.instance, body.as)),
  )
  const replayed = { 200: Type.Object({ replayed: Type.Integer() }) }
  app.post(
    '/v1/journeys/:id/replay',
    {
      schema: { tags, description: 'Does again all that failed.', params: Params, response: replayed },
      config: people,
    },
    async ({ params }) => ({ replayed: await journeys.replay(params.id) }),
  )
}

function summaryOf({ id, title, state, version, updated }: JourneySummary) {
  return { id, title, state, version, updated: iso(updated) }
}

function instanceOf({ customer, due, started, ended, data, ...view }: InstanceView) {
  return {
    ...view,
    customer: customer && { kind: customer.kind, id: customer.value },
    due: maybeIso(due),
    started: iso(started),
    ended: maybeIso(ended),
    data: { ...data },
  }
}
