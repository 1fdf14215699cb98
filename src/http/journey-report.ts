/** Whether journeys help: GET /v1/journeys/report for all of them, GET /v1/journeys/{id}/report for one. */
import { Type } from 'typebox'
import { type Engine, fromMinorUnits, type JourneyReport, type Reach } from '../engine-api.ts'
import type { App } from './typed-app.ts'

const Effect = Type.Object({
  customers: Type.Integer({ description: 'Who entered.' }),
  judged: Type.Integer({ description: 'Of them, whose days are over.' }),
  orders: Type.Number({ description: 'For each, on average, after cancellations and returns.' }),
  margin: Type.Number(),
})
const Difference = Type.Object(
  {
    estimate: Type.Number(),
    low: Type.Union([Type.Number(), Type.Null()], { description: 'Null = nothing can be told yet.' }),
    high: Type.Union([Type.Number(), Type.Null()]),
  },
  { description: 'Treated less held out; 95 %, valid whenever and however often it is looked at.' },
)
const Reached = Type.Object({
  entered: Type.Integer({ description: 'How often somebody entered who was not held out.' }),
  sent: Type.Integer({ description: 'Messages and surveys.' }),
  suppressed: Type.Array(Type.Object({ reason: Type.String(), count: Type.Integer() })),
  failed: Type.Integer(),
  inDoubt: Type.Integer(),
  clicked: Type.Integer({ description: 'Messages whose link a person followed, where consent lets it be counted.' }),
  heard: Type.Integer({ description: 'Waits that ended with the event that they waited for.' }),
})
const judged = {
  days: Type.Integer(),
  treated: Effect,
  held: Effect,
  difference: Type.Union([Type.Object({ orders: Difference, margin: Difference }), Type.Null()]),
  withoutCost: Type.Integer({ description: 'Lines whose item has no cost.' }),
  detectable: Type.Array(
    Type.Object({
      months: Type.Integer(),
      holdout: Type.Number(),
      lift: Type.Union([Type.Number(), Type.Null()], {
        description: 'Of the mean of orders; null = nothing would show.',
      }),
    }),
  ),
  sentence: Type.String(),
}
const Report = Type.Object({ ...judged, reach: Reached })
const ReportOfAll = Type.Object({
  ...judged,
  reach: Reached,
  journeys: Type.Array(
    Type.Object({ id: Type.String(), title: Type.String(), state: Type.String(), ...judged, reach: Reached }),
  ),
})

const query = Type.Object({
  days: Type.Optional(Type.Integer({ minimum: 1, maximum: 365, description: 'After entering; 30 by default.' })),
})
const usualDays = 30

export function reportRoutes(app: App, { journeys, config }: Engine): void {
  const shown = (report: JourneyReport, reach: Reach) => ({
    ...reportOf(report, (minor) => fromMinorUnits(minor, config.currency)),
    reach: { ...reach, suppressed: [...reach.suppressed] },
  })
  const one = {
    tags: ['journeys'],
    description:
      'Whether it helps: what those who entered ordered against those held out, and what could be told at all.',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) }),
    querystring: query,
    response: { 200: Report },
  }
  app.get('/v1/journeys/:id/report', { schema: one, config: { action: 'journeys.read' } }, async (request) => {
    const { reach, ...report } = await journeys.report(request.params.id, request.query.days ?? usualDays)
    return shown(report, reach)
  })
  const all = {
    tags: ['journeys'],
    description: 'All journeys: each, and those that are not for service together against who gets none of them.',
    querystring: query,
    response: { 200: ReportOfAll },
  }
  app.get('/v1/journeys/report', { schema: all, config: { action: 'journeys.read' } }, async (request) => {
    const { together, reach, journeys: each } = await journeys.reports(request.query.days ?? usualDays)
    return {
      ...shown(together, reach),
      journeys: each.map(({ id, title, state, ...own }) => ({ id, title, state, ...shown(own.report, own.reach) })),
    }
  })
}

function reportOf({ treated, held, difference, detectable, ...rest }: JourneyReport, money: (minor: number) => number) {
  return {
    ...rest,
    treated: { ...treated, margin: money(treated.margin) },
    held: { ...held, margin: money(held.margin) },
    difference: difference && {
      orders: intervalOf(difference.orders, (value) => value),
      margin: intervalOf(difference.margin, money),
    },
    detectable: [...detectable],
  }
}

function intervalOf(
  { estimate, low, high }: { readonly estimate: number; readonly low: number; readonly high: number },
  shown: (value: number) => number,
) {
  const end = (value: number) => (Number.isFinite(value) ? shown(value) : null)
  return { estimate: shown(estimate), low: end(low), high: end(high) }
}
