/** A simulation, told: sums by step and day, and what the first customers would have met with. */
import { setImmediate } from 'node:timers/promises'
import { dayAt } from '../calendar/zone.ts'
import type { Config } from '../config.ts'
import type { Policy } from '../consent/policy.ts'
import type { Database } from '../db/database.ts'
import type { SimulationProgress, SimulationView } from '../engine-api/journeys.ts'
import { HabitueError } from '../errors.ts'
import { bestName, identifiersOfAll } from '../identity/store.ts'
import type { Journey } from '../journeys/journey.ts'
import { type Simulated, simulate } from '../journeys/simulation.ts'
import type { World } from '../world.ts'

interface Needs {
  readonly db: Database
  readonly config: Config
  readonly policy: Policy
  readonly pause: () => Promise<void>
  progress?(at: SimulationProgress): void
}

/** Milliseconds for which a simulation holds up others, and questions where they are quicker. */
const sliceMs = 5
const sliceAsked = 50

/** To be asked often: ends the slice where it is long enough. Throws what `gone` was aborted with. */
export function slices(world: Pick<World, 'elapsed'>, gone?: AbortSignal): () => Promise<void> {
  let began = world.elapsed()
  let asked = 0
  return async () => {
    if (++asked < sliceAsked && world.elapsed() - began < sliceMs) return
    await setImmediate()
    gone?.throwIfAborted()
    began = world.elapsed()
    asked = 0
  }
}

interface Span {
  readonly from: number
  readonly to: number
  readonly most: number
}

/** Acts and entries told one by one. */
const mostExamples = 100

/** @throws HabitueError invalid_option */
export async function simulated(
  { db, config, policy, pause, progress }: Needs,
  journey: Journey,
  { from, to, most }: Span,
): Promise<SimulationView> {
  if (!(from < to))
    throw new HabitueError('invalid_option', `The span ends at ${iso(to)}; expected a time after ${iso(from)}.`)
  const found = await simulate(db, journey, { policy, config, pause, progress, from, to, most })
  const { looked, customers, withheld, instances } = found
  return {
    looked,
    customers,
    withheld,
    entered: instances.filter(({ held }) => !held).length,
    held: instances.filter(({ held }) => held).length,
    steps: stepsOf(found),
    days: daysOf(found, config.timeZone),
    examples: await examplesOf(db, found),
    warnings: [...journey.warnings],
  }
}

const iso = (time: number) => new Date(time).toISOString()

function stepsOf({ instances }: Simulated): SimulationView['steps'] {
  const counts = new Map<string, SimulationView['steps'][number]>()
  const add = (step: string, outcome: string, reason: string) => {
    const key = JSON.stringify([step, outcome, reason])
    counts.set(key, { step, outcome, reason, count: (counts.get(key)?.count ?? 0) + 1 })
  }
  for (const { notes, acts } of instances) {
    for (const { step, outcome, reason } of notes) add(step, outcome, reason)
    // What had to wait is done later, and then it is noted; that it waited is worth knowing.
    for (const { step, outcome } of acts) if (outcome.kind === 'later') add(step, 'later', outcome.reason)
  }
  return [...counts.values()].sort((a, b) => b.count - a.count)
}

function daysOf({ instances }: Simulated, zone: string): SimulationView['days'] {
  const days = new Map<string, { entered: number; acted: number }>()
  const at = (time: number) => {
    const day = dayAt(time, zone).toString()
    const row = days.get(day) ?? { entered: 0, acted: 0 }
    days.set(day, row)
    return row
  }
  for (const { entered, acts, held } of instances) {
    if (!held) at(entered).entered++
    for (const { time, outcome } of acts) if (outcome.kind === 'done') at(time).acted++
  }
  return [...days].map(([day, row]) => ({ day, ...row })).sort((a, b) => (a.day < b.day ? -1 : 1))
}

async function examplesOf(db: Database, { instances }: Simulated): Promise<SimulationView['examples']> {
  const told = instances
    .flatMap(({ customer, entered, acts }) => [
      { customer, time: entered, step: '', outcome: 'entered', reason: '' },
      ...acts.map(({ time, step, outcome }) => ({
        ...{ customer, time, step, outcome: outcome.kind },
        reason: 'reason' in outcome ? outcome.reason : '',
      })),
    ])
    .sort((a, b) => a.time - b.time)
    .slice(0, mostExamples)
  const linked = await identifiersOfAll(db, [...new Set(told.map(({ customer }) => customer))])
  const names = Map.groupBy(linked, ({ customer }) => customer)
  return told.map(({ customer, ...one }) => {
    const best = bestName(names.get(customer) ?? [])
    return { ...one, customer: best && { kind: best.kind, value: best.value } }
  })
}
