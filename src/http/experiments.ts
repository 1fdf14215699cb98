/** /v1/placements: how lists are chosen beyond scores. /v1/experiments: which way of it is worth more. */
import { Type } from 'typebox'
import { type Engine, type Experiment, type ExperimentReport, fromMinorUnits, placementNames } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import type { App } from './typed-app.ts'

const Share = (most: number, description: string) =>
  Type.Optional(Type.Number({ minimum: 0, maximum: most, description }))
const settings = {
  diversity: Share(1, 'How much an item that resembles one above it loses.'),
  calibration: Share(1, 'How much the list keeps the proportions of the customer’s taste.'),
  novelty: Share(1, 'How much what few have chosen gains.'),
  exploration: Share(0.5, 'The share of the places after the first that try items which were hardly shown.'),
  rotation: Share(0.9, 'What each showing that he ignored takes from an item.'),
  personal: Type.Optional(Type.Boolean({ description: 'False: as for somebody of whom nothing is known.' })),
}
const Settings = Type.Object(settings, { additionalProperties: false })
const Placement = Type.Enum([...placementNames])
const Arm = Type.Object(
  {
    share: Type.Optional(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1, description: 'Equal by default.' })),
    settings: Type.Optional(Settings),
  },
  { additionalProperties: false },
)
const Body = Type.Object(
  {
    placement: Placement,
    arms: Type.Record(Type.String({ maxLength: 50 }), Arm, {
      description: 'The first is what the others are held against.',
    }),
    days: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 365,
        description: 'From somebody’s first list on, in which his orders count; 14 by default.',
      }),
    ),
  },
  { additionalProperties: false },
)
const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const WireExperiment = Type.Object({
  id: Type.String(),
  placement: Placement,
  arms: Type.Array(Type.Object({ name: Type.String(), share: Type.Number(), settings: Settings })),
  days: Type.Number(),
  started: Type.String({ description: 'ISO 8601' }),
  stopped: Nullable(Type.String()),
})
const Interval = Type.Object(
  {
    estimate: Type.Number(),
    low: Nullable(Type.Number({ description: 'Null = too few customers to say anything.' })),
    high: Nullable(Type.Number()),
  },
  { description: 'Holds at every moment at once, however often it is read.' },
)
const Report = Type.Object({
  experiment: WireExperiment,
  arms: Type.Array(
    Type.Object({
      name: Type.String(),
      customers: Type.Integer(),
      judged: Type.Integer({ description: 'Of these, whose days are over.' }),
      orders: Type.Number({ description: 'A customer.' }),
      margin: Type.Number({ description: 'A customer, after returns: price less cost, in the shop’s currency.' }),
      difference: Type.Optional(Type.Object({ orders: Interval, margin: Interval })),
    }),
  ),
  withoutCost: Type.Integer({ description: 'Lines of items without a cost; their whole price counts as earned.' }),
  alpha: Type.Number(),
  verdict: Type.String(),
})
const Id = Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) })
const tags = ['experiments']

export function experimentRoutes(app: App, engine: Engine): void {
  const { experiments } = engine
  const read = { action: 'experiments.read' } as const
  const write = { action: 'experiments.write' } as const
  const listed = Type.Object({ experiments: Type.Array(WireExperiment) })
  app.get('/v1/experiments', { schema: { tags, response: { 200: listed } }, config: read }, async () => ({
    experiments: (await experiments.list()).map(wire),
  }))
  app.get(
    '/v1/experiments/:id',
    { schema: { tags, params: Id, response: { 200: WireExperiment } }, config: read },
    async (request) => {
      const found = await experiments.get(request.params.id)
      if (!found) throw new HabitueError('not_found', `There is no experiment ${JSON.stringify(request.params.id)}.`)
      return wire(found)
    },
  )
  app.put(
    '/v1/experiments/:id',
    { schema: { tags, params: Id, body: Body, response: { 200: WireExperiment } }, config: write },
    async (request) => wire(await experiments.start(request.params.id, request.body)),
  )
  app.post('/v1/experiments/:id/stop', { schema: { tags, params: Id }, config: write }, async (request, reply) => {
    await experiments.stop(request.params.id)
    return reply.code(204).send()
  })
  app.get(
    '/v1/experiments/:id/report',
    { schema: { tags, params: Id, response: { 200: Report } }, config: read },
    async (request) => reportWire(await experiments.report(request.params.id), engine.config.currency),
  )
  placementRoutes(app, engine)
}

function placementRoutes(app: App, { experiments }: Engine): void {
  const read = { action: 'experiments.read' } as const
  const write = { action: 'experiments.write' } as const
  const Listed = Type.Object({ placements: Type.Array(Type.Object({ placement: Placement, settings: Settings })) })
  app.get('/v1/placements', { schema: { tags, response: { 200: Listed } }, config: read }, async () => ({
    placements: (await experiments.settings()).map(({ placement, tuning }) => ({ placement, settings: tuning })),
  }))
  app.put(
    '/v1/placements/:id/settings',
    { schema: { tags, params: Id, body: Settings }, config: write },
    async (request, reply) => {
      await experiments.tune(request.params.id, request.body)
      return reply.code(204).send()
    },
  )
  app.delete('/v1/placements/:id/settings', { schema: { tags, params: Id }, config: write }, async (request, reply) => {
    await experiments.tune(request.params.id, null)
    return reply.code(204).send()
  })
  const LookedAt = Type.Object({
    looked: Type.Array(Type.Number(), { description: 'By place, how much it is looked at; the first = 1.' }),
    clickRate: Type.Number({ description: 'Clicks over showings that were looked at.' }),
    decisions: Type.Integer({ description: 'Lists that were counted.' }),
  })
  app.get(
    '/v1/placements/:id/looked-at',
    { schema: { tags, params: Id, response: { 200: LookedAt } }, config: read },
    async (request) => {
      const { looked, ...rest } = await experiments.lookedAt(request.params.id)
      return { ...rest, looked: [...looked] }
    },
  )
}

function wire({ arms, started, stopped, ...rest }: Experiment) {
  return {
    ...rest,
    arms: arms.map(({ name, share, tuning }) => ({ name, share, settings: tuning })),
    started: new Date(started).toISOString(),
    stopped: stopped === null ? null : new Date(stopped).toISOString(),
  }
}

function reportWire({ experiment, arms, ...rest }: ExperimentReport, currency: string) {
  const units = (minor: number) => fromMinorUnits(Math.round(minor), currency)
  const interval = (scale: (value: number) => number) => (one: { estimate: number; low: number; high: number }) => ({
    estimate: scale(one.estimate),
    low: Number.isFinite(one.low) ? scale(one.low) : null,
    high: Number.isFinite(one.high) ? scale(one.high) : null,
  })
  const plain = (value: number) => Math.round(value * 1e4) / 1e4
  return {
    ...rest,
    experiment: wire(experiment),
    arms: arms.map(({ difference, ...arm }) => ({
      ...arm,
      orders: plain(arm.orders),
      margin: units(arm.margin),
      ...(difference
        ? { difference: { orders: interval(plain)(difference.orders), margin: interval(units)(difference.margin) } }
        : {}),
    })),
  }
}
