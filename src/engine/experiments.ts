/** Settings of placements and experiments, as HTTP and the command line ask for them; and what an experiment showed. */
import type { Catalogue } from '../catalog/catalogue.ts'
import { itemFacts } from '../catalog/read.ts'
import type { Policy } from '../consent/policy.ts'
import { permitsFor } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import type { Experiment } from '../decisions/experiment.ts'
import { exposuresOf, listExperiments, listTunings } from '../decisions/experiments-store.ts'
import type { CurrentFeedback } from '../decisions/feedback.ts'
import { checkPlacement } from '../decisions/tuning.ts'
import type { ArmReport, ExperimentReport, ExperimentsApi } from '../engine-api/experiments.ts'
import { HabitueError } from '../errors.ts'
import { type OrdersAfter, ordersAfter } from '../memory/orders-after.ts'
import { differenceSequence, type Interval, sumsOf } from '../models/sequential.ts'
import type { World } from '../world.ts'

export interface ExperimentNeeds {
  readonly db: Database
  readonly catalogue: Catalogue
  readonly policy: Policy
  readonly world: World
  readonly feedback: CurrentFeedback
}

const dayMs = 86_400_000
const alpha = 0.05

export function experimentsApi(needs: ExperimentNeeds): ExperimentsApi {
  const { db, world, feedback } = needs
  const found = async (id: string): Promise<Experiment> => {
    const experiment = (await listExperiments(db)).find((one) => one.id === id)
    if (experiment) return experiment
    throw new HabitueError('not_found', `There is no experiment ${JSON.stringify(id)}.`, { experiment: id })
  }
  return {
    list: () => listExperiments(db),
    get: async (id) => (await listExperiments(db)).find((one) => one.id === id) ?? null,
    async start(id, doc) {
      await db.write('experiments.start', { id, doc, now: world.now() })
      return found(id)
    },
    stop: (id) => db.write('experiments.stop', { id, now: world.now() }),
    report: async (id) => report(needs, await found(id)),
    settings: () => listTunings(db),
    tune: (placement, settings) => db.write('placements.tune', { placement, settings, now: world.now() }),
    async lookedAt(placement) {
      const { bias, usual, decisions } = await feedback.fresh(checkPlacement(placement))
      return { looked: bias.looked, clickRate: usual, decisions }
    },
  }
}

interface Judged {
  readonly arm: string
  readonly orders: number
  readonly margin: number
}

/**
 * Everybody who saw an arm is judged by all that he ordered in his days from then on, whether or not he followed a list: who
 * bought what he was shown would have bought something anyway. Only whose days are over is judged, so that each counts once
 * and for the same time, and looking in between changes nothing.
 */
async function report(needs: ExperimentNeeds, experiment: Experiment): Promise<ExperimentReport> {
  const { db, policy, world } = needs
  const exposures = await exposuresOf(db, experiment.id)
  const arms = new Map(exposures.map(({ identifier, arm }) => [identifier, arm]))
  const length = experiment.days * dayMs
  const now = world.now()
  const windows = exposures.map(({ identifier, time }) => ({ identifier, from: time, until: time + length }))
  const seen = Map.groupBy(exposures, ({ arm }) => arm)
  const over: (OrdersAfter & { arm: string })[] = []
  const permits = permitsFor(db, policy, 'personalisation', now)
  const done = windows.filter(({ until }) => until <= now)
  for await (const orders of ordersAfter(db, permits, done))
    over.push({ ...orders, arm: arms.get(orders.identifier) as string })
  const { judged, withoutCost } = await judgedBy(needs, over)
  const reports = experiment.arms.map(({ name }) => armReport(name, experiment, judged, seen.get(name)?.length ?? 0))
  const each = alpha / (experiment.arms.length - 1)
  return { experiment, arms: reports, withoutCost, alpha: each, verdict: verdictOf(reports) }
}

async function judgedBy({ db }: ExperimentNeeds, customers: readonly (OrdersAfter & { arm: string })[]) {
  const facts = await itemFacts(db, [...new Set(customers.flatMap(({ lines }) => lines.map(({ item }) => item)))])
  let withoutCost = 0
  const judged = customers.map(({ lines, arm }): Judged => {
    let margin = 0
    for (const { item, quantity, price } of lines) {
      const known = facts.get(item)
      if (known?.cost == null) withoutCost++
      margin += quantity * ((price ?? known?.price ?? 0) - (known?.cost ?? 0))
    }
    return { arm, orders: new Set(lines.map(({ number }) => number)).size, margin }
  })
  return { judged, withoutCost }
}

function armReport(name: string, { arms }: Experiment, judged: readonly Judged[], customers: number): ArmReport {
  const of = (arm: string, key: 'orders' | 'margin') =>
    sumsOf(judged.filter((one) => one.arm === arm).map((one) => one[key]))
  const mean = ({ n, sum }: { n: number; sum: number }) => (n === 0 ? 0 : sum / n)
  const [orders, margin] = [of(name, 'orders'), of(name, 'margin')]
  const first = arms[0].name
  const options = { alpha: alpha / (arms.length - 1) }
  const own = { name, customers, judged: orders.n, orders: mean(orders), margin: mean(margin) }
  if (name === first) return own
  const difference = {
    orders: differenceSequence(orders, of(first, 'orders'), options),
    margin: differenceSequence(margin, of(first, 'margin'), options),
  }
  return { ...own, difference }
}

function verdictOf(arms: readonly ArmReport[]): string {
  const [first, ...others] = arms
  const parts = others.map(({ name, difference }) => {
    const { orders, margin } = difference as NonNullable<ArmReport['difference']>
    return `${name} against ${first.name}: orders ${said(orders)}, margin ${said(margin)}`
  })
  return `${parts.join('; ')}.`
}

function said({ low, high }: Interval): string {
  if (!Number.isFinite(low)) return 'too few customers yet'
  return low > 0 ? 'more' : high < 0 ? 'less' : 'no difference shown yet'
}
