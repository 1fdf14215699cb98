/**
 * What a journey would do (POST /v1/journeys/simulate). A large past takes minutes: whoever asks for `application/x-ndjson`
 * is told how far it is, a line several times a second, and the last line is the answer or the error. It ends with the
 * connection.
 */
import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { Type } from 'typebox'
import type { SimulationProgress, SimulationView } from '../engine-api/journeys.ts'
import type { Engine } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { errorLine } from './error-answer.ts'
import type { App } from './typed-app.ts'

const Time = Type.String({ description: 'ISO 8601' })
const Body = Type.Object(
  {
    id: Type.Optional(Type.String({ maxLength: 64, description: 'A journey that is stored.' })),
    source: Type.Optional(Type.String({ maxLength: 200_000, description: 'Or a definition as text.' })),
    definition: Type.Optional(Type.Unknown({ description: 'Or as data.' })),
    from: Time,
    to: Type.Optional(Time),
    customers: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: 'At most so many are looked at; 10,000 by default.',
      }),
    ),
  },
  { additionalProperties: false },
)
const Count = Type.Integer()
const Answer = Type.Object({
  looked: Count,
  customers: Count,
  withheld: Type.Integer({ description: 'Of those looked at, whom consent does not reach.' }),
  entered: Count,
  held: Type.Integer({ description: 'Held out for comparison.' }),
  steps: Type.Array(Type.Object({ step: Type.String(), outcome: Type.String(), reason: Type.String(), count: Count })),
  days: Type.Array(Type.Object({ day: Type.String(), entered: Count, acted: Count })),
  examples: Type.Array(
    Type.Object({
      customer: Type.Union([Type.Object({ kind: Type.String(), id: Type.String() }), Type.Null()]),
      time: Time,
      step: Type.String({ description: "'' = entering" }),
      outcome: Type.String(),
      reason: Type.String(),
    }),
  ),
  warnings: Type.Array(Type.String()),
})
const mostCustomers = 10_000

const progressMs = 250

export function simulationRoutes(app: App, engine: Engine): void {
  const { journeys, world } = engine
  const running = new Map<AbortController, Promise<unknown>>()
  // A process that stops waits for no simulation, and ends each before its database.
  app.addHook('preClose', async () => {
    for (const gone of running.keys()) gone.abort(new HabitueError('conflict', 'The process is stopping.'))
    await Promise.allSettled(running.values())
  })
  const schema = {
    tags: ['journeys'],
    description:
      'Who would have entered, what would have been sent when, and what would have stopped it. With `Accept: application/x-ndjson` lines ' +
      '`{"progress": {"looked", "of"}}` come while it works, and at last `{"simulation"}` or `{"error"}`.',
    body: Body,
    response: { 200: Answer },
  }
  app.post('/v1/journeys/simulate', { schema, config: { action: 'journeys.people' } }, async (request, reply) => {
    const { body } = request
    const { id, source, definition, customers = mostCustomers } = body
    const span = { from: timeOf('from', body.from), to: body.to === undefined ? world.now() : timeOf('to', body.to) }
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort(new HabitueError('conflict', 'Whoever asked for the simulation is gone.')))
    const wanted = { id, source, definition, most: customers, ...span }
    const run = (progress?: (at: SimulationProgress) => void) => {
      const simulated = journeys.simulate(wanted, { gone: gone.signal, progress })
      running.set(gone, simulated)
      return simulated.finally(() => running.delete(gone)).then(answerOf)
    }
    if (!request.headers.accept?.includes('application/x-ndjson')) return run()
    const steps = followed(run)
    // What is wrong from the start has its own status.
    const first = await steps.next()
    const lines = async function* () {
      try {
        if (!first.done) yield `${JSON.stringify(first.value)}\n`
        for await (const step of steps) yield `${JSON.stringify(step)}\n`
      } catch (error) {
        yield `${JSON.stringify(errorLine(engine, request, error as Error))}\n`
      }
    }
    reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no').type('application/x-ndjson')
    return reply.send(Readable.from(lines()) as never)
  })
}

type Step = { readonly progress: SimulationProgress } | { readonly simulation: ReturnType<typeof answerOf> }

/** How far it is, until it is done. */
async function* followed(
  run: (progress: (at: SimulationProgress) => void) => Promise<ReturnType<typeof answerOf>>,
): AsyncGenerator<Step> {
  let at: SimulationProgress | null = null
  const done = run((now) => {
    at = now
  }).then((simulation) => ({ simulation }))
  for (;;) {
    const patience = new AbortController()
    const later = setTimeout(progressMs, null, { signal: patience.signal })
    later.catch(() => {})
    const step = await Promise.race([done, later]).finally(() => patience.abort())
    if (step !== null) return yield step
    if (at !== null) yield { progress: at }
  }
}

function answerOf(view: SimulationView) {
  const { steps, days, examples, warnings } = view
  return {
    ...view,
    steps: [...steps],
    days: [...days],
    warnings: [...warnings],
    examples: examples.map(({ customer, time, ...one }) => ({
      ...one,
      time: new Date(time).toISOString(),
      customer: customer && { kind: customer.kind, id: customer.value },
    })),
  }
}

function timeOf(field: string, text: string): number {
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time))
    throw new HabitueError('invalid_option', `"${field}" is ${JSON.stringify(text)}; expected a time in ISO 8601.`)
  return time
}
